"""Conditions: Kleene's logic, globs in linear time, and boxes that cover the same cases."""

from __future__ import annotations

import fnmatch
import re
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rma.policy.conditions import TESTS, Condition, compiled, globbed, leaves_of, read_condition
from rma.policy.conflicts import BOTH, NEVER, TAKEN, find_oddities
from rma.policy.document import Policy
from rma.policy.reader import DocumentReader
from rma.policy.regions import boxes
from rma.policy.vocabulary import Kind, fact_named
from tests.rma.policy.builders import policy
from tests.rma.policy.test_own_rules import do, rule, under, when


def read(document: dict[str, Any]) -> Condition:
    reader = DocumentReader({"when": document})
    found = read_condition(reader, "when")
    assert found is not None, reader.errors
    assert not reader.errors
    return found


def ask(document: dict[str, Any], **values: Any) -> bool | None:
    """Answer a condition by values with ``__`` for the dot; what is left out is not known."""
    condition = read(document)
    keys = list(dict.fromkeys(leaf.fact.key for leaf in leaves_of(condition)))
    row = [values.get(key.replace(".", "__")) for key in keys]
    return compiled(condition, {key: place for place, key in enumerate(keys)})(row)


YES, NO = when("item.quantity", "is", 1), when("item.quantity", "is", 2)
UNKNOWN = when("item.weight", "is", 1)


@pytest.mark.parametrize(
    ("document", "answer"),
    [
        ({"all": [YES, YES]}, True), ({"all": [YES, NO]}, False), ({"all": [YES, UNKNOWN]}, None),
        ({"all": [NO, UNKNOWN]}, False), ({"any": [NO, NO]}, False), ({"any": [NO, YES]}, True),
        ({"any": [NO, UNKNOWN]}, None), ({"any": [YES, UNKNOWN]}, True), ({"none": [NO]}, True),
        ({"none": [YES, NO]}, False), ({"none": [UNKNOWN]}, None),
        ({"none": [YES, UNKNOWN]}, False),
        ({"all": [{"any": [NO, YES]}, {"none": [NO]}]}, True),
        ({"none": [{"all": [YES, YES]}]}, False),
    ],
)  # fmt: skip
def test_groups_answer_yes_no_or_not_known(document: dict[str, Any], answer: bool | None) -> None:
    assert ask(document, item__quantity=1) is answer


@given(st.text("ab*", max_size=8), st.text("ab", max_size=10))
def test_glob_matches_as_the_shell_does(pattern: str, text: str) -> None:
    usual = re.compile(fnmatch.translate(pattern)).match(text) is not None

    assert globbed(pattern, text) is usual


def test_glob_that_would_backtrack_is_answered_at_once() -> None:
    assert globbed("*a" * 500 + "b", "a" * 20_000) is False


WORDS = st.frozensets(st.sampled_from(["a", "b", "c", "ab"]), min_size=1, max_size=3)
DAYS = st.integers(0, 6).map(lambda days: date(2026, 11, 1) + timedelta(days=days))
_VALUES: dict[str, Any] = {
    "item.type": st.sampled_from(["a", "b", "c", "ab", "d"]),
    "item.tags": st.frozensets(st.sampled_from(["a", "b", "c", "d"]), max_size=3),
    "item.price": st.integers(0, 6),
    "request.date": DAYS,
    "item.final_sale": st.booleans(),
}


@st.composite
def leaves(draw: Any) -> dict[str, Any]:
    key = draw(st.sampled_from(sorted(_VALUES)))
    fact = fact_named(key)
    assert fact is not None
    test = draw(st.sampled_from(TESTS[fact.kind]))
    if fact.kind in (Kind.TEXT, Kind.WORDS):
        words = draw(WORDS)
        value: Any = [f"{one}*" for one in words] if test.startswith("matches") else list(words)
    elif fact.kind is Kind.FLAG:
        value = draw(st.booleans())
    elif fact.kind is Kind.DATE:
        value = sorted(day.isoformat() for day in (draw(DAYS), draw(DAYS)))
    else:
        value = sorted([draw(st.integers(0, 6)), draw(st.integers(0, 6))])
    if isinstance(value, list) and test != "between" and fact.kind not in (Kind.TEXT, Kind.WORDS):
        value = value[0]
    return when(key, test, value)


