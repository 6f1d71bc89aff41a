"""Refund cases collected from other engines' own tests and threads, priced by ours."""

from __future__ import annotations

import json
from typing import Any

import pytest

from refunds.pricing_io import price_json
from tests.shared_data import SHARED_DATA, shared_path

FILE = "refunds/refund_cases.json"
# Stock at cost and a foreign engine's internal tax collector are not refund sums.
OUTSIDE = {"stock_value", "tax_collector"}
REFUSAL_WILL_DO = {"PRS-05", "POL-04"}
NOT_OFFERED = {"VEN-15"}
NOTES = {"wrong_minor", "multiset", "correct_new_total_minor"}


def _cases() -> list[dict[str, Any]]:
    if SHARED_DATA is None or not (SHARED_DATA / FILE).exists():
        return []
    cases: list[dict[str, Any]] = json.loads((SHARED_DATA / FILE).read_text())["cases"]
    return [case for case in cases if case["kind"] not in OUTSIDE and case["id"] not in NOT_OFFERED]


CASES = _cases()


def test_case_file_is_read_in_full() -> None:
    shared_path(FILE)

    must = [case for case in CASES if case["conformance"] == "must"]
    assert len(must) == 50
    assert len(CASES) == 60


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_quote_collected_case_gives_the_expected_figures(case: dict[str, Any]) -> None:
    expected = case["expected"]

    answer = price_json(case)

    if "error" in expected or case["id"] in REFUSAL_WILL_DO:
        assert answer["error"], answer
        assert answer["refund_minor"] == 0
        if "error" in expected and "max_refundable_minor" in expected:
            assert answer["max_refundable_minor"] == expected["max_refundable_minor"]
        return
    figures = {key: value for key, value in expected.items() if _is_figure(key)}
    assert {key: answer.get(key) for key in figures} == figures
    for key in ("wrong_minor", "source_asserts_minor"):
        if key in expected:
            assert answer["refund_minor"] != expected[key]
    if "correct_new_total_minor" in expected:
        assert answer["new_total_minor"] == expected["correct_new_total_minor"]


def _is_figure(key: str) -> bool:
    return key not in NOTES and not key.startswith("source_")
