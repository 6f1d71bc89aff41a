"""The definitions of the figures on the reports. Pure: whole numbers in, exact figures out.

Every rate is a :class:`Ratio` of whole numbers and becomes a percentage only when it is written, so
totals are recomputed and never averaged. A rate with nothing below the line is None, never zero.
Money is minor units of one currency; amounts in different currencies are never added.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction

DEFINITION_VERSION = 1


@dataclass(frozen=True, slots=True)
class Definition:
    """What a figure means, shown beside it. ``key`` is stable and goes into exports."""

    key: str
    name: str
    meaning: str


DEFINITIONS: Mapping[str, Definition] = {
    entry.key: entry
    for entry in (
        Definition(
            "order_return_rate",
            "Return rate",
            "Orders placed in the period with at least one item returned, out of all orders placed "
            "in the period. Declined, cancelled and expired returns don't count.",
        ),
        Definition(
            "unit_return_rate",
            "Unit return rate",
            "Units returned out of units bought, for orders placed in the period.",
        ),
        Definition(
            "value_return_rate",
            "Value return rate",
            "Value of returned units at the price paid, out of the value sold in the period.",
        ),
        Definition(
            "event_ratio",
            "Returns per order",
            "Returns requested in the period per order placed in the same period. They belong to "
            "different orders, so this can pass 100%.",
        ),
        Definition(
            "reason_share",
            "Reasons",
            "Share of returned items by the reason the shopper gave.",
        ),
        Definition(
            "days_to_refund",
            "Days to refund",
            "Time from request to refund, for returns requested in the period. Half were faster "
            "than the median, nine in ten faster than the second figure.",
        ),
        Definition(
            "promises_kept",
            "Promises kept",
            "Refunds and credits sent on or before the day the shopper was told, out of all such "
            "days that fell in the period. Returns with nothing to pay don't count.",
        ),
        Definition(
            "full_refunds",
            "Full and partial refunds",
            "Closed returns whose refunds reached the value of the returned items, got less, or "
            "nothing.",
        ),
        Definition(
            "cost_of_returns",
            "Cost of returns",
            "Labels, handling, lost value and bonuses, less fees kept and claims paid by carriers. "
            "Parts without figures are listed, not counted as zero.",
        ),
    )
}

# A return counts as such until it turns out not to be one.
NOT_COUNTED = frozenset({"draft", "declined", "cancelled", "expired"})


def is_counted(status: str) -> bool:
    """Say whether a return in ``status`` is part of return rates."""
    return status not in NOT_COUNTED


@dataclass(frozen=True, slots=True)
class Ratio:
    """``part`` out of ``whole``, both whole numbers."""

    part: int
    whole: int

    @property
    def fraction(self) -> Fraction | None:
        return Fraction(self.part, self.whole) if self.whole else None

    def percent(self, places: int = 1) -> str:
        """Return e.g. ``14.2%``, rounded half up, or ``-`` when there is nothing to divide by."""
        if self.fraction is None:
            return "-"
        scale: int = 10**places
        scaled = _half_up(self.fraction * 100 * scale)
        whole, rest = divmod(abs(scaled), scale)
        sign = "-" if scaled < 0 else ""
        return f"{sign}{whole}.{rest:0{places}d}%" if places else f"{sign}{whole}%"

    def __add__(self, other: Ratio) -> Ratio:
        return Ratio(self.part + other.part, self.whole + other.whole)


def _half_up(number: Fraction) -> int:
    return math.floor(abs(number) + Fraction(1, 2)) * (-1 if number < 0 else 1)


@dataclass(frozen=True, slots=True)
class SoldLine:
    """One order line of the cohort. ``value_minor`` is after discounts, for all ``units``."""

    order: str
    units: int
    value_minor: int
    units_returned: int = 0


def order_return_rate(lines: Iterable[SoldLine]) -> Ratio:
    """Orders with a returned unit out of all orders; several returns of one order count once."""
    orders: dict[str, bool] = {}
    for line in lines:
        orders[line.order] = orders.get(line.order, False) or line.units_returned > 0
    return Ratio(sum(orders.values()), len(orders))


def unit_return_rate(lines: Iterable[SoldLine]) -> Ratio:
    """Units returned out of units bought; a line never counts more than was bought on it."""
    total = Ratio(0, 0)
    for line in lines:
        total += Ratio(min(line.units_returned, line.units), line.units)
    return total


def value_return_rate(lines: Iterable[SoldLine]) -> Ratio:
    """Value returned out of value sold, at sale price. The caller keeps to one currency."""
    total = Ratio(0, 0)
    for line in lines:
        back = min(line.units_returned, line.units)
        value = _half_up(Fraction(line.value_minor * back, line.units)) if line.units else 0
        total += Ratio(value, line.value_minor)
    return total


def units_beyond_sold(lines: Iterable[SoldLine]) -> int:
    """Count returned units above what was bought: a fault in the records, shown as such."""
    return sum(max(line.units_returned - line.units, 0) for line in lines)


@dataclass(frozen=True, slots=True)
class ReasonShare:
    reason: str
    count: int
    share: Ratio
    previous: int | None = None

    @property
    def change(self) -> Fraction | None:
        """The relative change against the previous period; None without a figure to compare."""
        return relative_change(self.count, self.previous)


def reason_shares(
    counts: Mapping[str, int], previous: Mapping[str, int] | None = None
) -> list[ReasonShare]:
    """Order reasons by count, then name. Without a reason they stand as ``unknown``.

    Reasons that only the previous period knows are kept with zero, so that the sums agree.
    """
    now, before = _named(counts), _named(previous or {})
    whole = sum(now.values())
    shares = [
        ReasonShare(
            reason,
            now.get(reason, 0),
            Ratio(now.get(reason, 0), whole),
            None if previous is None else before.get(reason, 0),
        )
        for reason in {**now, **before}
    ]
    return sorted(shares, key=lambda share: (-share.count, share.reason))


def _named(counts: Mapping[str, int]) -> dict[str, int]:
    named: dict[str, int] = {}
    for reason, count in counts.items():
        named[reason or "unknown"] = named.get(reason or "unknown", 0) + count
    return named


def relative_change(current: int, previous: int | None) -> Fraction | None:
    """Return the change relative to ``previous``: 1/4 for a quarter more; None without a base."""
    return Fraction(current - previous, previous) if previous else None


def nearest_rank(values: Sequence[float], percent: int) -> float | None:
    """Return the smallest value that ``percent`` of all values do not exceed; None for no values.

    Never interpolates: the answer is always a value that happened.
    """
    if not 0 < percent <= 100:
        raise ValueError("the percentile lies between 1 and 100")
    if not values:
        return None
    return sorted(values)[-(-len(values) * percent // 100) - 1]


@dataclass(frozen=True, slots=True)
class Leg:
    """Start and end of one step of a return; ``end`` is None while it still runs."""

    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class LegSummary:
    """Durations in days. ``still_open`` returns are not in them and would make them longer."""

    count: int
    median: float | None
    p90: float | None
    still_open: int
    impossible: int

    @property
    def provisional(self) -> bool:
        """More than one in ten still run, so the figures will rise."""
        return self.still_open * 10 > self.still_open + self.count


def leg_summary(legs: Iterable[Leg]) -> LegSummary:
    """Sum up one step over many returns: exact durations, whatever the clock change between.

    An end before its start is a fault in the records: left out and counted.
    """
    days: list[float] = []
    still_open = impossible = 0
    for leg in legs:
        if leg.end is None:
            still_open += 1
        elif leg.end < leg.start:
            impossible += 1
        else:
            days.append((leg.end - leg.start) / timedelta(days=1))
    return LegSummary(
        len(days), nearest_rank(days, 50), nearest_rank(days, 90), still_open, impossible
    )


class RefundClass(StrEnum):
    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"
    PENDING = "pending"


def refund_class(refunded_minor: int, claim_minor: int, *, is_closed: bool) -> RefundClass:
    """Tell full from partial: all refunds of a return against what its items were worth.

    One minor unit is forgiven, because cumulative rounding may keep it. Failed refunds do not count
    and are left out by the caller. A bonus above the claim is full.
    """
    if refunded_minor > 0:
        return RefundClass.FULL if refunded_minor >= claim_minor - 1 else RefundClass.PARTIAL
    if not is_closed:
        return RefundClass.PENDING
    return RefundClass.FULL if claim_minor <= 0 else RefundClass.NONE


@dataclass(frozen=True, slots=True)
class RefundSplit:
    """Returns and amounts by class; shares are over closed returns, pending ones stand beside."""

    counts: Mapping[RefundClass, int]
    amounts_minor: Mapping[RefundClass, int]

    def share(self, kind: RefundClass) -> Ratio:
        decided = (RefundClass.FULL, RefundClass.PARTIAL, RefundClass.NONE)
        return Ratio(self.counts[kind], sum(self.counts[entry] for entry in decided))


def refund_split(returns: Iterable[tuple[int, int, bool]]) -> RefundSplit:
    """Sum up ``(refunded_minor, claim_minor, is_closed)`` triples of one currency."""
    counts, amounts = dict.fromkeys(RefundClass, 0), dict.fromkeys(RefundClass, 0)
    for refunded, claim, is_closed in returns:
        kind = refund_class(refunded, claim, is_closed=is_closed)
        counts[kind] += 1
        amounts[kind] += refunded
    return RefundSplit(counts, amounts)


COST_PARTS = ("labels", "handling", "lost_value", "bonuses")
INCOME_PARTS = ("fees_kept", "carrier_claims")


@dataclass(frozen=True, slots=True)
class CostOfReturns:
    """Cost in minor units of one currency. ``missing`` names the parts nobody has figures for."""

    total_minor: int
    parts: Mapping[str, int]
    missing: tuple[str, ...]
    units: int

    @property
    def per_unit_minor(self) -> int | None:
        return _half_up(Fraction(self.total_minor, self.units)) if self.units else None


def cost_of_returns(parts: Mapping[str, int | None], *, units: int) -> CostOfReturns:
    """Add up costs less income. A part that is None or absent is missing, not free.

    An unknown part raises ValueError.
    """
    strange = set(parts) - {*COST_PARTS, *INCOME_PARTS}
    if strange:
        raise ValueError(f"no cost parts: {', '.join(sorted(strange))}")
    known = {name: amount for name, amount in parts.items() if amount is not None}
    total = sum(amount for name, amount in known.items() if name in COST_PARTS)
    total -= sum(amount for name, amount in known.items() if name in INCOME_PARTS)
    missing = tuple(name for name in (*COST_PARTS, *INCOME_PARTS) if name not in known)
    return CostOfReturns(total, known, missing, units)


def week_start(day: date) -> date:
    """Return the Monday of ``day``'s ISO week."""
    return day - timedelta(days=day.weekday())


def weeks_between(first: date, last: date) -> list[date]:
    """Return the Mondays of every week that touches the days ``first`` to ``last``."""
    monday, weeks = week_start(first), []
    while monday <= last:
        weeks.append(monday)
        monday += timedelta(days=7)
    return weeks


def previous_period(first: date, last: date) -> tuple[date, date]:
    """Return the period of equal length that ends the day before ``first``."""
    length = last - first
    return first - length - timedelta(days=1), first - timedelta(days=1)
