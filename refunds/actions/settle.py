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
from returns_portal.activity.record import NewEvent, record_event, record_events
from returns_portal.core.actor import SYSTEM, Actor
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import InvalidInput, InvalidTransition, NotAllowed
from returns_portal.core.money import Money
from returns_portal.tenancy.permissions import Permission

Part = RefundAllocation.Status
Whole = Refund.Status
_GONE = (Part.FAILED, Part.CANCELLED)


class _Change:
    """One part under lock, what changes about it and its refund, and what happened: saved at once.

    ``events`` are recorded in the order they are added.
    """

    def __init__(self, allocation_id: UUID, actor: Actor) -> None:
        self.refund, self.part = lock_allocation(allocation_id)
        self.actor = actor
        self.events: list[NewEvent] = []
        self._part_fields: set[str] = set()
        self._refund_fields: set[str] = set()

    def set_part(self, **values: object) -> None:
        for name, value in values.items():
            setattr(self.part, name, value)
        self._part_fields.update(values)

    def set_refund(self, **values: object) -> None:
        for name, value in values.items():
            setattr(self.refund, name, value)
        self._refund_fields.update(values)

    def tell(self, kind: EventKind, **facts: object) -> None:
        refund = self.refund
        facts |= {"currency": refund.currency, "method": str(refund.method)}
        self.events.append(NewEvent(kind, "refund", refund.pk, refund.about_id, facts))

    def save(self) -> RefundAllocation:
        if self._part_fields:
            self.part.save(update_fields=sorted(self._part_fields))
        if self._refund_fields:
            self.refund.save(update_fields=sorted(self._refund_fields))
        if self.events:
            record_events(self.events, actor=self.actor)
        return self.part


def apply_provider_status(
    allocation_id: UUID, answer: RefundAnswer, *, actor: Actor
) -> RefundAllocation:
    """Write what the provider says of one part, whoever brought it; saying it again is harmless.

    An answer for another amount is never taken for this part's: a person is told.
    """
    with action_transaction():
        change = _Change(allocation_id, actor)
        part = change.part
        if answer.amount != part.amount:
            staff.tell_amount_differs(change.refund, part, answer)
            return part
        if answer.provider_refund_id and part.provider_refund_id != answer.provider_refund_id:
            change.set_part(provider_refund_id=answer.provider_refund_id[:120])
        if answer.status is RefundStatus.SUCCEEDED:
            _paid(change)
        elif answer.status.no_money_moved:
            reason = answer.failure_reason or answer.status.value
            _failed(change, reason, staff.reason_in_words(reason))
        else:
            _on_its_way(change, answer.status)
        return change.save()


def apply_declined(
    allocation_id: UUID, code: str, message: str, *, actor: Actor
) -> RefundAllocation:
    """Write that the provider certainly refused one part: nothing was paid."""
    with action_transaction():
        change = _Change(allocation_id, actor)
        _failed(change, code, message)
        return change.save()


def apply_unknown(allocation_id: UUID) -> RefundAllocation:
    """Show that it is being found out whether one part was paid."""
    with action_transaction():
        change = _Change(allocation_id, SYSTEM)
        if change.part.status in (Part.PLANNED, Part.SENDING):
            change.set_part(status=Part.UNKNOWN)
            if change.refund.status == Whole.APPROVED:
                change.set_refund(status=Whole.EXECUTING)
        return change.save()


def mark_paid(allocation_id: UUID, *, actor: Actor, reference: str = "") -> RefundAllocation:
    """Record that a person has paid one part outside the product.

    Raises InvalidTransition for a part that a provider pays, NotAllowed without the right to send.
    """
    with action_transaction():
        change = _Change(allocation_id, actor)
        refund, part = change.refund, change.part
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
            change.set_part(provider_refund_id=reference[:120])
        _paid(change)
        return change.save()


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
        if refund.status == Whole.FAILED:
            refund.status = Whole.EXECUTING
            refund.save(update_fields=["status"])
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


def _on_its_way(change: _Change, status: RefundStatus) -> None:
    """Write that a part waits at the provider or for a person. Late news of it changes nothing."""
    refund, part = change.refund, change.part
    if part.status not in (Part.PLANNED, Part.SENDING, Part.UNKNOWN):
        return
    change.set_part(status=Part.PENDING)
    if refund.status != Whole.FAILED:
        change.set_refund(status=Whole.EXECUTING)
    if planning.is_by_hand(part):
        staff.ask_to_pay(refund, part)
        return
    _sent(change, _other_parts(change))
    if status is RefundStatus.REQUIRES_ACTION:
        staff.tell_requires_action(refund)


def _paid(change: _Change) -> None:
    """Write that a part was paid; with the last one the refund is settled."""
    refund, part = change.refund, change.part
    if part.status == Part.SUCCEEDED:
        return
    revived = part.status in _GONE
    others = _other_parts(change)
    if revived and not _revive(refund, part, others):
        return
    _sent(change, others)
    change.set_part(status=Part.SUCCEEDED, settled_at=now(), failure_code="", failure_message="")
    ledger.post_paid(part, again=revived)
    paid = sum(one.amount_minor for one in others if one.status == Part.SUCCEEDED)
    if paid + part.amount_minor < refund.amount_minor:
        if refund.status != Whole.FAILED:
            change.set_refund(status=Whole.EXECUTING)
        return
    # Nobody was asked to do anything about a refund that went straight through.
    if refund.status != Whole.APPROVED:
        staff.close_all(refund, change.actor, "Refunded")
    change.set_refund(status=Whole.SUCCEEDED, settled_at=part.settled_at)
    change.tell(EventKind.REFUND_SUCCEEDED, amount_minor=refund.amount_minor)


def _other_parts(change: _Change) -> list[RefundAllocation]:
    """Return the other parts that count; beside a live one that bears it all there are none."""
    refund, part = change.refund, change.part
    if part.status not in _GONE and part.amount_minor == refund.amount_minor:
        return []
    return [one for one in planning.live_parts(refund.pk) if one.pk != part.pk]


def _revive(refund: Refund, part: RefundAllocation, others: list[RefundAllocation]) -> bool:
    """Take a part back into account that was given up but is paid after all, if there is room.

    There is none once its successor was sent, or the refund was cancelled: the money may then have
    gone out twice, and only a person can get it back.
    """
    fits = sum(one.amount_minor for one in others) + part.amount_minor <= refund.amount_minor
    if refund.status != Whole.CANCELLED and fits and planning.has_room(part):
        planning.take_from_payment(part)
        return True
    staff.tell_paid_after_all(refund, part)
    return False


def _failed(change: _Change, code: str, message: str) -> None:
    """Write that a part was refused or bounced: free its payment and open the debt again."""
    refund, part = change.refund, change.part
    if part.status in _GONE:
        return
    late = part.status == Part.SUCCEEDED
    change.set_part(
        status=Part.FAILED,
        failure_code=code[:60],
        failure_message=message[:300],
        settled_at=now(),
    )
    planning.give_back_to_payment(part)
    if late:
        ledger.post_returned(part)
    change.set_refund(status=Whole.FAILED, settled_at=None)
    staff.tell_failed(refund, part, late=late)
    change.tell(
        EventKind.REFUND_FAILED,
        amount_minor=part.amount_minor,
        code=part.failure_code,
        late=late,
    )


def _sent(change: _Change, others: list[RefundAllocation]) -> None:
    """Note when the money left, and say so once per refund."""
    if change.part.sent_at is not None:
        return
    change.set_part(sent_at=now())
    if not any(one.sent_at for one in others):
        change.tell(EventKind.REFUND_SENT, amount_minor=change.refund.amount_minor)
