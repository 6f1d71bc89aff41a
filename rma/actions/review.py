"""Deciding on a return: approve, decline, ask, answer, cancel, assign, let run out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import record_event
from returns_portal.activity.staff_tasks import open_task
from returns_portal.commerce.counters import claim_units
from returns_portal.core.actor import SYSTEM, Actor, ActorKind
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction, attempt
from returns_portal.core.errors import DomainError, InvalidTransition, NotFound
from returns_portal.tenancy.models import Membership
from rma.actions.early import pay_what_is_due
from rma.actions.keeping import settle_kept
from rma.actions.notes import checked, keep_note
from rma.actions.opening import claimed_units, give_back, mark_open, start_return
from rma.actions.overpaid import ask_for_goods_paid
from rma.actions.promises import new_promise, opening_rule
from rma.locks import lock_return
from rma.models import Note, Promise, Resolution, Return, ReturnLine
from rma.policy.days import end_of_day, local_day
from rma.policy.live import policy_of_return
from rma.selectors import goods_moved
from rma.stages import refresh_stage
from rma.states import ResolutionStatus, ReturnStatus, check_transition
from rma.withdrawals import withdrawal_of

MAX_REASON = 500
_OPENED = ["status", "stage", "decided_at", "decided_by", "expires_at", "refund_promised_on",
           "due_at", "review_reason", "remind_at"]  # fmt: skip


def approve_return(rma_id: UUID, *, actor: Actor, note: str = "") -> Return:
    """Approve a requested return: label and replacements are set in motion.

    An open return stays as it is. ``note`` is written to the shopper with the approval.
    """
    with action_transaction():
        rma = lock_return(rma_id)
        if rma.status == ReturnStatus.OPEN:
            return rma
        check_transition("return", rma.status, ReturnStatus.OPEN)
        if rma.status == ReturnStatus.EXPIRED:
            raise InvalidTransition("This return has run out. Reopen it instead.")
        if rma.status == ReturnStatus.DECLINED:
            raise InvalidTransition("This return was declined. Only an objection can open it.")
        moment = now()
        zone = rma.merchant.time_zone
        lines = list(rma.lines.order_by("position"))
        policy, wanted = policy_of_return(rma), [line.wanted for line in lines]
        mark_open(rma, policy, zone, moment, decided_by=actor.name, wanted=wanted)
        rma.save(update_fields=_OPENED)
        _promise(rma, Promise.Step.MADE)
        start_return(rma, lines, actor=actor)
        if note.strip():
            text = checked(note, field="note")
            keep_note(rma, actor=actor, text=text, kind=Note.Kind.TO_SHOPPER, alone=False)
        _record(EventKind.RETURN_APPROVED, rma, actor, automatic=False)
        settle_kept(rma, lines)
        pay_what_is_due(rma, actor=actor)
        refresh_stage(rma)
        return rma


def approve_returns(
    ids: Sequence[UUID], *, actor: Actor
) -> list[tuple[Return | None, DomainError | None]]:
    """Approve several returns, each on its own; pair each with what stood in its way, if anything.

    In the order of ``ids``. One that can't be approved does not keep the others from it; a foreign
    or absent one has no return.
    """
    answers: dict[UUID, tuple[Return | None, DomainError | None]] = {}
    with action_transaction():
        known = Return.objects.in_bulk(list(ids))
        # Locked in one order whoever asks, so that two bulk approvals cannot deadlock.
        for rma_id in sorted(set(ids), key=lambda one: (str(_order_of(known, one)), str(one))):
            try:
                with attempt():
                    answers[rma_id] = (approve_return(rma_id, actor=actor), None)
            except DomainError as refusal:
                answers[rma_id] = (known.get(rma_id), refusal)
    return [answers[rma_id] for rma_id in dict.fromkeys(ids)]


def _order_of(known: dict[UUID, Return], rma_id: UUID) -> UUID | None:
    return known[rma_id].order_id if rma_id in known else None


def decline_return(rma_id: UUID, *, actor: Actor, reason: str) -> Return:
    """Decline a requested return; the shopper reads ``reason``. Its units are free again."""
    text = checked(reason, field="reason", longest=MAX_REASON)
    with action_transaction():
        rma = lock_return(rma_id)
        if rma.status == ReturnStatus.DECLINED:
            return rma
        check_transition("return", rma.status, ReturnStatus.DECLINED)
        give_back(rma, actor=actor)
        rma.status = ReturnStatus.DECLINED
        rma.decline_reason = text
        rma.decided_at, rma.decided_by = now(), actor.name[:120]
        rma.due_at = rma.expires_at = None
        rma.save(
            update_fields=[
                "status", "decline_reason", "decided_at", "decided_by", "due_at", "expires_at",
            ]
        )  # fmt: skip
        _record(EventKind.RETURN_DECLINED, rma, actor, automatic=False)
        refresh_stage(rma)
        return rma


def ask_for_information(rma_id: UUID, *, actor: Actor, question: str) -> Return:
    """Ask the shopper one thing; without an answer the request runs out."""
    text = checked(question, field="question", longest=MAX_REASON)
    with action_transaction():
        rma = lock_return(rma_id)
        if rma.status == ReturnStatus.NEEDS_INFO and rma.info_question == text:
            return rma
        if rma.status != ReturnStatus.NEEDS_INFO:
            check_transition("return", rma.status, ReturnStatus.NEEDS_INFO)
        zone = rma.merchant.time_zone
        days = policy_of_return(rma).answer_within_days
        rma.status = ReturnStatus.NEEDS_INFO
        rma.info_question = text
        rma.due_at = None
        rma.expires_at = end_of_day(local_day(now(), zone) + timedelta(days=days), zone)
        rma.save(update_fields=["status", "info_question", "due_at", "expires_at"])
        keep_note(rma, actor=actor, text=text, kind=Note.Kind.TO_SHOPPER, alone=False)
        _record(EventKind.RETURN_INFO_ASKED, rma, actor)
        refresh_stage(rma)
        return rma


def answer_information(rma_id: UUID, *, actor: Actor, answer: str) -> Return:
    """Take the shopper's answer; the request is with staff again, its review hours begin anew."""
    text = checked(answer, field="answer")
    with action_transaction():
        rma = lock_return(rma_id)
        if rma.status != ReturnStatus.NEEDS_INFO:
            raise InvalidTransition(
                "We have no open question about this return. Send a message instead."
            )
        rma.status = ReturnStatus.REQUESTED
        hours = policy_of_return(rma).approval.review_hours
        rma.due_at = now() + timedelta(hours=hours)
        rma.expires_at = None
        rma.review_reason = "The shopper has answered."
        rma.save(update_fields=["status", "due_at", "expires_at", "review_reason"])
        keep_note(rma, actor=actor, text=text, kind=Note.Kind.FROM_SHOPPER)
        _record(EventKind.RETURN_INFO_GIVEN, rma, actor)
        refresh_stage(rma)
        return rma


