"""The flow of returns from one verdict to another, drawn on the server with attributes only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.safestring import SafeString

from analytics.charts.svg import element, number, words

# Left and right edge of the bands, and the bars beside them.
LEFT, RIGHT, BAR = 74, 226, 6
HEIGHT, GAP = 194, 27
THINNEST = 1.0


def flow_figure(
    flows: Mapping[tuple[str, str], int], names: Sequence[tuple[str, str, str]]
) -> SafeString:
    """Draw how many went from each verdict to each, both sides in the order of ``names``.

    ``names`` are ``(verdict, label, tone letter)``; ``flows`` counts ``(before, after)``. The
    numbers stand in a table beside it, so that the drawing itself is hidden from screen readers.
    """
    keys = [key for key, _, _ in names]
    total = sum(flows.values())
    scale = (HEIGHT - GAP * (len(keys) - 1)) / total if total else 0.0
    before = {key: sum(flows.get((key, to), 0) for to in keys) for key in keys}
    after = {key: sum(flows.get((of, key), 0) for of in keys) for key in keys}
    parts = _bands(flows, names, scale, _tops(before, scale), _tops(after, scale))
    for counts, x, label_x, anchor in (
        (before, LEFT - BAR, LEFT - 14, "end"),
        (after, RIGHT, RIGHT + 14, "start"),
    ):
        parts += _bars(counts, names, scale, x, label_x, anchor)
    return SafeString(
        element(
            "svg",
            "".join(parts),
            class_="chart",
            viewBox=f"0 -4 300 {HEIGHT + 14}",
            aria_hidden="true",
            focusable="false",
        )
    )


def _tops(counts: Mapping[str, int], scale: float) -> dict[str, float]:
    """Return where each verdict's bar begins."""
    tops, y = {}, 0.0
    for key, count in counts.items():
        tops[key] = y
        y += count * scale + GAP
    return tops


def _bands(
    flows: Mapping[tuple[str, str], int],
    names: Sequence[tuple[str, str, str]],
    scale: float,
    left: dict[str, float],
    right: dict[str, float],
) -> list[str]:
    """Draw a band for each pair; one that changes sides has the tone of where it comes from."""
    drawn = []
    for key, _, tone in names:
        for target, _, _ in names:
            height = flows.get((key, target), 0) * scale
            if height:
                kind = "fn" if key == target else f"f{tone}"
                drawn.append(_band(kind, left[key], right[target], height))
            left[key] += height
            right[target] += height
    return drawn


def _band(kind: str, left: float, right: float, height: float) -> str:
    middle = (LEFT + RIGHT) // 2
    thick = max(height, THINNEST)
    a, b, c, d = (number(y) for y in (left, right, right + thick, left + thick))
    path = (
        f"M{LEFT} {a}C{middle} {a} {middle} {b} {RIGHT} {b}"
        f"V{c}C{middle} {c} {middle} {d} {LEFT} {d}z"
    )
    return element("path", class_=kind, d=path)


def _bars(
    counts: Mapping[str, int],
    names: Sequence[tuple[str, str, str]],
    scale: float,
    x: int,
    label_x: int,
    anchor: str,
) -> list[str]:
    drawn, tops = [], _tops(counts, scale)
    for key, label, tone in names:
        height, y = max(counts[key] * scale, THINNEST), tops[key]
        middle = y + height / 2
        drawn.append(
            element("rect", class_=f"f{tone}s", x=x, y=y, width=BAR, height=height, rx=1.5)
        )
        drawn.append(words(label, label_x, middle + 1, text_anchor=anchor, class_="lbl"))
        drawn.append(words(f"{counts[key]:,}", label_x, middle + 14, text_anchor=anchor))
    return drawn
