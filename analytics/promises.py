"""How often a refund went out by the day the shopper was told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Q

from analytics.metrics import Ratio
from analytics.periods import Period
from analytics.report import ReportFilters
from rma.models import Promise, ReturnLine

Step = Promise.Step


@dataclass(frozen=True, slots=True)
class PromiseDays:
    """Promises that fell due, by day: how many were kept, and how many there were."""

    by_day: Mapping[date, Ratio]

    def between(self, first: date, last: date) -> Ratio:
        """Return kept out of made over the days from ``first`` to ``last``, both included."""
        days = [one for day, one in self.by_day.items() if first <= day <= last]
        return Ratio(sum(one.part for one in days), sum(one.whole for one in days))


def promise_days(period: Period, filters: ReportFilters, currency: str) -> PromiseDays:
    """Read the promises of ``period`` and of the one before. One statement, along an index.

    A promise counts on its last promised day, once it was kept or missed.
    """
    rows = Promise.objects.filter(
        step__in=(Step.KEPT, Step.MISSED),
        promised_on__range=(period.previous.first, period.last),
        rma__currency=currency,
    )
    if filters.country:
        rows = rows.filter(rma__order__country=filters.country)
    if filters.reason:
        named = ReturnLine.objects.filter(reason=filters.reason)
        rows = rows.filter(rma__in=named.values("rma_id"))
    counted: Any = rows.values("promised_on").annotate(
        kept=Count("pk", filter=Q(step=Step.KEPT)), made=Count("pk")
    )
    return PromiseDays({row["promised_on"]: Ratio(row["kept"], row["made"]) for row in counted})
