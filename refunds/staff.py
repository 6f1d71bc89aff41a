"""What a person is asked to do about a refund, in words."""

from __future__ import annotations

from refunds.models import Refund, RefundAllocation
from refunds.providers.base import RefundAnswer
from returns_portal.activity.models import StaffTask
from returns_portal.activity.staff_tasks import close_task, open_task
from returns_portal.core.actor import Actor

_REASONS = {
    "lost_or_stolen_card": "The card was reported lost or stolen.",
    "expired_or_canceled_card": "The card has expired or was closed.",
    "charge_for_pending_refund_disputed": "The shopper disputed the payment at the bank.",
    "insufficient_funds": "Your balance at the provider is too low.",
    "declined": "The shopper's bank refused the refund.",
    "merchant_request": "The refund was cancelled at the provider on your request.",
    "canceled": "The refund was cancelled at the provider.",
}


def reason_in_words(reason: str) -> str:
    """Return a provider's reason for a failure as a sentence."""
    return _REASONS.get(reason, "The provider could not pay the refund.")


def close_all(refund: Refund, actor: Actor, note: str) -> None:
    """Close whatever a person was asked to do about ``refund``."""
    tasks = StaffTask.objects.filter(
        subject_kind="refund", subject_id=refund.pk, status=StaffTask.Status.OPEN
    )
    for task in tasks:
        close_task(task.pk, actor=actor, note=note)


def _open(refund: Refund, kind: str, key: str, title: str, detail: str) -> None:
    open_task(
        kind=kind,
        key=key,
        subject_kind="refund",
        subject_id=refund.pk,
        about_id=refund.about_id,
        title=title,
        detail=detail,
    )


def ask_second_person(refund: Refund) -> None:
    _open(
        refund,
        "refund_second_person",
        f"refund:{refund.pk}:approve",
        f"Agree to a refund of {refund.amount}",
        f"{refund.requested_by} asked for it. It is above the limit for one person.",
    )


def tell_disputed(refund: Refund) -> None:
    _open(
        refund,
        "refund_disputed",
        f"refund:{refund.pk}:disputed",
        "The payment is disputed, so the refund was not sent",
        "The bank may take this money back from you as well. Send the refund once the dispute is "
        "decided, or cancel it.",
    )


def ask_to_pay(refund: Refund, part: RefundAllocation) -> None:
    _open(
        refund,
        "refund_by_hand",
        f"allocation:{part.pk}:by-hand",
        f"Pay {part.amount} back by hand",
        f"Order {refund.order.number}. Mark it as paid once the money is on its way.",
    )


def tell_requires_action(refund: Refund) -> None:
    _open(
        refund,
        "refund_requires_action",
        f"refund:{refund.pk}:action",
        "The provider waits for the shopper before it pays",
        "The provider has asked the shopper for bank details. Remind them if need be.",
    )


def tell_failed(refund: Refund, part: RefundAllocation, *, late: bool) -> None:
    way = part.payment.label or part.payment.gateway
    _open(
        refund,
        "refund_failed",
        f"refund:{refund.pk}:failed",
        f"A refund of {part.amount} {'bounced' if late else 'was refused'} ({way})",
        f"{part.failure_message} Send it again, pay it by hand, or cancel it and give store "
        "credit.",
    )


def tell_paid_after_all(refund: Refund, part: RefundAllocation) -> None:
    _open(
        refund,
        "refund_paid_after_all",
        f"allocation:{part.pk}:after-all",
        f"{part.amount} was paid although the refund had been given up",
        f"The provider's refund {part.provider_refund_id} went through after all. Check whether "
        "the shopper was paid twice.",
    )


def tell_amount_differs(refund: Refund, part: RefundAllocation, answer: RefundAnswer) -> None:
    _open(
        refund,
        "refund_amount_differs",
        f"allocation:{part.pk}:amount",
        f"The provider says {answer.amount} where we asked for {part.amount}",
        f"Compare refund {answer.provider_refund_id} at the provider with this one.",
    )


def tell_unreadable(refund: Refund, message: str) -> None:
    _open(
        refund,
        "refund_not_readable",
        f"refund:{refund.pk}:unreadable",
        "The provider does not know a refund it had confirmed",
        message,
    )
