"""Asking for a return: one function for portal, staff and API.

The order is locked, the policy decides on fresh facts, and the database lets the units be claimed
once. What policy allows is approved in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import NewEvent, record_events
from returns_portal.commerce.counters import claim_units
from returns_portal.commerce.locks import lock_order
from returns_portal.commerce.models import Customer, Order
from returns_portal.core.actor import SYSTEM, Actor
from returns_portal.core.clock import now
from returns_portal.core.crypto import normalise
from returns_portal.core.db import action_transaction, preload
from returns_portal.core.errors import Conflict, NotAllowed, PolicyRefused
from returns_portal.core.ids import new_id, new_token
from returns_portal.tenancy.managers import insert_together
from returns_portal.tenancy.permissions import Permission
from rma.actions.early import pay_what_is_due
from rma.actions.keeping import settle_kept
from rma.actions.notes import MAX_LENGTH, keep_note, storable
from rma.actions.opening import hold_to_law, mark_open, plan_reminder, start_return
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
from rma.models import Note, Promise, Return, ReturnLine, RuleMatch
from rma.numbers import new_rma_number
from rma.policy.document import Policy
from rma.policy.engine import evaluate
from rma.policy.gifts import OUTCOME, gift_terms
from rma.policy.processing import after_inspection, is_held, moments_of
from rma.policy.risk import score_of
from rma.policy.tailoring import is_own_rule, tailor
from rma.policy.types import Decision, Result, RuleSpoken, Verdict, to_json
from rma.policy.withdrawal import RULE
from rma.policy.withdrawal_terms import REASON
from rma.quoting import Quote
from rma.rule_matches import new_matches
from rma.shares import line_shares
from rma.states import ReturnStatus, StageFacts, stage_of

# Where the policy itself says no, the request is kept as declined and the shopper gets the reason
# by e-mail. Any other refusal is a mistake in the request, told at once and never kept.
POLICY_SAYS_NO = frozenset({"gift_card", "final_sale", "excluded", "window"})

# Who approves a withdrawal.
BY_LAW = "EU right of withdrawal"

__all__ = [
    "POLICY_SAYS_NO",
    "Outcome",
    "RequestedLine",
    "check_no_statement",
    "check_order",
    "decide",
    "request_return",
    "units_of",
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a decision makes of a return, with who decided and why."""

    status: ReturnStatus
    decided_by: str = ""
    review_reason: str = ""
    decline_reason: str = ""
    overruled: bool = False


def request_return(
    *,
    order_id: UUID,
    lines: Sequence[RequestedLine],
    method: str,
    channel: str,
    operation_id: str,
    actor: Actor,
    locale: str = "",
    override_reason: str = "",
    by_law: datetime | None = None,
    receiver: Customer | None = None,
) -> Return:
    """Request a return of ``lines``; equal ``operation_id`` finds the first one again.

    The return is open (approved by policy), requested (a person decides) or declined (the policy
    says no; no units are claimed). Raises PolicyRefused for a request that has to be changed,
    Conflict when somebody else took the units, InvalidInput for bad input. ``override_reason``
    lets a member who may decide open it whatever the policy says about the goods. Only a caller
    that keeps a statement of withdrawal asks ``by_law``, with the moment it was declared. A gift is
    returned by its ``receiver``, for store credit of their own and without fees.
    """
    check_shape(lines, method, channel, operation_id)
    check_no_statement(lines, by_law)
    with action_transaction():
        read = read_order(lock_order(order_id), operation_id)
        if read.earlier_return_id is not None:
            return _earlier(read)
        moment = now()
        facts, request = read.facts(by_law or moment), request_facts(lines, channel, method)
        tailored = tailor(read.policy, facts, request)
        policy = tailored.whole
        check_order(read, policy, method)
        if receiver is not None:
            _check_gift(read.policy, lines)
        decision = evaluate(facts, request, read.policy)
        outcome = decide(decision, override_reason, actor)
        lines = with_replacements(read, lines, tailored, by_staff=channel == Return.Channel.STAFF)
        declined = outcome.status is ReturnStatus.DECLINED
        quote = None
        if not declined:
            claim_units(order_id, units_of(lines))
            restocking = tailored.restocking(request)
            if receiver is not None:
                policy, restocking = gift_terms(policy), {}
            quote = read.quote(lines, method, policy, restocking)
            check_dues(lines, tailored, quote)
        moments = moments_for(lines, decision)
        wanted = [line.wanted for line in lines]
        rma = _new_return(read, policy, outcome, quote, moment, moments, receiver, wanted)
        if by_law is not None:
            hold_to_law(rma, read.time_zone, by_law)
            plan_reminder(rma, policy, read.time_zone, moment)
        rma.channel, rma.method, rma.operation_id = channel, method, operation_id
        rma.locale = storable(locale or read.order.locale)[:16]
        rma.facts = {"order": to_json(facts), "request": to_json(request)}
        rma.decision = to_json(decision)
        rma.risk_score = score_of(decision.rules_spoken)
        rma.save(force_insert=True)
        return_lines = _new_lines(rma, lines, quote, new_matches(rma, decision))
        attach_photos(rma, [(line, row.pk) for line, row in zip(lines, return_lines, strict=True)])
        if outcome.status is ReturnStatus.OPEN:
            start_return(rma, return_lines, actor=actor, is_new=True)
        record_events(_events(rma, decision, automatic=not outcome.overruled), actor=actor)
        if outcome.status is ReturnStatus.OPEN:
            settle_kept(rma, return_lines, is_held=is_held(decision.rules_spoken))
        if outcome.overruled:
            text = f"Policy overruled: {storable(override_reason)}"[:MAX_LENGTH]
            keep_note(rma, actor=actor, text=text, kind=Note.Kind.INTERNAL)
        pay_what_is_due(rma, actor=actor if outcome.overruled else SYSTEM)
        for row in return_lines:
            row.order_line = read.lines[row.order_line_id]
        preload(rma, "lines", return_lines)
        return rma


