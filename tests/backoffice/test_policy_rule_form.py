"""The form of one rule: from a document and back, row by row, with errors beside their fields."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

import pytest
from django.http import QueryDict

from returns_portal.backoffice.forms.policy_rules import RuleForm
from rma.policy.conditions import TESTS
from rma.policy.document import default_policy, parse_policy
from rma.policy.effects import EffectKind, effect_kinds
from rma.policy.model import Policy
from rma.policy.vocabulary import Fact, Kind, all_facts
from tests.rma.policy.test_own_rules import FACTS, do, rule, when

DOCUMENT = default_policy("EUR")


def policy_with(*rules: dict[str, Any]) -> Policy:
    return parse_policy({**DOCUMENT, "rules": list(rules)})


def sent(form: RuleForm, **changes: Any) -> QueryDict:
    """Return what a browser would send of ``form``, field by field, with changes."""
    fields: dict[str, Any] = {"name": form.name, "match": form.match}
    if form.on:
        fields["on"] = "on"
    if form.bare:
        fields["bare"] = "1"
    for part in form.parts:
        if part.group:
            fields[part.id] = part.kind
        for row in part.rows:
            fields |= {f"{row.id}-fact": row.fact_key, f"{row.id}-group": row.group}
            if row.kept:
                fields[f"{row.id}-kept"] = row.kept
                continue
            fields |= {f"{row.id}-test": row.test, f"{row.id}-drawn": row.drawn}
            fields[f"{row.id}-value"] = values_of(row)
    for effect in form.effects:
        fields |= {f"{effect.id}-do": effect.key, f"{effect.id}-drawn": effect.drawn}
        fields[f"{effect.id}-value"] = values_of(effect)
    fields |= {one.id: one.text for one in form.languages}
    return posted({**fields, **changes})


def values_of(row: Any) -> list[str]:
    """Return what the fields of a row send: ticked boxes in their order, or what is written."""
    look = row.box.look
    if look == "choices":
        return [value for value, _words, ticked in row.options if ticked]
    if look == "choice":
        return [value for value, _words, ticked in row.options if ticked][:1]
    if look == "ordered":
        return list(row.places)
    return [row.first, row.second][: row.box.fields] if look else []


def posted(fields: dict[str, Any]) -> QueryDict:
    query = QueryDict(mutable=True)
    for name, value in fields.items():
        query.setlist(name, [value] if isinstance(value, str) else list(value))
    return query


def there_and_back(written: dict[str, Any]) -> dict[str, Any]:
    policy = policy_with(written)
    form = RuleForm.of_post(sent(RuleForm.of_rule(deepcopy(written), policy)), policy)
    entry = form.check({**DOCUMENT, "rules": [written]}, written["key"])
    assert form.summary == []
    assert entry is not None
    return {"key": written["key"], **entry}


_VALUES: dict[Kind, tuple[Any, Any]] = {
    Kind.TEXT: (["Wide shoes", "boots"], []),
    Kind.WORDS: (["a", "b, with a comma"], []),
    Kind.NUMBER: (7, [1, 9]),
    Kind.DAYS: (0, [0, 3660]),
    Kind.MONEY: (15050, [0, 99]),
    Kind.SHARE: (1250, [1, 10_000]),
    Kind.DATE: ("2026-11-30", ["2026-11-01", "2026-12-24"]),
    Kind.FLAG: (True, []),
}
_KNOWN = {one[0]: one[2] for one in FACTS if isinstance(one[2], list)}


def value_for(fact: Fact, test: str) -> Any:
    one, pair = _VALUES[fact.kind]
    if test == "between":
        return pair
    if fact.key == "order.country" and not test.startswith("matches"):
        return ["SE", "IE"]
    if test.startswith("matches"):
        return ["*a*", "b*"]
    closed = fact.key.startswith(("asked.", "return.", "request.")) and fact.key in _KNOWN
    return _KNOWN[fact.key] if closed else one


EVERY_TEST = [(fact, test) for fact in all_facts() for test in TESTS[fact.kind]]


@pytest.mark.parametrize(("fact", "test"), EVERY_TEST, ids=lambda one: getattr(one, "key", one))
def test_every_test_of_every_fact_goes_through_the_form_unchanged(fact: Fact, test: str) -> None:
    written = rule({"all": [when(fact.key, test, value_for(fact, test))]}, do("review"))

    assert there_and_back(written) == written


_EFFECT_VALUES: dict[str, Any] = {
    "days": 14, "hours": 4, "photos": 2, "points": 30, "money": 990, "share": 1250,
    "day": "2027-01-31",
    "outcomes": ["exchange", "refund"], "methods": ["own"], "shipping": "proportion",
    "moment": "first_scan",
    "reasons": ["faulty", "too_small"], "words": ["VIP", "check, twice"], "": None,
}  # fmt: skip


@pytest.mark.parametrize("kind", effect_kinds(), ids=lambda kind: kind.key)
def test_every_effect_goes_through_the_form_unchanged(kind: EffectKind) -> None:
    written = rule(None, do(kind.key, _EFFECT_VALUES[kind.takes]))

    assert there_and_back(written) == written


A, B, C = (
    when("item.price", "over", 100),
    when("item.type", "is_one_of", ["shoes"]),
    when("asked.is_fault", "is", False),
)


@pytest.mark.parametrize(
    "condition",
    [
        A,
        {"all": [A]},
        {"any": [A, B]},
        {"none": [A, B, C]},
        {"all": [A, {"any": [B, C]}, {"none": [A]}, B]},
        {"any": [{"all": [A, B]}, {"all": [B, C]}]},
        {"all": [{"any": [A, {"none": [B, C]}]}, C]},
        {"all": [{"any": [{"none": [B, {"all": [A, C]}]}]}]},
    ],
    ids=["bare", "one", "any", "none", "groups", "only-groups", "deep", "deeper"],
)
def test_every_shape_of_condition_goes_through_the_form_unchanged(condition: Any) -> None:
    written = rule(condition, do("review"))

    assert there_and_back(written) == written


def test_texts_of_every_language_and_the_switch_go_through_unchanged() -> None:
    texts = {"en": "Stays.\nReally.", "de": "Bleibt.", "x-own": "Own"}
    written = {**rule(A, do("decline"), text=texts), "on": False}

    assert there_and_back(written) == written


def test_word_with_a_comma_alone_stays_one_word() -> None:
    written = rule(when("item.tags", "has_any", ["a, b"]), do("review"))

    assert there_and_back(written) == written


def test_value_no_longer_among_the_choices_is_kept() -> None:
    written = rule(when("asked.reason", "is_one_of", ["gone", "faulty"]), do("review"))

    assert there_and_back(written) == written


def test_country_may_be_written_by_name() -> None:
    policy = policy_with()
    form = RuleForm.of_rule(rule(when("order.country", "is_one_of", ["IE"]), do("review")), policy)
    read = RuleForm.of_post(sent(form, **{"c-0-value": "Germany, fr"}), policy)

    entry = read.check(DOCUMENT)

    assert entry is not None
    assert entry["when"]["value"] == ["DE", "fr"]


# Errors


def errors_of(changes: dict[str, Any], condition: Any = None, *effects: Any) -> dict[str, str]:
    """Return the errors by field of a form that was good before ``changes``."""
    policy = policy_with()
    good = RuleForm.of_rule(
        rule(condition or {"all": [A, B]}, *(effects or [do("review")])), policy
    )
    form = RuleForm.of_post(sent(good, **changes), policy)
    assert form.check(DOCUMENT) is None
    return {one["href"]: one["text"] for one in form.summary}


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"name": " "}, "#name", "Give the rule a name of at most 120 letters."),
        ({"c-0-value": "much"}, "#c-0-value", "'much' is no amount. Write it like 19.90."),
        ({"c-0-value": ""}, "#c-0-value", "Enter an amount, such as 150."),
        ({"c-0-value": "-1"}, "#c-0-value", "An amount can’t be below zero."),
        ({"c-0-value": "1.999"}, "#c-0-value", "1.999 has more decimal places than EUR has."),
        ({"c-0-fact": ""}, "#c-0-fact", "Choose what is asked, or remove this row."),
        ({"c-0-fact": "item.sold"}, "#c-0-fact", "Choose what is asked, or remove this row."),
        ({"c-0-fact": "item.sku"}, "#c-0-test", "Choose how to compare, and with what."),
        ({"c-0-fact": "item.discount_share"}, "#c-0-value", "Say which value goes with it."),
        ({"c-1-value": " , "}, "#c-1-value", "Name at least one."),
        ({"e-0-do": ""}, "#e-0-do", "Choose what the rule does, or remove this row."),
        ({"e-0-do": "set_window"}, "#e-0-value", "Say which value goes with it."),
        ({"text-de": "x" * 1001}, "#text-de", "Write 1000 letters at most."),
    ],
)  # fmt: skip
def test_error_stands_beside_its_field(changes: dict[str, Any], field: str, words: str) -> None:
    assert errors_of(changes) == {field: words}


@pytest.mark.parametrize(
    ("test", "value", "words"),
    [
        (when("item.price", "between", [1, 2]), ["5", "1"],
         "The first value is above the last one. Swap them."),
        (when("item.days_since_sent", "is", 1), ["1.5"],
         "Enter days as a whole number from 0 to 3660."),
        (when("item.days_since_sent", "is", 1), ["9" * 5000],
         "Enter days as a whole number from 0 to 3660."),
        (when("item.sent_on", "from", "2026-01-01"), ["tomorrow"],
         "Enter a day such as 2026-11-30."),
        (when("item.discount_share", "is", 1), ["100.5"],
         "Enter a percentage from 0 to 100, such as 12.5."),
        (when("item.discount_share", "is", 1), ["1e999999999"],
         "Enter a percentage from 0 to 100, such as 12.5."),
        (when("item.discount_share", "is", 1), ["nan"],
         "Enter a percentage from 0 to 100, such as 12.5."),
        (when("item.final_sale", "is", True), ["perhaps"], "Choose one."),
        (when("asked.reason", "is_one_of", ["faulty"]), [], "Choose at least one."),
        (when("order.country", "is_one_of", ["IE"]), ["Atlantis"],
         "There is no country “Atlantis”. Write codes or names, such as DE or Ireland."),
    ],
)  # fmt: skip
def test_value_that_does_not_suit_the_fact_is_refused(
    test: dict[str, Any], value: list[str], words: str
) -> None:
    found = errors_of({"c-1-value": value}, {"all": [A, test]})

    assert found == {"#c-1-value": words}


def test_errors_of_an_inner_group_and_of_several_fields_are_all_told() -> None:
    condition = {"all": [A, {"any": [B, when("item.days_since_sent", "is", 1)]}]}

    found = errors_of({"name": "", "c-2-value": "x", "c-0-value": "x"}, condition)

    assert set(found) == {"#name", "#c-2-value", "#c-0-value"}


def test_two_effects_that_exclude_each_other_are_refused() -> None:
    found = errors_of({"e-1-do": "decline", "e-1-drawn": "", "e-0-do": "review"})

    assert found == {"#then": "Keep one of these: A person checks first, Can’t be returned."}


def test_rule_without_an_effect_is_refused() -> None:
    policy = policy_with()
    form = RuleForm.of_post(posted({"name": "Nothing", "match": "all"}), policy)

    assert form.check(DOCUMENT) is None
    assert [one["href"] for one in form.summary] == ["#then"]


@pytest.mark.parametrize("kept", ["{", "[1]", "[" * 40_000, '{"all": []}', "9" * 60_000])
def test_part_that_was_kept_and_cannot_be_read_is_refused(kept: str) -> None:
    found = errors_of({"c-0-kept": kept})

    assert list(found) == ["#c-0-value"]


# Rows


def rows_of(form: RuleForm) -> list[tuple[str, list[str]]]:
    return [(part.group, [row.fact_key for row in part.rows]) for part in form.parts]


def changed(commands: Iterable[str]) -> RuleForm:
    policy = policy_with()
    form = RuleForm.of_rule(rule({"all": [A, B, C]}, do("review")), policy)
    for command in commands:
        form = RuleForm.of_post(sent(form), policy)
        form.apply(command)
    return form


@pytest.mark.parametrize(
    ("commands", "expected", "focus"),
    [
        (["add"], [("", ["item.price"]), ("", ["item.type"]), ("", ["asked.is_fault"]), ("", [""])],
         "c-3-fact"),
        (["remove:1"], [("", ["item.price"]), ("", ["asked.is_fault"])], "add-condition"),
        (["group:1"], [("", ["item.price"]), ("1", ["item.type"]), ("", ["asked.is_fault"])],
         "c-1-fact"),
        (["group:0", "add:1"], [("1", ["item.price", ""]), ("", ["item.type"]),
                                ("", ["asked.is_fault"])], "c-3-fact"),
        (["group:0", "group:1"], [("1", ["item.price"]), ("2", ["item.type"]),
                                  ("", ["asked.is_fault"])], "c-1-fact"),
        (["group:0", "out:0"], [("", ["item.price"]), ("", ["item.type"]),
                                ("", ["asked.is_fault"])], "c-0-fact"),
        (["remove:99", "group:x", "add:77"],
         [("", ["item.price"]), ("", ["item.type"]), ("", ["asked.is_fault"]), ("", [""])],
         "c-3-fact"),
    ],
)  # fmt: skip
def test_buttons_add_take_and_group_rows(
    commands: list[str], expected: list[tuple[str, list[str]]], focus: str
) -> None:
    form = changed(commands)

    assert (rows_of(form), form.focus) == (expected, focus)


def test_buttons_add_and_drop_effects() -> None:
    form = changed(["effect", "effect", "drop:1"])

    assert [(row.index, row.key) for row in form.effects] == [(0, "review"), (2, "")]


def test_another_fact_empties_the_value_of_another_kind_and_keeps_one_of_the_same() -> None:
    policy = policy_with()
    form = RuleForm.of_rule(rule({"all": [A]}, do("review")), policy)

    dates = RuleForm.of_post(sent(form, **{"c-0-fact": "item.sent_on"}), policy)
    dates.apply("update")
    money = RuleForm.of_post(sent(form, **{"c-0-fact": "item.list_price"}), policy)
    money.apply("update")

    assert (dates.rows[0].test, dates.rows[0].texts) == ("from", [])
    assert (money.rows[0].test, money.rows[0].texts) == ("over", ["1.00"])
