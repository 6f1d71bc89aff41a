"""Policies to start from are whole, without oddities, and have the words for what they name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rma.policy.choices import choices_of
from rma.policy.conflicts import find_oddities
from rma.policy.document import default_policy, parse_policy
from rma.policy.engine import offer
from rma.policy.model import Policy
from rma.policy.ruleset import Rule
from rma.policy.starters import EU_COUNTRIES, Starter, starter_named, starters
from rma.policy.vocabulary import fact_named
from tests.rma.policy.builders import line, order, policy


def rules_of(found: Policy) -> tuple[Rule, ...]:
    assert found.rules is not None
    return found.rules.rules


@pytest.mark.parametrize("currency", ["EUR", "USD", "JPY", "KWD"])
@pytest.mark.parametrize("starter", starters(), ids=lambda starter: starter.key)
def test_starter_is_read_without_a_mistake_or_an_oddity(starter: Starter, currency: str) -> None:
    found = parse_policy(starter.document(currency))

    assert rules_of(found)
    assert find_oddities(rules_of(found), currency) == []
    assert starter_named(starter.key) is starter


def test_eu_starter_takes_back_a_sale_within_14_days_there_and_only_there() -> None:
    starter = starter_named("eu")
    assert starter is not None
    found = parse_policy(starter.document("EUR"))
    sold = line(final_sale=True, tags=("final-sale",))

    assert offer(order(sold, country="IE"), found).lines[0].verdict == "allow"
    assert offer(order(sold, country="US"), found).lines[0].verdict == "refuse"
    assert len(EU_COUNTRIES) == 27


def test_electronics_starter_sends_dear_devices_to_a_person() -> None:
    starter = starter_named("electronics")
    assert starter is not None
    found = parse_policy(starter.document("EUR"))
    cheap = line(unit_paid_minor=9999)

    assert offer(order(cheap), found).lines[0].verdict == "allow"
    dear = replace(cheap, unit_paid_minor=10_000)
    assert offer(order(dear), found).lines[0].verdict == "review"


def test_closed_facts_name_every_value_and_open_ones_none() -> None:
    shown = {}
    for key in ("asked.reason", "asked.outcome", "request.weekday", "item.type"):
        fact = fact_named(key)
        assert fact is not None
        shown[key] = choices_of(fact, policy())

    assert shown["asked.reason"][0] == ("too_small", "Too small")
    assert shown["asked.outcome"][1] == ("store_credit", "Store credit")
    assert shown["request.weekday"][6] == ("sunday", "Sunday")
    assert shown["item.type"] == ()


def test_answers_to_questions_are_named_by_question_and_option() -> None:
    document = default_policy("EUR")
    document["reasons"][0]["questions"] = [
        {
            "key": "fit", "labels": {"en": "How does it fit?"}, "required": False,
            "options": [
                {"key": "tight", "labels": {"en": "Tight"}},
                {"key": "loose", "labels": {"en": "Loose"}},
            ],
        }
    ]  # fmt: skip
    fact = fact_named("asked.answers")
    assert fact is not None

    assert choices_of(fact, parse_policy(document)) == (
        ("fit:tight", "How does it fit? Tight"),
        ("fit:loose", "How does it fit? Loose"),
    )
    assert choices_of(fact, policy()) == ()
