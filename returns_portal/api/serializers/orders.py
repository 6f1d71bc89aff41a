"""Orders as programs send and read them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from returns_portal.api.serializers.returns import MoneyOut, instant, money
from returns_portal.commerce.deep_links import LIFE
from returns_portal.commerce.models import Order, OrderLine
from rma.actions.windows import MAX_REASON
from rma.models import GrantedWindow

PLATFORMS = ("shopify", "woocommerce")


class OrderUpsertIn(serializers.Serializer):
    """An order exactly as its shop gives it: a Shopify Admin (REST) or WooCommerce v3 order."""

    # The wire name; a Field has an attribute of the same name, which the stubs take offence at.
    source = serializers.ChoiceField(choices=PLATFORMS)  # type: ignore[assignment]
    order = serializers.DictField(help_text="The order object, unchanged")


class OrderUpsertOut(serializers.Serializer):
    """What the upsert did."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    outcome = serializers.ChoiceField(choices=["created", "updated", "unchanged"])


class OrderLinkIn(serializers.Serializer):
    """How long the link is to work."""

    days = serializers.IntegerField(
        min_value=1, max_value=90, default=LIFE.days, help_text="Days until the link runs out"
    )


class OrderLinkOut(serializers.Serializer):
    """A link for the shopper of the order and nobody else."""

    url = serializers.URLField()
    expires_at = serializers.DateTimeField(help_text="After this the link opens nothing")


class WindowIn(serializers.Serializer):
    """A later last day for an order, or for one of its lines."""

    until = serializers.DateField(help_text="The last local day on which it can come back")
    reason = serializers.CharField(max_length=MAX_REASON, help_text="Only staff read it")
    order_line = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="Empty for every line"
    )


class WindowOut(serializers.Serializer):
    """A granted day. It counts until it is withdrawn, or another for the same items replaces it."""

    id = serializers.UUIDField()
    order_line = serializers.UUIDField(allow_null=True)
    until = serializers.DateField()
    reason = serializers.CharField()
    granted_by = serializers.CharField()
    granted_at = serializers.DateTimeField()
    withdrawn_at = serializers.DateTimeField(allow_null=True)


class GiftCodeOut(serializers.Serializer):
    """A code for whoever was given the goods."""

    code = serializers.CharField(help_text="Shown this once, such as K7MX-4TPQ-9RWC")


class OrderLineOut(serializers.Serializer):
    """One line with what was paid for it and how many units can still come back."""

    id = serializers.UUIDField()
    external_id = serializers.CharField()
    title = serializers.CharField()
    variant_title = serializers.CharField()
    sku = serializers.CharField()
    quantity = serializers.IntegerField()
    fulfilled_quantity = serializers.IntegerField()
    claimed_quantity = serializers.IntegerField(help_text="Units in live or completed returns")
    paid = MoneyOut()


class OrderOut(serializers.Serializer):
    """A mirrored order."""

    id = serializers.UUIDField()
    source = serializers.CharField()  # type: ignore[assignment]
    external_id = serializers.CharField()
    number = serializers.CharField()
    status = serializers.CharField()
    placed_at = serializers.DateTimeField()
    customer_groups = serializers.ListField(
        child=serializers.CharField(),
        allow_null=True,
        help_text="The customer's tags or groups at purchase; null where the shop named none",
    )
    total = MoneyOut()
    lines = OrderLineOut(many=True)


def show_order(order: Order) -> dict[str, Any]:
    """Return the public form of an order whose lines are loaded."""
    return {
        "id": str(order.pk),
        "source": order.source,
        "external_id": order.external_id,
        "number": order.number,
        "status": order.status,
        "placed_at": instant(order.placed_at),
        "customer_groups": order.customer_groups,
        "total": money(order.total_minor, order.currency),
        "lines": [_show_line(line) for line in order.lines.all()],
    }


def show_window(grant: GrantedWindow) -> dict[str, Any]:
    """Return the public form of a granted day."""
    return {
        "id": str(grant.pk),
        "order_line": None if grant.order_line_id is None else str(grant.order_line_id),
        "until": grant.until.isoformat(),
        "reason": grant.reason,
        "granted_by": grant.granted_by,
        "granted_at": instant(grant.granted_at),
        "withdrawn_at": None if grant.withdrawn_at is None else instant(grant.withdrawn_at),
    }


def _show_line(line: OrderLine) -> dict[str, Any]:
    return {
        "id": str(line.pk),
        "external_id": line.external_id,
        "title": line.title,
        "variant_title": line.variant_title,
        "sku": line.sku,
        "quantity": line.quantity,
        "fulfilled_quantity": line.fulfilled_quantity,
        "claimed_quantity": line.claimed_quantity,
        "paid": money(line.paid_minor, line.currency),
    }
