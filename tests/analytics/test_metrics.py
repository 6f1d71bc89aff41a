from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import metrics
from analytics.metrics import Leg, Ratio, RefundClass, SoldLine

LINES = [
    SoldLine("a", 2, 10000, 1),
    SoldLine("a", 1, 5000),
    SoldLine("b", 3, 1000, 4),
    SoldLine("c", 1, 8000),
    SoldLine("d", 0, 0),
]


def test_order_return_rate_counts_an_order_once() -> None:
    assert metrics.order_return_rate(LINES) == Ratio(2, 4)
    assert metrics.order_return_rate(LINES * 2) == Ratio(2, 4)


def test_unit_return_rate_never_passes_what_was_bought() -> None:
    assert metrics.unit_return_rate(LINES) == Ratio(4, 7)
    assert metrics.units_beyond_sold(LINES) == 1


def test_value_return_rate_takes_the_returned_share_of_the_price() -> None:
    assert metrics.value_return_rate(LINES) == Ratio(6000, 24000)
    assert metrics.value_return_rate([SoldLine("e", 3, 1000, 1)]) == Ratio(333, 1000)


@pytest.mark.parametrize(
    ("status", "counted"),
    [("requested", True), ("open", True), ("closed", True), ("declined", False),
     ("cancelled", False), ("expired", False)],
)  # fmt: skip
def test_is_counted_leaves_out_what_never_became_a_return(status: str, counted: bool) -> None:
    assert metrics.is_counted(status) is counted


@pytest.mark.parametrize(
    ("ratio", "places", "text"),
    [
        (Ratio(1, 7), 1, "14.3%"),
        (Ratio(1, 8), 1, "12.5%"),
        (Ratio(1, 8), 0, "13%"),
        (Ratio(5, 4), 2, "125.00%"),
        (Ratio(-1, 8), 1, "-12.5%"),
        (Ratio(0, 5), 1, "0.0%"),
        (Ratio(0, 0), 1, "-"),
        (Ratio(3, 0), 1, "-"),
    ],
)
def test_ratio_percent_rounds_half_up_and_never_divides_by_zero(
    ratio: Ratio, places: int, text: str
) -> None:
    assert ratio.percent(places) == text


def test_ratio_sum_is_recomputed_not_averaged() -> None:
    assert Ratio(1, 2) + Ratio(0, 8) == Ratio(1, 10)


def test_reason_shares_order_names_and_compare() -> None:
    shares = metrics.reason_shares(
        {"fit": 3, "": 1, "unknown": 1, "late": 3}, {"fit": 2, "faulty": 5}
    )

    assert [(share.reason, share.count, share.previous) for share in shares] == [
        ("fit", 3, 2),
        ("late", 3, 0),
        ("unknown", 2, 0),
        ("faulty", 0, 5),
    ]
    assert shares[0].share == Ratio(3, 8)
    assert shares[0].change == Fraction(1, 2)
    assert shares[1].change is None
    assert metrics.reason_shares({"fit": 1})[0].previous is None
    assert metrics.reason_shares({}) == []


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 100)))
def test_reason_shares_add_up_to_the_whole(counts: dict[str, int]) -> None:
    shares = metrics.reason_shares(counts)

    assert sum(share.count for share in shares) == sum(counts.values())


@given(st.lists(st.integers(0, 1000), min_size=1), st.integers(1, 100))
def test_nearest_rank_is_the_smallest_value_that_covers_the_share(
    values: list[int], percent: int
) -> None:
    found = metrics.nearest_rank(values, percent)

    assert found in values
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert sum(value < found for value in values) * 100 < percent * len(values)


def test_nearest_rank_of_nothing_is_nothing() -> None:
    assert metrics.nearest_rank([], 50) is None
    with pytest.raises(ValueError, match="between 1 and 100"):
        metrics.nearest_rank([1], 0)


def test_leg_summary_uses_absolute_time_over_a_clock_change() -> None:
    dublin = ZoneInfo("Europe/Dublin")
    start = datetime(2026, 10, 24, 12, tzinfo=dublin).astimezone(UTC)
    end = datetime(2026, 10, 25, 12, tzinfo=dublin).astimezone(UTC)

    assert metrics.leg_summary([Leg(start, end)]).median == pytest.approx(25 / 24)


def test_leg_summary_counts_open_and_impossible_ones_apart() -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    legs = [Leg(start, start + timedelta(days=days)) for days in range(10)]

    summary = metrics.leg_summary([*legs, Leg(start, None), Leg(start, start - timedelta(1))])

    assert (summary.count, summary.median, summary.p90) == (10, 4.0, 8.0)
    assert (summary.still_open, summary.impossible) == (1, 1)
    assert not summary.provisional
    assert metrics.leg_summary([*legs[:8], Leg(start, None)]).provisional


@pytest.mark.parametrize(
    ("refunded", "claim", "is_closed", "kind"),
    [
        (11700, 11700, True, "full"),
        (11699, 11700, True, "full"),
        (11698, 11700, True, "partial"),
        (12000, 11700, False, "full"),
        (1, 11700, False, "partial"),
        (0, 11700, True, "none"),
        (0, 11700, False, "pending"),
        (0, 0, True, "full"),
    ],
)
def test_refund_class_compares_with_the_claim(
    refunded: int, claim: int, is_closed: bool, kind: str
) -> None:
    assert metrics.refund_class(refunded, claim, is_closed=is_closed) == kind


def test_refund_split_shares_leave_pending_ones_out() -> None:
    split = metrics.refund_split(
        [(100, 100, True), (50, 100, True), (0, 100, False), (0, 100, True), (100, 100, True)]
    )

    assert split.counts == {"full": 2, "partial": 1, "none": 1, "pending": 1}
    assert split.amounts_minor[RefundClass.FULL] == 200
    assert split.share(RefundClass.FULL) == Ratio(2, 4)


def test_cost_of_returns_adds_costs_takes_off_income_and_lists_what_is_missing() -> None:
    cost = metrics.cost_of_returns(
        {"labels": 900, "lost_value": 301, "fees_kept": 495, "handling": None}, units=4
    )

    assert cost.total_minor == 706
    assert cost.per_unit_minor == 177
    assert cost.missing == ("handling", "bonuses", "carrier_claims")
    assert metrics.cost_of_returns({}, units=0).per_unit_minor is None
    with pytest.raises(ValueError, match="coffee"):
        metrics.cost_of_returns({"coffee": 1}, units=1)


def test_relative_change_needs_a_base() -> None:
    assert metrics.relative_change(5, 4) == Fraction(1, 4)
    assert metrics.relative_change(5, 0) is None
    assert metrics.relative_change(5, None) is None


def test_weeks_begin_on_monday_and_periods_touch() -> None:
    assert metrics.weeks_between(date(2026, 11, 15), date(2026, 11, 17)) == [
        date(2026, 11, 9),
        date(2026, 11, 16),
    ]
    assert metrics.previous_period(date(2026, 11, 1), date(2026, 11, 30)) == (
        date(2026, 10, 2),
        date(2026, 10, 31),
    )


def test_definitions_have_stable_keys_and_a_meaning() -> None:
    assert len(metrics.DEFINITIONS) == 9
    assert all(entry.meaning.endswith(".") for entry in metrics.DEFINITIONS.values())
