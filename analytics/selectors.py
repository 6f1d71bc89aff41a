"""Reading the report out of the daily figures: seven statements, whatever the period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Count, ExpressionWrapper, Min, Q, QuerySet, Sum

from analytics.findings import strongest_rise
from analytics.metrics import Ratio, reason_shares
from analytics.models import DailyReturnFact, DirtyDay
from analytics.periods import Bucket, Period, place_of
from analytics.promises import PromiseDays, promise_days
from analytics.report import CountryRow, Report, ReportFilters, Speed, Step, Totals
from returns_portal.core import scope
from returns_portal.core.errors import Conflict
from rma.policy.document import Policy
from rma.policy.live import live_policy

_KEYS = {"id", "merchant", "day", "currency", "country", "reason", "refund_minutes"}
MEASURES = tuple(
    field.name for field in DailyReturnFact._meta.local_fields if field.name not in _KEYS
)
# Of a reason's rows these are empty: what was sold belongs to no reason.
_OF_ANY_REASON = ("orders", "units_sold", "value_sold_minor")
_MINUTES_A_DAY = 24 * 60


def report(period: Period, filters: ReportFilters, *, today: date, currency: str) -> Report:
    """Return the report over ``period``, beside the period before it.

    ``currency`` is the merchant's own: it leads when the filters name none and orders have it.
    """
    policy = _policy()
    rows = _by_country(period, filters)
    currencies = _currencies(rows, currency)
    chosen = filters.currency or currencies[0]
    cells = _Cells(period, filters, chosen)
    daily = cells.daily()
    starts = [bucket.first for bucket in period.buckets()]
    speeds, speed, speed_before = cells.speeds(starts)
    promises = promise_days(period, filters, chosen)
    shares = reason_shares(*cells.reasons())
    window = timedelta(days=policy.window.days) if policy else timedelta()
    open_since = max(today - window, period.first)
    recounting = DirtyDay.objects.aggregate(days=Count("pk"), since=Min("marked_at"))
    return Report(
        period=period,
        filters=filters,
        currency=chosen,
        currencies=currencies if chosen in currencies else [chosen, *currencies],
        countries=sorted({country for _, country in rows if country}),
        now=_total(chosen, daily, period),
        before=_total(chosen, daily, period.previous),
        steps=_steps(period, daily, (speeds, promises), chosen, today),
        steps_before=[
            _total(chosen, daily, Period(bucket.first, bucket.last)) for bucket in _shifted(period)
        ],
        speed=speed,
        speed_before=speed_before,
        promises=promises.between(period.first, period.last),
        promises_before=promises.between(period.previous.first, period.previous.last),
        reasons=shares,
        by_country=_country_rows(rows, chosen),
        finding=strongest_rise(shares),
        open_since=open_since if open_since <= period.last else None,
        recounting=recounting["days"],
        recounting_since=recounting["since"],
        reason_names={one.key: one.full_label() for one in policy.reasons} if policy else {},
        reason_parents={
            one.key: one.parent.key for one in (policy.reasons if policy else ()) if one.parent
        },
    )


def _policy() -> Policy | None:
    try:
        return live_policy()[1]
    except Conflict:
        return None


def _sums(names: Iterable[str]) -> dict[str, Sum]:
    # A column's own name is taken by the model, so that each sum needs another.
    return {f"{name}_": Sum(name) for name in names}


def _is_now(period: Period) -> ExpressionWrapper:
    return ExpressionWrapper(Q(day__gte=period.first), output_field=BooleanField())


_Places = dict[tuple[str, str], dict[bool, dict[str, int]]]


def _by_country(period: Period, filters: ReportFilters) -> _Places:
    """Return orders and orders that came back by (currency, country), now and before."""
    found: _Places = defaultdict(lambda: {True: defaultdict(int), False: defaultdict(int)})
    rows = DailyReturnFact.objects.filter(
        day__range=(period.previous.first, period.last), reason__in={"", filters.reason}
    )
    summed = (
        rows.annotate(is_now=_is_now(period))
        .values("currency", "country", "reason", "is_now")
        .annotate(**_sums(("orders", "orders_returned")))
    )
    for row in summed:
        place = found[row["currency"], row["country"]][row["is_now"]]
        if not row["reason"]:
            place["orders"] += row["orders_"]
        if row["reason"] == filters.reason:
            place["back"] += row["orders_returned_"]
    return found


def _currencies(rows: _Places, own: str) -> list[str]:
    """Return the currencies of the period by their orders; the merchant's own leads."""
    orders: dict[str, int] = defaultdict(int)
    for (currency, _), places in rows.items():
        orders[currency] += sum(place["orders"] for place in places.values())
    return sorted(orders, key=lambda code: (code != own, -orders[code], code)) or [own]


def _country_rows(rows: _Places, currency: str) -> list[CountryRow]:
    """Return the countries by their rate, those with few sales last."""
    found = [
        CountryRow(
            country,
            Ratio(places[True]["back"], places[True]["orders"]),
            Ratio(places[False]["back"], places[False]["orders"]),
        )
        for (code, country), places in rows.items()
        if code == currency and places[True]["orders"]
    ]
    return sorted(found, key=lambda row: (row.few_sales, -(row.rate.fraction or 0), row.country))


