"""Taking a statement of withdrawal: kept as declared, acknowledged, and made a return by law.

Nothing turns a statement away. What does not become a return by itself goes to a person, and the
statement stands as declared at its date and time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from uuid import UUID

from django.db import IntegrityError

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import record_event
from returns_portal.activity.staff_tasks import open_task
from returns_portal.commerce.keys import number_key
from returns_portal.commerce.locks import lock_order
from returns_portal.commerce.models import Order, OrderLine
from returns_portal.commerce.selectors import order_for_return
from returns_portal.core.actor import Actor
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction, attempt
from returns_portal.core.errors import Conflict, DomainError, InvalidInput
from returns_portal.core.ids import new_id, new_token
from returns_portal.tenancy.models import Merchant
from rma.actions.notes import storable
from rma.actions.withdrawal_returns import ByLaw, request_by_law, task_key
from rma.models import Return, Withdrawal
from rma.policy.facts import build
from rma.policy.live import live_policy
from rma.policy.withdrawal import NOT_SENT, LineRight, Standing, withdrawal_right
from rma.windows import NOTHING_KEPT

# Room for two hundred items by their titles.
MAX_TEXT = 100_000
# An operation id opens its earlier answer, so it is as long as what nobody guesses.
MIN_OPERATION = 16


@dataclass(frozen=True, slots=True)
class Statement:
    """What the shopper declares. ``text`` holds all of it in words, as shown and confirmed.

    ``units`` are the items chosen from the order, None for the whole order; ``described`` are
    items in the shopper's own words, where no order could be shown.
    """

    name: str
    email: str
    order_number: str
    text: str
    units: Mapping[UUID, int] | None = None
    described: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one declared item. ``until`` is the last day of the right, ISO or None."""

    title: str
    quantity: int
    standing: str
    until: str | None
    sentence: str


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The return that a statement became, if any, and why a person has to look, if so."""

    rma: Return | None = None
    answers: tuple[Answer, ...] = ()
    lines: tuple[dict[str, object], ...] = ()
    person: str = ""


def declare_withdrawal(
    statement: Statement,
    *,
    merchant: Merchant,
    order_id: UUID | None,
    operation_id: str,
    actor: Actor,
    locale: str = "",
) -> Withdrawal:
    """Take a statement; equal ``operation_id`` finds the first one again.

    ``order_id`` is the order that number and e-mail of the statement prove, None where they prove
    none. Units whose right is open become a return that is approved by law, refunded and free of
    any fee but return postage. Raises InvalidInput for what is no statement.
    """
    _check(statement, operation_id)
    with action_transaction():
        order = lock_order(order_id) if order_id is not None else None
        earlier = Withdrawal.objects.filter(operation_id=operation_id).first()
        if earlier is not None:
            return _same(earlier, statement)
        by_law = ByLaw(new_id(), now(), Return.Channel.PORTAL, actor, storable(locale)[:16])
        outcome = _Outcome(person="Number and e-mail fit no order. Find the order it is about.")
        if order is not None:
            outcome = _take(statement, merchant, order, by_law)
        try:
            with attempt():
                kept = _keep(statement, order, outcome, operation_id, by_law)
        except IntegrityError:
            # Sent twice at once: the other one was first.
            return _same(Withdrawal.objects.get(operation_id=operation_id), statement)
        if outcome.person:
            _ask_person(kept, outcome)
        return kept


def _check(statement: Statement, operation_id: str) -> None:
    if not MIN_OPERATION <= len(operation_id) <= 64 or storable(operation_id) != operation_id:
        raise InvalidInput("Open the withdrawal page again.", field="operation_id")
    for field in ("name", "email", "order_number", "text"):
        if not storable(getattr(statement, field)):
            raise InvalidInput("Write something first.", field=field, code="empty_text")
    if len(statement.text) > MAX_TEXT:
        raise InvalidInput("Describe the items in fewer words.", field="text")


def _same(earlier: Withdrawal, statement: Statement) -> Withdrawal:
    if earlier.text != storable(statement.text):
        raise Conflict(
            "This page was sent before with other words. Open the withdrawal page again.",
            code="operation_reused",
            field="operation_id",
        )
    return earlier


def _take(statement: Statement, merchant: Merchant, order: Order, by_law: ByLaw) -> _Outcome:
    """Make the return of what is open; whatever is in the way of it is put before a person."""
    if statement.described:
        return _Outcome(person="The items are described in words. Read which ones are meant.")
    try:
        _, policy = live_policy()
    except Conflict as refusal:
        return _Outcome(person=refusal.message)
    loaded = order_for_return(order.pk)
    zone = merchant.time_zone
    facts = build(loaded, by_law.declared_at, policy=policy, time_zone=zone, windows=NOTHING_KEPT)
    rights = {right.line_key: right for right in withdrawal_right(facts, policy.withdrawal)}
    wanted = _wanted(statement, list(loaded.lines.all()))
    told = [(line, units, rights[str(line.pk)]) for line, units in wanted]
    answers = tuple(
        answer for line, units, right in told for answer in _answers(line, units, right)
    )
    declared = tuple(
        {"order_line": str(line.pk), "title": line.title, "quantity": units}
        for line, units in wanted
        if statement.units is not None
    )
    back = {line.pk: min(units, right.quantity) for line, units, right in told if right.quantity}
    person = _doubts(told)
    if not back:
        return _Outcome(None, answers, declared, person or "Nothing of it is open by the dates.")
    try:
        with attempt():
            rma = request_by_law(by_law, order.pk, back, policy.methods)
    except DomainError as refusal:
        return _Outcome(None, answers, declared, refusal.message)
    return _Outcome(rma, answers, declared, person)


def _wanted(statement: Statement, lines: list[OrderLine]) -> list[tuple[OrderLine, int]]:
    """Return the declared units by order line; units that are in no line are refused."""
    if statement.units is None:
        return [(line, line.quantity) for line in lines if not line.is_removed]
    known = {line.pk: line for line in lines}
    for line_id, units in statement.units.items():
        if line_id not in known or not 1 <= units <= known[line_id].quantity:
            raise InvalidInput("Choose items of this order.", field=str(line_id))
    return [(line, statement.units[line.pk]) for line in lines if line.pk in statement.units]


def _answers(line: OrderLine, units: int, right: LineRight) -> list[Answer]:
    """Say what becomes of the units of one line: those that come back, and the others."""
    until = right.until.isoformat() if right.until else None
    back = min(units, right.quantity)
    rest = units - back
    said = []
    if back:
        words = f"Withdrawn in time. {right.sentence}"
        said.append(Answer(line.title, back, Standing.OPEN.value, until, words))
    if rest and right.standing is Standing.OPEN:
        unsent = right.unsent > 0
        standing = Standing.UNCLEAR if unsent else Standing.CLOSED
        sentence = NOT_SENT if unsent else "In another return, or returned already"
        said.append(Answer(line.title, rest, standing.value, until, sentence))
    elif rest:
        said.append(Answer(line.title, rest, right.standing.value, until, right.sentence))
    return said


def _doubts(told: list[tuple[OrderLine, int, LineRight]]) -> str:
    """Return what a person has to look at although the rest is done; empty for nothing."""
    unclear = [
        f"{line.title}: {right.staff}"
        for line, _, right in told
        if right.standing is Standing.UNCLEAR
    ]
    unclear += [
        f"{line.title}: {units - right.quantity} withdrawn before they were sent. Stop and refund."
        for line, units, right in told
        if right.standing is Standing.OPEN and right.unsent and units > right.quantity
    ]
    return "\n".join(unclear)


def _keep(
    statement: Statement,
    order: Order | None,
    outcome: _Outcome,
    operation_id: str,
    by_law: ByLaw,
) -> Withdrawal:
    kept = Withdrawal(
        id=by_law.withdrawal_id,
        token=new_token(),
        operation_id=operation_id,
        name=storable(statement.name),
        email=storable(statement.email),
        order_number=storable(statement.order_number)[:60],
        text=storable(statement.text),
        lines=list(outcome.lines),
        answers=[asdict(answer) for answer in outcome.answers],
        order=order,
        rma=outcome.rma,
        locale=by_law.locale,
        declared_at=by_law.declared_at,
    )
    event = record_event(
        EventKind.WITHDRAWAL_DECLARED,
        subject_kind="withdrawal",
        subject_id=kept.pk,
        about_id=outcome.rma.pk if outcome.rma is not None else None,
        actor=by_law.actor,
        known_order=order is not None,
    )
    kept.event_id = event.pk
    kept.save(force_insert=True)
    return kept


def _ask_person(kept: Withdrawal, outcome: _Outcome) -> None:
    """Put a statement before a person. Its words are on its own page: tasks name nobody."""
    open_task(
        kind="withdrawal_check",
        key=task_key(kept.pk),
        subject_kind="withdrawal",
        subject_id=kept.pk,
        about_id=kept.rma_id,
        title=f"A withdrawal from order {number_key(kept.order_number)} needs a person",
        detail=outcome.person,
    )
