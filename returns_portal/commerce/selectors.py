"""Reading orders: for a shopper who proves who they are, for a return, for staff who search."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.db.models import (
    BooleanField,
    F,
    Func,
    Prefetch,
    Q,
    QuerySet,
    Value,
    prefetch_related_objects,
)

from returns_portal.commerce.keys import email_index, number_key, phone_proof, postcode_index
from returns_portal.commerce.models import Order, OrderLine, Payment
from returns_portal.core.clock import now
from returns_portal.core.crypto import normalise
from returns_portal.core.db import preload
from returns_portal.core.errors import NotFound

# Thirteen months: a year of warranty questions, and one to notice.
REMEMBERED = timedelta(days=396)


def find_order_for_shopper(number: str, proof: str) -> Order | None:
    """Return the order with this number if ``proof`` is its e-mail, phone number or postal code.

    One statement whatever is wrong, with all blind indexes computed each time, so that a wrong
    number and a wrong proof cost the same. Cancelled orders are not found.
    """
    key = number_key(number)
    phone = phone_proof(proof) or b"-"
    proofs = (
        Q(email_index=email_index(proof) or b"-")
        | Q(postcode_index=postcode_index(proof) or b"-")
        | Q(phone_index=phone)
        | Q(national_phone_index=phone)
    )
    matching = Order.objects.filter(proofs, number_key=key or "-", status=Order.Status.OPEN)
    return matching.order_by("-placed_at").first()


def orders_of_shopper(index: bytes) -> QuerySet[Order]:
    """Return the orders of the last 13 months with this blind index of an e-mail, newest first.

    ``index`` comes from a proof, never from what somebody typed. Cancelled orders are left out.
    """
    orders = Order.objects.filter(email_index=index or b"-", status=Order.Status.OPEN)
    return orders.filter(placed_at__gte=now() - REMEMBERED).order_by("-placed_at", "-pk")


def order_for_return(order_id: UUID) -> Order:
    """Return an order with ``lines`` (and their variants) and ``payments`` loaded. Raises NotFound.

    Lines the shop took off the order are left out unless a return names them. Three statements.
    """
    order = (
        Order.objects.filter(pk=order_id)
        .select_related("customer")
        .prefetch_related(*_parts_for_return())
        .first()
    )
    if order is None:
        raise NotFound("This order does not exist.")
    return order


def load_for_return(order: Order, *, payments: Sequence[Payment]) -> Order:
    """Load ``lines`` as :func:`order_for_return` does, on a row read with its ``payments``."""
    lines, _ = _parts_for_return()
    prefetch_related_objects([order], lines)
    preload(order, "payments", payments)
    return order


def _parts_for_return() -> tuple[Prefetch, Prefetch]:
    lines = (
        OrderLine.objects.exclude(is_removed=True, claimed_quantity=0)
        .select_related("variant")
        .order_by("position", "pk")
    )
    payments = Payment.objects.order_by("captured_at", "pk")
    return Prefetch("lines", lines), Prefetch("payments", payments)


def search_orders(text: str) -> QuerySet[Order]:
    """Return orders, newest first, whose number or shopper's name begins with ``text``.

    Text with an @ is taken for a whole e-mail address; those are sealed and only match exactly. No
    text: all orders.
    """
    orders = Order.objects.select_related("customer").order_by("-placed_at", "-pk")
    text = text.strip()
    if not text:
        return orders
    if "@" in text:
        return orders.filter(email_index=email_index(text))
    by_name = Q(_begins("customer__name_key", normalise(text)))
    key = number_key(text)
    return orders.filter(by_name | Q(_begins("number_key", key))) if key else orders.filter(by_name)


def _begins(column: str, text: str) -> Func:
    """Compare with ``starts_with``: LIKE is not leakproof and cannot run below row security."""
    return Func(F(column), Value(text), function="starts_with", output_field=BooleanField())
