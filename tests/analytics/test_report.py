"""Periods, findings and the report's sums over days that are given."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from analytics.findings import Finding, chi_square, strongest_rise
from analytics.metrics import Ratio, reason_shares
from analytics.models import DailyReturnFact, DirtyDay
from analytics.periods import Period, last_days, place_of
from analytics.report import Report, ReportFilters
from analytics.selectors import report
from returns_portal.core.money import Money
from returns_portal.tenancy.models import Merchant

TODAY = date(2026, 11, 21)
MONTH = last_days(30, TODAY)


def test_period_is_compared_with_the_days_just_before_it() -> None:
    assert Period(date(2026, 10, 23), TODAY, 30) == MONTH
    assert MONTH.previous == Period(date(2026, 9, 23), date(2026, 10, 22))
    assert MONTH.previous.length == MONTH.length == 30


@pytest.mark.parametrize(
    ("period", "step", "count", "second"),
    [
        (MONTH, "day", 30, date(2026, 10, 24)),
        (last_days(90, TODAY), "week", 13, date(2026, 8, 31)),
        (last_days(365, TODAY), "month", 13, date(2025, 12, 1)),
        (Period(TODAY, TODAY), "day", 1, None),
    ],
)
def test_buckets_cover_the_period_without_gap_or_overlap(
    period: Period, step: str, count: int, second: date | None
) -> None:
    buckets = period.buckets()

    assert period.step == step
    assert len(buckets) == count
    assert (buckets[0].first, buckets[-1].last) == (period.first, period.last)
    for one, following in zip(buckets, buckets[1:], strict=False):
        assert following.first == one.last + timedelta(days=1)
    if second:
        assert buckets[1].first == second


def test_place_of_finds_the_bucket_of_a_day() -> None:
    buckets = last_days(90, TODAY).buckets()
    starts = [bucket.first for bucket in buckets]

    for place, bucket in enumerate(buckets):
        assert place_of(bucket.first, starts) == place_of(bucket.last, starts) == place


def test_period_label_names_the_years_it_needs() -> None:
    assert MONTH.label == "23 Oct – 21 Nov 2026"
    assert last_days(365, TODAY).label == "22 Nov 2025 – 21 Nov 2026"


def test_chi_square_of_a_known_table() -> None:
    assert chi_square(20, 30, 30, 20) == pytest.approx(4.0)
    assert chi_square(0, 0, 5, 5) == 0


def test_finding_needs_more_than_chance_and_twenty_cases() -> None:
    def found(now: dict[str, int], before: dict[str, int]) -> Finding | None:
        return strongest_rise(reason_shares(now, before))

    assert found({"faulty": 60, "fit": 300}, {"faulty": 20, "fit": 300}) == Finding(
        "faulty", 60, 20
    )
    assert found({"faulty": 24, "fit": 300}, {"faulty": 20, "fit": 300}) is None
    assert found({"faulty": 15, "fit": 10}, {"faulty": 1, "fit": 300}) is None
    assert found({"faulty": 60}, {}) is None
    # All grew alike: no reason stands out.
    assert found({"faulty": 200, "fit": 3000}, {"faulty": 20, "fit": 300}) is None


def put(day: date, **values: object) -> None:
    DailyReturnFact.objects.create(
        **{"day": day, "currency": "EUR", "country": "SE", "reason": ""} | values
    )


@pytest.fixture
def figures(scoped: Merchant) -> None:
    """Ten days ago, forty days ago, and a day in dollars."""
    recent, older = TODAY - timedelta(days=10), TODAY - timedelta(days=40)
    with transaction.atomic():
        put(
            recent, orders=80, orders_returned=8, requested=10, declined=1, cancelled=1, expired=1,
            units=9, refunded_minor=600, credited_minor=100, exchanged_minor=300, ended_full=3,
            ended_partial=1, labels_minor=500, fees_minor=90, refund_minutes=[1440, 2880, 14400],
        )  # fmt: skip
        put(recent, reason="faulty", orders_returned=5, requested=6, units=6)
        put(recent, reason="fit", orders_returned=3, requested=4, units=3)
        put(recent, country="DE", orders=20, orders_returned=1, requested=2, units=2)
        put(older, orders=50, orders_returned=10, requested=12, units=12, refund_minutes=[7200])
        put(recent, currency="USD", orders=500, lost_minor=0, lost_unpriced=2)


def read(period: Period = MONTH, **filters: str) -> Report:
    with transaction.atomic():
        return report(period, ReportFilters(**filters), today=TODAY, currency="EUR")


@pytest.mark.django_db
@pytest.mark.usefixtures("figures")
def test_report_sums_its_period_beside_the_one_before() -> None:
    found = read()

    assert found.currencies == ["EUR", "USD"]
    assert found.now.return_rate == Ratio(9, 100)
    assert found.before.return_rate == Ratio(10, 50)
    assert (found.now["requested"], found.now.counted) == (12, 9)
    assert found.now.retained == Ratio(400, 1000)
    assert found.now.retained_money == Money(400, "EUR")
    assert (found.speed.count, found.speed.median, found.speed.p90) == (3, 2.0, 10.0)
    assert found.speed_before.median == 5.0
    assert sum(step.totals["requested"] for step in found.steps) == 12
    assert sum(totals["requested"] for totals in found.steps_before) == 12
    assert [(one.reason, one.count) for one in found.reasons] == [("faulty", 6), ("fit", 3)]


@pytest.mark.django_db
@pytest.mark.usefixtures("figures")
def test_report_by_country_puts_few_sales_last() -> None:
    rows = read().by_country

    assert [(row.country, row.rate, row.few_sales) for row in rows] == [
        ("SE", Ratio(8, 80), False),
        ("DE", Ratio(1, 20), True),
    ]
    assert rows[0].before == Ratio(10, 50)


@pytest.mark.django_db
@pytest.mark.usefixtures("figures")
def test_report_by_reason_keeps_all_orders_below_the_line() -> None:
    found = read(reason="faulty", country="SE")

    assert found.now.return_rate == Ratio(5, 80)
    assert found.now["requested"] == 6
    assert found.by_country[0].rate == Ratio(5, 80)


@pytest.mark.django_db
@pytest.mark.usefixtures("figures")
def test_cost_says_what_is_missing_instead_of_zero() -> None:
    euro, dollar = read().now.cost, read(currency="USD").now.cost

    assert euro.total_minor == 410
    assert euro.parts == {"labels": 500, "lost_value": 0, "fees_kept": 90}
    assert "lost_value" in dollar.missing
    assert "handling" in euro.missing


@pytest.mark.django_db
@pytest.mark.usefixtures("figures")
def test_step_is_unfinished_while_returns_wait_or_it_runs() -> None:
    with transaction.atomic():
        put(TODAY - timedelta(days=20), requested=3, awaiting_money=1, refund_minutes=[60] * 5)
        put(TODAY - timedelta(days=21), requested=3, awaiting_money=1, refund_minutes=[60] * 9)

    unfinished = {step.bucket.first for step in read().steps if step.unfinished}

    assert unfinished == {TODAY, TODAY - timedelta(days=20)}


@pytest.mark.django_db
@pytest.mark.usefixtures("figures")
def test_report_tells_which_days_are_being_recounted() -> None:
    assert read().recounting == 0
    with transaction.atomic():
        DirtyDay.objects.create(day=TODAY)

    assert read().recounting == 1


@pytest.mark.django_db
def test_report_of_nothing_is_empty_and_divides_by_nothing(scoped: Merchant) -> None:
    found = read()

    assert found.is_empty
    assert found.now.return_rate.fraction is None
    assert found.now.return_rate.percent() == "-"
    assert found.currency == "EUR"


@pytest.mark.django_db
@pytest.mark.parametrize("days", [7, 365])
@pytest.mark.usefixtures("figures")
def test_report_takes_the_same_statements_for_any_period(days: int) -> None:
    with transaction.atomic(), CaptureQueriesContext(connection) as caught:
        report(last_days(days, TODAY), ReportFilters(), today=TODAY, currency="EUR")

    assert len(caught) <= 7, [query["sql"] for query in caught]


def test_details_count_together_with_their_reason_and_apart_in_the_table(
    scoped: Merchant,
) -> None:
    found = replace(
        read(),
        reasons=reason_shares(
            {"small": 3, "large": 2, "faulty": 4, "unknown": 1}, {"small": 1, "fit": 1}
        ),
        reason_parents={"small": "fit", "large": "fit"},
    )

    assert [(one.reason, one.count, one.previous) for one in found.top_reasons] == [
        ("fit", 5, 2), ("faulty", 4, 0), ("unknown", 1, 0),
    ]  # fmt: skip
    assert [one.reason for one in found.reasons] == ["faulty", "small", "large", "unknown", "fit"]
