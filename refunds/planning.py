"""Spread a refund over an order's payments and put its parts on their way."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import F, QuerySet

from refunds import staff
from refunds.allocation import PaymentBalance, Support, allocate_to_payments
from refunds.models import Refund, RefundAllocation
from refunds.providers.registry import provider_class
from returns_portal.commerce.models import Payment
from returns_portal.core.db import claim
from returns_portal.core.errors import Conflict, DomainError
from returns_portal.core.ids import new_id
from returns_portal.core.money import Money
from returns_portal.integrations.calls import plan_call
from returns_portal.integrations.models import ProviderAccount, ProviderCall

SEND = "refund.send"
GIFT_CARDS = frozenset({"gift_card", "giftcard", "store_credit", "shopify_store_credit"})


def is_by_hand(allocation: RefundAllocation) -> bool:
    """Tell whether a person pays this part outside the product."""
    account = allocation.account
    return account is None or provider_class(account.provider).capabilities.settled_by_hand


def refund_accounts() -> list[ProviderAccount]:
    """Return the merchant's refund accounts, the default one first."""
    return list(
        ProviderAccount.objects.filter(role=ProviderAccount.Role.REFUNDS).order_by(
            "-is_default", "pk"
        )
    )


def account_for(payment: Payment, accounts: Sequence[ProviderAccount]) -> ProviderAccount | None:
    """Return the account that refunds ``payment``; None is "paid by hand".

    An account that names the payment's gateway comes first; then a default account that names no
    gateway at all. Without a reference nobody but a person can find the payment.
    """
    if not payment.reference:
        return None
    for account in accounts:
        if payment.gateway in account.gateways:
            return account
    return next((one for one in accounts if one.is_default and not one.gateways), None)


def allocate(
    refund: Refund, amount: Money, payments: Sequence[Payment], *, by_hand: bool = False
) -> list[RefundAllocation]:
    """Take ``amount`` from what the locked ``payments`` still hold and store the parts.

    Raises DomainError naming what remains when they cannot bear it all: nothing is lowered.
    """
    accounts = [] if by_hand else refund_accounts()
    bearers = {payment.pk: account_for(payment, accounts) for payment in payments}
    balances = [
        PaymentBalance(
            str(payment.pk),
            payment.amount_minor,
            payment.refunded_minor + payment.refunded_elsewhere_minor,
            _support(bearers[payment.pk]),
            "gift_card" if payment.gateway in GIFT_CARDS else "card",
        )
        for payment in payments
        if payment.currency == amount.currency
    ]
    plan = allocate_to_payments(amount.minor, balances)
    if plan.overflow_minor:
        left = Money(amount.minor - plan.overflow_minor, amount.currency)
        raise DomainError(
            f"The order's payments have {left} left to refund, not {amount}. Refund that much or "
            "less, or give store credit.",
            code="exceeds_payments",
            facts={"max_refundable_minor": left.minor},
        )
    by_id = {str(payment.pk): payment for payment in payments}
    parts = [
        RefundAllocation(
            id=new_id(),
            refund=refund,
            payment=by_id[part.payment_id],
            account=bearers[by_id[part.payment_id].pk],
            amount_minor=part.amount_minor,
            currency=amount.currency,
        )
        for part in plan.parts
    ]
    for part in parts:
        take_from_payment(part)
    RefundAllocation.objects.bulk_create(parts)
    return parts


def _support(account: ProviderAccount | None) -> Support:
    if account is None or provider_class(account.provider).capabilities.partial:
        return "partial"
    return "full_only"


def take_from_payment(part: RefundAllocation) -> None:
    """Count ``part`` as refunded on its payment, which the database keeps within the capture."""
    if not claim(_roomy(part), refunded_minor=F("refunded_minor") + part.amount_minor):
        raise Conflict(
            "This payment has been refunded by somebody else just now. Reload the page to see "
            "what is left.",
            code="exceeds_payments",
        )


def has_room(part: RefundAllocation) -> bool:
    """Tell whether the part's payment still holds its amount."""
    return _roomy(part).exists()


def _roomy(part: RefundAllocation) -> QuerySet[Payment]:
    room = F("amount_minor") - F("refunded_minor") - F("refunded_elsewhere_minor")
    return Payment.objects.annotate(room=room).filter(
        pk=part.payment_id, room__gte=part.amount_minor
    )


def give_back_to_payment(part: RefundAllocation) -> None:
    """Count ``part`` as not refunded after all."""
    Payment.objects.filter(pk=part.payment_id).update(
        refunded_minor=F("refunded_minor") - part.amount_minor
    )


def send(refund: Refund, parts: Sequence[RefundAllocation]) -> None:
    """Store the intent to pay each part. A part on a disputed payment waits for a person."""
    for part in parts:
        if part.payment.is_disputed:
            staff.tell_disputed(refund)
            continue
        plan_call(
            SEND,
            key=f"refund-{part.pk}",
            subject_id=part.pk,
            account_id=part.account_id,
            about_id=refund.about_id,
            params=_params(refund, part),
        )


def _params(refund: Refund, part: RefundAllocation) -> dict[str, object]:
    """Return what is sent, frozen: every retry sends exactly this."""
    return {
        "operation_id": str(part.pk),
        "payment_reference": part.payment.reference,
        "amount_minor": part.amount_minor,
        "currency": part.currency,
        "reason": refund.reason,
        "metadata": {"refund_id": str(refund.pk), "order": refund.order.number},
    }


def has_call(part: RefundAllocation) -> bool:
    """Tell whether the part was handed to a worker and not withdrawn."""
    return (
        ProviderCall.objects.filter(subject_id=part.pk, kind=SEND)
        .exclude(status=ProviderCall.Status.CANCELLED)
        .exists()
    )


def live_parts(refund_id: UUID) -> list[RefundAllocation]:
    """Return the parts that count: under way or paid."""
    gone = (RefundAllocation.Status.FAILED, RefundAllocation.Status.CANCELLED)
    return list(
        RefundAllocation.objects.filter(refund_id=refund_id)
        .exclude(status__in=gone)
        .select_related("payment", "account")
        .order_by("pk")
    )
