"""The difference between two versions in words: complete, and in sentences people know."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given

from returns_portal.backoffice.policy_change_words import NOT_THERE, Told, compare
from returns_portal.backoffice.policy_sayings import saying_of
from rma.policy.changes import changes
from rma.policy.document import default_policy
from rma.policy.schema import document_schema
from tests.rma.policy.documents import documents

RULE: dict[str, Any] = {
    "key": "sale", "name": "Sale", "on": True, "text": {"en": "Sale goods stay."},
    "when": {"all": [{"fact": "item.tags", "test": "has_any", "value": ["sale"]},
                     {"fact": "item.price", "test": "over", "value": 5000}]},
    "then": [{"do": "set_window", "value": 14}],
}  # fmt: skip
QUESTION: dict[str, Any] = {
    "key": "fit", "labels": {"en": "Where is it tight?"}, "required": True,
    "options": [{"key": "chest", "labels": {"en": "Chest"}},
                {"key": "arms", "labels": {"en": "Arms"}}],
}  # fmt: skip


def policy() -> dict[str, Any]:
    document = default_policy("EUR") | {
        "rules": [copy.deepcopy(RULE)],
        "processing": dict.fromkeys(("refund", "store_credit", "exchange"), "inspection"),
        "risk": {"review_at": 70, "shadow": False, "hold_at": 40, "photos_at": 30},
    }
    document["reasons"][0]["questions"] = [copy.deepcopy(QUESTION)]
    return document


def told(before: Any, after: Any) -> list[tuple[str, str, str]]:
    return [(one.about, one.was, one.now) for part in compare(before, after) for one in part.told]


def set_at(document: Any, path: str, value: Any) -> None:
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps:
        document = document[step]
    document[last] = value


@pytest.mark.parametrize(
    ("path", "value", "about", "was", "now"),
    [
        ("window.days", 45, "", "Returns are accepted within 30 days of delivery",
         "Returns are accepted within 45 days of delivery"),
        ("window.fulfilled_fallback_days", None, "",
         "Without a delivery date, the count starts 5 days after dispatch",
         "Without a delivery date, the dispatch does not count"),
        ("excluded.tags", [], "", "Never returned: goods with the tags no-return",
         "Never returned: no tags"),
        ("approval.max_value_minor", None, "", "Up to €250.00, no person has to look",
         "Whatever the value, no person has to look"),
        ("approval.review_reasons", ["faulty", "other"], "",
         "A person checks these reasons: Faulty or damaged",
         "A person checks these reasons: Faulty or damaged, Another reason"),
        ("fee.amount_minor", 0, "", "€4.95 are taken off refunds", "€0.00 are taken off refunds"),
        ("shipping_back", "never", "",
         "Outbound shipping goes back when the whole order comes back",
         "Outbound shipping is not given back"),
        ("methods", ["label"], "", "Shoppers send with a prepaid label, their own carrier",
         "Shoppers send with a prepaid label"),
        ("reasons.0.resolutions", ["refund"], "Reason “Too small”",
         "Allows exchange, refund, store credit", "Allows refund"),
        ("reasons.4.photo", "off", "Reason “Faulty or damaged”", "Photos are needed",
         "No photos are asked for"),
        ("reasons.0.labels.de", "Zu klein", "Reason “Too small”", NOT_THERE,
         "In language de: “Zu klein”"),
        ("reasons.0.questions.0.required", False,
         "Reason “Too small”, question “Where is it tight?”", "An answer is needed",
         "An answer is optional"),
        ("rules.0.when.all.1.value", 9000, "Rule “Sale”",
         "If Product tags have sale and Price paid a unit is over €50.00",
         "If Product tags have sale and Price paid a unit is over €90.00"),
        ("rules.0.when", None, "Rule “Sale”",
         "If Product tags have sale and Price paid a unit is over €50.00", "It speaks always"),
        ("rules.0.then.0.value", 7, "Rule “Sale”", "It does: Days to return: 14 days",
         "It does: Days to return: 7 days"),
        ("rules.0.on", False, "Rule “Sale”", "It is switched on", "It is switched off"),
        ("processing.refund", "first_scan", "", "Refunds go out after the inspection",
         "Refunds go out at the first carrier scan"),
        ("risk.hold_at", 60, "", "From 40 risk points on, money waits for the inspection",
         "From 60 risk points on, money waits for the inspection"),
        ("exchange", {"any_product": True, "cheaper": "refund", "dearer": "collect"}, "", NOT_THERE,
         "Items are exchanged for any product. What a cheaper product leaves over goes back as a "
         "refund. Dearer products are offered, and we collect what is to pay"),
        ("risk.photos_at", 20, "", "From 30 risk points on, every item needs a photo",
         "From 20 risk points on, every item needs a photo"),
        ("promise.hours", 3, "", NOT_THERE, 'promise: {"hours": 3}'),
    ],
)  # fmt: skip
def test_compare_says_what_a_setting_said_and_says_now(
    path: str, value: Any, about: str, was: str, now: str
) -> None:
    before, after = policy(), policy()
    if path.startswith("promise"):
        after["promise"] = {}
    set_at(after, path, value)

    assert told(before, after) == [(about, was, now)]


def test_compare_says_what_came_and_what_went() -> None:
    before, after = policy(), policy()
    after["rules"] = []
    gone = after["reasons"].pop()
    after["reasons"][0]["questions"] = []

    assert told(before, after) == [
        ("Reason “Too small”, question “Where is it tight?”",
         "Asks “Where is it tight?” (Chest, Arms); an answer is needed", NOT_THERE),
        (f"Reason “{gone['labels']['en']}”",
         "Offers “Another reason”: refund, store credit, exchange; words asked for", NOT_THERE),
        ("Rule “Sale”",
         "If Product tags have sale and Price paid a unit is over €50.00. "
         "It does: Days to return: 14 days. Shoppers read: “Sale goods stay.”", NOT_THERE),
    ]  # fmt: skip
    assert [(about, now, was) for about, was, now in told(before, after)] == told(after, before)


@pytest.mark.parametrize("nothing", [None, []])
def test_compare_names_each_rule_where_there_were_none(nothing: object) -> None:
    without = policy()
    del without["rules"]

    for before in (without, without | {"rules": nothing}):
        [(about, was, now)] = told(before, policy())
        assert (about, was) == ("Rule “Sale”", NOT_THERE)
        assert "It does: Days to return: 14 days" in now


def test_compare_says_the_order() -> None:
    before, after = policy(), policy()
    after["reasons"] = [*after["reasons"][1:], after["reasons"][0]]

    [(about, was, now)] = told(before, after)

    assert about == ""
    assert was.startswith("In this order: Too small, Too large")
    assert now.endswith("Another reason, Too small")


def test_compare_of_the_same_is_nothing() -> None:
    assert compare(policy(), policy()) == []


@given(documents(), documents())
def test_compare_tells_every_difference_with_two_sentences(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    lines: list[Told] = [one for part in compare(before, after) for one in part.told]
    conditions = {
        change.path[:3] for change in changes(before, after) if change.path[2:3] == ("when",)
    }
    others = [one for one in changes(before, after) if one.path[:3] not in conditions]

    assert len(lines) == len(others) + len(conditions)
    assert all(one.was and one.now and one.was != one.now for one in lines)


def _paths(schema: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the path of every value a difference can be told of."""
    for one in schema.get("anyOf", [schema]):
        if path[-1:] in (("when",), ("then",)) or one.get("type") not in ("object", "array"):
            yield path
        elif one["type"] == "object":
            for key, inner in one.get("properties", {}).items():
                if key != "key":
                    yield from _paths(inner, (*path, key))
            if isinstance(one.get("additionalProperties"), dict):
                yield (*path, "x")
        elif "key" in one["items"].get("properties", {}):
            yield (*path, "x")
            yield from _paths(one["items"], (*path, "x"))
        else:
            yield path


def test_every_setting_of_the_schema_has_a_sentence_of_its_own() -> None:
    silent = {path for path in _paths(document_schema(), ()) if saying_of(path) is None}

    assert silent == set()


def test_compare_says_a_rule_that_tags_with_nothing() -> None:
    before, after = policy(), policy()
    after["rules"][0]["then"] = [{"do": "tag", "value": []}]

    [(_about, _was, now)] = told(before, after)

    assert now == "It does: Tag the return: none"
