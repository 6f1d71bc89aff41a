"""Which days a report covers, what it is compared with, and how its charts divide it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from analytics.metrics import previous_period, week_start

PRESETS = {7: "Last 7 days", 30: "Last 30 days", 90: "Last 90 days", 365: "Last 12 months"}
DEFAULT_DAYS = 90
LONGEST_DAYS = 1100
_DAILY_UP_TO, _WEEKLY_UP_TO = 31, 200


@dataclass(frozen=True, slots=True)
class Bucket:
    """One step of a chart: the days from ``first`` to ``last``, both in it."""

    first: date
    last: date
    label: str


@dataclass(frozen=True, slots=True)
class Period:
    """The local days from ``first`` to ``last``, both in it. ``days`` names a preset, 0 is free."""

    first: date
    last: date
    days: int = 0

    @property
    def previous(self) -> Period:
        """The period of equal length just before."""
        return Period(*previous_period(self.first, self.last))

    @property
    def length(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def label(self) -> str:
        """Return e.g. ``24 Aug – 19 Nov 2026``."""
        if self.first.year == self.last.year:
            return f"{short_day(self.first)} – {short_day(self.last)} {self.last.year}"
        return (
            f"{short_day(self.first)} {self.first.year} – {short_day(self.last)} {self.last.year}"
        )

    def buckets(self) -> list[Bucket]:
        """Divide into days, ISO weeks or months, whichever gives a readable chart.

        The first and the last may be shorter than the others: the period cuts them.
        """
        starts = [self.first]
        while (following := self._next(starts[-1])) <= self.last:
            starts.append(following)
        ends = [start - timedelta(days=1) for start in starts[1:]] + [self.last]
        return [
            Bucket(start, end, self._name(start)) for start, end in zip(starts, ends, strict=True)
        ]

    def _next(self, start: date) -> date:
        if self.length <= _DAILY_UP_TO:
            return start + timedelta(days=1)
        if self.length <= _WEEKLY_UP_TO:
            return week_start(start) + timedelta(days=7)
        return (start.replace(day=1) + timedelta(days=32)).replace(day=1)

    def _name(self, start: date) -> str:
        if self.length > _WEEKLY_UP_TO:
            return f"{start:%b %Y}"
        return short_day(start)

    @property
    def step(self) -> str:
        """Return what one step of a chart is: day, week or month."""
        if self.length <= _DAILY_UP_TO:
            return "day"
        return "week" if self.length <= _WEEKLY_UP_TO else "month"


def last_days(count: int, today: date) -> Period:
    """Return the ``count`` days that end with ``today``."""
    return Period(today - timedelta(days=count - 1), today, count)


def short_day(day: date) -> str:
    return f"{day.day} {day:%b}"


def place_of(day: date, starts: Sequence[date]) -> int:
    """Return the index of the bucket that ``day`` falls into, by the buckets' first days."""
    return bisect_right(starts, day) - 1
