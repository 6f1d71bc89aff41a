"""The words of the policy: one short sentence for the shopper and one for staff per answer.

Every "no" names the rule and the date. Pure text; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from returns_portal.core.money import Money, format_money

_RESOLUTION_WORDS = {"refund": "refund", "store_credit": "credit", "exchange": "exchange"}
_NUMBER_WORDS = {1: "One", 2: "Two", 3: "Three", 4: "Four", 5: "Five"}
FAULT_STILL = "If it's faulty, you can still report a fault"


def day(when: date, *, seen: date) -> str:
    """Return ``17 November``, with the year when it is not the year of ``seen``."""
    return f"{when.day} {when:%B}" + _year(when, seen)


def short_day(when: date, *, seen: date) -> str:
    """Return ``17 Nov``, with the year when it is not the year of ``seen``."""
    return f"{when.day} {when:%b}" + _year(when, seen)


def _year(when: date, seen: date) -> str:
    return "" if when.year == seen.year else f" {when.year}"


def span(days: int) -> str:
    """Return ``30 days``, ``1 day`` or, for whole years, ``2 years``."""
    if days and days % 365 == 0:
        years = days // 365
        return "1 year" if years == 1 else f"{years} years"
    return "1 day" if days == 1 else f"{days} days"


def either(words: Sequence[str]) -> str:
    """Join alternatives: ``a``, ``a or b``, ``a, b or c``."""
    *front, last = words
    return f"{', '.join(front)} or {last}" if front else last


def resolutions(keys: Sequence[str]) -> str:
    return either([_RESOLUTION_WORDS[key] for key in keys])


def sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]


def open_until(keys: Sequence[str], until: date | None, seen: date) -> str:
    """Say what is possible and through which day: ``Refund, credit or exchange until 6 Dec``."""
    limit = "" if until is None else f" until {short_day(until, seen=seen)}"
    return sentence_case(f"{resolutions(keys)}{limit}")


def count_is(quantity: int) -> str:
    """Return ``One is``, ``Two are`` or ``12 are``."""
    return f"{_NUMBER_WORDS.get(quantity, str(quantity))} {'is' if quantity == 1 else 'are'}"


def part_of(
    available: int, ordered: int, claimed: int, claim: tuple[str, date] | None, seen: date
) -> str:
    """Say how many of a line's units can come back and where the others are."""
    head = f"{available} of {ordered} can be returned"
    unsent = ordered - available - claimed
    tail = []
    if claim is not None:
        rma, since = claim
        tail.append(
            f"{count_is(claimed)} already in return {rma}, started {short_day(since, seen=seen)}"
        )
    elif claimed:
        tail.append(f"{count_is(claimed)} already returned")
    if unsent > 0:
        tail.append(f"{count_is(unsent)} not sent yet")
    return ". ".join([head, *tail])


def window_over(
    days: int, until: date, start: date, anchor: str, seen: date, *, fault: bool
) -> str:
    """Say that the time is over: how long it was, counted from what, and its last day."""
    what = "Faults could be reported" if fault else "Returns were open"
    counted = (
        "delivery" if anchor == "delivered" else f"the expected delivery on {day(start, seen=seen)}"
    )
    return f"{what} for {span(days)} after {counted}, until {day(until, seen=seen)}"


def money(minor: int, currency: str) -> str:
    return format_money(Money(minor, currency))
