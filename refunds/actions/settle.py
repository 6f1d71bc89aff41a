"""What a provider, or a person who paid by hand, says about a refund: one function for all of it.

The answer to our call, a webhook and the poll may come in any order and more than once; what is
written depends on the fact alone. Success is not final: money can bounce days later.
"""

from __future__ import annotations

from uuid import UUID

from refunds import ledger, planning, staff
from refunds.locks import lock_allocation, lock_payments, lock_refund
from refunds.models import Refund, RefundAllocation
from refunds.providers.base import RefundAnswer, RefundStatus
from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import record_event
from returns_portal.core.actor import Actor
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import InvalidInput, InvalidTransition, NotAllowed
from returns_portal.core.money import Money
from returns_portal.tenancy.permissions import Permission

Part = RefundAllocation.Status
Whole = Refund.Status


def apply_provider_status(
    allocation_id: UUID, answer: RefundAnswer, *, actor: Actor
) -> RefundAllocation:
    """Write what the provider says of one part, whoever brought it; saying it again is harmless.

    An answer for another amount is never taken for this part's: a person is told.
    """
    with action_transaction():
        refund, part = lock_allocation(allocation_id)
        if answer.amount != part.amount:
            staff.tell_amount_differs(refund, part, answer)
            return part
        if answer.provider_refund_id and part.provider_refund_id != answer.provider_refund_id:
            part.provider_refund_id = answer.provider_refund_id[:120]
            part.save(update_fields=["provider_refund_id"])
        if answer.status is RefundStatus.SUCCEEDED:
            _paid(refund, part, actor)
        elif answer.status.no_money_moved:
            reason = answer.failure_reason or answer.status.value
            _failed(refund, part, reason, staff.reason_in_words(reason), actor)
        else:
            _on_its_way(refund, part, answer, actor)
    return part


def apply_declined(
    allocation_id: UUID, code: str, message: str, *, actor: Actor
) -> RefundAllocation:
    """Write that the provider certainly refused one part: nothing was paid."""
    with action_transaction():
        refund, part = lock_allocation(allocation_id)
        _failed(refund, part, code, message, actor)
    return part


def apply_unknown(allocation_id: UUID) -> RefundAllocation:
    """Show that it is being found out whether one part was paid."""
    with action_transaction():
        refund, part = lock_allocation(allocation_id)
        if part.status in (Part.PLANNED, Part.SENDING):
            part.status = Part.UNKNOWN
            part.save(update_fields=["status"])
            _move(refund, Whole.EXECUTING)
    return part


def mark_paid(allocation_id: UUID, *, actor: Actor, reference: str = "") -> RefundAllocation:
    """Record that a person has paid one part outside the product.

    Raises InvalidTransition for a part that a provider pays, NotAllowed without the right to send.
    """
    with action_transaction():
        refund, part = lock_allocation(allocation_id)
        if part.status == Part.SUCCEEDED:
            return part
        if not actor.may(Permission.REFUNDS_SEND):
            raise NotAllowed("Your role does not allow sending refunds. Ask finance or a manager.")
        if not planning.is_by_hand(part):
            raise InvalidTransition(
                "This refund is paid by the provider, so it can't be marked as paid by hand."
            )
        if refund.status not in (Whole.APPROVED, Whole.EXECUTING, Whole.FAILED):
            raise InvalidTransition(
                f"This refund is {refund.get_status_display().lower()}, so it can't be paid now."
            )
        if part.status not in (Part.PLANNED, Part.PENDING):
            raise InvalidTransition("This part of the refund can't be paid any more.")
        if reference:
            part.provider_refund_id = reference[:120]
            part.save(update_fields=["provider_refund_id"])
        _paid(refund, part, actor)
    return part


def retry(refund_id: UUID, *, actor: Actor, method: str | None = None) -> Refund:
    """Pay again what a failed refund still owes, the same way or by hand.

    Each part that certainly failed gets a successor with a key of its own. A refund held back by a
    dispute is sent now if the dispute is over. Raises InvalidTransition when nothing is owed.
    """
    with action_transaction():
        refund = lock_refund(refund_id)
        if not actor.may(Permission.REFUNDS_SEND):
            raise NotAllowed("Your role does not allow sending refunds. Ask finance or a manager.")
        if method is not None and method not in Refund.Method.values:
            raise InvalidInput("Choose the original payment or paid by hand.", field="method")
        parts = planning.live_parts(refund.pk)
        owed = refund.amount_minor - sum(part.amount_minor for part in parts)
        held = [part for part in parts if part.status == Part.PLANNED and _can_go(part)]
        if refund.status not in (Whole.FAILED, Whole.APPROVED) or not (owed or held):
            raise InvalidTransition("Nothing of this refund waits to be sent again.")
        if owed:
            bearing = {part.payment_id for part in parts}
            free = [row for row in lock_payments(refund.order_id) if row.pk not in bearing]
            by_hand = (method or refund.method) == Refund.Method.MANUAL
            held += planning.allocate(refund, Money(owed, refund.currency), free, by_hand=by_hand)
        _move(refund, Whole.EXECUTING if refund.status == Whole.FAILED else Whole.APPROVED)
        staff.close_all(refund, actor, "Sent again")
        planning.send(refund, held)
        record_event(
            EventKind.REFUND_APPROVED,
            subject_kind="refund",
            subject_id=refund.pk,
            about_id=refund.about_id,
            actor=actor,
            amount_minor=sum(part.amount_minor for part in held),
            currency=refund.currency,
            again=True,
        )
    return refund


