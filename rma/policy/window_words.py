"""Why a line is open until its day, in the words of staff: the policy, a promise, or a person."""

from __future__ import annotations

from datetime import date
from typing import Any

from rma.policy import wording
from rma.policy.windows import Granted, Opening, Span


def opening_words(opening: Opening, today: date, version: int) -> str:
    """Say how the days come about, and whether they are over; ``version`` is the policy's own."""
    with wording.for_staff():
        if opening.granted is not None:
            return _granted(opening, opening.granted, today)
        span = opening.span
        ends = f"{_ends(span, today)} {wording.short_day(span.until, seen=today)}"
        why = _why(opening, today, version)
        return f"{_counted(span, today)}, {ends}{_grace(span, today)}{why}."


def _granted(opening: Opening, granted: Granted, today: date) -> str:
    usual = opening.usual
    until = wording.day(granted.until, seen=today)
    state = ", over by now" if today > opening.span.last else _grace(opening.span, today)
    words = f"Granted by {granted.by} until {until}{state}: {granted.reason.rstrip('.')}."
    if usual is None:
        return words
    otherwise = wording.short_day(usual.until, seen=today)
    return f"{words} Otherwise {_counted(usual, today)}, until {otherwise}."


def _counted(span: Span, today: date) -> str:
    start = wording.short_day(span.start, seen=today)
    return f"{wording.span(span.days)} from {start} ({span.anchor})"


def _ends(span: Span, today: date) -> str:
    return "until" if today <= span.last else "ended"


def _grace(span: Span, today: date) -> str:
    return ", in the days of grace" if span.until < today <= span.last else ""


def _why(opening: Opening, today: date, version: int) -> str:
    """Say which version promised the days that count, and what the present one says."""
    promised, own = opening.promised, opening.own
    if promised is None:
        return ""
    words = f", as v{promised.version} promised on {wording.short_day(promised.on, seen=today)}"
    if own is None:
        return words
    return f"{words}. v{version} alone: until {wording.short_day(own.until, seen=today)}"


def opening_facts(opening: Opening) -> dict[str, Any]:
    """Return what is kept of the answer: the days, and who or what made them longer."""
    span, promised, granted = opening.span, opening.promised, opening.granted
    facts: dict[str, Any] = {
        "anchor": span.anchor,
        "start": span.start.isoformat(),
        "until": span.until.isoformat(),
        "last": span.last.isoformat(),
        "days": span.days,
    }
    if promised is not None:
        facts["promised_by"] = promised.version
        facts["promised_on"] = promised.on.isoformat()
        facts["policy_until"] = None if opening.own is None else opening.own.until.isoformat()
    if granted is not None:
        facts["granted_by"] = granted.by
        facts["granted_until"] = granted.until.isoformat()
    return facts
