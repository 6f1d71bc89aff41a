"""What is odd about a set of rules: those that never speak, and those that contradict each other.

Found when a policy is saved and shown beside the rules, each with an example. Nothing here changes
a decision: in a contradiction the rule that comes first wins, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rma.policy.effects import Effect
from rma.policy.regions import Box, boxes, example_of, holds, meet
from rma.policy.rule_words import listed, value_words
from rma.policy.ruleset import Rule
from rma.policy.vocabulary import Fact, Kind

NEVER, TAKEN, BOTH = "never", "taken", "both"


@dataclass(frozen=True, slots=True)
class Finding:
    """One oddity. ``rule`` is the key of the rule it stands beside, ``other`` the one before it."""

    kind: str
    rule: str
    other: str
    sentence: str


def find_oddities(rules: Sequence[Rule], currency: str) -> list[Finding]:
    """Return what is odd about the rules that are switched on, in their order."""
    covered = [(number, rule, boxes(rule.when)) for number, rule in enumerate(rules, 1) if rule.on]
    found = []
    for place, (number, rule, cases) in enumerate(covered):
        if cases is None:
            continue
        if not cases:
            words = f"Rule {number} never runs: no case can meet all its conditions."
            found.append(Finding(NEVER, rule.key, "", words))
            continue
        for earlier_number, earlier, earlier_cases in covered[:place]:
            shared = _shared(earlier, rule)
            if not earlier_cases or not shared:
                continue
            if _within(cases, earlier_cases):
                if _all_taken(rule, shared):
                    words = f"Rule {number} never runs: rule {earlier_number} takes all its cases."
                    found.append(Finding(TAKEN, rule.key, earlier.key, words))
                    break
                continue
            finding = _contradiction(
                (earlier_number, earlier, earlier_cases), (number, rule, cases), currency
            )
            if finding is not None:
                found.append(finding)
    return found


def _firsts(rule: Rule) -> dict[str, Effect]:
    """Return the effects of which only the first counts, by family."""
    return {one.kind.family: one for one in rule.then if one.kind.meets == "first"}


def _shared(earlier: Rule, rule: Rule) -> set[str]:
    return set(_firsts(earlier)) & set(_firsts(rule))


def _all_taken(rule: Rule, shared: set[str]) -> bool:
    return all(one.kind.meets == "first" and one.kind.family in shared for one in rule.then)


def _within(inner: list[Box], outer: list[Box]) -> bool:
    return all(any(holds(large, small) for large in outer) for small in inner)


def _contradiction(
    before: tuple[int, Rule, list[Box]], after: tuple[int, Rule, list[Box]], currency: str
) -> Finding | None:
    """Name two rules that want different things for the same case, unless the first is an exception
    to the second, which is how exceptions are written."""
    (earlier_number, earlier, earlier_cases), (number, rule, cases) = before, after
    differ = [
        family
        for family in sorted(_shared(earlier, rule))
        if _said(_firsts(earlier)[family]) != _said(_firsts(rule)[family])
    ]
    if not differ or _within(earlier_cases, cases):
        return None
    met = next(
        (
            both
            for one in earlier_cases
            for other in cases
            if (both := meet(one, other)) is not None
        ),
        None,
    )
    if met is None:
        return None
    facts = {fact.key: fact for fact in (*earlier.facts, *rule.facts)}
    example = _example_words(example_of(met, facts), currency)
    words = (
        f"Rules {earlier_number} and {number} can both apply, for example where {example}. "
        f"Rule {earlier_number} comes first and decides."
    )
    return Finding(BOTH, rule.key, earlier.key, words)


def _said(effect: Effect) -> tuple[str, Any]:
    return effect.kind.key, effect.value


def _example_words(example: Mapping[Fact, Any], currency: str) -> str:
    if not example:
        return "nothing is asked"
    return listed([_one(fact, value, currency) for fact, value in example.items()], "and")


def _one(fact: Fact, value: Any, currency: str) -> str:
    name = fact.label[:1].lower() + fact.label[1:]
    if fact.kind is Kind.FLAG:
        return f"“{name}” is {'true' if value else 'not true'}"
    if isinstance(value, tuple):
        return f"{name} are {listed(list(value), 'and') if value else 'none'}"
    return f"{name} is {value_words(fact.kind, value, currency)}"
