"""The merchant's or the shopper's own carrier: somebody else makes the label.

Nothing is bought. The shopper types the tracking code, or none; the parcel is known again when the
warehouse scans the slip.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NoReturn

from returns_portal.integrations.outcomes import Declined
from rma.carriers.base import (
    Carrier,
    CarrierCapabilities,
    Label,
    LabelOrder,
    LabelRefund,
    PreparedShipment,
    TrackingScan,
)


class ManualCarrier(Carrier):
    """Needs no credentials."""

    name: ClassVar[str] = "manual"
    label: ClassVar[str] = "Own label"
    capabilities: ClassVar[CarrierCapabilities] = CarrierCapabilities(
        sells_labels=False, tracks=False, webhook=False, cancels=False, needs_account=False
    )

    def __init__(self, credentials: Mapping[str, object]) -> None:
        """Accept and ignore the credentials: there is no account."""

    def prepare(self, order: LabelOrder) -> PreparedShipment:
        self._no_labels()

    def buy(self, order: LabelOrder, prepared: PreparedShipment) -> Label:
        self._no_labels()

    def find(self, order: LabelOrder, prepared: PreparedShipment) -> Label | None:
        """Return None: nothing was ever bought here."""
        return None

    def fetch_label(self, url: str) -> bytes:
        self._no_labels()

    def cancel(self, label: Label) -> LabelRefund:
        """Answer that there is nothing to give back."""
        return LabelRefund.NOT_APPLICABLE

    def track(self, tracking_code: str, carrier: str = "") -> list[TrackingScan]:
        """Return no scans: the code belongs to a carrier nobody here can ask."""
        return []

    def _no_labels(self) -> NoReturn:
        raise Declined(
            "no_labels", "This carrier sells no labels. Upload the label or choose another carrier."
        )
