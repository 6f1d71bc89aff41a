"""CSV files for people: RFC 4180, sent as it is made, and inert in a spreadsheet.

A cell of text that a spreadsheet would take for a formula gets an apostrophe in front. Numbers are
written as numbers; amounts of money are text made by ``Money.decimal_text`` and pass as numbers.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from django.http import StreamingHttpResponse

Cell = str | int | Decimal | Fraction | date | datetime | bool | None

_NUMBER = re.compile(r"-?\d{1,18}(?:\.\d{1,6})?")
# What starts a formula or an old-style command, here and in its full-width form, also behind
# blanks, quotes and controls that a spreadsheet skips.
_LIVE = frozenset("=+-@|%＝＋－＠｜％")
_SKIPPED = " \t\r\n\v\f\xa0\"'`"
# Controls that belong to text: line breaks, the joiners of emoji and of Persian and Indic words.
_KEPT = "\t\n\u200c\u200d"
_CHUNK = 500


def safe_cell(cell: Cell) -> str:
    """Return ``cell`` as it goes into a file. Dates are ISO 8601, None is empty."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, Fraction):
        return f"{float(cell):.4f}"
    if isinstance(cell, int | Decimal):
        return str(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    return _inert(cell)


def _inert(text: str) -> str:
    if _NUMBER.fullmatch(text):
        return text
    kept = "".join(
        character
        for character in text
        if character in _KEPT or unicodedata.category(character) not in ("Cc", "Cs", "Cf")
    )
    visible = kept.lstrip(_SKIPPED)
    is_live = visible[:1] in _LIVE if visible else False
    return f"'{kept}" if is_live or kept[:1] in ("\t", "\n") else kept


class _Line:
    """Hands each written line straight back."""

    def write(self, line: str) -> str:
        return line


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Yield a file in pieces of some hundred lines; nothing else is held in memory."""
    writer = csv.writer(_Line(), lineterminator="\r\n")
    piece = [writer.writerow([safe_cell(cell) for cell in header])]
    for row in rows:
        piece.append(writer.writerow([safe_cell(cell) for cell in row]))
        if len(piece) >= _CHUNK:
            yield "".join(piece)
            piece = []
    if piece:
        yield "".join(piece)


def csv_response(
    name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> StreamingHttpResponse:
    """Answer with a file called ``name``, letters, digits, dots and dashes only.

    The rows are drawn after the view has returned: they must open scope and transaction themselves.
    """
    response = StreamingHttpResponse(
        (piece.encode() for piece in csv_lines(header, rows)),
        content_type="text/csv; charset=utf-8",
    )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
