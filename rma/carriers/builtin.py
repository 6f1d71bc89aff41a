"""The built-in carrier: real labels and tracking codes without an account, for the demo and tests.

It behaves like a carrier company: a tariff, a weight limit, one label per shipment, books of its
own that the rest of the product never reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from returns_portal.core.money import Money, exponent
from returns_portal.integrations.credentials import optional
from returns_portal.integrations.outcomes import Declined
from rma.carriers import builtin_parcels as parcels
from rma.carriers.base import (
    Address,
    Carrier,
    CarrierCapabilities,
    Label,
    LabelFormat,
    LabelOrder,
    LabelRefund,
    PreparedShipment,
    TrackingScan,
)
from rma.documents import LabelDocument, render_label

CARRIER_NAME = "Parcel Test"
MAX_WEIGHT_GRAMS = 30_000
# Price in hundredths of the currency's whole unit: for the first kilogram, for each one after it.
_TARIFF: Mapping[str, tuple[int, int]] = {"Standard": (495, 90), "Express": (990, 150)}
_SHIPMENT_PREFIX = "bsh_"


class BuiltinCarrier(Carrier):
    """Credentials: optionally ``currency`` for its prices; otherwise the cost cap's, or EUR."""

    name: ClassVar[str] = "builtin"
    label: ClassVar[str] = "Built-in test carrier"
    capabilities: ClassVar[CarrierCapabilities] = CarrierCapabilities(
        sells_labels=True, tracks=True, webhook=False, cancels=True, needs_account=False
    )

    def __init__(self, credentials: Mapping[str, object]) -> None:
        self._currency = optional(credentials, "currency")

    def prepare(self, order: LabelOrder) -> PreparedShipment:
        """Price the label; the shipment's id follows from the operation, so repeats agree."""
        _check_address(order.sender, "from_address")
        _check_address(order.receiver, "to_address")
        if order.parcel.weight_grams > MAX_WEIGHT_GRAMS:
            raise Declined(
                "parcel_too_heavy",
                f"Parcels may weigh up to {MAX_WEIGHT_GRAMS // 1000} kg.",
                field="weight",
            )
        service = _service(order.service)
        cost = self._price(service, order)
        if order.cost_cap and cost > order.cost_cap:
            raise Declined(
                "over_cost_cap",
                f"The cheapest label costs {cost}, more than the limit of {order.cost_cap}.",
            )
        return PreparedShipment(
            shipment_id=_SHIPMENT_PREFIX + order.operation_id,
            rate_id=service.lower(),
            cost=cost,
            carrier=CARRIER_NAME,
            service=service,
        )

    def buy(self, order: LabelOrder, prepared: PreparedShipment) -> Label:
        """Book the parcel, then draw its label; a repeat draws the same label again."""
        return _label(order, prepared, parcels.record(order.operation_id, order.reference))

    def find(self, order: LabelOrder, prepared: PreparedShipment) -> Label | None:
        parcel = parcels.by_operation(order.operation_id)
        return _label(order, prepared, parcel) if parcel else None

    def fetch_label(self, url: str) -> bytes:
        """Refuse: the label comes with the answer, there is nothing to fetch."""
        raise Declined("label_refused", "This carrier hands its labels over directly.")

    def cancel(self, label: Label) -> LabelRefund:
        """Give the price back unless the parcel has been handed in."""
        operation_id = label.provider_shipment_id.removeprefix(_SHIPMENT_PREFIX)
        if parcels.cancel_unused(operation_id):
            return LabelRefund.REFUNDED
        return LabelRefund.NOT_APPLICABLE

    def track(self, tracking_code: str, carrier: str = "") -> list[TrackingScan]:
        parcel = parcels.by_tracking_code(tracking_code)
        if parcel is None:
            return []
        return [
            TrackingScan(
                status=status,
                occurred_at=moment,
                message=message,
                location=place,
                carrier_status=status.value,
            )
            for status, moment, message, place in parcel.history
        ]

    def _price(self, service: str, order: LabelOrder) -> Money:
        first, further = _TARIFF[service]
        cap = order.cost_cap
        currency = self._currency or (cap.currency if cap else "EUR")
        if cap and cap.currency != currency:
            raise Declined("no_rates", f"This carrier's prices are in {currency}.")
        kilograms = max(-(-order.parcel.weight_grams // 1000), 1)
        hundredths = first + further * (kilograms - 1)
        return Money(-(-hundredths * 10 ** exponent(currency) // 100), currency)


def _service(wanted: str | None) -> str:
    if wanted is None:
        return "Standard"
    for service in _TARIFF:
        if wanted.casefold() in (service.casefold(), f"{CARRIER_NAME} {service}".casefold()):
            return service
    raise Declined("no_rates", f"No carrier offers a label for {wanted}.", field="service")


def _check_address(address: Address, field: str) -> None:
    for value, name in (
        (address.line1, "street"),
        (address.city, "city"),
        (address.country, "country"),
    ):
        if not value.strip():
            raise Declined(
                "address_incomplete", f"The address lacks the {name}.", field=f"{field}.{name}"
            )


def _label(order: LabelOrder, prepared: PreparedShipment, parcel: parcels.ParcelEntry) -> Label:
    document = LabelDocument(
        carrier=prepared.carrier,
        service=prepared.service,
        sender=order.sender,
        receiver=order.receiver,
        tracking_code=parcel.tracking_code,
        rma_number=order.reference,
        weight_grams=order.parcel.weight_grams,
        parcel_index=order.parcel_index,
        parcel_count=order.parcel_count,
    )
    return Label(
        tracking_code=parcel.tracking_code,
        carrier=prepared.carrier,
        service=prepared.service,
        cost=prepared.cost,
        provider_shipment_id=prepared.shipment_id,
        label_format=LabelFormat.PDF,
        label_pdf=render_label(document),
    )