def cancel_return(rma_id: UUID, *, actor: Actor) -> Return:
    """Cancel a return before its parcel moves: units, replacements and label are given back.

    Raises InvalidTransition once the carrier or the bench has seen the goods, and where money or a
    replacement went out ahead of them.
    """
    with action_transaction():
        rma = lock_return(rma_id)
        if rma.status == ReturnStatus.CANCELLED:
            return rma
        check_transition("return", rma.status, ReturnStatus.CANCELLED)
        if rma.part_settled:
            raise InvalidTransition(
                _("This return is paid already, so it can’t be cancelled. Send the items back."),
                code="paid_early",
            )
        if goods_moved(rma):
            raise InvalidTransition(
                "The parcel is on its way, so this return can't be cancelled any more.",
                code="parcel_moving",
            )
        if Resolution.objects.filter(rma=rma).exclude(status=ResolutionStatus.CANCELLED).exists():
            raise InvalidTransition(
                "The money for this return is on its way, so it can't be cancelled any more.",
                code="money_moving",
            )
        give_back(rma, actor=actor)
        _end(rma, ReturnStatus.CANCELLED)
        by = "shopper" if actor.kind is ActorKind.SHOPPER else "staff"
        _record(EventKind.RETURN_CANCELLED, rma, actor, by=by)
        refresh_stage(rma)
        return rma


def assign_return(rma_id: UUID, *, actor: Actor, user_id: UUID | None) -> Return:
    """Give a return to a member of the team, or to nobody. Raises NotFound for a stranger."""
    with action_transaction():
        rma = lock_return(rma_id)
        if rma.assignee_id == user_id:
            return rma
        if user_id is not None and not _is_member(user_id):
            raise NotFound("This person is not in the team.", field="user")
        rma.assignee_id = user_id
        rma.save(update_fields=["assignee"])
        _record(EventKind.RETURN_ASSIGNED, rma, actor, user=str(user_id or ""))
        return rma


