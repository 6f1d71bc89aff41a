"""Objecting to a decision, and the answer a person gives."""

from __future__ import annotations

from uuid import UUID

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.models import StaffTask
from returns_portal.activity.record import record_event
from returns_portal.activity.staff_tasks import close_task, open_task
from returns_portal.commerce.counters import claim_units
from returns_portal.commerce.selectors import order_for_return
from returns_portal.core.actor import Actor
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction, attempt
from returns_portal.core.errors import Conflict, DomainError, InvalidInput
from rma.actions.early import pay_what_is_due
from rma.actions.granting import accept_refused, pay_granted
from rma.actions.keeping import settle_kept
from rma.actions.notes import checked
from rma.actions.opening import claimed_units, mark_open, start_return
from rma.actions.promises import new_promise, opening_rule
from rma.appeals import appeal_until, appeals_of
from rma.locks import lock_return
from rma.models import Appeal, Promise, Return, ReturnLine
from rma.policy.live import terms_of_return
from rma.quoting import QuoteLine, quote_return
from rma.shares import line_shares
from rma.stages import refresh_stage
from rma.states import ReturnStatus, check_transition

MAX_ANSWER = 1000
_OPENED = ["status", "decided_at", "decided_by", "expires_at", "refund_promised_on", "due_at",
           "remind_at", "review_reason", "decline_reason", "expected_minor", "fee_minor",
           "quote"]  # fmt: skip


def open_appeal(rma_id: UUID, *, actor: Actor, words: str) -> Appeal:
    """Take the shopper's objection and put it before a person.

    Raises Conflict while one is open (``appeal_open``) and when there is nothing, or no time left,
    to object to; InvalidInput for an empty or overlong text.
    """
    text = checked(words, field="words")
    with action_transaction():
        rma = lock_return(rma_id)
        earlier = appeals_of(rma)
        if any(one.status == Appeal.Status.OPEN for one in earlier):
            raise Conflict("We have your objection already. A person answers it.",
                           code="appeal_open", field="words")  # fmt: skip
        if appeal_until(rma, earlier) is None:
            raise Conflict(
                "This can't be objected to any more. Send us a message instead.",
                code="appeal_closed",
                field="words",
            )
        appeal = Appeal(rma=rma, words=text, decision=rma.decline_reason)
        appeal.save(force_insert=True)
        _record(EventKind.APPEAL_OPENED, appeal, rma, actor)
        open_task(
            kind="appeal",
            key=_task_key(appeal),
            subject_kind="appeal",
            subject_id=appeal.pk,
            about_id=rma.pk,
            title=f"{rma.number}: the shopper objects and needs a person",
            detail=text,
        )
        return appeal


def uphold_decision(rma_id: UUID, *, actor: Actor, answer: str) -> Appeal:
    """Answer the open appeal: the decision stays, for the reason the shopper reads."""
    text = checked(answer, field="answer", longest=MAX_ANSWER)
    with action_transaction():
        rma = lock_return(rma_id)
        return _answer(rma, _open_one(rma), Appeal.Status.UPHELD, text, actor)


def grant_appeal(rma_id: UUID, *, actor: Actor, answer: str) -> Appeal:
    """Answer the open appeal: the decision changes.

    A declined return is opened, its units claimed and priced anew; raises Conflict when they are in
    another return by now. Goods refused at the bench are accepted after all and paid for, once;
    what can't be paid so is left to a person, as a task.
    """
    text = checked(answer, field="answer", longest=MAX_ANSWER)
    with action_transaction():
        rma = lock_return(rma_id)
        appeal = _open_one(rma)
        if rma.status == ReturnStatus.DECLINED:
            _open_after_all(rma, actor)
        else:
            _owe_after_all(rma, appeal, text, actor)
        return _answer(rma, appeal, Appeal.Status.GRANTED, text, actor)


def _open_one(rma: Return) -> Appeal:
    found = Appeal.objects.filter(rma=rma, status=Appeal.Status.OPEN).first()
    if found is None:
        raise Conflict(
            "No objection is open on this return. Reload the page to see who answered it.",
            code="no_appeal",
        )
    return found


