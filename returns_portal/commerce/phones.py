"""Phone indexes of orders that were imported before a phone number was a proof."""

from __future__ import annotations

from uuid import UUID

from returns_portal.commerce.keys import phone_indexes
from returns_portal.commerce.models import Order
from returns_portal.core.db import action_transaction

PAGE = 500
_FIRST = UUID(int=0)


def index_phones(after: UUID = _FIRST) -> tuple[UUID | None, int]:
    """Fill in what is missing in the next :data:`PAGE` orders, by id, of the merchant in scope.

    Returns the id to go on after, None at the end, and how many orders got an index. An order that
    has one keeps it; the number itself is the address's, else the customer's. Again is harmless.
    """
    with action_transaction():
        lacking = Order.objects.select_for_update(of=("self",)).filter(pk__gt=after)
        page = list(
            lacking.filter(phone_index=b"", national_phone_index=b"")
            .select_related("customer")
            .order_by("pk")[:PAGE]
        )
        filled = [order for order in page if _fill(order)]
        Order.objects.bulk_update(filled, ["phone_index", "national_phone_index"])
    return (page[-1].pk if len(page) == PAGE else None), len(filled)


def _fill(order: Order) -> bool:
    phone = str((order.shipping_address or {}).get("phone") or "")
    if not phone and order.customer is not None:
        phone = order.customer.phone
    order.phone_index, order.national_phone_index = phone_indexes(phone, order.country)
    return bool(order.phone_index)