def _earlier(read: OrderRead) -> Return:
    rma = Return.objects.get(pk=read.earlier_return_id)
    if rma.order_id != read.order.pk:
        raise Conflict(
            "This operation id was used for another order. Send a new one.",
            code="operation_reused",
            field="operation_id",
        )
    return rma


def check_no_statement(lines: Sequence[RequestedLine], by_law: datetime | None) -> None:
    """Refuse the reason of a withdrawal where no statement of one is kept."""
    if by_law is None and any(line.reason == REASON for line in lines):
        raise PolicyRefused(
            "Withdraw on the shop's withdrawal page, which keeps the statement.",
            field="reason",
            code="withdrawal_statement",
        )


def _check_gift(policy: Policy, lines: Sequence[RequestedLine]) -> None:
    if not policy.gift_returns:
        raise PolicyRefused(_("Gifts can’t be returned by code at the moment."), code="gifts_off")
    for line in lines:
        if line.wanted != OUTCOME:
            raise PolicyRefused(
                _("A gift is returned for store credit. Choose it for each item."),
                field=str(line.order_line_id),
                code="resolution",
            )


def check_order(read: OrderRead, policy: Policy, method: str) -> None:
    """Refuse a cancelled order, and a way to send that the policy does not offer."""
    if read.order.status == Order.Status.CANCELLED:
        raise Conflict(_("This order was cancelled, so nothing can be returned."), code="cancelled")
    if method not in policy.methods:
        raise PolicyRefused(_("Choose another way to send it back."), field="method", code="method")


def decide(decision: Decision, override_reason: str, actor: Actor) -> Outcome:
    """Turn the decision into a status. Raises PolicyRefused where the request has to be changed."""
    refusals = [spoken for spoken in decision.rules_spoken if spoken.result is Result.REFUSE]
    mistakes = [
        one for one in refusals if one.key not in POLICY_SAYS_NO and not is_own_rule(one.key)
    ]
    if mistakes:
        raise PolicyRefused(
            f"{mistakes[0].sentence}.",
            code=mistakes[0].key,
            field=mistakes[0].line,
            facts=dict(mistakes[0].facts),
        )
    if override_reason.strip() and decision.verdict is not Verdict.ALLOW:
        if not actor.may(Permission.RETURNS_DECIDE):
            raise NotAllowed("You can't overrule the policy. Ask somebody who decides returns.")
        return Outcome(ReturnStatus.OPEN, decided_by=actor.name, overruled=True)
    if refusals:
        return Outcome(
            ReturnStatus.DECLINED,
            decided_by=_by_policy(decision),
            decline_reason=f"{refusals[0].sentence}."[:500],
        )
    if decision.verdict is Verdict.REVIEW:
        return Outcome(ReturnStatus.REQUESTED, review_reason=_why(decision.stopped_by))
    return Outcome(ReturnStatus.OPEN, decided_by=_by_policy(decision))


