from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from returns_portal.core.errors import InvalidInput
from rma.policy.document import default_policy, parse_policy

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def errors_of(document: Any) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refused:
        parse_policy(document)
    listed = refused.value.facts["errors"]
    assert isinstance(listed, list)
    assert refused.value.field == listed[0]["path"]
    return {error["path"]: error["message"] for error in listed}


@pytest.mark.parametrize("currency", ["EUR", "USD", "JPY", "KWD"])
def test_default_policy_reads_and_is_plain_json(currency: str) -> None:
    document = default_policy(currency)

    policy = parse_policy(json.loads(json.dumps(document)), version=3)

    assert (policy.version, policy.currency) == (3, currency)
    assert policy.window.days == 30
    assert policy.reason("faulty") is policy.reasons[4]
    assert policy.reason("bored") is None


def test_default_policy_amounts_fit_the_currency() -> None:
    assert default_policy("EUR")["fee"]["amount_minor"] == 495
    assert default_policy("JPY")["fee"]["amount_minor"] == 495
    assert default_policy("KWD")["fee"]["amount_minor"] == 4950


def set_at(path: str, wanted: Any) -> dict[str, Any]:
    document = default_policy("EUR")
    steps = path.split(".")
    place: Any = document
    for step in steps[:-1]:
        place = place[int(step)] if step.isdigit() else place[step]
    place[int(steps[-1]) if isinstance(place, list) else steps[-1]] = wanted
    return document


@pytest.mark.parametrize(
    ("path", "wanted", "message"),
    [
        ("schema", 2, "Use 1"),
        ("schema", True, "Use 1"),
        ("currency", "XXQ", "no currency code"),
        ("currency", 5, "no currency code"),
        ("window", [], "must be an object"),
        ("window.days", -1, "from 0 to 3660"),
        ("window.days", "30", "whole number"),
        ("window.days", True, "whole number"),
        ("window.days", 30.0, "whole number"),
        ("window.fault_days", 10, "can't close before"),
        ("window.typo", 1, "no such setting"),
        ("final_sale.tags", "final-sale", "list of words"),
        ("final_sale.tags", [""], "list of words"),
        ("final_sale.fault_allowed", 1, "true or false"),
        ("reasons", [], "at least one reason"),
        ("reasons", "faulty", "at least one reason"),
        ("reasons.0", 7, "must be an object"),
        ("reasons.0.key", "two words", "letters, digits and underscores"),
        ("reasons.1.key", "too_small", "used twice"),
        ("reasons.0.labels", {}, "label per language"),
        ("reasons.0.labels", {"en": " "}, "label per language"),
        ("reasons.0.resolutions", [], "one or more of"),
        ("reasons.0.resolutions", ["cash"], "one or more of"),
        ("reasons.0.resolutions", ["refund", "refund"], "each once"),
        ("reasons.0.photo", "maybe", "required, optional, off"),
        ("approval.review_reasons", ["bored"], "no reason 'bored'"),
        ("approval.max_value_minor", -5, "minor units"),
        ("fee.amount_minor", 10**13, "minor units"),
        ("send_within_days", 0, "from 1 to"),
        ("shipping_back", "always", "never, all_returned"),
        ("approval.review_hours", 0, "from 1 to 720"),
        ("methods", ["pigeon"], "one or more of"),
    ],
)
def test_parse_policy_mistake_is_named_by_path(path: str, wanted: Any, message: str) -> None:
    document = set_at(path, wanted)
    if path != "approval.review_reasons":
        document["approval"]["review_reasons"] = []

    found = errors_of(document)

    assert list(found) == [path]
    assert message in found[path]


def test_parse_policy_reports_every_mistake_at_once() -> None:
    document = set_at("window.days", "x")
    document["fee"]["amount_minor"] = None
    del document["methods"]

    assert list(errors_of(document)) == ["methods", "window.days", "fee.amount_minor"]


def test_parse_policy_nothing_at_all_is_refused() -> None:
    assert "document" in errors_of([])


def test_parse_policy_null_means_no_limit_and_no_fallback() -> None:
    document = set_at("approval.max_value_minor", None)
    document["window"]["ordered_fallback_days"] = None

    policy = parse_policy(document)

    assert policy.approval.max_value_minor is None
    assert policy.window.ordered_fallback_days is None


def test_reason_label_falls_back_to_english_then_to_any() -> None:
    document = set_at("reasons.0.labels", {"en": "Too small", "de": "Zu klein"})
    document["reasons"][1]["labels"] = {"fr": "Trop grand"}
    small, large, *_ = parse_policy(document).reasons

    assert (small.label("de"), small.label("it"), large.label()) == (
        "Zu klein",
        "Too small",
        "Trop grand",
    )


def paths(node: Any, prefix: str = "") -> list[str]:
    if isinstance(node, dict):
        inner = [paths(child, f"{prefix}{key}.") for key, child in node.items()]
    elif isinstance(node, list):
        inner = [paths(child, f"{prefix}{index}.") for index, child in enumerate(node)]
    else:
        return [prefix[:-1]]
    return [path for found in inner for path in found] + ([prefix[:-1]] if prefix else [])


@given(st.sampled_from(paths(default_policy("EUR"))), JSON)
def test_parse_policy_any_value_anywhere_reads_or_is_refused(path: str, wanted: Any) -> None:
    document = copy.deepcopy(default_policy("EUR"))
    place: Any = document
    *front, last = path.split(".")
    for step in front:
        place = place[int(step)] if isinstance(place, list) else place[step]
    place[int(last) if isinstance(place, list) else last] = wanted

    try:
        parse_policy(document)
    except InvalidInput as error:
        refused = error
    else:
        return
    assert refused.facts["errors"]
