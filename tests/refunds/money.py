"""Orders with payments, and actors, for the tests of money. Rows of the merchant in scope."""

from __future__ import annotations

from typing import Any

from refunds.actions.request import request_refund
from refunds.models import Refund, RefundAllocation
from returns_portal.commerce.models import Customer, Order, OrderLine, Payment
from returns_portal.core.actor import SYSTEM, Actor, ActorKind
from returns_portal.core.clock import now
from returns_portal.core.ids import new_id
from returns_portal.core.money import Money
from returns_portal.tenancy.permissions import permissions_of

AGENT = Actor(ActorKind.MEMBER, "agent-1", "Ada Agent", permissions_of("agent"))
FINANCE = Actor(ActorKind.MEMBER, "finance-1", "Fin Ance", permissions_of("finance"))
WAREHOUSE = Actor(ActorKind.MEMBER, "ware-1", "Ware House", permissions_of("warehouse"))
BREAKDOWN = {"tax_minor": 160, "fee_minor": 0}


def make_order(*payments: int, currency: str = "EUR", **changes: Any) -> Order:
    """Return an order with one line of everything paid and a payment for each amount."""
    total = sum(payments)
    number = changes.pop("number", "NL-1001")
    gateway = changes.pop("gateway", "card")
    reference = changes.pop("reference", "pay-{}")
    customer = Customer.objects.create(source="csv", external_id=str(new_id()), name="Maya")
    order = Order.objects.create(
        source="csv",
        external_id=str(new_id()),
        number=number,
        number_key=number.replace("-", ""),
        customer=customer,
        currency=currency,
        total_minor=total,
        placed_at=now(),
        **changes,
    )
    OrderLine.objects.create(
        order=order,
        external_id="1",
        title="Trail Runner 2",
        quantity=1,
        fulfilled_quantity=1,
        unit_price_minor=total,
        net_minor=total,
        paid_minor=total,
        currency=currency,
    )
    for place, amount in enumerate(payments, start=1):
        Payment.objects.create(
            order=order,
            external_id=str(place),
            gateway=gateway,
            reference=reference.format(place),
            amount_minor=amount,
            currency=currency,
            label=f"Visa ending 424{place}",
            captured_at=now(),
        )
    return order


def ask(order: Order, minor: int, key: str = "resolution:1", **changes: Any) -> Refund:
    """Request a refund on ``order`` the way a resolution does."""
    values: dict[str, Any] = {
        "order_id": order.pk,
        "key": key,
        "amount": Money(minor, order.currency),
        "breakdown": BREAKDOWN,
        "about_id": None,
        "reason": "requested_by_customer",
        "actor": SYSTEM,
    }
    return request_refund(**values | changes)


def part_of(refund: Refund) -> RefundAllocation:
    """Return the only part of a refund."""
    return RefundAllocation.objects.select_related("payment").get(refund=refund)
