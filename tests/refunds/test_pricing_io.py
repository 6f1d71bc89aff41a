"""The JSON form of the calculation: good questions, bad questions, the command's lines."""

from __future__ import annotations

import json
from typing import Any

import pytest

from refunds.management.commands.price_return import answers
from refunds.pricing_io import price_json

QUESTION: dict[str, Any] = {
    "currency": "EUR",
    "order": {
        "lines": [
            {"sku": "A", "unit_price_minor": 1000, "quantity": 2, "tax_rate": 0.19,
             "tax_inclusive": True, "tax_minor": None},
        ],
        "shipping_minor": 490,
        "shipping_tax_minor": 93,
    },
    "payments": [
        {"id": "gift", "captured_minor": 500, "kind": "gift_card"},
        {"id": "card", "captured_minor": 2083},
    ],
    "return": {"lines": [{"sku": "A", "quantity": 1}]},
    "policy": {"shipping_back": "proportion", "allocation": "gift_card_last",
               "fees": [{"kind": "return_shipping", "fixed_minor": 100}]},
}  # fmt: skip


def test_price_json_full_question_gives_figures_and_plan() -> None:
    answer = price_json(QUESTION)

    assert answer["refund_minor"] == 1000 + 292 - 100
    assert answer["line_gross_minor"] == {"A": 1000}
    assert answer["items_tax_minor"] == 160
    assert answer["fee_minor"] == 100
    assert answer["allocations"] == [{"payment": "card", "amount_minor": 1192}]
    assert answer["manual_remainder_minor"] == 0
    assert answer["remaining_refundable_minor"] == 2583 - 1292


def test_price_json_too_much_names_what_remains() -> None:
    answer = price_json(QUESTION | {"return": {"lines": [{"sku": "A", "quantity": 3}]}})

    assert answer["error"] == "quantity_exceeds_remaining"
    assert answer["max_refundable_minor"] == 2000
    assert answer["refund_minor"] == 0


@pytest.mark.parametrize(
    "change",
    [
        {"currency": "EURO"},
        {"currency": None},
        {"order": []},
        {"order": {"lines": [1]}},
        {"order": {"lines": [{"unit_price_minor": 1}]}},
        {"order": {"lines": [{"sku": "A", "unit_price_minor": 1.5}]}},
        {"order": {"lines": [{"sku": "A", "unit_price_minor": True}]}},
        {"order": {"lines": [{"sku": "A", "quantity": 0}]}},
        {"order": {"lines": [{"sku": "A", "tax_rate": "x"}]}},
        {"order": {"lines": [{"sku": "A", "tax_minor": None, "tax_rate": -1}]}},
        {"order": {"weights": ["a"]}},
        {"order": {"weights": [0], "amount_to_distribute_minor": 5}},
        {"return": {"lines": [{"sku": "B", "quantity": 1}]}},
        {"return": {"lines": "A"}},
        {"return": {"shipping": "some"}},
        {"return": {}},
        {"payments": [{"captured_minor": "5"}]},
        {"payments": [{"captured_minor": 5000, "supports": "maybe"}]},
        {"policy": {"shipping_back": "sometimes"}},
        {"prior_refunds": [{"lines": [{"sku": "B", "quantity": 1}]}]},
    ],
)
def test_price_json_bad_question_is_an_error_answer(change: dict[str, Any]) -> None:
    answer = price_json(QUESTION | change)

    assert answer["error"]
    assert answer["message"]
    assert answer["refund_minor"] == 0


def test_price_return_answers_each_line_and_survives_bad_ones() -> None:
    lines = [json.dumps(QUESTION | {"id": "q1"}), "", "{", "[]", json.dumps(QUESTION)]

    found = list(answers(lines))

    assert [answer.get("error") for answer in found] == [None, "invalid_json", "invalid_json", None]
    assert found[0]["id"] == "q1"
    assert "Line 3" in found[1]["message"]
    assert found[0]["refund_minor"] == found[3]["refund_minor"]
