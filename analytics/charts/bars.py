"""Horizontal bars: one per reason, the previous period behind, figure and change at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from django.utils.safestring import SafeString

from analytics.charts.svg import change_words, element, figure, short, words

_WIDTH, _ROW, _LABELS, _FIGURES = 540, 29, 146, 100
_LONGEST_LABEL = 24
# From this rise on the change is drawn in the warning colour.
_RISE_PERCENT = 15


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    value: float
    previous: float | None = None


def bar_chart(name: str, title: str, bars: Sequence[Bar]) -> SafeString:
    """Draw ``bars`` in the order given, from zero. No bars give no chart: an empty string."""
    if not bars:
        return SafeString("")
    longest = max(max(bar.value, bar.previous or 0) for bar in bars) or 1
    room = _WIDTH - _LABELS - _FIGURES
    parts = [_bar(bar, index * _ROW + 3, room / longest) for index, bar in enumerate(bars)]
    return figure(name, title, describe_bars(bars), _WIDTH, _ROW * len(bars) + 4, parts)


def _bar(bar: Bar, top: int, scale: float) -> str:
    label = bar.label
    if len(label) > _LONGEST_LABEL:
        label = f"{label[: _LONGEST_LABEL - 1].rstrip()}…"
    parts = [element("title", escape(f"{bar.label}: {short(bar.value)}"))]
    parts.append(words(label, 0, top + 15, class_="lbl"))
    if bar.previous is not None:
        parts.append(_rect("s0", top + 2, bar.previous * scale, 18, 3))
    parts.append(_rect("s1", top + 5, bar.value * scale, 12, 2.5))
    figure_at = _WIDTH - 56 if bar.previous is not None else _WIDTH
    parts.append(words(short(bar.value), figure_at, top + 15, class_="val", text_anchor="end"))
    change = change_words(bar.value, bar.previous)
    if change:
        rose = (bar.value - (bar.previous or 0)) * 100 > _RISE_PERCENT * (bar.previous or 0)
        tone = "up" if rose else "mut"
        parts.append(words(change, _WIDTH, top + 15, class_=tone, text_anchor="end"))
    return element("g", "".join(parts))


def _rect(tone: str, y: float, width: float, height: float, radius: float) -> str:
    return element(
        "rect", class_=tone, x=_LABELS, y=y, width=max(width, 0), height=height, rx=radius
    )


def describe_bars(bars: Sequence[Bar]) -> str:
    """Say who leads and who rose most, in at most two sentences."""
    top = max(bars, key=lambda bar: bar.value)
    sentences = [f"{top.label} leads with {short(top.value)}."]
    risen = [bar for bar in bars if bar.previous and bar.value > bar.previous]
    if risen:
        most = max(risen, key=lambda bar: bar.value / (bar.previous or 1))
        change = change_words(most.value, most.previous).removeprefix("+")
        before = short(most.previous or 0)
        sentences.append(f"{most.label} rose {change}, from {before} to {short(most.value)}.")
    return " ".join(sentences)


def bar_cell(value: float, maximum: float, reference: float | None = None) -> SafeString:
    """Draw the small bar beside a figure in a table; the figure itself is in the cell."""
    top = maximum or 1
    parts = [
        element("rect", class_="s0", width=84, height=8),
        element("rect", class_="s1", width=84 * min(max(value, 0) / top, 1), height=8),
    ]
    if reference is not None:
        at = 84 * min(reference / top, 1)
        parts.append(element("path", d=f"M{at:.1f} 0V8", stroke="currentColor", stroke_width=1.5))
    markup = element(
        "svg",
        "".join(parts),
        viewBox="0 0 84 8",
        preserveAspectRatio="none",
        aria_hidden="true",
    )
    return SafeString(markup)
