"""Calendar days in a merchant's zone, right on the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def local_day(instant: datetime, zone: str) -> date:
    """Return the calendar day of an aware instant in the merchant's zone."""
    if instant.tzinfo is None:
        raise ValueError("an instant needs its time zone")
    return instant.astimezone(ZoneInfo(zone)).date()


def end_of_day(day: date, zone: str) -> datetime:
    """Return the instant, in UTC, at which ``day`` is over in ``zone``; right on DST days too."""
    following = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))
    return following.astimezone(UTC)


def hour_of_day(day: date, hour: int, zone: str) -> datetime:
    """Return the instant, in UTC, at which it is ``hour`` o'clock on ``day`` in ``zone``."""
    return datetime.combine(day, time(hour), ZoneInfo(zone)).astimezone(UTC)


def last_day(end: datetime, zone: str) -> date:
    """Return the day that is over at ``end`` in ``zone``: what :func:`end_of_day` was given."""
    return local_day(end - timedelta(microseconds=1), zone)
