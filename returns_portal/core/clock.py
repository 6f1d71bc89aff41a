"""The one clock. Nothing else in the product asks the machine for the time.

Tests and the demo move it with :func:`shifted`; the offset lives in a ContextVar so that parallel
tests do not disturb one another.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_offset: ContextVar[timedelta] = ContextVar("clock_offset", default=timedelta())


def now() -> datetime:
    """Return the present instant, timezone-aware, in UTC."""
    return datetime.now(UTC) + _offset.get()


def today(zone: str) -> date:
    """Return the calendar day that it is now in the IANA ``zone``."""
    return now().astimezone(ZoneInfo(zone)).date()


@contextmanager
def shifted(delta: timedelta) -> Iterator[None]:
    """Move the clock by ``delta`` (added to any shift already in force) inside the block."""
    token = _offset.set(_offset.get() + delta)
    try:
        yield
    finally:
        _offset.reset(token)


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    """Set the clock to ``instant`` (aware) on entering the block; it runs on from there."""
    with shifted(instant - now()):
        yield
