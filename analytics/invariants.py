"""I35: the figures of a day equal their recomputation from the facts.

Unless the day is marked, or an event that marks it is still on its way.
"""

from __future__ import annotations

from datetime import date

from django.db import transaction

from analytics.handlers import MARK_DAY
from analytics.models import DailyReturnFact, DirtyDay
from analytics.rollups import mark_days_of, remake_day
from returns_portal.activity.models import Delivery
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
    behind = _days_behind()
    days = DailyReturnFact.objects.order_by("-day").values_list("day", flat=True).distinct()
    found = {}
    for day in days[: _MOST_DAYS + len(behind)]:
        if day not in behind:
            found[day] = _compare(day, _figures(day), _recomputed(day))
    if any(found.values()):
        # Business goes on meanwhile: what changed since the first look is marked by now.
        behind |= _days_behind()
    return [problem for day, problems in found.items() if day not in behind for problem in problems]


def _days_behind() -> set[date]:
    """Return the days that are marked, and those that events on their way are about to mark."""
    with attempt():
        waiting = Delivery.objects.filter(handler=MARK_DAY, status=Delivery.Status.WAITING)
        for about_id, subject_id in waiting.values_list("event__about_id", "event__subject_id"):
            mark_days_of(about_id or subject_id)
        days = set(DirtyDay.objects.values_list("day", flat=True))
        transaction.set_rollback(True)
    return days


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
