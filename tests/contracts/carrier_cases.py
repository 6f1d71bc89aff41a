"""The carriers as the contract suite sees them: each with its own witness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from returns_portal.core.money import Money
from rma.carriers.base import Address, Carrier, LabelOrder, Parcel

SHOPPER = Address(
    name="Maya Lindqvist",
    line1="8 Vicar Street",
    city="Dublin",
    postal_code="D08 X4P2",
    country="IE",
)
WAREHOUSE = Address(
    name="Returns",
    company="Northloom",
    line1="Unit 7 Park West",
    city="Dublin 12",
    postal_code="D12 K4R8",
    country="IE",
)


@dataclass(frozen=True)
class CarrierCase:
    """A carrier, its own list of sold labels, and a postman who moves parcels."""

    carrier: Carrier
    sold: Callable[[], list[str]]
    hand_in: Callable[[str], None]


def label_order(operation_id: str = "op-1", **changes: object) -> LabelOrder:
    facts: dict[str, object] = {
        "operation_id": operation_id,
        "sender": SHOPPER,
        "receiver": WAREHOUSE,
        "parcel": Parcel(weight_grams=1200),
        "reference": "R-7K4P-2M9X-WC",
        "cost_cap": Money(2000, "USD"),
    }
    return LabelOrder(**{**facts, **changes})  # type: ignore[arg-type]