@dataclass(frozen=True, slots=True)
class _Cells:
    """The daily figures that a report is about, of its period and the one before."""

    period: Period
    filters: ReportFilters
    currency: str

    def rows(self) -> QuerySet[DailyReturnFact]:
        rows = DailyReturnFact.objects.filter(
            day__range=(self.period.previous.first, self.period.last), currency=self.currency
        )
        return rows.filter(country=self.filters.country) if self.filters.country else rows

    def daily(self) -> dict[date, dict[str, int]]:
        """Return the sums of each day."""
        days: dict[date, dict[str, int]] = {}
        rows = self.rows().filter(reason__in={"", self.filters.reason})
        summed: Iterable[Any] = rows.values("day", "reason").annotate(**_sums(MEASURES))
        for row in summed:
            day = days.setdefault(row["day"], {})
            wanted = [
                name
                for name in MEASURES
                if row["reason"] == ("" if name in _OF_ANY_REASON else self.filters.reason)
            ]
            day.update({name: row[f"{name}_"] for name in wanted})
        return days

    def reasons(self) -> tuple[dict[str, int], dict[str, int]]:
        """Return the units by reason of this period and of the one before."""
        now: dict[str, int] = {}
        before: dict[str, int] = {}
        rows = self.rows().exclude(reason="").annotate(is_now=_is_now(self.period))
        for row in rows.values("reason", "is_now").annotate(units_=Sum("units")):
            if row["units_"]:
                (now if row["is_now"] else before)[row["reason"]] = row["units_"]
        return now, before

    def speeds(self, starts: Sequence[date]) -> tuple[list[Speed], Speed, Speed]:
        """Return median and ninth decile of the days to refund: of each span from ``starts``, of
        the period, and of the period before."""
        values: dict[str, Any] = {
            "merchant": scope.current_merchant_id(),
            "starts": list(starts),
            "first": self.period.first,
            "before": self.period.previous.first,
            "last": self.period.last,
            "currency": self.currency,
            "country": self.filters.country,
            "reason": self.filters.reason,
        }
        spans, totals = [Speed()] * len(starts), {True: Speed(), False: Speed()}
        with connection.cursor() as cursor:
            cursor.execute(_SPEEDS, values)
            for place, is_now, count, (median, p90) in cursor.fetchall():
                speed = Speed(count, median / _MINUTES_A_DAY, p90 / _MINUTES_A_DAY)
                if place is None:
                    totals[is_now] = speed
                elif place:
                    spans[place - 1] = speed
        return spans, totals[True], totals[False]


# percentile_disc is the nearest rank: always a duration that happened. Place 0 lies before the
# period.
_SPEEDS = """
SELECT place, is_now, count(*),
    percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY minutes)
FROM (
    SELECT width_bucket(f.day, %(starts)s::date[]) AS place, f.day >= %(first)s AS is_now,
        unnest(f.refund_minutes) AS minutes
    FROM analytics_dailyreturnfact f
    WHERE f.merchant_id = %(merchant)s AND f.reason = %(reason)s AND f.currency = %(currency)s
        AND f.day BETWEEN %(before)s AND %(last)s
        AND (%(country)s = '' OR f.country = %(country)s)
) AS took
GROUP BY GROUPING SETS ((place), (is_now))
"""


def _total(currency: str, daily: Mapping[date, Mapping[str, int]], period: Period) -> Totals:
    sums: dict[str, int] = defaultdict(int)
    for day, values in daily.items():
        if period.first <= day <= period.last:
            for name, value in values.items():
                sums[name] += value
    return Totals(currency, dict(sums))


def _steps(
    period: Period,
    daily: Mapping[date, Mapping[str, int]],
    measured: tuple[Sequence[Speed], PromiseDays],
    currency: str,
    today: date,
) -> list[Step]:
    speeds, promises = measured
    buckets = period.buckets()
    starts = [bucket.first for bucket in buckets]
    sums: list[dict[str, int]] = [defaultdict(int) for _ in buckets]
    for day, values in daily.items():
        if period.first <= day <= period.last:
            for name, value in values.items():
                sums[place_of(day, starts)][name] += value
    return [
        Step(
            bucket,
            Totals(currency, dict(step)),
            speed,
            # More than one in ten still waits for money, or the step is not over.
            bucket.last >= today
            or step["awaiting_money"] * 10 > step["awaiting_money"] + speed.count,
            promises.between(bucket.first, bucket.last),
        )
        for bucket, step, speed in zip(buckets, sums, speeds, strict=True)
    ]


def _shifted(period: Period) -> list[Bucket]:
    """Return the buckets moved into the previous period, so that the two can be laid over."""
    back = timedelta(days=period.length)
    return [
        Bucket(bucket.first - back, bucket.last - back, bucket.label) for bucket in period.buckets()
    ]
