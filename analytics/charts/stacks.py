"""Columns of 100 %: how the parts of a whole change over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from xml.sax.saxutils import escape

from django.utils.safestring import SafeString

from analytics.charts.svg import element, figure, label_places, number, words

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 540, 240, 36, 2, 6, 26
_MOST_PARTS = 5


@dataclass(frozen=True, slots=True)
class Part:
    """One part of every column. ``tone`` is a fill class: pa1, pa2, pb1, pb2 or px."""

    label: str
    values: Sequence[int]
    tone: str


def stacked_chart(
    name: str,
    title: str,
    labels: Sequence[str],
    parts: Sequence[Part],
    *,
    unfinished: int = 0,
) -> SafeString:
    """Draw one column per label, each part in proportion. Nothing at all gives an empty string.

    The last ``unfinished`` columns, whose figures still move, are paler.
    """
    if any(len(part.values) != len(labels) for part in parts):
        raise ValueError("a part needs one value per label")
    if len(parts) > _MOST_PARTS:
        raise ValueError("at most five parts can be told apart")
    if not any(any(part.values) for part in parts):
        return SafeString("")
    step = (_WIDTH - _LEFT - _RIGHT) / len(labels)
    drawn = [*_grid()]
    for index, label in enumerate(labels):
        column = _column(parts, index, label, _LEFT + index * step + 4, step - 8)
        pale = index >= len(labels) - unfinished
        drawn.append(element("g", column, opacity="0.45") if pale and column else column)
    for index in label_places(len(labels)):
        middle = _LEFT + index * step + step / 2
        drawn.append(words(labels[index], middle, _HEIGHT - 6, text_anchor="middle"))
    return figure(name, title, describe_stack(parts), _WIDTH, _HEIGHT, drawn)


def _grid() -> list[str]:
    lines = []
    for percent in (0, 25, 50, 75, 100):
        y = _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - percent / 100)
        lines.append(element("path", class_="grid", d=f"M{_LEFT} {number(y)}H{_WIDTH - _RIGHT}"))
        lines.append(words(f"{percent}%", _LEFT - 7, y + 4, text_anchor="end"))
    return lines


def _column(parts: Sequence[Part], index: int, label: str, x: float, width: float) -> str:
    whole = sum(part.values[index] for part in parts)
    if not whole:
        return ""
    room, y = _HEIGHT - _TOP - _BOTTOM, float(_HEIGHT - _BOTTOM)
    figures = ", ".join(f"{part.label} {part.values[index]}" for part in parts)
    drawn = [element("title", escape(f"{label}: {figures}"))]
    for part in parts:
        height = room * part.values[index] / whole
        if not height:
            continue
        y -= height
        drawn.append(
            element(
                "rect",
                class_=part.tone,
                x=x,
                y=y,
                width=max(width, 2),
                height=max(height - 1.5, 0.5),
                rx=1.5,
            )
        )
    return element("g", "".join(drawn))


def describe_stack(parts: Sequence[Part]) -> str:
    """Say each part's share over all columns, and how the first and the last column differ."""
    wholes = [sum(column) for column in zip(*(part.values for part in parts), strict=True)]
    filled = [index for index, whole in enumerate(wholes) if whole]
    sentences = []
    for part in parts:
        first, last = (
            round(Fraction(part.values[at], wholes[at]) * 100) for at in (filled[0], filled[-1])
        )
        if len(filled) == 1 or first == last:
            sentences.append(f"{part.label} {last}%")
        else:
            verb = "fell" if last < first else "rose"
            sentences.append(f"{part.label} {verb} from {first}% to {last}%")
    return f"{'; '.join(sentences)}."