CONDITIONS = st.recursive(
    leaves(),
    lambda inner: st.builds(
        lambda kind, parts: {kind: parts},
        st.sampled_from(["all", "any", "none"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=5,
)


@settings(max_examples=400)
@given(CONDITIONS, st.fixed_dictionaries(_VALUES))
def test_boxes_cover_exactly_the_cases_in_which_a_condition_holds(
    document: dict[str, Any], values: dict[str, Any]
) -> None:
    reader = DocumentReader({"when": document})
    condition = read_condition(reader, "when")
    if condition is None or reader.errors:
        return
    cases = boxes(condition)
    if cases is None:
        return
    answer = ask(document, **{key.replace(".", "__"): value for key, value in values.items()})

    inside = any(all(_lies_in(region, values[key]) for key, region in box.items()) for box in cases)
    assert inside is answer


def _lies_in(region: Any, value: Any) -> bool:
    if hasattr(region, "takes"):
        return bool(region.takes(value))
    if hasattr(region, "low"):
        number = value.toordinal() if isinstance(value, date) else value
        return bool(region.low <= number <= region.high)
    if hasattr(region, "values"):
        return value in region.values
    return (
        region.need <= value
        and not region.bar & value
        and all(words & value for words in region.any_of)
    )


def oddities(*rules: dict[str, Any]) -> list[tuple[str, str]]:
    found: Policy = under(*rules)
    assert found.rules is not None
    return [(one.kind, one.sentence) for one in find_oddities(found.rules.rules, "EUR")]


SHOES, HATS = when("item.type", "is_one_of", ["shoes"]), when("item.type", "is_one_of", ["hats"])
DEAR, DEARER = when("item.price", "over", 10000), when("item.price", "over", 20000)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([rule({"all": [SHOES, HATS]}, do("decline"))],
         [(NEVER, "Rule 1 never runs: no case can meet all its conditions.")]),
        ([rule(DEAR, do("review")), rule(DEARER, do("review"))],
         [(TAKEN, "Rule 2 never runs: rule 1 takes all its cases.")]),
        ([rule(None, do("approve")), rule(SHOES, do("decline"))],
         [(TAKEN, "Rule 2 never runs: rule 1 takes all its cases.")]),
        ([rule(DEARER, do("approve")), rule(DEAR, do("review"))], []),
        ([rule(SHOES, do("decline")), rule(HATS, do("approve"))], []),
        ([rule(SHOES, do("decline")), rule(DEAR, do("approve"))],
         [(BOTH, "Rules 1 and 2 can both apply, for example where product type is shoes and price "
                 "paid a unit is €100.01. Rule 1 comes first and decides.")]),
        ([rule(SHOES, do("set_window", 10)), rule(DEAR, do("set_window", 10))], []),
        ([rule(SHOES, do("set_window", 10)), rule(DEAR, do("decline"))], []),
        ([rule(DEAR, do("review")), rule(DEARER, do("review"), do("tag", ["dear"]))], []),
        ([rule({"any": [SHOES, HATS]}, do("decline")), rule({"all": [HATS, DEAR]}, do("approve"))],
         [(TAKEN, "Rule 2 never runs: rule 1 takes all its cases.")]),
        ([rule({"none": [SHOES]}, do("decline")), rule(HATS, do("approve"))],
         [(TAKEN, "Rule 2 never runs: rule 1 takes all its cases.")]),
        ([rule(when("item.title", "matches", ["trail*"]), do("decline")),
          rule(when("item.title", "is_one_of", ["trail shoe"]), do("approve"))],
         [(TAKEN, "Rule 2 never runs: rule 1 takes all its cases.")]),
    ],
)  # fmt: skip
def test_oddities_of_rules_are_found_and_shown(
    rules: list[dict[str, Any]], expected: list[tuple[str, str]]
) -> None:
    assert oddities(*rules) == expected


def test_default_policy_has_no_rules_and_reads_as_before() -> None:
    assert policy().rules is None
    assert policy(rules=[]).rules is None
