"""The schema that editors check files with says what the reader says."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Set
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from returns_portal.core.errors import InvalidInput
from rma.policy.document import default_policy, parse_policy
from rma.policy.effects import effect_kinds
from rma.policy.reader import DocumentReader
from rma.policy.schema import _TAKES, arranged, document_schema
from rma.policy.vocabulary import Kind, all_facts
from tests.rma.policy.documents import documents

VALIDATOR = Draft202012Validator(document_schema())
SAMPLE = default_policy("EUR") | {
    "rules": [
        {
            "key": "late", "name": "Late", "on": True,
            "when": {"all": [{"fact": "item.price", "test": "between", "value": [1, 2]}]},
            "then": [{"do": "set_window", "value": 10}, {"do": "review"}], "text": {"en": "Late."},
        }
    ],
    "risk": {"review_at": 60, "shadow": True},
    "exchange": {"any_product": True, "cheaper": "refund", "dearer": "collect"},
    "withdrawal": {
        "sells_to_eu": True, "shopper_pays_postage": False, "holidays": ["2026-12-25"],
        "exempt": [{"exception": "press", "tags": ["press"], "product_types": []}], "labels": {},
    },
}  # fmt: skip
SAMPLE["restocking"] = {
    "share_bp": 1000, "amount_minor": 300, "per": "line", "waived_for_fault": True,
}  # fmt: skip
SAMPLE["gift_returns"] = False
SAMPLE["keeping"] = {"keep_item_bp": 3000, "donate_bp": 10_000}
SAMPLE["credit_bonus"] = {"share_bp": 1000, "amount_minor": 0, "most_minor": 2000}
SAMPLE["reasons"][0]["questions"] = [
    {
        "key": "fit", "labels": {"en": "Where?"}, "required": True, "product_types": ["Shoes"],
        "options": [{"key": "a", "labels": {"en": "A"}}, {"key": "b", "labels": {"en": "B"}}],
    }
]  # fmt: skip


def complaints(document: Any) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(document)]


def test_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(document_schema())


@given(documents())
def test_schema_accepts_what_the_reader_accepts(document: dict[str, Any]) -> None:
    parse_policy(document)

    assert complaints(document) == []


def test_schema_lists_every_key_the_reader_knows_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: dict[str, tuple[set[str], set[str]]] = {}

    def keys(
        _reader: object, path: str, expected: set[str], optional: Set[str] = frozenset()
    ) -> None:
        asked[path] = set(expected), set(optional)

    monkeypatch.setattr(DocumentReader, "keys", keys)
    parse_policy(SAMPLE)

    assert len(asked) > 20
    told = dict(_keys_of(document_schema(), SAMPLE, ""))
    assert {path: told[path] for path in asked} == asked


def _keys_of(
    schema: dict[str, Any], value: Any, path: str
) -> Iterator[tuple[str, tuple[set[str], set[str]]]]:
    """Yield what the schema expects and allows for each object in ``value``, by path."""
    for part in _alternatives(schema):
        if isinstance(value, list) and part.get("type") == "array":
            for place, entry in enumerate(value):
                yield from _keys_of(part["items"], entry, f"{path}.{place}".strip("."))
        elif isinstance(value, dict) and VALIDATOR.evolve(schema=_whole(part)).is_valid(value):
            required = set(part.get("required", ()))
            yield path, (required, set(part.get("properties", {})) - required)
            for key, entry in value.items():
                inner = part.get("properties", {}).get(key, {})
                yield from _keys_of(inner, entry, f"{path}.{key}".strip("."))


def _whole(part: dict[str, Any]) -> dict[str, Any]:
    return {**part, "$defs": document_schema()["$defs"]}


def _alternatives(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in schema:
        schema = document_schema()["$defs"]["condition"]
    if "anyOf" not in schema:
        yield schema
    for one in schema.get("anyOf", ()):
        yield from _alternatives(one)


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("window", "days"), -1), (("window", "days"), 3661), (("window", "days"), "30"),
        (("window", "days"), True), (("currency",), "Euro"), (("schema",), 2),
        (("reasons",), []), (("reasons", 0, "key"), "too small"), (("reasons", 0, "labels"), {}),
        (("reasons", 0, "labels"), {"en": " "}), (("reasons", 0, "photo"), "must"),
        (("reasons", 0, "resolutions"), ["refund", "refund"]), (("methods",), ["drone"]),
        (("send_within_days",), 0), (("approval", "review_hours"), 721),
        (("approval", "automatic"), 1), (("fee", "amount_minor"), None),
        (("rules", 0, "then"), []), (("rules", 0, "then", 0, "value"), "10"),
        (("rules", 0, "then", 1), {"do": "fly"}), (("rules", 0, "name"), "x" * 121),
        (("rules", 0, "when", "all"), []), (("rules", 0, "when"), {"all": [], "any": []}),
        (("rules", 0, "when", "all", 0, "fact"), "item.colour"),
        (("rules", 0, "when", "all", 0, "test"), "matches"),
        (("rules", 0, "when", "all", 0, "value"), 3),
        (("risk", "review_at"), 0), (("risk", "shadow"), None),
        (("withdrawal", "holidays"), ["Christmas", 1]), (("withdrawal", "exempt"), {}),
        (("withdrawal", "exempt", 0, "exception"), "sale"),
        (("withdrawal", "labels"), {"en": "x" * 61}),
        (("reasons", 0, "questions", 0, "options"), [{"key": "a", "labels": {"en": "A"}}]),
    ],
)  # fmt: skip
def test_schema_and_reader_refuse_the_same(path: tuple[Any, ...], wrong: object) -> None:
    document: Any = copy.deepcopy(SAMPLE)
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = wrong

    assert complaints(document) != []
    with pytest.raises(InvalidInput):
        parse_policy(document)


def test_schema_knows_every_fact_and_every_effect() -> None:
    tests = document_schema()["$defs"]["condition"]["anyOf"]
    facts = {fact for one in tests for fact in one["properties"].get("fact", {}).get("enum", ())}
    rule = document_schema()["properties"]["rules"]["anyOf"][1]["items"]["properties"]
    effects = {one["properties"]["do"]["const"] for one in rule["then"]["items"]["anyOf"]}

    assert facts == {fact.key for fact in all_facts()}
    assert effects == {kind.key for kind in effect_kinds()}
    assert {kind.takes for kind in effect_kinds()} - {""} <= set(_TAKES)
    assert all(any(fact.kind is kind for fact in all_facts()) for kind in Kind)


def test_arranged_puts_keys_in_order_and_strange_ones_last() -> None:
    shuffled = {"zeal": 1, "rules": None, "window": {"fault_days": 2, "days": 1}, "schema": 1}

    ordered = arranged(shuffled)

    assert list(ordered) == ["schema", "window", "rules", "zeal"]
    assert list(ordered["window"]) == ["days", "fault_days"]


def test_arranged_reaches_into_rules_and_questions() -> None:
    [rule] = arranged(
        {"rules": [{"then": [{"value": 1, "do": "set_fee"}], "key": "a", "name": "b",
                    "when": {"any": [{"value": 1, "test": "is", "fact": "order.items"}]}}]}
    )["rules"]  # fmt: skip

    assert list(rule) == ["key", "name", "when", "then"]
    assert list(rule["then"][0]) == ["do", "value"]
    assert list(rule["when"]["any"][0]) == ["fact", "test", "value"]
