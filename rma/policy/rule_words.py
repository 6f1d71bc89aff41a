"""Rules in plain English for staff: what each asks and what it does. Pure text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from returns_portal.core.money import Money, format_money
from rma.policy.conditions import Condition, FactTest, Group
from rma.policy.effects import Effect
from rma.policy.processing import MOMENT_WORDS
from rma.policy.vocabulary import Fact, Kind, fact_named

TEST_WORDS = {
    "is_one_of": "is", "is_none_of": "is not", "matches": "looks like",
    "matches_none": "does not look like", "has_any": "have", "has_all": "have all of",
    "has_none": "have none of", "is": "is", "over": "is over", "at_least": "is at least",
    "under": "is under", "at_most": "is at most", "between": "is between",
    "from": "is on or after", "until": "is on or before",
}  # fmt: skip
OUTCOME_WORDS = {
    "refund": "refund", "store_credit": "store credit", "exchange": "exchange",
    "replacement": "replacement", "repair": "repair", "keep_item": "keep the item",
    "donate": "give to charity",
}  # fmt: skip
METHOD_WORDS = {"label": "our label", "own": "a carrier of their own"}
SHIPPING_WORDS = {
    "never": "never", "all_returned": "when all is returned", "proportion": "in proportion",
    "merchant_fault": "when we made the mistake",
}  # fmt: skip


def value_words(kind: Kind | str, value: Any, currency: str) -> str:
    """Return one value as people write it: ``€150.00``, ``25 %``, ``31 January 2027``."""
    if isinstance(value, date):
        return f"{value.day} {value:%B %Y}"
    if kind in (Kind.MONEY, "money"):
        return format_money(Money(value, currency))
    if kind in (Kind.SHARE, "share"):
        return f"{value / 100:g} %"
    if kind in (Kind.DAYS, "days"):
        return "1 day" if value == 1 else f"{value} days"
    if kind == "hours":
        return "1 hour" if value == 1 else f"{value} hours"
    return str(value)


def listed(words: list[str], last: str = "or") -> str:
    """Join words: ``a``, ``a or b``, ``a, b or c``; ``none`` where there are none."""
    if not words:
        return "none"
    *front, end = words
    return f"{', '.join(front)} {last} {end}" if front else end


def words_of_test(test: FactTest, currency: str) -> tuple[str, str, str]:
    """Return what is asked as (fact, test, value): ("Price paid a unit", "is over", "€150.00")."""
    fact, kind = test.fact.label, test.fact.kind
    if kind is Kind.FLAG:
        return fact, "is", "true" if test.value else "not true"
    words = TEST_WORDS[test.test]
    if test.test == "between":
        low, high = (value_words(kind, one, currency) for one in test.value)
        return fact, words, f"{low} and {high}"
    if isinstance(test.value, frozenset | tuple):
        return fact, words, listed(sorted(test.value))
    return fact, words, value_words(kind, test.value, currency)


def condition_words(condition: Condition | None, currency: str) -> str:
    """Return the whole condition as one phrase; empty for a rule that always speaks."""
    if condition is None:
        return ""
    if isinstance(condition, FactTest):
        return " ".join(words_of_test(condition, currency))
    parts = [_inner(part, currency) for part in condition.parts]
    if condition.kind == "none":
        return f"none of: {'; '.join(parts)}"
    return (" and " if condition.kind == "all" else " or ").join(parts)


def _inner(part: Condition, currency: str) -> str:
    words = condition_words(part, currency)
    return f"({words})" if isinstance(part, Group) and len(part.parts) > 1 else words


def saw_words(saw: Mapping[str, Any], currency: str) -> str:
    """Return the values a rule saw, as a decision keeps them: ``Order total: €80.00; ...``."""
    return "; ".join(
        f"{fact.label}: {_seen(fact, value, currency)}"
        for key, value in saw.items()
        if (fact := fact_named(key)) is not None
    )


def _seen(fact: Fact, value: Any, currency: str) -> str:
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return listed([str(one) for one in value], "and")
    return value_words(fact.kind, value, currency)


def effect_words(effect: Effect, currency: str) -> tuple[str, str]:
    """Return what is done as (effect, value), e.g. ("Days to return", "45 days")."""
    kind, value = effect.kind, effect.value
    words = {"outcomes": OUTCOME_WORDS, "methods": METHOD_WORDS}.get(kind.takes)
    if words is not None:
        return kind.label, listed([words[one] for one in value], "and")
    if kind.takes == "shipping":
        return kind.label, SHIPPING_WORDS[value]
    if kind.takes == "moment":
        return kind.label, MOMENT_WORDS[value]
    if isinstance(value, tuple):
        return kind.label, listed(list(value), "and")
    return kind.label, "" if value is None else value_words(kind.takes, value, currency)


def effects_words(effects: tuple[Effect, ...], currency: str) -> str:
    """Return all effects as one phrase."""
    return ", ".join(
        f"{label}: {value}" if value else label
        for label, value in (effect_words(one, currency) for one in effects)
    )
