"""Gates and conditions cut in tiers: passed over is only what is certainly not true."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rma.policy import tailoring
from rma.policy.conditions import compiled, leaves_of, read_condition
from rma.policy.engine import evaluate, offer
from rma.policy.gates import Gates, gate_of, in_tiers
from rma.policy.reader import DocumentReader
from rma.policy.ruleset import RuleSet
from rma.policy.vocabulary import Fact
from tests.rma.policy.builders import ask, line, order, policy, request
from tests.rma.policy.test_conditions import _VALUES, CONDITIONS, read
from tests.rma.policy.test_own_rules import do, rule, under, when

UNSURE = st.fixed_dictionaries({key: st.none() | one for key, one in _VALUES.items()})
SHOES, SALE = (
    when("item.type", "is_one_of", ["shoes"]),
    when("item.tags", "has_all", ["sale", "old"]),
)
DEAR, FRENCH = when("item.price", "over", 100), when("order.country", "is_one_of", ["fr"])


def tier(fact: Fact) -> int:
    return {"request.date": 0, "item.type": 1, "item.price": 1}.get(fact.key, 2)


@settings(max_examples=400)
@given(CONDITIONS, UNSURE)
def test_rule_that_no_gate_lets_pass_is_not_true(
    document: dict[str, Any], values: dict[str, Any]
) -> None:
    reader = DocumentReader({"when": document})
    condition = read_condition(reader, "when")
    if condition is None or reader.errors:
        return
    places = {key: place for place, key in enumerate(values)}
    row = list(values.values())
    gates = Gates([condition], places)

    passes = bool(gates.open) or gates.passed_by(row) == {0}
    assert passes or compiled(condition, places)(row) is not True


@settings(max_examples=400)
@given(CONDITIONS, UNSURE)
def test_condition_cut_in_tiers_is_true_where_all_parts_are(
    document: dict[str, Any], values: dict[str, Any]
) -> None:
    reader = DocumentReader({"when": document})
    condition = read_condition(reader, "when")
    if condition is None or reader.errors:
        return
    places = {key: place for place, key in enumerate(values)}
    row = list(values.values())
    tiers = in_tiers(condition, tier, 3)

    for number, part in enumerate(tiers):
        assert max((tier(leaf.fact) for leaf in leaves_of(part)), default=number) == number
    parts = [one is None or compiled(one, places)(row) is True for one in tiers]
    assert all(parts) is (compiled(condition, places)(row) is True)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (SHOES, {("item.type", "shoes")}),
        (SALE, {("item.tags", "old")}),
        ({"any": [SHOES, SALE]}, {("item.type", "shoes"), ("item.tags", "old")}),
        ({"all": [DEAR, {"any": [SHOES, SALE]}, SHOES]}, {("item.type", "shoes")}),
        ({"any": [SHOES, DEAR]}, None),
        ({"none": [SHOES]}, None),
        (DEAR, None),
    ],
)
def test_gate_is_the_least_that_must_be_there(
    document: dict[str, Any], words: set[tuple[str, str]] | None
) -> None:
    assert gate_of(read(document)) == words


def test_cut_takes_out_what_every_line_shares() -> None:
    condition = read({"all": [FRENCH, SHOES, {"none": [FRENCH, SALE]}]})

    shared, own = in_tiers(condition, lambda fact: int(fact.key != "order.country"), 2)

    assert shared == read({"all": [FRENCH, {"none": [FRENCH]}]})
    assert own == read({"all": [SHOES, {"none": [SALE]}]})


def test_rules_are_asked_only_where_their_words_are(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    rules = under(rule(SHOES, do("review")), rule(DEAR, do("tag", ["dear"])),
                  rule({"all": [FRENCH, DEAR]}, do("decline")))  # fmt: skip
    found = rules.rules
    assert isinstance(found, RuleSet)
    watched = [watch(asked, place, one) for place, one in enumerate(found.asks)]
    monkeypatch.setattr(found, "asks", watched)

    decided = evaluate(order(line(product_type="Hats")), request(), rules)

    assert asked == [1]
    assert [one.key for one in decided.rules_spoken if one.key.startswith("rule:")] == [
        "rule:rule1"
    ]


def watch(asked: list[int], place: int, one: Any) -> Any:
    def seen(values: Any) -> Any:
        asked.append(place)
        return one(values)

    return seen


def test_rules_keep_their_order_whichever_gate_they_come_through() -> None:
    rules = under(rule(DEAR, do("set_window", 40)), rule(SHOES, do("set_window", 10)),
                  rule(None, do("set_window", 5)))  # fmt: skip

    decided = evaluate(order(line(product_type="Shoes")), request(), rules)

    own = [one for one in decided.rules_spoken if one.key.startswith("rule:")]
    assert [one.key for one in own] == ["rule:rule", "rule:rule1", "rule:rule2"]
    assert [one.facts["overruled"] for one in own] == [
        {}, {"set_window": "rule"}, {"set_window": "rule"},
    ]  # fmt: skip


def test_shared_part_that_breaks_asks_for_a_person_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = under(rule({"all": [FRENCH, SHOES]}, do("approve")))
    found = rules.rules
    assert isinstance(found, RuleSet)

    def broken(values: Any) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(found, "shared_asks", [broken])
    lines = (line(product_type="Shoes"), line(key="line-2", product_type="Shoes"))
    decided = evaluate(order(*lines), request(ask(), ask(line_key="line-2")), rules)

    assert decided.verdict == "review"
    assert [one.key for one in decided.rules_spoken].count("engine_error") == 1


def test_offer_asks_rules_about_the_order_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tailoring.Asking] = []

    class Counted(tailoring.Asking):
        def __init__(self, *args: Any) -> None:
            made.append(self)
            super().__init__(*args)

    monkeypatch.setattr(tailoring, "Asking", Counted)
    lines = [line(key=f"line-{number}") for number in range(5)]

    offered = offer(order(*lines), under(rule(DEAR, do("set_window", 3))))

    assert len(made) == 1
    assert len(offered.lines) == 5
    assert len(offer(order(*lines), policy()).lines) == 5
