"""The policy engine: pure, total and replayable.

:func:`offer` says what could be done with each line before anything is chosen; :func:`evaluate`
decides a request. Both use the same rules, so what was shown is what happens. A rule that breaks
sends the request to a person; it never approves.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from rma.policy import approval, processing, rules, withdrawal, wording
from rma.policy.approval import Whole, waives_fee
from rma.policy.document import RESOLUTIONS, Policy, Reason
from rma.policy.rules import Asked, Case
from rma.policy.tailoring import Beforehand, LineView, tailor
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
from rma.policy.withdrawal_terms import is_withdrawal

ENGINE_VERSION = 1

logger = logging.getLogger(__name__)
S = TypeVar("S")
_VERDICTS = {Result.REFUSE: Verdict.REFUSE, Result.REVIEW: Verdict.REVIEW}


def offer(order: OrderFacts, policy: Policy) -> Offer:
    """Return, per line, what the shopper may do and until when, else the rule that says no."""
    before = Beforehand(policy, order)
    lines = tuple(_offer_line(order, line, before) for line in order.lines)
    return Offer(lines, policy.version, ENGINE_VERSION)


def evaluate(order: OrderFacts, request: RequestFacts, policy: Policy) -> Decision:
    """Decide ``request``: allow, refuse or hand to a person, with every rule that spoke.

    One refused line refuses the request as it stands, because the shopper asked for the whole.
    What is withdrawn is decided by law, and no rule of the policy is asked.
    """
    if is_withdrawal(request):
        return withdrawal.decide(order, request, policy, ENGINE_VERSION)
    tailored = tailor(policy, order, request)
    moments = tuple(view.policy.process_at for view in tailored.lines)
    whole = Whole(order, request, tailored.whole, tailored.points, moments)
    asked = Counter[str]()
    for requested in request.lines:
        asked[requested.line_key] += requested.quantity
    spoken: list[RuleSpoken] = []
    lines: list[LineDecision] = []
    if not request.lines:
        nothing = "Choose at least one item"
        spoken.append(RuleSpoken("items", Result.REFUSE, nothing, "Nothing was chosen."))
    for requested, view in zip(request.lines, tailored.lines, strict=True):
        decided, said = _decide_line(whole, requested, view, asked[requested.line_key])
        lines.append(decided)
        spoken += said
    spoken += tailored.spoken
    spoken += [_ask(rule, whole, None) for rule in approval.APPROVAL_RULES]
    if policy.risk is not None:
        spoken.append(_ask(approval.risk, whole, None))
    if processing.speaks(whole):
        spoken.append(_ask(processing.when_paid, whole, None))
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
            wording.checked_first(),
            staff,
            line_key,
            {"rule": rule.__name__, "error": type(error).__name__},
        )


def _goods(case: Case, view: LineView) -> list[RuleSpoken]:
    """Ask the rules about the goods, up to the first refusal, then hear the merchant's own."""
    spoken = []
    for rule in rules.GOODS_RULES:
        answer = _ask(rule, case, case.line.key)
        spoken.append(answer)
        if answer.result is Result.REFUSE:
            break
    return [*spoken, *view.spoken]


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


@dataclass(frozen=True, slots=True)
class _Look:
    """What the rules say of one line for one kind of reason: the answers, and what stops it."""

    said: list[RuleSpoken]
    stop: RuleSpoken | None

    @property
    def is_open(self) -> bool:
        return self.stop is None or self.stop.result is Result.REVIEW


def _offer_line(order: OrderFacts, line: LineFacts, before: Beforehand) -> LineOffer:
    known: dict[tuple[int, bool, str], _Look] = {}
    by_reason = line.promised is not None and bool(line.promised.reasons)

    def look(view: LineView, fault: bool, reason: str = "") -> _Look:
        key = (id(view), fault, reason if by_reason else "")
        if key not in known:
            case = Case(order, view.policy, line, fault=fault, reason=key[-1])
            said = _goods(case, view)
            known[key] = _Look(said, _stopped(said))
        return known[key]

    offered = before.reasons(line)
    looked = [(reason, look(view, reason.fault, reason.key)) for reason, view in offered]
    reasons = [reason for reason, found in looked if found.is_open]
    usual, faulty = (
        # What is said of a line is said of it for any usual reason, else for a fault.
        _best([found for reason, found in looked if reason.fault is fault])
        or look(before.view(line), fault)
        for fault in (False, True)
    )
    keys = {key for reason in reasons for key in reason.resolutions}
    resolutions = tuple(key for key in RESOLUTIONS if key in keys)
    fault_only = bool(reasons) and not usual.is_open
    until, stop = _until((faulty if fault_only else usual).said), usual.stop
    case = Case(order, before.policy, line, fault=False)
    return LineOffer(
        line_key=line.key,
        verdict=Verdict.ALLOW if stop is None else _VERDICTS[stop.result],
        rule_key="window" if stop is None else stop.key,
        sentence=_offer_sentence(case, stop, resolutions, until, fault_only=fault_only),
        staff=usual.said[-1].staff if stop is None else stop.staff,
        until=until,
        quantity=line.quantity_available if reasons else 0,
        reasons=tuple(reason.key for reason in reasons),
        resolutions=resolutions,
        fault_only=fault_only,
    )


def _best(looks: list[_Look]) -> _Look | None:
    """Return the first look that is open, else the first; None of none."""
    return next((one for one in looks if one.is_open), next(iter(looks), None))


def _offer_sentence(
    case: Case,
    stop: RuleSpoken | None,
    resolutions: tuple[str, ...],
    until: date | None,
    *,
    fault_only: bool,
) -> str:
    if fault_only and stop is not None:
        return f"{stop.sentence}. {wording.fault_still()}"
    if stop is not None:
        return stop.sentence
    if case.line.quantity_available < case.line.quantity_ordered:
        return rules.partly(case)
    return wording.open_until(resolutions, until, case.today)


def _decide_line(
    whole: Whole, requested: RequestLine, view: LineView, quantity_asked: int
) -> tuple[LineDecision, list[RuleSpoken]]:
    line, reason = whole.order.line(requested.line_key), view.reason(requested.reason)
    if line is None:
        missing = "This item is not in the order. Choose one that is"
        return _unknown(requested, "item", missing, "The line is not in the order.")
    if reason is None or not reason.is_given_for(line.product_type):
        missing = f"Choose why you're returning {line.title}"
        return _unknown(requested, "reason", missing, f"No reason {requested.reason!r}.")
    case = Case(whole.order, view.policy, line, fault=reason.fault, reason=reason.key)
    asked = Asked(case, requested, reason, quantity_asked, whole.request.channel)
    spoken = _goods(case, view)
    # A reason without questions has nothing to say of answers, as before there were any.
    asked_rules = (*rules.ASKED_RULES, *((rules.answers,) if reason.questions else ()))
    if whole.policy.details(reason.key, line.product_type):
        asked_rules = (*asked_rules, rules.detail)
    spoken += [_ask(rule, asked, line.key) for rule in asked_rules]
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
