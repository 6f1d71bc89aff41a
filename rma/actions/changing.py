"""Changing a return before its parcel is on its way: items, reasons, outcomes, the way to send it.

The policy decides again, the units move in one transaction, and what was before is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import NewEvent, record_events
from returns_portal.commerce.counters import claim_units, release_units
from returns_portal.core.actor import Actor
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import Conflict, PolicyRefused
from returns_portal.core.ids import new_token
from rma.actions.drafts import LIFE
from rma.actions.early import pay_what_is_due
from rma.actions.exchange import cancel_exchange
from rma.actions.keeping import settle_kept
from rma.actions.notes import storable
from rma.actions.opening import claimed_units, hold_replacements, mark_open, start_return
from rma.actions.promises import new_promise, opening_rule
from rma.actions.requested import (
    OrderRead,
    RequestedLine,
    attach_photos,
    check_dues,
    check_shape,
    read_order,
    request_facts,
    with_replacements,
)
from rma.actions.requesting import (
    Outcome,
    check_no_statement,
    check_order,
    decide,
    moments_for,
    units_of,
)
from rma.actions.shipping import drop_label
from rma.changes import adds_nothing, kept_photos, set_aside, why_unchangeable
from rma.locks import lock_return
from rma.models import (
    Exchange,
    Photo,
    Promise,
    Return,
    ReturnChange,
    ReturnDraft,
    ReturnLine,
    RuleMatch,
    Shipment,
)
from rma.policy.document import Policy
from rma.policy.engine import evaluate
from rma.policy.processing import is_held
from rma.policy.risk import score_of
from rma.policy.tailoring import tailor
from rma.policy.types import Decision, to_json
from rma.quoting import Quote
from rma.rule_matches import new_matches
from rma.shares import line_shares
from rma.stages import refresh_stage
from rma.states import SENT, ReturnStatus, check_transition, nothing_is_sent

_CHANGED = (
    "status", "stage", "method", "expected_minor", "fee_minor", "quote", "policy_version", "facts",
    "decision", "risk_score", "review_reason", "decided_by", "decided_at", "due_at", "expires_at",
    "refund_promised_on", "processing", "remind_at",
)  # fmt: skip
_LINE = ("position", "quantity", "reason", "comment", "answers", "wanted", "exchange_variant",
         "exchange_unit_minor", "expected_minor")  # fmt: skip


def open_change(rma_id: UUID, *, actor: Actor) -> ReturnDraft:
    """Begin to change a return: a draft with what it asks for now. Nothing changes yet.

    Raises InvalidTransition for a return that can't be changed any more.
    """
    with action_transaction():
        rma = lock_return(rma_id)
        lines = list(rma.lines.order_by("position"))
        _check_changeable(rma, lines)
        moment = now()
        draft = ReturnDraft(
            order_id=rma.order_id,
            changes=rma,
            revision=ReturnChange.objects.filter(rma=rma).count(),
            token=new_token(),
            operation_id=new_token(),
            content={"lines": _answers(lines), "method": rma.method},
            created_at=moment,
            expires_at=moment + LIFE,
        )
        draft.save(force_insert=True)
    return draft


def change_return(
    rma_id: UUID,
    *,
    lines: Sequence[RequestedLine],
    method: str,
    revision: int,
    operation_id: str,
    actor: Actor,
) -> Return:
    """Make a return ask for ``lines``; equal ``operation_id`` finds the change made before.

    ``revision`` is the number of changes the shopper had seen; Conflict when there were more since.
    What policy allows is open, what a person decides is requested again, and what it refuses
    (PolicyRefused) changes nothing. A label that still fits is kept; else it is voided, and another
    is bought where the new way needs one. Raises InvalidTransition once the parcel moves.
    """
    check_shape(lines, method, Return.Channel.PORTAL, operation_id)
    check_no_statement(lines, None)
    with action_transaction():
        rma = lock_return(rma_id)
        if _is_made(rma, operation_id):
            return rma
        before = list(rma.lines.order_by("position"))
        _check_changeable(rma, before)
        _check_revision(rma, revision)
        held, wanted, moment = claimed_units(before), units_of(lines), now()
        read = read_order(rma.order, operation_id)
        set_aside(read.lines.values(), held)
        facts = read.facts(rma.created_at if adds_nothing(wanted, held) else moment, but=rma.pk)
        photos = kept_photos(rma)
        request = request_facts(lines, rma.channel, method, kept_photos=photos)
        tailored = tailor(read.policy, facts, request)
        check_order(read, tailored.whole, method)
        decision = evaluate(facts, request, read.policy)
        outcome = decide(decision, "", actor)
        if outcome.status is ReturnStatus.DECLINED:
            raise PolicyRefused(outcome.decline_reason, code="policy")
        by_staff = rma.channel == Return.Channel.STAFF
        lines = with_replacements(read, lines, tailored, by_staff=by_staff)
        quote = read.quote(lines, method, tailored.whole, tailored.restocking(request))
        check_dues(lines, tailored, quote)
        _keep_before(rma, before, revision + 1, operation_id, actor)
        _move_units(rma.order_id, held, wanted)
        was_open, old_method = rma.status == ReturnStatus.OPEN, rma.method
        rma.facts = {"order": to_json(facts), "request": to_json(request)}
        outcomes = [line.wanted for line in lines]
        _renew(rma, read, tailored.whole, outcome, decision, quote, moment, outcomes)
        rma.processing = moments_for(lines, decision)
        rma.method = method
        rows = _move_lines(rma, before, lines, quote, actor)
        rma.save(update_fields=list(_CHANGED))
        RuleMatch.objects.filter(rma=rma).delete()
        RuleMatch.objects.bulk_create(new_matches(rma, decision))
        _move_parcel(rma, rows, was_open=was_open, old_method=old_method, actor=actor)
        record_events(_events(rma, decision, revision + 1, was_open), actor=actor)
        if rma.status == ReturnStatus.OPEN:
            settle_kept(rma, rows, is_held=is_held(decision.rules_spoken))
        pay_what_is_due(rma)
        refresh_stage(rma, saving=["stage"])
        return rma


def _answers(lines: Sequence[ReturnLine]) -> dict[str, dict[str, object]]:
    return {
        str(line.order_line_id): {
            "quantity": line.quantity,
            "reason": line.reason,
            "comment": line.comment,
            "wanted": line.wanted,
            "exchange_variant": str(line.exchange_variant_id) if line.exchange_variant_id else None,
            "answers": line.answers,
        }
        for line in lines
    }


def _is_made(rma: Return, operation_id: str) -> bool:
    made = ReturnChange.objects.filter(operation_id=operation_id).first()
    if made is not None and made.rma_id != rma.pk:
        raise Conflict(
            "This operation id was used for another return. Send a new one.",
            code="operation_reused",
            field="operation_id",
        )
    return made is not None


def _check_changeable(rma: Return, lines: Sequence[ReturnLine]) -> None:
    refusal = why_unchangeable(rma, lines, Shipment.objects.filter(rma=rma))
    if refusal is not None:
        raise refusal


def _check_revision(rma: Return, revision: int) -> None:
    if ReturnChange.objects.filter(rma=rma).count() != revision:
        raise Conflict(
            _("This return was changed meanwhile. Open its page and change it from there."),
            code="changed_meanwhile",
        )


def _keep_before(
    rma: Return, lines: Sequence[ReturnLine], revision: int, operation_id: str, actor: Actor
) -> None:
    before = {
        "status": rma.status,
        "method": rma.method,
        "quote": rma.quote,
        "facts": rma.facts,
        "decision": rma.decision,
        "policy_version": str(rma.policy_version_id),
        "lines": _answers(lines),
    }
    ReturnChange(
        rma=rma,
        revision=revision,
        operation_id=operation_id,
        before=before,
        changed_by=actor.name[:120],
    ).save(force_insert=True)


def _move_units(order_id: UUID, held: Mapping[UUID, int], wanted: Mapping[UUID, int]) -> None:
    """Give back what is not wanted any more and take what is wanted beyond; all or nothing.

    The order is locked, so nobody sees the units in between.
    """
    fewer = {key: units - wanted.get(key, 0) for key, units in held.items()}
    more = {key: units - held.get(key, 0) for key, units in wanted.items()}
    given, taken = _positive(fewer), _positive(more)
    if given:
        release_units(given)
    if taken:
        claim_units(order_id, taken)


def _positive(units: Mapping[UUID, int]) -> dict[UUID, int]:
    return {key: count for key, count in units.items() if count > 0}


def _renew(
    rma: Return,
    read: OrderRead,
    policy: Policy,
    outcome: Outcome,
    decision: Decision,
    quote: Quote,
    moment: datetime,
    outcomes: Sequence[str],
) -> None:
    """Set what follows from the new decision and the new price. Saves nothing."""
    if outcome.status != rma.status:
        check_transition("return", rma.status, outcome.status)
    rma.policy_version_id = read.policy_version_id
    rma.decision = to_json(decision)
    rma.risk_score = score_of(decision.rules_spoken)
    rma.quote, rma.expected_minor = quote.to_json(), quote.total.minor
    rma.fee_minor = quote.fee.minor
    if outcome.status is ReturnStatus.OPEN:
        by = outcome.decided_by
        mark_open(rma, policy, read.time_zone, moment, decided_by=by, wanted=outcomes)
        return
    rma.status = ReturnStatus.REQUESTED
    rma.review_reason = outcome.review_reason
    rma.due_at = moment + timedelta(hours=policy.approval.review_hours)
    rma.expires_at = rma.refund_promised_on = rma.decided_at = rma.remind_at = None
    rma.decided_by = ""


def _move_lines(
    rma: Return,
    before: Sequence[ReturnLine],
    lines: Sequence[RequestedLine],
    quote: Quote,
    actor: Actor,
) -> list[ReturnLine]:
    """Bring the rows to what is asked for; a row stays its item's as long as the item stays."""
    known = {row.order_line_id: row for row in before}
    asked = {line.order_line_id: line for line in lines}
    for row in before:
        line = asked.get(row.order_line_id)
        if line is None or not _same_replacement(row, line):
            _let_go_of_replacement(row, actor)
        if line is None:
            _drop(row)
    shares, rows = line_shares(lines, quote), []
    for position, line in enumerate(lines):
        kept = known.get(line.order_line_id)
        row = kept or ReturnLine(rma=rma, order_line_id=line.order_line_id)
        row.position, row.quantity, row.reason = position, line.quantity, line.reason
        row.comment, row.answers = storable(line.comment), line.answers
        row.wanted, row.exchange_variant_id = line.wanted, line.exchange_variant_id
        row.exchange_unit_minor = line.exchange_unit_minor
        row.expected_minor = shares[position]
        row.save(update_fields=list(_LINE) if kept else None, force_insert=kept is None)
        rows.append(row)
    attach_photos(rma, [(line, row.pk) for line, row in zip(lines, rows, strict=True)])
    return rows


