"""The policy engine: pure, total and replayable.

:func:`offer` says what could be done with each line before anything is chosen; :func:`evaluate`
decides a request. Both use the same rules, so what was shown is what happens. A rule that breaks
sends the request to a person; it never approves.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import TypeVar

from rma.policy import approval, rules, wording
from rma.policy.approval import Whole, waives_fee
from rma.policy.document import RESOLUTIONS, Policy, Reason
from rma.policy.rules import Asked, Case
from rma.policy.types import (
    Decision,
    JsonObject,
    LineDecision,
    LineFacts,
    LineOffer,
    Offer,
    OrderFacts,
    RequestFacts,
    RequestLine,
    Result,
    RuleSpoken,
    Verdict,
    from_json,
    to_json,
)

ENGINE_VERSION = 1

logger = logging.getLogger(__name__)
S = TypeVar("S")
_VERDICTS = {Result.REFUSE: Verdict.REFUSE, Result.REVIEW: Verdict.REVIEW}


def offer(order: OrderFacts, policy: Policy) -> Offer:
    """Return, per line, what the shopper may do and until when, else the rule that says no."""
    lines = tuple(_offer_line(order, line, policy) for line in order.lines)
    return Offer(lines, policy.version, ENGINE_VERSION)


def evaluate(order: OrderFacts, request: RequestFacts, policy: Policy) -> Decision:
    """Decide ``request``: allow, refuse or hand to a person, with every rule that spoke.

    One refused line refuses the request as it stands, because the shopper asked for the whole.
    """
    whole = Whole(order, request, policy)
    asked = Counter[str]()
    for requested in request.lines:
        asked[requested.line_key] += requested.quantity
    spoken: list[RuleSpoken] = []
    lines: list[LineDecision] = []
    if not request.lines:
        nothing = "Choose at least one item"
        spoken.append(RuleSpoken("items", Result.REFUSE, nothing, "Nothing was chosen."))
    for requested in request.lines:
        decided, said = _decide_line(whole, requested, asked[requested.line_key])
        lines.append(decided)
        spoken += said
    spoken += [_ask(rule, whole, None) for rule in approval.APPROVAL_RULES]
    charged = _ask(approval.fee, whole, None)
    spoken.append(charged)
    return Decision(
        verdict=_verdict(spoken),
        lines=tuple(lines),
        rules_spoken=tuple(spoken),
        fee_minor=int(charged.facts.get("fee_minor", 0)),
        currency=order.currency,
        policy_version=policy.version,
        engine_version=ENGINE_VERSION,
    )


def snapshot(order: OrderFacts, request: RequestFacts, decision: Decision) -> JsonObject:
    """Return what is stored with a return: the inputs and the decision, as plain JSON."""
    return {
        "order": to_json(order),
        "request": to_json(request),
        "decision": to_json(decision),
    }


def replay(stored: JsonObject, policy: Policy) -> Decision:
    """Decide a stored snapshot again: the same policy version gives the same decision."""
    order = from_json(OrderFacts, stored["order"])
    return evaluate(order, from_json(RequestFacts, stored["request"]), policy)


def _verdict(spoken: list[RuleSpoken]) -> Verdict:
    results = {answer.result for answer in spoken}
    if Result.REFUSE in results:
        return Verdict.REFUSE
    return Verdict.REVIEW if Result.REVIEW in results else Verdict.ALLOW


def _ask(rule: Callable[[S], RuleSpoken], subject: S, line_key: str | None) -> RuleSpoken:
    """Let one rule speak; if it breaks, a person decides."""
    try:
        return rule(subject)
    except Exception as error:
        # Whatever is wrong with the facts must not approve a return, nor lose it.
        logger.exception("policy.rule_failed", extra={"rule": rule.__name__})
        staff = f"Rule {rule.__name__} could not be worked out ({type(error).__name__})."
        return RuleSpoken(
            "engine_error",
            Result.REVIEW,
            rules.CHECKED_FIRST,
            staff,
            line_key,
            {"rule": rule.__name__, "error": type(error).__name__},
        )


def _goods(case: Case) -> list[RuleSpoken]:
    """Ask the rules about the goods, up to the first refusal."""
    spoken = []
    for rule in rules.GOODS_RULES:
        answer = _ask(rule, case, case.line.key)
        spoken.append(answer)
        if answer.result is Result.REFUSE:
            break
    return spoken


def _stopped(spoken: list[RuleSpoken]) -> RuleSpoken | None:
    """Return the refusal, else the first call for a person, else None."""
    refused = [answer for answer in spoken if answer.result is Result.REFUSE]
    review = [answer for answer in spoken if answer.result is Result.REVIEW]
    return next(iter([*refused, *review]), None)


def _until(spoken: list[RuleSpoken]) -> date | None:
    for answer in spoken:
        if answer.key == "window" and answer.facts.get("until"):
            return date.fromisoformat(answer.facts["until"])
    return None


def _offer_line(order: OrderFacts, line: LineFacts, policy: Policy) -> LineOffer:
    usual, faulty = Case(order, policy, line, fault=False), Case(order, policy, line, fault=True)
    said, said_of_fault = _goods(usual), _goods(faulty)
    stop, fault_stop = _stopped(said), _stopped(said_of_fault)
    usual_open = stop is None or stop.result is Result.REVIEW
    fault_open = fault_stop is None or fault_stop.result is Result.REVIEW
    reasons = tuple(
        reason for reason in policy.reasons if (fault_open if reason.fault else usual_open)
    )
    keys = {key for reason in reasons for key in reason.resolutions}
    resolutions = tuple(key for key in RESOLUTIONS if key in keys)
    fault_only = bool(reasons) and not usual_open
    until = _until(said_of_fault if fault_only else said)
    return LineOffer(
        line_key=line.key,
        verdict=Verdict.ALLOW if stop is None else _VERDICTS[stop.result],
        rule_key="window" if stop is None else stop.key,
        sentence=_offer_sentence(usual, stop, resolutions, until, fault_only=fault_only),
        staff=said[-1].staff if stop is None else stop.staff,
        until=until,
        quantity=line.quantity_available if reasons else 0,
        reasons=tuple(reason.key for reason in reasons),
        resolutions=resolutions,
        fault_only=fault_only,
    )


def _offer_sentence(
    case: Case,
    stop: RuleSpoken | None,
    resolutions: tuple[str, ...],
    until: date | None,
    *,
    fault_only: bool,
) -> str:
    if fault_only and stop is not None:
        return f"{stop.sentence}. {wording.FAULT_STILL}"
    if stop is not None:
        return stop.sentence
    if case.line.quantity_available < case.line.quantity_ordered:
        return rules.partly(case)
    return wording.open_until(resolutions, until, case.today)


def _decide_line(
    whole: Whole, requested: RequestLine, quantity_asked: int
) -> tuple[LineDecision, list[RuleSpoken]]:
    line, reason = whole.order.line(requested.line_key), whole.policy.reason(requested.reason)
    if line is None:
        missing = "This item is not in the order. Choose one that is"
        return _unknown(requested, "item", missing, "The line is not in the order.")
    if reason is None:
        missing = f"Choose why you're returning {line.title}"
        return _unknown(requested, "reason", missing, f"No reason {requested.reason!r}.")
    case = Case(whole.order, whole.policy, line, fault=reason.fault)
    asked = Asked(case, requested, reason, quantity_asked, whole.request.channel)
    spoken = _goods(case)
    spoken += [_ask(rule, asked, line.key) for rule in rules.ASKED_RULES]
    stop, until = _stopped(spoken), _until(spoken)
    return (
        LineDecision(
            line_key=line.key,
            verdict=Verdict.ALLOW if stop is None else _VERDICTS[stop.result],
            rule_key="window" if stop is None else stop.key,
            sentence=_line_sentence(case, reason, stop, until),
            staff=stop.staff if stop is not None else "Every rule passed.",
            until=until,
            resolutions=reason.resolutions,
            photo_required=reason.photo == "required",
            fee_applies=waives_fee(whole.policy, reason, requested.resolution) is None,
        ),
        spoken,
    )


def _line_sentence(case: Case, reason: Reason, stop: RuleSpoken | None, until: date | None) -> str:
    if stop is not None:
        return stop.sentence
    return wording.open_until(reason.resolutions, until, case.today)


def _unknown(
    requested: RequestLine, key: str, sentence: str, staff: str
) -> tuple[LineDecision, list[RuleSpoken]]:
    decided = LineDecision(
        line_key=requested.line_key,
        verdict=Verdict.REFUSE,
        rule_key=key,
        sentence=sentence,
        staff=staff,
        until=None,
        resolutions=(),
        photo_required=False,
        fee_applies=False,
    )
    facts = {"line": requested.line_key, "reason": requested.reason}
    return decided, [RuleSpoken(key, Result.REFUSE, sentence, staff, requested.line_key, facts)]
