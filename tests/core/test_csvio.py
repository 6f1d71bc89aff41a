"""CSV files: whole when read again, and never a formula."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from fractions import Fraction
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from returns_portal.core.csvio import csv_lines, csv_response, safe_cell

HOSTILE = [
    "=1+1",
    "+49 1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    '"=1',
    "'=1",
    "＝1",
    "＋1",
    "－1",
    "＠1",
    "|calc",
    "%0",
    '=HYPERLINK("http://x";"y")',
    "=cmd|' /C calc'!A0",
    "\u202e=1",
    "\x00=1",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_safe_cell_disarms_text_that_would_run(text: str) -> None:
    assert safe_cell(text).startswith("'")


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        (-5, "-5"),
        (Decimal("-1.50"), "-1.50"),
        (Fraction(1, 3), "0.3333"),
        ("-19.90", "-19.90"),
        ("19.90", "19.90"),
        (None, ""),
        (True, "yes"),
        (date(2026, 11, 3), "2026-11-03"),
        ("Too small", "Too small"),
        ("Zoë's -5", "Zoë's -5"),
    ],
)
def test_safe_cell_leaves_figures_and_words_alone(cell: object, written: str) -> None:
    assert safe_cell(cell) == written  # type: ignore[arg-type]


@given(st.lists(st.lists(st.text(max_size=40), min_size=2, max_size=2), max_size=30))
def test_csv_lines_read_back_as_written_and_hold_no_formula(rows: list[list[str]]) -> None:
    text = "".join(csv_lines(["a", "b"], rows))

    read = list(csv.reader(StringIO(text, newline="")))

    assert read == [["a", "b"], *[[safe_cell(cell) for cell in row] for row in rows]]
    for row in read[1:]:
        for cell in row:
            first = cell.lstrip(" \t\n\xa0")[:1]
            assert first not in set("=+@|%＝＋－＠｜％")


def test_csv_lines_quote_what_needs_it_and_end_lines_with_crlf() -> None:
    text = "".join(csv_lines(["x"], [['say "hi", twice'], ["two\nlines"]]))

    assert text == 'x\r\n"say ""hi"", twice"\r\n"two\nlines"\r\n'


def test_csv_lines_come_in_pieces() -> None:
    pieces = list(csv_lines(["n"], ([number] for number in range(1200))))

    assert [piece.count("\r\n") for piece in pieces] == [500, 500, 201]


def test_csv_response_is_a_streamed_attachment() -> None:
    response = csv_response("reasons.csv", ["a"], [["é"]])

    assert response.streaming
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="reasons.csv"'
    assert b"".join(response.streaming_content) == "a\r\né\r\n".encode()
