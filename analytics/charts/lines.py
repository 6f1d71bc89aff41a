"""Lines over time, with the newest figure written at the end, and the small ones in tiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from django.utils.safestring import SafeString

from analytics.charts.svg import (
    element,
    figure,
    label_places,
    number,
    path,
    short,
    ticks,
    words,
)

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 540, 264, 34, 64, 12, 26


@dataclass(frozen=True, slots=True)
class Line:
    """One series. ``tone`` is a stroke class, k1 to k6; None is a gap in the line."""

    label: str
    values: Sequence[float | None]
    tone: str = "k1"


def line_chart(
    name: str,
    title: str,
    labels: Sequence[str],
    lines: Sequence[Line],
    *,
    unit: str = "",
    target: float | None = None,
    unfinished: int = 0,
) -> SafeString:
    """Draw ``lines`` over ``labels`` from zero; ``unit`` follows the last figures, such as ``d``.

    The last ``unfinished`` steps, whose figures still move, are dashed. Every line has one value
    per label. No figures at all give an empty string.
    """
    if any(len(line.values) != len(labels) for line in lines):
        raise ValueError("a line needs one value per label")
    known = [value for line in lines for value in line.values if value is not None]
    if not known:
        return SafeString("")
    steps = ticks(max([*known, target or 0]))
    xs = _positions(len(labels))
    parts = [*_grid(steps), *_dates(labels, xs)]
    if target is not None:
        y = _y(target, steps[-1])
        parts.append(element("path", class_="ref", d=f"M{_LEFT} {number(y)}H{_WIDTH - _RIGHT}"))
        parts.append(words(f"Target {short(target)} {unit}".rstrip(), _LEFT + 2, y + 14))
    taken: list[float] = []
    for line in lines:
        parts += _drawn(line, xs, steps[-1], unit, taken, len(labels) - unfinished)
    return figure(name, title, describe_lines(labels, lines, unit), _WIDTH, _HEIGHT, parts)


def _positions(count: int) -> list[float]:
    room = _WIDTH - _LEFT - _RIGHT
    if count == 1:
        return [_LEFT + room / 2]
    return [_LEFT + index * room / (count - 1) for index in range(count)]


def _y(value: float, top: float) -> float:
    return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - value / top)


def _grid(steps: Sequence[float]) -> list[str]:
    parts = []
    for step in steps:
        y = _y(step, steps[-1])
        parts.append(element("path", class_="grid", d=f"M{_LEFT} {number(y)}H{_WIDTH - _RIGHT}"))
        parts.append(words(short(step), _LEFT - 8, y + 4, text_anchor="end"))
    return parts


def _dates(labels: Sequence[str], xs: Sequence[float]) -> list[str]:
    return [
        words(labels[index], xs[index], _HEIGHT - 6, text_anchor="middle")
        for index in label_places(len(labels))
    ]


def _drawn(
    line: Line, xs: Sequence[float], top: float, unit: str, taken: list[float], firm: int
) -> list[str]:
    parts: list[str] = []
    points = [(x, value) for x, value in zip(xs, line.values, strict=True)]
    for is_known, run in groupby(points, key=lambda point: point[1] is not None):
        if not is_known:
            continue
        stretch = [(x, _y(value or 0.0, top)) for x, value in run]
        solid = [point for point in stretch if point[0] in xs[:firm]]
        # The dashed part begins where the solid one ends.
        dashed = stretch[max(len(solid) - 1, 0) :]
        parts += _stroke(line.tone, solid) if solid else []
        parts += _stroke(line.tone, dashed, dash="2 5") if len(solid) < len(stretch) else []
    ends = [(x, value) for x, value in points if value is not None]
    if ends:
        x, value = ends[-1]
        y = _y(value, top)
        parts.append(element("circle", class_=f"halo {line.tone}", cx=x, cy=y, r=4))
        written = _clear_of(y, taken)
        at = _WIDTH - _RIGHT + 10
        parts.append(words(f"{short(value)} {unit}".rstrip(), at, written + 4, class_="val"))
        parts.append(words(line.label, at, written + 17))
    return parts


def _stroke(tone: str, points: Sequence[tuple[float, float]], dash: str = "") -> list[str]:
    """Draw through ``points``; a single one is a dot by the round cap of the line."""
    across, down = [x for x, _ in points], [y for _, y in points]
    dashes = {"stroke_dasharray": dash} if dash else {}
    return [element("path", class_=f"ln {tone}", d=path(across, down), **dashes)]


def _clear_of(y: float, taken: list[float]) -> float:
    """Move an end label down until it covers no other."""
    while any(abs(y - other) < 30 for other in taken):
        y += 4
    taken.append(y)
    return y


def describe_lines(labels: Sequence[str], lines: Sequence[Line], unit: str) -> str:
    """Say how each line went from its first to its last figure."""
    sentences = []
    for line in lines:
        known = [
            (label, value)
            for label, value in zip(labels, line.values, strict=True)
            if value is not None
        ]
        if not known:
            sentences.append(f"{line.label}: no figures.")
            continue
        (first_label, first), (last_label, last) = known[0], known[-1]
        verb = "stayed at" if first == last else "fell from" if last < first else "rose from"
        span = short(first) if first == last else f"{short(first)} to {short(last)}"
        sentences.append(
            f"{line.label} {verb} {span} {unit}".rstrip() + f", {first_label} to {last_label}."
        )
    return " ".join(sentences)


def sparkline(
    values: Sequence[float],
    previous: Sequence[float] | None = None,
    *,
    width: int = 150,
    height: int = 30,
) -> SafeString:
    """Draw the small line of a tile; decoration, because the figure stands beside it.

    Fewer than two values give an empty string.
    """
    if len(values) < 2:
        return SafeString("")
    before = list(previous) if previous and len(previous) > 1 else []
    low, high = min([*values, *before]), max([*values, *before])
    spread = (high - low) or 1

    def drawn(series: Sequence[float]) -> str:
        xs = [index * width / (len(series) - 1) for index in range(len(series))]
        return path(xs, [height - 2 - (value - low) / spread * (height - 5) for value in series])

    line = drawn(values)
    parts = [element("path", class_="area", d=f"{line}L{width} {height}L0 {height}z")]
    if before:
        parts.append(element("path", class_="prev", d=drawn(before)))
    parts.append(element("path", d=line))
    markup = element(
        "svg",
        "".join(parts),
        class_="spark",
        viewBox=f"0 0 {width} {height}",
        preserveAspectRatio="none",
        aria_hidden="true",
    )
    return SafeString(markup)