def reopen_return(rma_id: UUID, *, actor: Actor) -> Return:
    """Open an expired return again, because its parcel came after all or the shopper asks for it.

    Raises Conflict when its units are in another return by now.
    """
    with action_transaction():
        rma = lock_return(rma_id)
        if rma.status == ReturnStatus.OPEN:
            return rma
        if rma.status != ReturnStatus.EXPIRED:
            raise InvalidTransition("Only a return that has run out can be opened again.")
        lines = list(rma.lines.order_by("order_line_id"))
        ReturnLine.objects.filter(rma=rma).update(released_quantity=0)
        for line in lines:
            line.released_quantity = 0
        claim_units(rma.order_id, claimed_units(lines))
        zone = rma.merchant.time_zone
        policy, wanted = policy_of_return(rma), [line.wanted for line in lines]
        mark_open(rma, policy, zone, now(), decided_by=actor.name, wanted=wanted)
        rma.closed_at = None
        rma.save(update_fields=[*_OPENED, "closed_at"])
        _promise(rma, Promise.Step.CHANGED)
        start_return(rma, lines, actor=actor)
        _record(EventKind.RETURN_APPROVED, rma, actor, automatic=False, reopened=True)
        settle_kept(rma, lines)
        pay_what_is_due(rma, actor=actor)
        refresh_stage(rma)
        return rma


def expire_due_returns(limit: int = 200) -> int:
    """Let approvals and questions of the merchant in scope run out; return how many.

    A return whose parcel is moving never runs out, nor does a withdrawal, which stands although
    the goods are late, nor one that is paid already: a person asks for the goods. Each one in a
    transaction of its own.
    """
    with action_transaction():
        due = list(
            Return.objects.filter(
                status__in=[ReturnStatus.OPEN, ReturnStatus.NEEDS_INFO], expires_at__lte=now()
            )
            .order_by("expires_at", "pk")
            .values_list("pk", flat=True)[:limit]
        )
    return sum(_expire(rma_id) for rma_id in due)


def _expire(rma_id: UUID) -> bool:
    with action_transaction():
        rma = lock_return(rma_id)
        waiting = rma.status in (ReturnStatus.OPEN, ReturnStatus.NEEDS_INFO)
        if not waiting or rma.expires_at is None or rma.expires_at > now():
            return False
        withdrawn, moved = withdrawal_of(rma) is not None, goods_moved(rma)
        if rma.part_settled and not moved:
            ask_for_goods_paid(rma)
        elif withdrawn and not moved:
            _ask_for_goods(rma)
        if withdrawn or moved or rma.part_settled:
            # Kept out of the next sweep: from here on the warehouse decides.
            rma.expires_at = None
            rma.save(update_fields=["expires_at"])
            return False
        give_back(rma, actor=SYSTEM)
        _end(rma, ReturnStatus.EXPIRED)
        _record(EventKind.RETURN_EXPIRED, rma, SYSTEM)
        refresh_stage(rma)
        return True


def _ask_for_goods(rma: Return) -> None:
    open_task(
        kind="withdrawal_goods",
        key=f"withdrawal_goods:{rma.pk}",
        subject_kind="return",
        subject_id=rma.pk,
        about_id=rma.pk,
        title=f"The goods of {rma.number} were not sent in time after the withdrawal",
        detail="Ask the shopper for them. The withdrawal stands, and the money may wait for the "
        "goods or for proof that they were sent.",
    )


def _end(rma: Return, status: ReturnStatus) -> None:
    rma.status = status
    rma.closed_at = now()
    rma.due_at = rma.expires_at = rma.remind_at = None
    rma.save(update_fields=["status", "closed_at", "due_at", "expires_at", "remind_at"])


def _promise(rma: Return, step: Promise.Step) -> None:
    Promise.objects.bulk_create(new_promise(rma, step, opening_rule(rma)))


def _is_member(user_id: UUID) -> bool:
    return Membership.objects.filter(user_id=user_id, is_active=True).exists()


def _record(kind: EventKind, rma: Return, actor: Actor, **facts: object) -> None:
    record_event(
        kind,
        subject_kind="return",
        subject_id=rma.pk,
        about_id=rma.pk,
        actor=actor,
        number=rma.number,
        **facts,
    )