def _same_replacement(row: ReturnLine, line: RequestedLine) -> bool:
    return (row.wanted, row.exchange_variant_id, row.quantity) == (
        line.wanted,
        line.exchange_variant_id,
        line.quantity,
    )


def _let_go_of_replacement(row: ReturnLine, actor: Actor) -> None:
    if row.wanted not in SENT:
        return
    held = Exchange.objects.filter(return_line=row, status=Exchange.Status.RESERVED)
    for exchange_id in held.values_list("pk", flat=True):
        cancel_exchange(exchange_id, actor=actor)


def _drop(row: ReturnLine) -> None:
    """Take an item out of the return. Its photos stay with the return, its line in the change."""
    Photo.objects.filter(return_line=row).update(return_line=None)
    Exchange.objects.filter(return_line=row, status=Exchange.Status.CANCELLED).delete()
    row.delete()


def _move_parcel(
    rma: Return, rows: Sequence[ReturnLine], *, was_open: bool, old_method: str, actor: Actor
) -> None:
    """Keep the label where it still fits; else do without it, and begin anew where one is due."""
    is_open = rma.status == ReturnStatus.OPEN
    sends = not nothing_is_sent(row.wanted for row in rows)
    fits = was_open and is_open and rma.method == old_method and sends
    if was_open and not fits:
        drop_label(rma.pk, actor=actor)
    if was_open and not is_open:
        for row in rows:
            _let_go_of_replacement(row, actor)
    if fits:
        hold_replacements(rows, actor=actor)
    elif is_open:
        start_return(rma, rows, actor=actor)
    if is_open:
        Promise.objects.bulk_create(new_promise(rma, Promise.Step.CHANGED, opening_rule(rma)))


def _events(rma: Return, decision: Decision, revision: int, was_open: bool) -> list[NewEvent]:
    is_opened = rma.status == ReturnStatus.OPEN and not was_open

    def event(kind: EventKind, **facts: object) -> NewEvent:
        return NewEvent(kind, "return", rma.pk, rma.pk, {"number": rma.number, **facts})

    changed = event(
        EventKind.RETURN_CHANGED,
        revision=revision,
        status=rma.status,
        method=rma.method,
        opened=is_opened,
    )
    if not is_opened:
        return [changed]
    version = decision.policy_version
    return [changed, event(EventKind.RETURN_APPROVED, automatic=True, policy=version)]