def _by_policy(decision: Decision) -> str:
    if any(spoken.key == RULE for spoken in decision.rules_spoken):
        return BY_LAW
    return f"Policy v{decision.policy_version}"


def _why(stopped: Sequence[RuleSpoken]) -> str:
    return " ".join(dict.fromkeys(spoken.staff for spoken in stopped))[:160]


def units_of(lines: Sequence[RequestedLine]) -> dict[UUID, int]:
    """Return the units asked for of each order line, in the order in which rows are locked."""
    units: dict[UUID, int] = {}
    for line in sorted(lines, key=lambda one: one.order_line_id):
        units[line.order_line_id] = units.get(line.order_line_id, 0) + line.quantity
    return units


def _new_return(
    read: OrderRead,
    policy: Policy,
    outcome: Outcome,
    quote: Quote | None,
    moment: datetime,
    moments: dict[str, str],
    receiver: Customer | None,
    wanted: Sequence[str],
) -> Return:
    order = read.order
    name = receiver.name if receiver is not None else order.shopper_name
    rma = Return(
        id=new_id(),
        number=new_rma_number(),
        order=order,
        status=outcome.status,
        token=new_token(),
        currency=order.currency,
        expected_minor=quote.total.minor if quote is not None else 0,
        fee_minor=quote.fee.minor if quote is not None else 0,
        quote=quote.to_json() if quote is not None else {},
        policy_version_id=read.policy_version_id,
        review_reason=outcome.review_reason,
        decline_reason=outcome.decline_reason,
        receiver=receiver,
        shopper_name=name,
        name_key=normalise(name)[:160],
        order_number_key=order.number_key,
        email_index=bytes((receiver or order).email_index),
        created_at=moment,
        processing=moments,
    )
    if outcome.status is ReturnStatus.OPEN:
        by = outcome.decided_by
        mark_open(rma, policy, read.time_zone, moment, decided_by=by, wanted=wanted)
    elif outcome.status is ReturnStatus.DECLINED:
        rma.decided_at, rma.decided_by = moment, outcome.decided_by
    else:
        rma.due_at = moment + timedelta(hours=policy.approval.review_hours)
    rma.stage = stage_of(StageFacts(status=rma.status)).key
    return rma


def moments_for(lines: Sequence[RequestedLine], decision: Decision) -> dict[str, str]:
    """Return when each outcome of ``lines`` moves. With goods of another price, what goes back and
    what is sent belong together and wait for the inspection."""
    moments = moments_of(decision.rules_spoken)
    swaps = any(line.exchange_unit_minor is not None for line in lines)
    return after_inspection(moments) if swaps else moments


def _new_lines(
    rma: Return,
    lines: Sequence[RequestedLine],
    quote: Quote | None,
    matches: Sequence[RuleMatch],
) -> list[ReturnLine]:
    shares = line_shares(lines, quote)
    rows = [
        ReturnLine(
            id=new_id(),
            rma=rma,
            order_line_id=line.order_line_id,
            position=position,
            quantity=line.quantity,
            reason=line.reason,
            comment=storable(line.comment),
            answers=line.answers,
            wanted=line.wanted,
            exchange_variant_id=line.exchange_variant_id,
            exchange_unit_minor=line.exchange_unit_minor,
            expected_minor=shares[position],
            # Units that were never claimed have nothing to give back.
            released_quantity=line.quantity if quote is None else 0,
        )
        for position, line in enumerate(lines)
    ]
    promise = new_promise(rma, Promise.Step.MADE, opening_rule(rma))
    insert_together(rows, promise, matches)
    return rows


def _events(rma: Return, decision: Decision, *, automatic: bool) -> list[NewEvent]:
    """Record the request and what became of it; a refused request is a decline and nothing else."""

    def event(kind: EventKind, **facts: object) -> NewEvent:
        return NewEvent(kind, "return", rma.pk, rma.pk, {"number": rma.number, **facts})

    if rma.status == ReturnStatus.DECLINED:
        headline = decision.headline
        rule = headline.key if headline is not None else ""
        return [event(EventKind.RETURN_DECLINED, automatic=True, rule=rule)]
    events = [event(EventKind.RETURN_REQUESTED, status=rma.status, channel=rma.channel)]
    if rma.status == ReturnStatus.OPEN:
        version = decision.policy_version
        events.append(event(EventKind.RETURN_APPROVED, automatic=automatic, policy=version))
    return events
