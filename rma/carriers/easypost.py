"""Buy return labels and follow parcels through EasyPost's own library.

EasyPost has no idempotency key, and its ``reference`` is not unique. The guard is that a shipment
can be bought once: the shipment's id is stored before buying, and any doubt is settled by reading
that shipment.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings

from returns_portal.integrations import answers
from returns_portal.integrations.credentials import required, secrets
from returns_portal.integrations.outcomes import (
    BadSignature,
    Declined,
    ProviderError,
    Unavailable,
    Unknown,
)
from rma.carriers import easypost_shapes as shapes
from rma.carriers.base import (
    Carrier,
    CarrierCapabilities,
    Label,
    LabelOrder,
    LabelRefund,
    PreparedShipment,
    TrackingNotice,
    TrackingScan,
)
from rma.carriers.easypost_errors import outcome_of
from rma.carriers.labels import fetch_label_file

if TYPE_CHECKING:
    from easypost.easypost_client import EasyPostClient

TIMEOUT_SECONDS = 40
_SIGNATURE_PREFIX = "hmac-sha256-hex="


class EasyPostCarrier(Carrier):
    """Credentials: ``api_key``, ``webhook_secret`` (one or several)."""

    name: ClassVar[str] = "easypost"
    label: ClassVar[str] = "EasyPost"
    capabilities: ClassVar[CarrierCapabilities] = CarrierCapabilities(
        sells_labels=True, tracks=True, webhook=True, cancels=True, needs_account=True
    )

    def __init__(self, credentials: Mapping[str, object], api_base: str | None = None) -> None:
        self._api_key = required(credentials, "api_key", self.label)
        self._webhook_secrets = secrets(credentials, "webhook_secret")
        self._api_base = (api_base or settings.EASYPOST_API_BASE).rstrip("/")
        self._client: EasyPostClient | None = None
        self._last_headers: Mapping[str, str] = {}

    def prepare(self, order: LabelOrder) -> PreparedShipment:
        """Create the shipment and choose the cheapest rate within the order's limits.

        A repeat leaves a shipment without a label behind, which costs nothing.
        """
        fields = shapes.shipment_fields(order)
        shipment = self._read(lambda client: client.shipment.create(**fields))
        return shapes.prepared(shipment, order)

    def buy(self, order: LabelOrder, prepared: PreparedShipment) -> Label:
        """Buy the chosen rate. A refusal is believed only if the shipment holds no label."""
        rate = {"id": prepared.rate_id}
        try:
            shipment = self._call(
                lambda client: client.shipment.buy(prepared.shipment_id, rate=rate)
            )
        except Declined as refusal:
            try:
                bought = self.find(order, prepared)
            except ProviderError as error:
                raise Unknown(refusal.code, refusal.message, raw=refusal.raw) from error
            if bought is None:
                raise
            return bought
        label = shapes.label(shipment)
        if label is None:
            raise Unknown("label_not_ready", "EasyPost took the order but shows no label yet.")
        return label

    def find(self, order: LabelOrder, prepared: PreparedShipment) -> Label | None:
        shipment = self._read(lambda client: client.shipment.retrieve(prepared.shipment_id))
        if answers.text(shipment, "id") != prepared.shipment_id:
            raise Unavailable("unreadable_answer", "EasyPost answered about something else.")
        return shapes.label(shipment)

    def fetch_label(self, url: str) -> bytes:
        return fetch_label_file(url)

    def cancel(self, label: Label) -> LabelRefund:
        """Ask for the postage back; where asking is refused, read where it stands."""
        shipment_id = label.provider_shipment_id
        try:
            shipment = self._call(lambda client: client.shipment.refund(shipment_id))
        except Declined as refusal:
            shipment = self._read(lambda client: client.shipment.retrieve(shipment_id))
            if not answers.text(shipment, "refund_status"):
                raise refusal from None
        return shapes.refund_status(shipment)

    def track(self, tracking_code: str, carrier: str = "") -> list[TrackingScan]:
        """Read the newest tracker of the code, or start one."""
        named = {"carrier": carrier} if carrier else {}
        found = self._read(lambda client: client.tracker.all(tracking_code=tracking_code, **named))
        trackers = answers.items(found, "trackers")
        if trackers:
            return shapes.scans(trackers[0])
        tracker = self._read(
            lambda client: client.tracker.create(tracking_code=tracking_code, **named)
        )
        return shapes.scans(tracker)

    def parse_webhook(self, body: bytes, headers: Mapping[str, str]) -> list[TrackingNotice]:
        """Check the signature on the raw bytes. No time is signed: replays show by event id."""
        given = answers.header(headers, "X-Hmac-Signature").strip()
        if not any(self._signature(one, body, given) for one in self._webhook_secrets):
            raise BadSignature("No EasyPost signature matches.")
        return [shapes.notice(answers.parse_object(body))]

    @staticmethod
    def _signature(secret: str, body: bytes, given: str) -> bool:
        # The key is the NFKD form of the secret; any other form fails on accents.
        key = unicodedata.normalize("NFKD", secret).encode()
        expected = _SIGNATURE_PREFIX + hmac.new(key, body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected.encode(), given.encode())

    def _read(self, request: Callable[[EasyPostClient], Any]) -> dict[str, Any]:
        """Call something without a lasting effect: what would be Unknown can be asked again."""
        try:
            return self._call(request)
        except Unknown as error:
            raise Unavailable(error.code, error.message, raw=error.raw) from error

    def _call(self, request: Callable[[EasyPostClient], Any]) -> dict[str, Any]:
        from easypost.easypost_object import EasyPostObject
        from easypost.errors.general.easypost_error import EasyPostError

        self._last_headers = {}
        try:
            answer = request(self._connected())
        except EasyPostError as error:
            raise outcome_of(error, self._last_headers) from error
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # The library stumbles over bodies that are not shaped as it expects.
            raise Unknown("unreadable_answer", "EasyPost's answer can not be read.") from error
        if isinstance(answer, EasyPostObject):
            return dict(answer.to_dict())
        if isinstance(answer, dict):
            return dict(shapes.plain(answer))
        raise Unknown("unreadable_answer", "EasyPost's answer is no object.")

    def _connected(self) -> EasyPostClient:
        from easypost.easypost_client import EasyPostClient
        from requests.adapters import HTTPAdapter

        if self._client is None:
            client = EasyPostClient(self._api_key, api_base=self._api_base, timeout=TIMEOUT_SECONDS)
            # The library's session repeats requests and follows redirects by itself; whether to
            # send again is decided by the caller, who knows what the last attempt may have done.
            session = client._requests_session
            session.mount(self._api_base, HTTPAdapter(max_retries=0))
            session.max_redirects = 0
            client.subscribe_to_response_hook(self._keep_headers)  # type: ignore[no-untyped-call]
            self._client = client
        return self._client

    def _keep_headers(self, **exchange: Any) -> None:
        self._last_headers = dict(exchange.get("headers") or {})
