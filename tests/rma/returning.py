"""A published policy, an order and requests for tests of the conductor's first half."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from returns_portal.commerce.keys import email_index, number_key
from returns_portal.commerce.models import Order, OrderLine, Payment, Product, Variant
from returns_portal.core.actor import SHOPPER, SYSTEM
from returns_portal.core.clock import now
from returns_portal.core.ids import new_token
from rma.actions.policy import publish_policy, save_draft
from rma.actions.requesting import RequestedLine, request_return
from rma.models import PolicyVersion, Return
from rma.policy.document import default_policy

EMAIL = "maya@example.com"


def publish(**changes: Any) -> PolicyVersion:
    """Publish the default policy in euro; ``fee__amount_minor=0`` changes one value."""
    document = default_policy("EUR")
    for path, wanted in changes.items():
        section, _, name = path.partition("__")
        if name:
            document[section][name] = wanted
        else:
            document[section] = wanted
    save_draft(document, actor=SYSTEM)
    return publish_policy(actor=SYSTEM)


def make_order(number: str = "NL-48213", **changes: Any) -> Order:
    """Return an order of two delivered units of one line at 85.50 each, paid by card."""
    lines = changes.pop("lines", [{}])
    order = Order.objects.create(
        **{
            "source": "csv",
            "external_id": number,
            "number": number,
            "number_key": number_key(number),
            "shopper_name": "Maya Lindqvist",
            "email": EMAIL,
            "email_index": email_index(EMAIL),
            "country": "IE",
            "currency": "EUR",
            "total_minor": 17100 * len(lines),
            "taxes_included": True,
            "placed_at": now() - timedelta(days=8),
            **changes,
        }
    )
    for position, line in enumerate(lines):
        make_line(order, position, **line)
    Payment.objects.create(
        order=order,
        external_id="pay-1",
        gateway="builtin",
        amount_minor=order.total_minor,
        currency=order.currency,
        label="Visa ending 4242",
    )
    return order


def make_line(order: Order, position: int = 0, **changes: Any) -> OrderLine:
    product = Product.objects.create(
        source="csv", external_id=f"p-{order.number}-{position}", title="Merino Crew Sweater"
    )
    variant = Variant.objects.create(
        product=product,
        source="csv",
        external_id=f"v-{order.number}-{position}",
        title="Oat / S",
        sku=f"MCS-{position}",
        currency=order.currency,
        price_minor=8550,
    )
    quantity = changes.get("quantity", 2)
    return OrderLine.objects.create(
        **{
            "order": order,
            "external_id": f"line-{position}",
            "position": position,
            "variant": variant,
            "title": "Merino Crew Sweater",
            "quantity": quantity,
            "fulfilled_quantity": quantity,
            "unit_price_minor": 8550,
            "net_minor": 8550 * quantity,
            "paid_minor": 8550 * quantity,
            "currency": order.currency,
            "shipped_at": now() - timedelta(days=6),
            "delivered_at": now() - timedelta(days=4),
            **changes,
        }
    )


def wish(line: OrderLine, **changes: Any) -> RequestedLine:
    return RequestedLine(
        **{
            "order_line_id": line.pk,
            "quantity": 1,
            "reason": "changed_mind",
            "wanted": "refund",
            **changes,
        }
    )


def ask_for(order: Order, *lines: RequestedLine, **changes: Any) -> Return:
    """Request a return of ``lines``, or of one unit of the order's first line."""
    wanted = lines or (wish(order.lines.order_by("position")[0]),)
    return request_return(
        **{
            "order_id": order.pk,
            "lines": wanted,
            "method": "label",
            "channel": "portal",
            "operation_id": new_token(),
            "actor": SHOPPER,
            **changes,
        }
    )
