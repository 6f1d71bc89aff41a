"""An order of the mirror as the calculation takes it in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from refunds.calculation import ChargeSnapshot, LineSnapshot, OrderSnapshot, TaxAmount
from returns_portal.commerce.models import Order, OrderLine

SHIPPING = "shipping"


def order_snapshot(order: Order) -> OrderSnapshot:
    """Return what was paid for ``order``: lines by their id as text, shipping, and the captures.

    Reads ``order.lines`` and ``order.payments``; prefetch them. What was refunded in the shop or at
    the provider lessens what can still be paid, not the value of any line: the mirror does not
    know which line it was for.
    """
    payments = list(order.payments.all())
    captured = sum(p.amount_minor - p.refunded_elsewhere_minor for p in payments)
    return OrderSnapshot(
        currency=order.currency,
        lines=tuple(_line(line, order.taxes_included) for line in order.lines.all()),
        shipping=_shipping(order),
        paid_minor=captured if payments else None,
    )


def _line(line: OrderLine, inclusive: bool) -> LineSnapshot:
    """Return a line whose discount is whatever lies between its list price and what was paid."""
    amount = line.paid_minor if inclusive else line.net_minor
    return LineSnapshot(
        line_id=str(line.pk),
        unit_price_minor=line.unit_price_minor,
        quantity=line.quantity,
        discount_minor=line.unit_price_minor * line.quantity - amount,
        taxes=_taxes(line.tax_lines, line.tax_minor, inclusive),
        label=line.title,
    )


def _taxes(entries: Sequence[Any], total: int, inclusive: bool) -> tuple[TaxAmount, ...]:
    """Return the taxes by code; where the codes do not add up to the total, the total counts."""
    if sum(entry["minor"] for entry in entries) != total:
        return (TaxAmount("tax", total, inclusive),)
    return tuple(TaxAmount(entry["code"], entry["minor"], inclusive) for entry in entries)


def _shipping(order: Order) -> tuple[ChargeSnapshot, ...]:
    taxes = order.shipping_tax_lines
    if not order.shipping_minor and not taxes:
        return ()
    total = sum(entry["minor"] for entry in taxes)
    return (
        ChargeSnapshot(
            SHIPPING, order.shipping_minor, _taxes(taxes, total, order.taxes_included), "Shipping"
        ),
    )
