"""The contract between returns and the carriers that bring parcels back.

Buying is two steps because carriers have no idempotency key: ``prepare`` is free and repeatable,
its result is stored, and ``buy`` acts on exactly that shipment, so that a lost answer is resolved
by reading the shipment and never by a second label. Drivers know no models.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from returns_portal.core.money import Money

Raw = dict[str, Any]
"""An answer as the carrier sent it: kept for people and for disputes, never read by our code."""


class TrackingStatus(StrEnum):
    """Where a parcel is, in the words every carrier's own are normalised to."""

    UNKNOWN = "unknown"
    PRE_TRANSIT = "pre_transit"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    AVAILABLE_FOR_PICKUP = "available_for_pickup"
    RETURN_TO_SENDER = "return_to_sender"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    ERROR = "error"


class LabelFormat(StrEnum):
    """The file a label came as."""

    PDF = "pdf"
    PNG = "png"
    ZPL = "zpl"


class LabelRefund(StrEnum):
    """What became of asking for a label's price back."""

    SUBMITTED = "submitted"
    REFUNDED = "refunded"
    REJECTED = "rejected"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True, slots=True)
class CarrierCapabilities:
    """What a carrier can do, asked before anything is offered.

    ``sells_labels`` is False where the merchant or the shopper brings the label; then ``prepare``
    and ``buy`` are never called.
    """

    sells_labels: bool
    tracks: bool
    webhook: bool
    cancels: bool
    needs_account: bool


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address as written on a label. ``country`` is ISO 3166 alpha-2."""

    name: str
    line1: str
    city: str
    postal_code: str
    country: str
    line2: str = ""
    region: str = ""
    company: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One box. ``dims_mm`` is length, width, height; None: the carrier assumes a small one."""

    weight_grams: int
    dims_mm: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class LabelOrder:
    """One label to buy. ``sender`` is who posts the parcel (the shopper), also for a return.

    ``reference`` is the return's number, printed on the label. ``service`` and ``cost_cap`` narrow
    the choice of rate; ``parcel_index`` of ``parcel_count`` is for returns in several boxes.
    """

    operation_id: str
    sender: Address
    receiver: Address
    parcel: Parcel
    reference: str
    service: str | None = None
    cost_cap: Money | None = None
    is_return: bool = True
    parcel_index: int = 1
    parcel_count: int = 1


@dataclass(frozen=True, slots=True)
class PreparedShipment:
    """A shipment and the rate chosen for it; the caller stores both ids before buying."""

    shipment_id: str
    rate_id: str
    cost: Money | None
    carrier: str
    service: str
    raw: Raw = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Label:
    """A bought label: ``label_pdf`` holds the file, of any format, or ``label_url`` leads to it."""

    tracking_code: str
    carrier: str
    service: str
    cost: Money | None
    provider_shipment_id: str
    label_format: LabelFormat = LabelFormat.PDF
    label_url: str | None = None
    label_pdf: bytes | None = None
    tracking_url: str | None = None
    raw: Raw = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrackingScan:
    """One thing the carrier saw. ``occurred_at`` is aware UTC, None where none was given."""

    status: TrackingStatus
    occurred_at: datetime | None
    detail: str = ""
    message: str = ""
    location: str = ""
    carrier_status: str = ""


@dataclass(frozen=True, slots=True)
class TrackingNotice:
    """A verified webhook about one parcel. ``scans`` is cumulative and may hold older ones.

    ``about_parcel`` is False for events that move no parcel (batches, reports, label refunds):
    store and ignore those.
    """

    event_id: str
    event_type: str
    about_parcel: bool
    tracking_code: str = ""
    carrier: str = ""
    status: TrackingStatus = TrackingStatus.UNKNOWN
    scans: Sequence[TrackingScan] = ()
    provider_shipment_id: str | None = None
    tracking_url: str | None = None
    live: bool = True
    raw: Raw = field(default_factory=dict)


class Carrier(ABC):
    """Make labels and follow parcels through one merchant's account at one carrier.

    Every method may raise Declined, Unavailable or Unknown from ``integrations.outcomes`` and
    nothing else. Only ``buy`` and ``cancel`` may raise Unknown: the others change nothing that a
    repeat would double.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    capabilities: ClassVar[CarrierCapabilities]

    @abstractmethod
    def __init__(self, credentials: Mapping[str, object]) -> None:
        """Take one account's opened credentials. Raises Declined where one is missing."""

    @abstractmethod
    def prepare(self, order: LabelOrder) -> PreparedShipment:
        """Open a shipment and choose its rate. Free; repeating it leaves at worst an unused draft.

        Raises Declined with ``field`` set where an address or the parcel is refused, with code
        ``over_cost_cap`` where every rate is dearer than the cap and ``no_rates`` where there are
        none.
        """

    @abstractmethod
    def buy(self, order: LabelOrder, prepared: PreparedShipment) -> Label:
        """Buy the prepared label. Repeating it for the same shipment returns the same label.

        Declined with code ``rate_expired``: prepare again.
        """

    @abstractmethod
    def find(self, order: LabelOrder, prepared: PreparedShipment) -> Label | None:
        """Return the label if the prepared shipment has been bought; None when certainly not.

        Called after Unknown, before anything is bought again. Never writes.
        """

    @abstractmethod
    def fetch_label(self, url: str) -> bytes:
        """Return the label file. Refuses (Declined) what is too big or no PDF, PNG or ZPL."""

    @abstractmethod
    def cancel(self, label: Label) -> LabelRefund:
        """Ask for the price of an unused label back; asking again returns where it stands."""

    @abstractmethod
    def track(self, tracking_code: str, carrier: str = "") -> list[TrackingScan]:
        """Return every scan known, oldest first; the poll calls it to make up for lost webhooks."""

    def parse_webhook(self, body: bytes, headers: Mapping[str, str]) -> list[TrackingNotice]:
        """Verify a webhook on its raw bytes and say what it tells.

        Raises BadSignature before anything is parsed and InvalidInput for a signed body that is no
        JSON object. Kinds, statuses and fields we do not know never raise.
        """
        raise NotImplementedError(f"{self.name} sends no webhooks")