def _answer(rma: Return, appeal: Appeal, status: Appeal.Status, text: str, actor: Actor) -> Appeal:
    appeal.status, appeal.answer = status, text
    appeal.answered_at, appeal.answered_by = now(), actor.name[:120]
    appeal.save(update_fields=["status", "answer", "answered_at", "answered_by"])
    _record(EventKind.APPEAL_ANSWERED, appeal, rma, actor, outcome=status.value)
    task = StaffTask.objects.filter(key=_task_key(appeal), status=StaffTask.Status.OPEN).first()
    if task is not None:
        close_task(task.pk, actor=actor, note=str(status.label))
    return appeal


def _open_after_all(rma: Return, actor: Actor) -> None:
    """Open a locked, declined return: claim, price, promise, label."""
    check_transition("return", rma.status, ReturnStatus.OPEN)
    lines = list(rma.lines.order_by("order_line_id"))
    ReturnLine.objects.filter(rma=rma).update(released_quantity=0)
    for line in lines:
        line.released_quantity = 0
    claim_units(rma.order_id, claimed_units(lines))
    policy, restocking = terms_of_return(rma)
    _price(rma, lines, restocking)
    zone, wanted = rma.merchant.time_zone, [line.wanted for line in lines]
    mark_open(rma, policy, zone, now(), decided_by=actor.name, wanted=wanted)
    rma.decline_reason = ""
    rma.save(update_fields=_OPENED)
    Promise.objects.bulk_create(new_promise(rma, Promise.Step.MADE, opening_rule(rma)))
    start_return(rma, lines, actor=actor)
    record_event(
        EventKind.RETURN_APPROVED,
        subject_kind="return",
        subject_id=rma.pk,
        about_id=rma.pk,
        actor=actor,
        number=rma.number,
        automatic=False,
        reopened=True,
    )
    settle_kept(rma, lines)
    pay_what_is_due(rma, actor=actor)
    refresh_stage(rma)


def _price(rma: Return, lines: list[ReturnLine], restocking: dict[tuple[str, str], int]) -> None:
    """Price what is opened by what remains of the order now. What policy refused had no price."""
    asked = [
        QuoteLine(
            line.order_line_id,
            line.quantity,
            line.reason,
            line.wanted,
            restocking_bp=restocking.get((str(line.order_line_id), line.reason)),
            replacement_minor=line.replacement_minor(line.quantity),
        )
        for line in lines
    ]
    quote = quote_return(
        order_for_return(rma.order_id),
        asked,
        terms_of_return(rma)[0],
        method=rma.method,
        own_units=claimed_units(lines),
    )
    rma.expected_minor, rma.fee_minor = quote.total.minor, quote.fee.minor
    rma.quote = quote.to_json()
    for line, share in zip(lines, line_shares(lines, quote), strict=True):
        line.expected_minor = share
    ReturnLine.objects.bulk_update(lines, ["expected_minor"])


def _owe_after_all(rma: Return, appeal: Appeal, text: str, actor: Actor) -> None:
    """Accept what the bench refused and pay for it; what stands in the way is for a person."""
    if rma.status not in (ReturnStatus.OPEN, ReturnStatus.CLOSED):
        raise InvalidInput(
            f"This return is {rma.status}, so nothing can be paid for it. Uphold the decision."
        )
    accept_refused(rma)
    try:
        with attempt():
            pay_granted(rma, appeal, actor=actor)
    except DomainError as refusal:
        rma.refresh_from_db(fields=["status", "closed_at", "expires_at", "stage"])
        _owe_by_hand(rma, appeal, f"{refusal.message} {text}")


def _owe_by_hand(rma: Return, appeal: Appeal, text: str) -> None:
    open_task(
        kind="appeal_owed",
        key=f"appeal-owed:{appeal.pk}",
        subject_kind="appeal",
        subject_id=appeal.pk,
        about_id=rma.pk,
        title=f"{rma.number}: pay by hand what was agreed after the objection",
        detail=text,
    )


def _task_key(appeal: Appeal) -> str:
    return f"appeal:{appeal.pk}"


def _record(kind: EventKind, appeal: Appeal, rma: Return, actor: Actor, **facts: object) -> None:
    record_event(
        kind,
        subject_kind="appeal",
        subject_id=appeal.pk,
        about_id=rma.pk,
        actor=actor,
        number=rma.number,
        **facts,
    )
