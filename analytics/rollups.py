"""Keeping the daily figures level with the facts: mark days, remake marked days.

Business transactions never touch the figures. An event marks the days it concerns; the refresh
takes a mark away and remakes that day in one transaction, so that it may be repeated, cut off or
run twice at once: the figures are always those of some moment after the mark.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from analytics.models import DailyReturnFact, DirtyDay
from returns_portal.core import scope
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction
from returns_portal.tenancy.models import Merchant

_HERE = Path(__file__).parent
MARK, MARK_ALL, REMAKE = (
    (_HERE / name).read_text(encoding="utf-8")
    for name in ("mark_days.sql", "mark_all_days.sql", "remake_day.sql")
)
# One run of the refresh does at most so many days of a merchant, so that none waits for another.
_MOST_DAYS = 400


def mark_days_of(about_id: UUID) -> None:
    """Mark the days on which a return was requested and its order placed; for an order, its own
    day and those of its returns. Unknown ids mark nothing. One statement."""
    _mark(MARK, about=about_id)


def mark_all_days() -> None:
    """Mark every day with an order, a return or figures: after a change of the time zone."""
    _mark(MARK_ALL)


def _mark(statement: str, **more: UUID) -> None:
    merchant_id = scope.current_merchant_id()
    values: dict[str, Any] = {"merchant": merchant_id, "now": now(), **more}
    with action_transaction(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def refresh_dirty_days(limit: int = _MOST_DAYS) -> int:
    """Remake the marked days of the merchant in scope, newest first; return how many.

    Each day is its own transaction. A day that another worker has in hand is left to it.
    """
    refreshed = 0
    for _ in range(limit):
        with transaction.atomic():
            mark = (
                DirtyDay.objects.select_for_update(skip_locked=True, of=("self",))
                .order_by("-day")
                .first()
            )
            if mark is None:
                break
            # Taken away before the facts are read: whoever changes them after that marks again.
            mark.delete()
            remake_day(mark.day)
        refreshed += 1
    return refreshed


def remake_day(day: date) -> None:
    """Replace the figures of ``day`` by what the facts say now. Two statements."""
    start, end = day_bounds(day, ZoneInfo(_zone_name()))
    values: dict[str, Any] = {
        "merchant": scope.current_merchant_id(),
        "day": day,
        "start": start,
        "end": end,
    }
    with action_transaction(), connection.cursor() as cursor:
        DailyReturnFact.objects.filter(day=day).delete()
        cursor.execute(REMAKE, values)


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the instants at which a local day begins and ends; 23 to 25 hours apart."""
    return (
        datetime.combine(day, time.min, zone),
        datetime.combine(day + timedelta(days=1), time.min, zone),
    )


def each_day(first: date, last: date) -> Iterator[date]:
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)


def _zone_name() -> str:
    return Merchant.objects.values_list("time_zone", flat=True).get(pk=scope.current_merchant_id())
