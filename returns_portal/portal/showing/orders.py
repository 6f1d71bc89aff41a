"""A shopper's orders, after a mailed link, and what can be done with each."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from returns_portal.commerce.models import Order, OrderLine
from rma.models import Return
from rma.selectors import returns_of_orders

# Newest first; whoever orders more often than that finds the others by number.
MOST = 50


@dataclass(frozen=True, slots=True)
class ShownOrder:
    """``units_left`` were sent and are in no return; ``is_sent`` tells whether anything was."""

    order: Order
    lines: list[OrderLine]
    units_left: int
    is_sent: bool
    returns: list[Return]


def shown_orders(orders: QuerySet[Order]) -> list[ShownOrder]:
    """Return the newest orders with their lines and returns. Four statements, however many."""
    lines = OrderLine.objects.filter(is_removed=False).order_by("position", "pk")
    rows = list(orders.prefetch_related(Prefetch("lines", lines))[:MOST])
    returns: dict[object, list[Return]] = defaultdict(list)
    for rma in returns_of_orders([order.pk for order in rows]):
        returns[rma.order_id].append(rma)
    return [_shown(order, returns[order.pk]) for order in rows]


def _shown(order: Order, returns: list[Return]) -> ShownOrder:
    lines = list(order.lines.all())
    return ShownOrder(
        order=order,
        lines=lines,
        units_left=sum(line.fulfilled_quantity - line.claimed_quantity for line in lines),
        is_sent=any(line.fulfilled_quantity for line in lines),
        returns=returns,
    )
