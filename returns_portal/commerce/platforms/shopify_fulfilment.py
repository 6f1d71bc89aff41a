"""Read what Shopify says about parcels sent, delivered and units already refunded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from returns_portal.commerce.platforms.base import FulfilmentRecord, LineRecord
from returns_portal.commerce.platforms.reading import (
    MAX_ID,
    Node,
)
from returns_portal.commerce.platforms.shopify_values import external_id

# A fulfilment in any other state never reached the shopper: cancelled, error, failure.
_SENT = {"success", "open", "pending", ""}


def read_fulfilments(order: Node) -> tuple[FulfilmentRecord, ...]:
    """Read the order's parcels. A parcel is delivered when the carrier said so, and when."""
    found = []
    for parcel in order.items("fulfillments"):
        delivered_at = parcel.moment("delivered_at")
        if delivered_at is None and parcel.text("shipment_status").lower() == "delivered":
            delivered_at = parcel.moment("updated_at")
        lines = tuple(
            (external_id(item), item.whole("quantity")) for item in parcel.items("line_items")
        )
        found.append(
            FulfilmentRecord(
                external_id=external_id(parcel),
                status=parcel.text("status", limit=40).lower(),
                lines=lines,
                shipped_at=parcel.moment("created_at"),
                delivered_at=delivered_at,
                carrier=parcel.text("tracking_company", limit=60),
                tracking_number=parcel.text("tracking_number", limit=MAX_ID),
                tracking_url=parcel.text("tracking_url", limit=2_000),
            )
        )
    return tuple(found)


def with_units(
    lines: tuple[LineRecord, ...], order: Node, fulfilments: tuple[FulfilmentRecord, ...]
) -> tuple[LineRecord, ...]:
    """Add to each line how many units were sent and refunded, and when the last were delivered."""
    whole_order = order.text("fulfillment_status").lower() == "fulfilled"
    items = order.items("line_items")
    refunded = dict(_refunded(order))
    counted = []
    for line, item in zip(lines, items, strict=True):
        parcels = [each for each in fulfilments if each.status in _SENT]
        own = [
            (each, units)
            for each in parcels
            for key, units in each.lines
            if key == line.external_id
        ]
        sent = sum(units for _, units in own)
        if not sent and (whole_order or item.text("fulfillment_status").lower() == "fulfilled"):
            sent = line.quantity
        delivered = [each.delivered_at for each, _ in own if each.delivered_at]
        gone = line.quantity - item.whole("current_quantity", default=line.quantity)
        counted.append(
            replace(
                line,
                fulfilled_quantity=min(sent, line.quantity),
                refunded_quantity=min(max(gone, refunded.get(line.external_id, 0)), line.quantity),
                delivered_at=max(delivered, default=None),
            )
        )
    return tuple(counted)


def _refunded(order: Node) -> Iterator[tuple[str, int]]:
    totals: dict[str, int] = {}
    for refund in order.items("refunds"):
        for entry in refund.items("refund_line_items"):
            line = entry.child("line_item")
            key = external_id(line) if line.content else entry.text("line_item_id")
            totals[key] = totals.get(key, 0) + entry.whole("quantity")
    yield from totals.items()