def _can_go(part: RefundAllocation) -> bool:
    return not part.payment.is_disputed and not planning.has_call(part)


def _on_its_way(refund: Refund, part: RefundAllocation, answer: RefundAnswer, actor: Actor) -> None:
    """Write that a part waits at the provider or for a person. Late news of it changes nothing."""
    if part.status not in (Part.PLANNED, Part.SENDING, Part.UNKNOWN):
        return
    part.status = Part.PENDING
    part.save(update_fields=["status"])
    _move(refund, Whole.EXECUTING)
    if planning.is_by_hand(part):
        staff.ask_to_pay(refund, part)
        return
    _sent(refund, part, actor)
    if answer.status is RefundStatus.REQUIRES_ACTION:
        staff.tell_requires_action(refund)


def _paid(refund: Refund, part: RefundAllocation, actor: Actor) -> None:
    if part.status == Part.SUCCEEDED:
        return
    if part.status in (Part.FAILED, Part.CANCELLED) and not _revive(refund, part):
        return
    _sent(refund, part, actor)
    part.status = Part.SUCCEEDED
    part.settled_at = now()
    part.failure_code = part.failure_message = ""
    part.save(update_fields=["status", "settled_at", "failure_code", "failure_message"])
    ledger.post_paid(part)
    paid = sum(
        one.amount_minor for one in planning.live_parts(refund.pk) if one.status == Part.SUCCEEDED
    )
    if paid < refund.amount_minor:
        if refund.status != Whole.FAILED:
            _move(refund, Whole.EXECUTING)
        return
    refund.settled_at = part.settled_at
    refund.save(update_fields=["settled_at"])
    _move(refund, Whole.SUCCEEDED)
    staff.close_all(refund, actor, "Refunded")
    _record(EventKind.REFUND_SUCCEEDED, refund, actor, amount_minor=refund.amount_minor)


def _revive(refund: Refund, part: RefundAllocation) -> bool:
    """Take a part back into account that was given up but is paid after all, if there is room.

    There is none once its successor was sent, or the refund was cancelled: the money may then have
    gone out twice, and only a person can get it back.
    """
    live = sum(one.amount_minor for one in planning.live_parts(refund.pk))
    fits = live + part.amount_minor <= refund.amount_minor
    if refund.status != Whole.CANCELLED and fits and planning.has_room(part):
        planning.take_from_payment(part)
        return True
    staff.tell_paid_after_all(refund, part)
    return False


def _failed(refund: Refund, part: RefundAllocation, code: str, message: str, actor: Actor) -> None:
    """Write that a part was refused or bounced: free its payment and open the debt again."""
    if part.status in (Part.FAILED, Part.CANCELLED):
        return
    late = part.status == Part.SUCCEEDED
    part.status = Part.FAILED
    part.failure_code = code[:60]
    part.failure_message = message[:300]
    part.settled_at = now()
    part.save(update_fields=["status", "failure_code", "failure_message", "settled_at"])
    planning.give_back_to_payment(part)
    if late:
        ledger.post_returned(part)
    refund.settled_at = None
    refund.save(update_fields=["settled_at"])
    _move(refund, Whole.FAILED)
    staff.tell_failed(refund, part, late=late)
    _record(
        EventKind.REFUND_FAILED,
        refund,
        actor,
        amount_minor=part.amount_minor,
        code=part.failure_code,
        late=late,
    )


def _sent(refund: Refund, part: RefundAllocation, actor: Actor) -> None:
    """Note when the money left, and say so once per refund."""
    if part.sent_at is not None:
        return
    part.sent_at = now()
    part.save(update_fields=["sent_at"])
    others = RefundAllocation.objects.filter(refund=refund, sent_at__isnull=False)
    if not others.exclude(pk=part.pk).exists():
        _record(EventKind.REFUND_SENT, refund, actor, amount_minor=refund.amount_minor)


def _record(kind: EventKind, refund: Refund, actor: Actor, **facts: object) -> None:
    record_event(
        kind,
        subject_kind="refund",
        subject_id=refund.pk,
        about_id=refund.about_id,
        actor=actor,
        currency=refund.currency,
        method=str(refund.method),
        **facts,
    )


def _move(refund: Refund, status: str) -> None:
    """Set the state of a refund whose row is locked."""
    if refund.status == status:
        return
    refund.status = status
    refund.save(update_fields=["status"])
