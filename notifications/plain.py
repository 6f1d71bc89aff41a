"""Tables of the plain-text twin: money as a dotted list, 72 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from returns_portal.core.templatetags.portal_tags import money

WIDTH = 72
_INDENT = "  "


def table_lines(items: Sequence[dict[str, Any]], rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return items and sums as lines; amounts stand flush right behind dots."""
    lines = []
    for item in items:
        name = ", ".join(filter(None, [item["name"], item["note"]]))
        lines += _line(name, money(item["amount"]))
    for row in rows:
        lines += _line(row["label"], money(row["amount"]))
    return lines


def numbered(steps: Sequence[dict[str, str]]) -> list[str]:
    """Return the steps as wrapped, numbered lines."""
    lines = []
    for number, step in enumerate(steps, start=1):
        text = " ".join(filter(None, [step["title"], step["text"]]))
        head = f"{_INDENT}{number}. "
        lines += _wrap(text, WIDTH, head, " " * len(head))
    return lines


def _line(label: str, amount: str) -> list[str]:
    """Wrap a label; its last line leads over dots to the amount."""
    if not amount:
        return _wrap(label, WIDTH, _INDENT, _INDENT * 2)
    lines = _wrap(label, WIDTH - len(amount) - 6, _INDENT, _INDENT * 2)
    dots = "." * (WIDTH - len(lines[-1]) - len(amount) - 2)
    lines[-1] = f"{lines[-1]} {dots} {amount}"
    return lines


def _wrap(text: str, width: int, first: str, later: str) -> list[str]:
    return textwrap.wrap(text, width, initial_indent=first, subsequent_indent=later) or [first]
