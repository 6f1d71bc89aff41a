"""What was promised at purchase: never shortened, perhaps lengthened, always explained."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rma.policy.days import end_of_day
from rma.policy.document import Policy
from rma.policy.engine import evaluate, offer, replay, snapshot
from rma.policy.promising import promised_windows
from rma.policy.types import LineFacts, OrderFacts, Result, RuleSpoken, Verdict, from_json, to_json
from rma.policy.windows import Granted, Promised, Window
from rma.rehearsal.comparing import rehearse
from tests.rma.policy.builders import NOW, ask, line, order, policy, request
from tests.rma.policy.test_own_rules import do, rule, when
from tests.rma.rehearsal.past import past

BOUGHT = date(2026, 11, 2)


def sold(days: int = 30, version: int = 3, **changes: Any) -> Promised:
    window = Window(days, 730, 2, 5, 10)
    return Promised(version, BOUGHT, replace(window, **changes))


def under(rules: Policy, promised: Promised | None, **changes: Any) -> RuleSpoken:
    """Return what the window says of a sweater delivered on 6 November, on the 19th."""
    facts = order(line(promised=promised, **changes))
    decided = evaluate(facts, request(), rules)
    return next(one for one in decided.rules_spoken if one.key == "window")


def promise_of(rules: Policy, facts: LineFacts | None = None, **changes: Any) -> Promised:
    """Return what ``rules`` promise for one line on the day it is bought."""
    return promised_windows(rules, order(facts or line(), **changes), BOUGHT)["line-1"]


def test_stricter_policy_keeps_what_was_promised_and_says_so() -> None:
    said = under(policy(window__days=5, window__grace_days=0), sold(30))

    assert said.result is Result.PASS
    assert said.sentence == "Open until 6 Dec"
    assert said.staff == (
        "30 days from 6 Nov (delivered), until 6 Dec, as v3 promised on 2 Nov. "
        "v14 alone: until 11 Nov."
    )
    assert (said.facts["promised_by"], said.facts["promised_on"]) == (3, "2026-11-02")
    assert (said.facts["days"], said.facts["policy_until"]) == (30, "2026-11-11")


def test_stricter_policy_without_a_promise_closes_as_before() -> None:
    said = under(policy(window__days=5, window__grace_days=0), None)

    assert said.result is Result.REFUSE
    assert said.staff == "5 days from 6 Nov (delivered), ended 11 Nov."
    assert "promised_by" not in said.facts


def test_more_generous_policy_lengthens_and_mentions_no_promise() -> None:
    said = under(policy(window__days=60), sold(30))

    assert said.staff == "60 days from 6 Nov (delivered), until 5 Jan 2027."
    assert "promised_by" not in said.facts


def test_equal_windows_are_those_of_the_policy() -> None:
    assert under(policy(), sold(30)) == under(policy(), None)


def test_promise_that_is_over_too_is_refused_with_its_own_days() -> None:
    said = under(policy(window__days=5), sold(10, grace_days=0))

    assert said.result is Result.REFUSE
    assert said.sentence == "Returns were open for 10 days after delivery, until 16 November"
    assert said.staff == (
        "10 days from 6 Nov (delivered), ended 16 Nov, as v3 promised on 2 Nov. "
        "v14 alone: until 11 Nov."
    )


def test_grace_that_was_promised_holds_under_a_longer_policy_without_any() -> None:
    said = under(policy(window__days=12, window__grace_days=0), sold(11, grace_days=2))

    assert said.result is Result.PASS
    assert (said.facts["until"], said.facts["last"]) == ("2026-11-18", "2026-11-19")
    assert "in the days of grace" in said.staff


def test_fallback_that_was_promised_holds_where_the_policy_has_none() -> None:
    strict = policy(window__fulfilled_fallback_days=None, window__ordered_fallback_days=None)

    said = under(strict, sold(30), delivered_at=None)

    assert said.result is Result.PASS
    assert said.staff == "30 days from 8 Nov (fulfilled), until 8 Dec, as v3 promised on 2 Nov."
    assert said.facts["policy_until"] is None


def test_faults_are_held_to_their_own_promise() -> None:
    facts = order(
        line(
            promised=sold(30, fault_days=730),
            delivered_at=datetime(2026, 1, 10, 12, tzinfo=UTC),
        )
    )
    asked = request(ask(reason="faulty", photos=1))

    decided = evaluate(facts, asked, policy(window__fault_days=60))

    assert decided.lines[0].until == date(2028, 1, 10)
    assert evaluate(facts, request(), policy(window__fault_days=60)).verdict is Verdict.REFUSE


@pytest.mark.parametrize("zone", ["Europe/Dublin", "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize("days", [1, 30, 200])
def test_promise_ends_with_the_local_day_across_clock_changes(zone: str, days: int) -> None:
    # Clocks change in all three places within 200 days.
    delivered = datetime(2026, 9, 20, 15, 30, tzinfo=UTC)
    strict = policy(window__days=0, window__grace_days=0)
    sweater = line(delivered_at=delivered, promised=sold(days, grace_days=0))
    facts = order(sweater, time_zone=zone, now=delivered)
    last_day = delivered.astimezone(ZoneInfo(zone)).date() + timedelta(days=days)
    midnight = end_of_day(last_day, zone)

    def at(moment: datetime) -> Verdict:
        return offer(replace(facts, now=moment), strict).lines[0].verdict

    assert offer(facts, strict).lines[0].until == last_day
    assert at(midnight - timedelta(seconds=1)) is Verdict.ALLOW
    assert at(midnight) is Verdict.REFUSE


@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 400), st.integers(0, 9))
def test_no_later_policy_shortens_a_promise(
    promised: int, policy_days: int, passed: int, grace: int
) -> None:
    facts = line(promised=sold(promised, grace_days=grace), delivered_at=NOW)
    rules = policy(window__days=policy_days, window__grace_days=0)
    today = NOW + timedelta(days=passed)

    allowed = offer(order(facts, now=today), rules).lines[0].verdict is Verdict.ALLOW

    assert allowed is (passed <= max(promised + grace, policy_days))


def test_promise_of_rules_is_what_they_say_of_the_goods_as_bought() -> None:
    shoes = rule(when("item.type", "is_one_of", ["shoes"]), do("set_window", 60))
    holiday = rule(
        when("order.placed_on", "between", ["2026-11-01", "2026-12-24"]),
        do("extend_until", "2027-01-31"),
        key="holiday",
    )
    rules = policy(version=3, rules=[shoes, holiday])

    assert promise_of(rules, line(product_type="Shoes")) == Promised(
        3, BOUGHT, Window(60, 730, 2, 5, 10, date(2027, 1, 31))
    )
    assert promise_of(rules).window.days == 30


def test_promise_of_rules_is_kept_when_a_later_version_drops_them() -> None:
    holiday = rule(None, do("extend_until", "2027-01-31"))
    promised = promise_of(policy(version=3, rules=[holiday]))

    said = under(policy(version=4, window__days=7), promised)

    assert said.facts["until"] == "2027-01-31"
    assert said.staff.endswith(
        "until 31 Jan 2027, as v3 promised on 2 Nov. v4 alone: until 13 Nov."
    )


def test_rule_about_the_request_promises_no_more_than_it_may_leave() -> None:
    frequent = rule(when("customer.returns_90", "at_least", 5), do("set_window", 7))
    sunday = rule(
        when("request.weekday", "is_one_of", ["sunday"]), do("set_window", 90), key="sunday"
    )
    rules = policy(version=3, rules=[frequent, sunday])

    assert promise_of(rules).window.days == 7
    assert promise_of(policy(version=3, rules=[sunday])).window.days == 30


def test_rule_about_a_reason_is_promised_to_that_reason_only() -> None:
    small = rule(when("asked.reason", "is_one_of", ["too_small"]), do("set_window", 90))
    promised = promise_of(policy(version=3, rules=[small]))
    strict = policy(version=4, window__days=5, window__grace_days=0)
    facts = order(line(promised=promised, delivered_at=datetime(2026, 10, 1, tzinfo=UTC)))

    found = offer(facts, strict).lines[0]
    decided = evaluate(facts, request(ask(reason="too_small")), strict)
    other = evaluate(facts, request(ask(reason="too_large")), strict)

    assert promised.window.days == 30
    assert [one.reason for one in promised.reasons] == ["too_small"]
    assert "too_small" in found.reasons
    assert "too_large" not in found.reasons
    assert (decided.verdict, decided.lines[0].until) == (Verdict.ALLOW, date(2026, 12, 30))
    assert other.verdict is Verdict.REFUSE


def test_rule_in_another_currency_promises_nothing_for_an_amount() -> None:
    dear = rule(when("item.price", "over", 5000), do("set_window", 90))

    assert promise_of(policy(version=3, rules=[dear])).window.days == 90
    assert promise_of(policy(version=3, rules=[dear]), currency="SEK").window.days == 30


def test_promise_survives_storage_and_replay() -> None:
    small = rule(when("asked.reason", "is_one_of", ["too_small"]), do("set_window", 90))
    facts = order(line(promised=promise_of(policy(version=3, rules=[small]))))
    strict = policy(version=4, window__days=5)
    decided = evaluate(facts, request(), strict)

    assert from_json(OrderFacts, to_json(facts)) == facts
    assert replay(snapshot(facts, request(), decided), strict) == decided


def test_rehearsal_takes_the_place_of_the_version_that_decided() -> None:
    own, older = order(line(promised=sold(30, version=14))), order(line(promised=sold(30)))
    strict = policy(version=15, window__days=5, window__grace_days=0)

    assert rehearse(past(ordered=own), policy()).changed == ()
    assert rehearse(past(ordered=own), strict).after.verdict is Verdict.REFUSE
    assert rehearse(past(ordered=older), strict).changed == ()


ILL = Granted(date(2026, 12, 12), "Mara", "She was in hospital.")


def test_granted_day_holds_and_says_who_gave_it_and_why() -> None:
    facts = order(line(granted=ILL))

    decided = evaluate(facts, request(), policy(window__days=5))

    said = next(one for one in decided.rules_spoken if one.key == "window")
    assert decided.lines[0].sentence == "Refund, credit or exchange until 12 Dec"
    assert said.sentence == "Open until 12 Dec"
    assert said.staff == (
        "Granted by Mara until 12 December: She was in hospital. "
        "Otherwise 5 days from 6 Nov (delivered), until 11 Nov."
    )
    assert (said.facts["granted_by"], said.facts["granted_until"]) == ("Mara", "2026-12-12")
    assert "She was in hospital" not in decided.lines[0].sentence


def test_granted_day_that_is_over_is_named_to_shopper_and_staff() -> None:
    facts = order(
        line(granted=replace(ILL, until=date(2026, 11, 16))),
    )
    offered = offer(facts, policy(window__days=5)).lines[0]

    assert offered.sentence == (
        "Returns were open until 16 November. If it's faulty, you can still report a fault"
    )
    assert offered.staff.startswith("Granted by Mara until 16 November, over by now: ")


def test_granted_day_before_the_policys_own_changes_nothing() -> None:
    early = replace(ILL, until=date(2026, 11, 20))

    assert under(policy(), None, granted=early) == under(policy(), None)


def test_granted_day_is_later_than_a_promise() -> None:
    said = under(policy(window__days=5), sold(30), granted=ILL)

    assert said.facts["until"] == "2026-12-12"
    assert said.staff.endswith("Otherwise 30 days from 6 Nov (delivered), until 6 Dec.")


def test_granted_day_opens_what_has_no_date_to_count_from() -> None:
    nothing = policy(window__fulfilled_fallback_days=None, window__ordered_fallback_days=None)

    said = under(nothing, None, delivered_at=None, granted=ILL)

    assert said.result is Result.PASS
    assert said.staff == "Granted by Mara until 12 December: She was in hospital."


def test_granted_day_opens_no_final_sale() -> None:
    facts = order(line(granted=ILL, final_sale=True))

    assert evaluate(facts, request(), policy()).lines[0].rule_key == "final_sale"


def test_granted_day_survives_storage_replay_and_rehearsal() -> None:
    facts, strict = order(line(granted=ILL)), policy(window__days=5)
    decided = evaluate(facts, request(), strict)

    assert from_json(OrderFacts, to_json(facts)) == facts
    assert replay(snapshot(facts, request(), decided), strict) == decided
    assert rehearse(past(ordered=facts), policy(version=15, window__days=1)).changed == ()
