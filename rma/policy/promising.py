"""What a policy promises about the window of goods at the moment they are bought.

Only what is certain then is a promise. A rule that hangs on a fact of the request (a delivery
date, the shopper's later returns) may apply or not, so of the windows it leaves possible the
shortest is promised. Reasons are no such fact: each is promised its own window.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, cast

from rma.policy.conditions import Ask, compiled
from rma.policy.model import Policy
from rma.policy.ruleset import Rule, RuleSet
from rma.policy.types import LineFacts, OrderFacts, RequestLine
from rma.policy.vocabulary import Basis, Fact, Kind, Scope, Subject
from rma.policy.windows import Promised, ReasonWindow, Window

_WINDOWS = ("set_window", "set_fault_window", "extend_until")


def promised_windows(policy: Policy, order: OrderFacts, on: date) -> dict[str, Promised]:
    """Return what ``policy``, in force on ``on``, promises for each line of ``order``, by key."""
    return {line.key: _promised(policy, order, line, on) for line in order.lines}


def _promised(policy: Policy, order: OrderFacts, line: LineFacts, on: date) -> Promised:
    shortest = _window(policy, order, line, "")
    by_reason = [
        ReasonWindow(reason.key, _window(policy, order, line, reason.key))
        for reason in (policy.reasons if _asks_reasons(policy) else ())
    ]
    reasons = tuple(one for one in by_reason if one.window != shortest)
    return Promised(policy.version, on, shortest, reasons)


def _asks_reasons(policy: Policy) -> bool:
    return any(fact.scope is Scope.ASKED for rule, _ask in _speaking(policy) for fact in rule.facts)


def _speaking(policy: Policy) -> list[tuple[Rule, Ask | None]]:
    """Return the rules that say something about windows, with their conditions, in their order."""
    if not policy.rules:
        return []
    rules = cast(RuleSet, policy.rules)
    return [
        (rule, None if rule.when is None else compiled(rule.when, rules.places))
        for rule in rules.rules
        if any(one.kind.key in _WINDOWS for one in rule.then)
    ]


def _window(policy: Policy, order: OrderFacts, line: LineFacts, reason: str) -> Window:
    """Return the shortest window that ``policy`` may leave to ``line``, known only as bought."""
    found = policy.window
    heard = list(_heard(policy, order, line, reason))
    days = _shortest(heard, "set_window", found.days)
    # A fault can be reported for as long as anything else comes back.
    usual_faults = max(days, found.fault_days)
    faults = max(days, _shortest(heard, "set_fault_window", usual_faults))
    later = [one for effects, sure in heard if sure for one in _values(effects, "extend_until")]
    bounds = [day for day in (found.not_before, *later) if day is not None]
    return replace(found, days=days, fault_days=faults, not_before=max(bounds) if bounds else None)


def _heard(
    policy: Policy, order: OrderFacts, line: LineFacts, reason: str
) -> Iterable[tuple[Mapping[str, Any], bool]]:
    """Yield the effects, by name, of each rule that applies, and whether it certainly does."""
    asked = RequestLine(line.key, reason, 0, "") if reason else None
    subject = Subject(order, policy, line, asked)
    speaking = _speaking(policy)
    facts = cast(RuleSet, policy.rules).facts if speaking else ()
    values = [_at_purchase(fact, subject) for fact in facts]
    for rule, ask in speaking:
        holds = True if ask is None else ask(values)
        if holds is not False:
            yield {one.kind.key: one.value for one in rule.then}, holds is True


def _at_purchase(fact: Fact, subject: Subject) -> Any:
    """Return a fact as it was known when the goods were bought; None where it was not yet."""
    if fact.kind is Kind.MONEY and subject.order.currency != subject.policy.currency:
        return None
    if fact.basis is Basis.REQUEST and fact.scope is not Scope.ASKED:
        return None
    return fact.read(subject)


def _values(effects: Mapping[str, Any], key: str) -> list[Any]:
    return [effects[key]] if key in effects else []


def _shortest(heard: Iterable[tuple[Mapping[str, Any], bool]], key: str, usual: int) -> int:
    """Return the fewest days: of the rules that may apply, up to the first that certainly does."""
    possible: list[int] = []
    for effects, sure in heard:
        if key in effects:
            possible.append(effects[key])
            if sure:
                return min(possible)
    return min([*possible, usual])
