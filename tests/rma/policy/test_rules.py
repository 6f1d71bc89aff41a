from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rma.policy.days import end_of_day, last_day, local_day
from rma.policy.rules import Case, opening_for, window
from rma.policy.types import Result
from tests.rma.policy.builders import line, order, policy

ZONES = sorted(available_timezones() - {"localtime", "Factory"})
days = st.dates(date(1995, 1, 1), date(2035, 12, 31))
instants = st.datetimes(datetime(1995, 1, 1), datetime(2035, 12, 31), timezones=st.just(UTC))


@given(instants, days, st.sampled_from(ZONES))
def test_day_and_instant_agree_in_every_zone(now: datetime, day: date, zone: str) -> None:
    assert (local_day(now, zone) <= day) == (now < end_of_day(day, zone))


@given(instants, st.sampled_from(ZONES))
def test_last_day_undoes_end_of_day_in_every_zone(now: datetime, zone: str) -> None:
    day = local_day(now, zone)

    assert last_day(end_of_day(day, zone), zone) == day


@given(st.sampled_from(ZONES), instants, st.integers(0, 800))
def test_window_is_open_to_the_last_second_of_the_last_local_day(
    zone: str, delivered: datetime, length: int
) -> None:
    rules = policy(window__days=length, window__grace_days=0, window__fault_days=800)
    last = local_day(delivered, zone) + timedelta(days=length)
    closing = end_of_day(last, zone)

    def result(now: datetime) -> Result:
        facts = order(line(delivered_at=delivered), now=now, time_zone=zone)
        return window(Case(facts, rules, facts.lines[0], fault=False)).result

    assert result(closing - timedelta(microseconds=1)) is Result.PASS
    assert result(closing) is Result.REFUSE


@pytest.mark.parametrize(
    ("zone", "day", "closing"),
    [
        # Dublin leaves summer time on 25 October 2026: a day of 25 hours.
        ("Europe/Dublin", date(2026, 10, 25), "2026-10-26T00:00:00+00:00"),
        ("Europe/Dublin", date(2026, 10, 24), "2026-10-24T23:00:00+00:00"),
        # New York enters it on 8 March 2026: a day of 23 hours.
        ("America/New_York", date(2026, 3, 7), "2026-03-08T05:00:00+00:00"),
        ("America/New_York", date(2026, 3, 8), "2026-03-09T04:00:00+00:00"),
        # Midnight did not exist in Sao Paulo on 4 November 2018.
        ("America/Sao_Paulo", date(2018, 11, 3), "2018-11-04T03:00:00+00:00"),
        # Half an hour of summer time on Lord Howe.
        ("Australia/Lord_Howe", date(2026, 4, 5), "2026-04-05T13:30:00+00:00"),
        # Samoa skipped 30 December 2011 altogether.
        ("Pacific/Apia", date(2011, 12, 29), "2011-12-30T10:00:00+00:00"),
    ],
)
def test_end_of_day_on_odd_days(zone: str, day: date, closing: str) -> None:
    assert end_of_day(day, zone) == datetime.fromisoformat(closing)


def test_window_delivery_just_before_midnight_belongs_to_the_local_day() -> None:
    late_evening = datetime(2026, 11, 6, 23, 30, tzinfo=ZoneInfo("America/New_York"))
    facts = order(line(delivered_at=late_evening), time_zone="America/New_York")

    found = opening_for(Case(facts, policy(), facts.lines[0], fault=False))

    assert found is not None
    assert (found.span.start, found.span.until, found.span.last) == (
        date(2026, 11, 6),
        date(2026, 12, 6),
        date(2026, 12, 8),
    )


def test_window_in_the_days_of_grace_shows_the_real_deadline() -> None:
    facts = order(line(delivered_at=datetime(2026, 10, 18, 12, tzinfo=UTC)))

    spoken = window(Case(facts, policy(), facts.lines[0], fault=False))

    assert spoken.result is Result.PASS
    assert spoken.facts["until"] == "2026-11-17"
    assert spoken.facts["last"] == "2026-11-19"
    assert "in the days of grace" in spoken.staff


def test_local_day_refuses_an_instant_without_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        local_day(datetime(2026, 11, 6, 12, 0), "UTC")
