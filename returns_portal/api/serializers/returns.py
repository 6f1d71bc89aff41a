"""What a return looks like from outside, going in and coming out."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from returns_portal.core.money import Money
from rma.models import Return, ReturnLine
from rma.policy.live import policy_of
from rma.states import ResolutionKind


class MoneyOut(serializers.Serializer):
    """An amount: exact decimal text for people, minor units for programs."""

    amount = serializers.CharField(help_text="Decimal text, e.g. 117.00")
    minor = serializers.IntegerField(help_text="Minor units of the currency")
    currency = serializers.CharField(help_text="ISO 4217")


class ReturnLineIn(serializers.Serializer):
    """Units of one order line to send back."""

    order_line = serializers.CharField(
        max_length=80, help_text="The line's id here, its id at the shop, or its SKU"
    )
    quantity = serializers.IntegerField(min_value=1, max_value=100_000)
    reason = serializers.CharField(max_length=40, help_text="A reason key of the live policy")
    resolution = serializers.ChoiceField(choices=[kind.value for kind in ResolutionKind])
    comment = serializers.CharField(max_length=1000, required=False, allow_blank=True, default="")
    answers = serializers.DictField(
        child=serializers.CharField(max_length=500, allow_blank=True),
        required=False,
        default=dict,
        help_text="Answers to the reason's own questions, by question.",
    )
    exchange_variant = serializers.UUIDField(
        required=False,
        allow_null=True,
        default=None,
        help_text="For an exchange: a variant of the same product, or of any where policy allows.",
    )


class ReturnIn(serializers.Serializer):
    """A request to return some of an order."""

    order = serializers.CharField(max_length=80, help_text="The order's id here or its number")
    lines = serializers.ListField(child=ReturnLineIn(), min_length=1, max_length=100)
    method = serializers.ChoiceField(choices=Return.Method.choices, default=Return.Method.LABEL)


class ApproveIn(serializers.Serializer):
    """An approval, with an optional note for the record."""

    note = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class DeclineIn(serializers.Serializer):
    """A refusal; the shopper reads the reason."""

    reason = serializers.CharField(max_length=500)


class ReturnLineOut(serializers.Serializer):
    """Units of one order line in a return."""

    id = serializers.UUIDField()
    order_line = serializers.UUIDField()
    title = serializers.CharField()
    sku = serializers.CharField()
    quantity = serializers.IntegerField()
    reason = serializers.CharField(help_text="The reason's key, or that of its detail")
    reason_name = serializers.CharField(help_text="In English, such as Does not fit: Too small")
    resolution = serializers.CharField()
    expected = MoneyOut()


class FeeOut(serializers.Serializer):
    """One fee as it was shown at confirm. ``at_most``: it may turn out to be less, never more."""

    kind = serializers.CharField()
    amount = MoneyOut()
    tax = MoneyOut()
    waived = serializers.BooleanField()
    at_most = serializers.BooleanField()


class ReturnOut(serializers.Serializer):
    """A return as it stands."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    order = serializers.CharField()
    status = serializers.CharField()
    stage = serializers.CharField()
    method = serializers.CharField()
    is_gift = serializers.BooleanField(
        help_text="Returned by whoever was given it, for store credit; the buyer is not told"
    )
    expected = MoneyOut()
    fee = MoneyOut()
    fees = FeeOut(many=True)
    bonus = MoneyOut()
    created_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    decline_reason = serializers.CharField()
    lines = ReturnLineOut(many=True)


def money(minor: int, currency: str) -> dict[str, Any]:
    """Return an amount as :class:`MoneyOut` describes it."""
    return {"amount": Money(minor, currency).decimal_text(), "minor": minor, "currency": currency}


def show_return(rma: Return) -> dict[str, Any]:
    """Return the public form of a return whose order and lines are loaded."""
    return {
        "id": str(rma.pk),
        "number": rma.number,
        "order": rma.order.number,
        "status": rma.status,
        "stage": rma.stage,
        "method": rma.method,
        "is_gift": rma.is_gift,
        "expected": money(rma.expected_minor, rma.currency),
        "fee": money(rma.fee_minor, rma.currency),
        "fees": _show_fees(rma),
        "bonus": money(rma.quote.get("bonus_minor", 0), rma.currency),
        # What the shop collects for dearer replacements before they are sent.
        "due": money(rma.quote.get("due_minor", 0), rma.currency),
        "created_at": instant(rma.created_at),
        "decided_at": instant(rma.decided_at),
        "closed_at": instant(rma.closed_at),
        "decline_reason": rma.decline_reason,
        "lines": [_show_line(line, rma) for line in rma.lines.all()],
    }


def _show_fees(rma: Return) -> list[dict[str, Any]]:
    """Return the fees of each outcome of the quote; one that two outcomes bear stands twice."""
    return [
        {
            "kind": fee["kind"],
            "amount": money(fee["charged_minor"], rma.currency),
            "tax": money(fee["tax_minor"], rma.currency),
            "waived": fee["waived"],
            "at_most": fee.get("at_most", False),
        }
        for priced in rma.quote.get("breakdowns", {}).values()
        for fee in priced["fees"]
    ]


def instant(value: Any) -> str | None:
    """Return an instant as ISO 8601 in UTC with a Z."""
    return value.isoformat().replace("+00:00", "Z") if value else None


def _show_line(line: ReturnLine, rma: Return) -> dict[str, Any]:
    # Parsed once for each version and kept, so that a list reads no version again.
    reason = policy_of(rma.policy_version_id).reason(line.reason)
    return {
        "id": str(line.pk),
        "order_line": str(line.order_line_id),
        "title": line.order_line.title,
        "sku": line.order_line.sku,
        "quantity": line.quantity,
        "reason": line.reason,
        "reason_name": reason.full_label() if reason is not None else line.reason,
        "resolution": line.wanted,
        "exchange_variant": str(line.exchange_variant_id) if line.exchange_variant_id else None,
        "expected": money(line.expected_minor, rma.currency),
    }
