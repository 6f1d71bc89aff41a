"""Refunds as programs read them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from refunds.models import Refund, RefundAllocation
from returns_portal.api.serializers.returns import MoneyOut, instant, money


class RefundPartOut(serializers.Serializer):
    """The part of a refund that one payment bears."""

    payment = serializers.CharField()
    amount = MoneyOut()
    status = serializers.CharField()
    provider_refund_id = serializers.CharField()


class RefundOut(serializers.Serializer):
    """A refund as it stands."""

    id = serializers.UUIDField()
    order = serializers.CharField()
    return_id = serializers.UUIDField(allow_null=True)
    status = serializers.CharField()
    method = serializers.CharField()
    amount = MoneyOut()
    created_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)
    parts = RefundPartOut(many=True)


def show_refund(refund: Refund) -> dict[str, Any]:
    """Return the public form of a refund whose order and allocations are loaded."""
    return {
        "id": str(refund.pk),
        "order": refund.order.number,
        "return_id": str(refund.about_id) if refund.about_id else None,
        "status": refund.status,
        "method": refund.method,
        "amount": money(refund.amount_minor, refund.currency),
        "created_at": instant(refund.created_at),
        "settled_at": instant(refund.settled_at),
        "parts": [_show_part(part) for part in refund.allocations.all()],
    }


def _show_part(part: RefundAllocation) -> dict[str, Any]:
    return {
        "payment": part.payment.label or part.payment.gateway,
        "amount": money(part.amount_minor, part.currency),
        "status": part.status,
        "provider_refund_id": part.provider_refund_id,
    }
