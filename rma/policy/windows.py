"""How long goods can come back: the days of a policy, and what was promised when they were sold.

A later version of the policy may be stricter or more generous. What a line was sold with is kept
beside it (:class:`Promised`), and the longer of the two counts. Calendar only; no rule speaks here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from rma.policy.days import local_day


@dataclass(frozen=True, slots=True)
class Window:
    """Days a return is open, counted from delivery.

    Where the delivery date is missing the count starts ``fulfilled_fallback_days`` after dispatch,
    else ``ordered_fallback_days`` after the order; with neither, a person decides. ``grace_days``
    are granted silently after the last day that is shown. ``not_before`` keeps it open through
    that local day at least.
    """

    days: int
    fault_days: int
    grace_days: int
    fulfilled_fallback_days: int | None
    ordered_fallback_days: int | None
    not_before: date | None = None


@dataclass(frozen=True, slots=True)
class ReasonWindow:
    """The window that rules gave one reason, where it differs from that of the others."""

    reason: str
    window: Window


@dataclass(frozen=True, slots=True)
class Promised:
    """The window a line was sold with: that of ``version``, which was in force on ``on``."""

    version: int
    on: date
    window: Window
    reasons: tuple[ReasonWindow, ...] = ()

    def window_for(self, reason: str) -> Window:
        return next((one.window for one in self.reasons if one.reason == reason), self.window)


@dataclass(frozen=True, slots=True)
class Granted:
    """A later last day that a person gave, with their name and why."""

    until: date
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Sold:
    """When a line was bought, sent and delivered, as far as is known, in the merchant's zone."""

    purchased_at: datetime
    fulfilled_at: datetime | None
    delivered_at: datetime | None
    zone: str

    def start(self, window: Window) -> tuple[date, str] | None:
        """Return the day from which ``window`` counts and what that day is; None without one."""
        if self.delivered_at is not None:
            return local_day(self.delivered_at, self.zone), "delivered"
        if self.fulfilled_at is not None and window.fulfilled_fallback_days is not None:
            shift = timedelta(days=window.fulfilled_fallback_days)
            return local_day(self.fulfilled_at, self.zone) + shift, "fulfilled"
        if window.ordered_fallback_days is not None:
            shift = timedelta(days=window.ordered_fallback_days)
            return local_day(self.purchased_at, self.zone) + shift, "ordered"
        return None


@dataclass(frozen=True, slots=True)
class Span:
    """The days a line is open: ``days`` from ``start``, ``until`` is shown, ``last`` has grace."""

    start: date
    until: date
    last: date
    anchor: str
    days: int


@dataclass(frozen=True, slots=True)
class Opening:
    """When a line is open: ``span``, and what made it longer than the policy's ``own`` days.

    ``own`` is None where no date says when they begin, ``usual`` where nothing at all does but what
    was ``granted``; else it is the span without that.
    """

    span: Span
    own: Span | None
    promised: Promised | None = None
    granted: Granted | None = None
    usual: Span | None = None


def span_under(window: Window, sold: Sold, *, fault: bool) -> Span | None:
    """Return the days a line is open under ``window``, None where no date says when to begin."""
    begun = sold.start(window)
    if begun is None:
        return None
    start, anchor = begun
    days = window.fault_days if fault else window.days
    until = start + timedelta(days=days)
    if window.not_before is not None:
        until = max(until, window.not_before)
    return Span(start, until, until + timedelta(days=window.grace_days), anchor, days)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept for one line beside the policy: what it was sold with, what a person gave."""

    promised: Promised | None = None
    granted: Granted | None = None


def opening_of(
    window: Window, kept: Kept, sold: Sold, *, reason: str, fault: bool
) -> Opening | None:
    """Return when a line is open: under ``window``, as promised, or as granted if that is later.

    None where no date says when to begin and nobody granted one.
    """
    usual = _usual(window, kept.promised, sold, reason=reason, fault=fault)
    granted = kept.granted
    if granted is None or (usual is not None and granted.until <= usual.span.until):
        return usual
    last = granted.until + timedelta(days=window.grace_days)
    if usual is not None:
        span = replace(usual.span, until=granted.until, last=max(last, usual.span.last))
        return replace(usual, span=span, granted=granted, usual=usual.span)
    start = local_day(sold.purchased_at, sold.zone)
    span = Span(start, granted.until, last, "granted", (granted.until - start).days)
    return Opening(span, None, granted=granted)


def _usual(
    window: Window, promised: Promised | None, sold: Sold, *, reason: str, fault: bool
) -> Opening | None:
    """Return when a line is open without anybody's favour."""
    own = span_under(window, sold, fault=fault)
    kept = None
    if promised is not None:
        kept = span_under(promised.window_for(reason), sold, fault=fault)
    if kept is None:
        return None if own is None else Opening(own, own)
    if own is not None and own.until >= kept.until:
        # Days of grace were promised too, though nobody read of them.
        return Opening(replace(own, last=max(own.last, kept.last)), own)
    last = kept.last if own is None else max(own.last, kept.last)
    return Opening(replace(kept, last=last), own, promised)
