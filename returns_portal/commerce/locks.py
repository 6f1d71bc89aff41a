"""Row locks of orders. Taken before the locks of returns, shipments, refunds and stock."""

from __future__ import annotations

from uuid import UUID

from returns_portal.commerce.models import Order
from returns_portal.core.errors import NotFound


def lock_order(order_id: UUID) -> Order:
    """Lock one order until the transaction ends and return it. Raises NotFound.

    Whoever changes an order's lines, payments or returns holds this lock, so that their updates of
    several rows cannot deadlock.
    """
    order = Order.objects.select_for_update(of=("self",)).filter(pk=order_id).first()
    if order is None:
        raise NotFound("This order does not exist.")
    return order
