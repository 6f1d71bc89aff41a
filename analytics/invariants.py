"""I35: the figures of a day equal their recomputation from the facts, unless the day is marked."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from analytics.models import DailyReturnFact, DirtyDay
from analytics.rollups import remake_day
from returns_portal.core.db import attempt
from returns_portal.core.invariants import register

# A check looks at the newest days; older ones change no more.
_MOST_DAYS = 92
_KEY = ("currency", "country", "reason")
_MEASURES = [
    field.attname
    for field in DailyReturnFact._meta.local_fields
    if field.name not in {"id", "merchant", "day", *_KEY}
]

Figures = dict[tuple[str, ...], tuple[object, ...]]


def problems() -> list[str]:
    """Return one sentence per figure of the merchant in scope that the facts don't bear out."""
    marked = set(DirtyDay.objects.values_list("day", flat=True))
    days = DailyReturnFact.objects.order_by("-day").values_list("day", flat=True).distinct()
    found = []
    for day in days[: _MOST_DAYS + len(marked)]:
        if day not in marked:
            found += _compare(day, _figures(day), _recomputed(day))
    return found


def _figures(day: date) -> Figures:
    rows = DailyReturnFact.objects.filter(day=day).values_list(*_KEY, *_MEASURES)
    return {row[: len(_KEY)]: row[len(_KEY) :] for row in rows}


def _recomputed(day: date) -> Figures:
    """Remake the day, read it and take it back: the check itself changes nothing."""
    with attempt():
        remake_day(day)
        made = _figures(day)
        transaction.set_rollback(True)
    return made


def _compare(day: date, kept: Figures, made: Figures) -> list[str]:
    return [
        f"{name} of {day} ({' '.join(filter(None, key)) or 'all'}) is {old}, the facts say {new}"
        for key in sorted(set(kept) | set(made))
        for name, old, new in zip(
            _MEASURES,
            kept.get(key, (None,) * len(_MEASURES)),
            made.get(key, (None,) * len(_MEASURES)),
            strict=True,
        )
        if old != new
    ]


register("analytics", problems)
