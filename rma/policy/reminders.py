"""When shoppers are reminded of an approval that nobody has used yet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from rma.policy.days import hour_of_day, last_day
from rma.policy.reader import DocumentReader

KEY = "remind_before_days"
MOST, FURTHEST = 5, 60
# Local hour at which a reminder goes out: early enough for the same day's errands.
HOUR = 9


def read_reminders(reader: DocumentReader) -> tuple[int, ...]:
    """Read how many days before the last day a reminder goes out, the earliest one first."""
    listed = reader.at(KEY)
    if listed is None:
        return ()
    if not isinstance(listed, list | tuple) or len(listed) > MOST:
        reader.fail(KEY, f"List up to {MOST} numbers of days, such as [7, 2].")
        return ()
    days = tuple(reader.whole(f"{KEY}.{n}", 1, FURTHEST, "days") for n in range(len(listed)))
    if len(set(days)) < len(days):
        reader.fail(KEY, "Name each number of days once.")
    return tuple(sorted(days, reverse=True))


def next_reminder(
    before_days: Iterable[int], expires_at: datetime | None, zone: str, after: datetime
) -> datetime | None:
    """Return the moment of the first reminder later than ``after``, or None where none is left.

    ``before_days`` count back from the last day of an approval that runs out at ``expires_at``.
    """
    if expires_at is None:
        return None
    last = last_day(expires_at, zone)
    moments = (hour_of_day(last - timedelta(days=days), HOUR, zone) for days in before_days)
    return min((moment for moment in moments if moment > after), default=None)
