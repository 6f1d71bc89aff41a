"""The few things every chart needs: elements with escaped text, number formats and axis ticks.

Drawn on the server with attributes and classes only: no style, no script, nothing that a strict
content security policy would stop.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape, quoteattr

from django.utils.safestring import SafeString

TEXT = "text"


def number(value: float) -> str:
    """Return a coordinate with at most one decimal place."""
    return f"{value:.1f}".removesuffix(".0")


def element(tag: str, content: str = "", /, **attributes: str | float) -> str:
    """Return one element. ``content`` is markup already; attribute values are escaped here.

    ``_`` in a name becomes ``-``; a trailing one is dropped (``class_``).
    """
    written = "".join(
        f" {name.rstrip('_').replace('_', '-')}="
        f"{quoteattr(entry if isinstance(entry, str) else number(entry))}"
        for name, entry in attributes.items()
    )
    return f"<{tag}{written}>{content}</{tag}>" if content else f"<{tag}{written}/>"


def words(text: str, x: float, y: float, **attributes: str | float) -> str:
    """Return a text element; ``text`` comes from people and is escaped."""
    return element(TEXT, escape(text), x=x, y=y, **attributes)


def path(xs: Sequence[float], ys: Sequence[float]) -> str:
    """Return path commands through the points."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in zip(xs, ys, strict=True))


def figure(
    name: str, title: str, description: str, width: int, height: int, parts: Iterable[str]
) -> SafeString:
    """Return a whole chart as an image with a title and the finding in one sentence.

    ``name`` makes the ids unique on the page: letters, digits and dashes.
    """
    content = "".join(
        [
            element("title", escape(title), id=f"{name}-t"),
            element("desc", escape(description), id=f"{name}-d"),
            *parts,
        ]
    )
    markup = element(
        "svg",
        content,
        class_="chart",
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_labelledby=f"{name}-t {name}-d",
    )
    return SafeString(markup)


def ticks(maximum: float, wanted: int = 4) -> list[float]:
    """Return round steps from zero that reach ``maximum``: 1, 2 or 5 times a power of ten."""
    if maximum < 0.001:
        return [0.0, 1.0]
    power = 1.0
    while power * 10 <= maximum / wanted:
        power *= 10
    while power > maximum / wanted:
        power /= 10
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor * wanted >= maximum)
    count = next(n for n in range(1, wanted + 1) if step * n >= maximum or n == wanted)
    return [round(step * index, 6) for index in range(count + 1)]


def short(value: float) -> str:
    """Write a figure without needless decimals: ``318``, ``4.9``."""
    return f"{value:,.1f}".removesuffix(".0")


def change_words(now: float, before: float | None) -> str:
    """Write a relative change as ``+17%`` or ``−4%``; empty without a base."""
    if not before:
        return ""
    percent = round((now - before) / before * 100)
    return f"{'+' if percent > 0 else '−' if percent < 0 else ''}{abs(percent)}%"


def label_places(count: int, most: int = 5) -> list[int]:
    """Return which of ``count`` positions carry a label, so that at most ``most`` do."""
    every = max(-(-count // most), 1)
    return list(range(0, count, every))
