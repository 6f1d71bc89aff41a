"""The right of withdrawal as a table of cases, and its clock over all days there are."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from returns_portal.core.errors import InvalidInput
from rma.policy.document import default_policy, parse_policy
from rma.policy.engine import evaluate, offer, replay, snapshot
from rma.policy.model import WITHDRAWAL
from rma.policy.types import Claim, RequestFacts, Result, Verdict
from rma.policy.withdrawal import LineRight, withdrawal_right
from rma.policy.withdrawal_law import COUNTRIES, period_after
from rma.policy.withdrawal_terms import STATUTORY, Exempt, Terms
from tests.rma.policy.builders import ask, line, order, policy
from tests.rma.policy.test_own_rules import do, rule

CHRISTMAS = frozenset({date(2026, 12, 25), date(2026, 12, 26), date(2027, 1, 1)})
CUSTOM = Terms(exempt=(Exempt("made_to_order", frozenset({"engraved"}), frozenset()),))
SEALED = Terms(exempt=(Exempt("hygiene_seal", frozenset(), frozenset({"earrings"})),))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def case(
    delivered: str | None = "2026-11-06 12:00",
    now: str = "2026-11-19 10:00",
    *,
    country: str = "IE",
    zone: str = "Europe/Dublin",
    terms: Terms = STATUTORY,
    **changes: Any,
) -> tuple[LineRight, ...]:
    """Return the right of the default sweater, delivered and looked at when told (UTC)."""
    facts = line(delivered_at=utc(delivered) if delivered else None, **changes)
    placed = order(facts, country=country, time_zone=zone, now=utc(now))
    return withdrawal_right(placed, terms)


CASES: dict[str, tuple[dict[str, Any], str, str | None]] = {
    # A Friday: fourteen days on is a Friday, through its last minute in the merchant's zone.
    "within": ({}, "open", "2026-11-20"),
    "last minute": ({"now": "2026-11-20 23:59"}, "open", "2026-11-20"),
    "late by a minute": ({"now": "2026-11-21 00:00"}, "closed", "2026-11-20"),
    "late by a year": ({"now": "2027-11-21 00:00"}, "closed", "2026-11-20"),
    "on the day of delivery": ({"now": "2026-11-06 13:00"}, "open", "2026-11-20"),
    # The end moves to a working day, never the start.
    "ends on Saturday": ({"delivered": "2026-11-07 12:00"}, "open", "2026-11-23"),
    "ends on Sunday": ({"delivered": "2026-11-08 12:00"}, "open", "2026-11-23"),
    "Monday after a weekend": (
        {"delivered": "2026-11-07 12:00", "now": "2026-11-23 23:59"}, "open", "2026-11-23",
    ),
    "Tuesday after a weekend": (
        {"delivered": "2026-11-07 12:00", "now": "2026-11-24 00:00"}, "closed", "2026-11-23",
    ),
    "Christmas and the weekend": (
        {"delivered": "2026-12-11 12:00", "now": "2026-12-28 23:00",
         "terms": Terms(holidays=CHRISTMAS)}, "open", "2026-12-28",
    ),
    "after Christmas": (
        {"delivered": "2026-12-11 12:00", "now": "2026-12-29 00:00",
         "terms": Terms(holidays=CHRISTMAS)}, "closed", "2026-12-28",
    ),
    "Christmas not told": (
        {"delivered": "2026-12-11 12:00", "now": "2026-12-26 10:00"}, "closed", "2026-12-25",
    ),
    "New Year": (
        {"delivered": "2026-12-18 12:00", "now": "2027-01-04 12:00",
         "terms": Terms(holidays=CHRISTMAS)}, "open", "2027-01-04",
    ),
    # The clocks go back on 25 October, forward on 29 March; delivered after midnight local.
    "autumn, last minute": (
        {"delivered": "2026-10-14 23:30", "now": "2026-10-29 23:59"}, "open", "2026-10-29",
    ),
    "autumn, over": (
        {"delivered": "2026-10-14 23:30", "now": "2026-10-30 00:00"}, "closed", "2026-10-29",
    ),
    "spring, last minute": (
        {"delivered": "2026-03-16 12:00", "now": "2026-03-30 22:59"}, "open", "2026-03-30",
    ),
    "spring, over": (
        {"delivered": "2026-03-16 12:00", "now": "2026-03-30 23:00"}, "closed", "2026-03-30",
    ),
    "the merchant's zone is ahead": (
        {"zone": "Europe/Helsinki", "now": "2026-11-20 22:00"}, "closed", "2026-11-20",
    ),
    # Countries.
    "Germany": ({"country": "DE"}, "open", "2026-11-20"),
    "in small letters": ({"country": "fr"}, "open", "2026-11-20"),
    "Norway, of the EEA": ({"country": "NO"}, "open", "2026-11-20"),
    "Åland": ({"country": "AX"}, "open", "2026-11-20"),
    "Switzerland": ({"country": "CH"}, "closed", "2026-11-20"),
    "United Kingdom": ({"country": "GB"}, "closed", "2026-11-20"),
    "United States": ({"country": "US"}, "closed", "2026-11-20"),
    "no country": ({"country": ""}, "unclear", "2026-11-20"),
    # What no policy can close.
    "final sale": ({"final_sale": True}, "open", "2026-11-20"),
    "tagged as final sale": ({"tags": ("final-sale", "no-return")}, "open", "2026-11-20"),
    # Article 16.
    "engraved": ({"tags": ("Engraved",), "terms": CUSTOM}, "exempt", "2026-11-20"),
    "engraved, not declared": ({"tags": ("engraved",)}, "open", "2026-11-20"),
    "sealed, only once unsealed": (
        {"product_type": "Earrings", "terms": SEALED}, "open", "2026-11-20",
    ),
    "gift card": ({"gift_card": True}, "unclear", None),
    # Goods that are awaited: the days do not run, and after a while a person looks.
    "not known to have arrived": ({"delivered": None}, "open", None),
    "not sent": (
        {"delivered": None, "fulfilled_at": None, "quantity_fulfilled": 0}, "unclear", None,
    ),
    "never seen to arrive, old": ({"delivered": None, "now": "2027-03-01 12:00"}, "unclear", None),
    "part of it is awaited": (
        {"quantity_ordered": 2, "now": "2026-12-01 12:00"}, "open", None,
    ),
    # Units that are elsewhere.
    "in a return": (
        {"quantity_claimed": 1, "claims": (Claim("R-1", date(2026, 11, 10), 1),)},
        "closed", "2026-11-20",
    ),
    "the rest of a return": (
        {"quantity_ordered": 3, "quantity_fulfilled": 3, "quantity_claimed": 1,
         "claims": (Claim("R-1", date(2026, 11, 10), 1),)}, "open", "2026-11-20",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_law_table(name: str) -> None:
    told, standing, until = CASES[name]

    (right,) = case(**told)

    assert (right.standing, right.until and right.until.isoformat()) == (standing, until)
    assert right.sentence
    assert right.quantity == (0 if standing != "open" else right.quantity)


def test_the_days_begin_with_the_last_delivery_of_the_order() -> None:
    first = line(key="a", delivered_at=utc("2026-11-02 12:00"))
    last = line(key="b", delivered_at=utc("2026-11-11 12:00"))

    rights = withdrawal_right(order(first, last, now=utc("2026-11-25 12:00")), STATUTORY)

    assert [one.standing for one in rights] == ["open", "open"]
    assert {one.until for one in rights} == {date(2026, 11, 25)}


def test_one_awaited_item_keeps_all_of_the_order_open() -> None:
    here = line(key="a", delivered_at=utc("2026-11-02 12:00"))
    awaited = line(key="b", delivered_at=None, fulfilled_at=None, quantity_fulfilled=0)

    rights = withdrawal_right(order(here, awaited, now=utc("2026-11-30 12:00")), STATUTORY)

    assert [(one.standing, one.quantity) for one in rights] == [("open", 1), ("unclear", 0)]
    assert rights[0].sentence == "Open until 14 days after your last item arrives"
    assert rights[1].unsent == 1


def test_a_gift_card_does_not_keep_the_goods_waiting() -> None:
    card = line(key="b", gift_card=True, delivered_at=None)

    rights = withdrawal_right(order(line(key="a"), card), STATUTORY)

    assert [one.standing for one in rights] == ["open", "unclear"]
    assert rights[0].until == date(2026, 11, 20)


def test_sentences_say_the_day_and_the_reason() -> None:
    assert case()[0].sentence == "Open until 20 Nov"
    assert case(now="2026-11-21 00:00")[0].sentence == (
        "The 14 days after 6 November, when your order was complete, ended on 20 November"
    )
    assert case("2026-11-07 12:00")[0].staff == (
        "EU right of withdrawal: 14 days after 7 Nov (last delivery), until 23 Nov, "
        "because 21 Nov is no working day."
    )
    exempt = case(tags=("engraved",), terms=CUSTOM)[0]
    assert exempt.sentence == (
        "Exempt from withdrawal. It was made to your order or clearly for you"
    )
    assert exempt.staff == "Exempt by Article 16(c): made to order."
    assert case(product_type="earrings", terms=SEALED)[0].sentence == (
        "Open until 20 Nov. Its hygiene seal must be unbroken"
    )


DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))


@given(DAYS, st.frozensets(DAYS, max_size=5))
def test_the_last_day_is_a_working_day_and_never_early(
    event: date, holidays: frozenset[date]
) -> None:
    period = period_after(event, holidays)

    assert period.counted - event == timedelta(days=14)
    assert period.until >= period.counted
    assert period.until.isoweekday() <= 5
    assert period.until not in holidays
    between = [
        period.counted + timedelta(days=place)
        for place in range((period.until - period.counted).days)
    ]
    assert all(day.isoweekday() > 5 or day in holidays for day in between)


@given(
    DAYS,
    st.sampled_from(["Europe/Dublin", "Europe/Berlin", "Europe/Helsinki", "Atlantic/Azores"]),
    st.times(),
)
def test_open_through_the_last_local_second_and_not_after(event: date, zone: str, at: time) -> None:
    arrived = datetime.combine(event, at, ZoneInfo(zone)).astimezone(UTC)
    until = period_after(arrived.astimezone(ZoneInfo(zone)).date(), frozenset()).until
    midnight = datetime.combine(until + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)
    facts = line(
        delivered_at=arrived, purchased_at=arrived - timedelta(days=9), fulfilled_at=arrived
    )

    def standing(moment: datetime) -> str:
        return withdrawal_right(order(facts, now=moment, time_zone=zone), STATUTORY)[0].standing

    assert standing(midnight - timedelta(microseconds=1)) == "open"
    assert standing(midnight) == "closed"


def withdraw(*lines: Any, **changes: Any) -> RequestFacts:
    asked = lines or (ask(reason=WITHDRAWAL.key, **changes),)
    return RequestFacts(asked)


HARSH = {
    "window__days": 0,
    "window__fault_days": 0,
    "window__grace_days": 0,
    "final_sale__tags": ["sale"],
    "final_sale__fault_allowed": False,
    "excluded__product_types": ["sweater"],
    "approval__automatic": False,
    "approval__max_value_minor": 0,
    "approval__first_return_only": True,
    "shipping_back": "never",
    "rules": [
        rule(None, do("decline"), do("set_fee", 3000), do("refund_days", 90)),
        rule(None, do("restocking_fee", 5000), do("risk_points", 100), key="restock"),
    ],
    "risk": {"review_at": 1, "shadow": False},
}


def test_no_setting_of_a_policy_closes_an_open_right() -> None:
    harsh = policy(**HARSH)
    facts = line(tags=("sale",), product_type="Sweater", final_sale=True)
    placed = order(facts, earlier_returns=9)

    assert offer(placed, harsh).lines[0].verdict is Verdict.REFUSE
    decision = evaluate(placed, withdraw(), harsh)

    assert decision.verdict is Verdict.ALLOW
    assert [(one.key, one.result) for one in decision.rules_spoken] == [
        ("withdrawal", Result.PASS),
        ("fee", Result.NOTE),
    ]
    assert decision.rules_spoken[0].facts == {
        "declared": "2026-11-19",
        "country": "IE",
        "delivered": "2026-11-06",
        "fourteenth_day": "2026-11-20",
        "until": "2026-11-20",
    }
    assert decision.fee_minor == 0
    assert decision.rules_spoken[1].sentence == "Free, because you withdraw from the contract"


def test_return_postage_is_due_only_where_the_merchant_says_so() -> None:
    terms = section(shopper_pays_postage=True)

    assert evaluate(order(), withdraw(), policy(withdrawal=terms)).fee_minor == 495
    own = RequestFacts(withdraw().lines, method="own")
    assert evaluate(order(), own, policy(withdrawal=terms)).fee_minor == 0


def test_a_decision_by_law_replays_from_what_is_stored() -> None:
    placed, request = order(), withdraw()
    decision = evaluate(placed, request, policy())

    assert replay(snapshot(placed, request, decision), policy()) == decision


@pytest.mark.parametrize(
    ("request_facts", "key"),
    [
        (withdraw(quantity=2), "quantity"),
        (withdraw(quantity=0), "quantity"),
        (withdraw(resolution="exchange"), "resolution"),
        (withdraw(line_key="line-9"), "item"),
        (withdraw(ask(reason=WITHDRAWAL.key), ask()), "item"),
    ],
)
def test_a_withdrawal_of_something_else_is_refused(request_facts: RequestFacts, key: str) -> None:
    decision = evaluate(order(), request_facts, policy())

    assert decision.verdict is Verdict.REFUSE
    assert key in [one.key for one in decision.stopped_by]


def test_a_late_withdrawal_is_refused_with_its_dates() -> None:
    decision = evaluate(order(now=utc("2026-12-01 12:00")), withdraw(), policy())

    assert decision.verdict is Verdict.REFUSE
    assert decision.lines[0].rule_key == "withdrawal"
    assert decision.lines[0].until == date(2026, 11, 20)


def test_a_right_in_doubt_goes_to_a_person() -> None:
    assert evaluate(order(country=""), withdraw(), policy()).verdict is Verdict.REVIEW


def test_no_reason_of_a_policy_is_taken_for_a_withdrawal() -> None:
    usual = policy()

    assert usual.reason(WITHDRAWAL.key) is WITHDRAWAL
    assert WITHDRAWAL not in usual.reasons
    assert WITHDRAWAL.key not in offer(order(), usual).lines[0].reasons
    document = default_policy("EUR")
    document["reasons"][0]["key"] = WITHDRAWAL.key
    with pytest.raises(InvalidInput, match="Use letters, digits and underscores"):
        parse_policy(document)


def section(**changes: Any) -> dict[str, Any]:
    return {
        "sells_to_eu": True,
        "shopper_pays_postage": False,
        "holidays": [],
        "exempt": [],
        "labels": {},
        **changes,
    }


def test_a_document_without_the_section_has_the_statutory_terms() -> None:
    assert policy().withdrawal == STATUTORY
    assert policy(withdrawal=section()).withdrawal == STATUTORY


def test_the_section_reads_whole() -> None:
    exempt = {"exception": "made_to_order", "tags": ["Engraved"], "product_types": []}
    told = section(
        sells_to_eu=False,
        holidays=["2026-12-25", "2026-12-26"],
        exempt=[exempt],
        labels={"de": " Vertrag widerrufen "},
    )

    terms = policy(withdrawal=told).withdrawal

    assert terms == Terms(
        sells_to_eu=False,
        holidays=frozenset({date(2026, 12, 25), date(2026, 12, 26)}),
        exempt=(Exempt("made_to_order", frozenset({"engraved"}), frozenset()),),
        labels={"de": "Vertrag widerrufen"},
    )


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"sells_to_eu": "yes"}, "withdrawal.sells_to_eu"),
        ({"shopper_pays_postage": None}, "withdrawal.shopper_pays_postage"),
        ({"open": False}, "withdrawal.open"),
        ({"days": 7}, "withdrawal.days"),
        ({"holidays": "2026-12-25"}, "withdrawal.holidays"),
        ({"holidays": ["2026-12-25", "Christmas"]}, "withdrawal.holidays.1"),
        ({"holidays": ["20261225"]}, "withdrawal.holidays.0"),
        ({"holidays": [25]}, "withdrawal.holidays.0"),
        ({"exempt": {}}, "withdrawal.exempt"),
        ({"exempt": ["engraved"]}, "withdrawal.exempt.0"),
        ({"exempt": [{"exception": "a", "tags": ["x"], "product_types": []}]},
         "withdrawal.exempt.0.exception"),
        ({"exempt": [{"exception": "press", "tags": [], "product_types": []}]},
         "withdrawal.exempt.0"),
        ({"labels": ["Withdraw"]}, "withdrawal.labels"),
        ({"labels": {"en": ""}}, "withdrawal.labels"),
        ({"labels": {"en": "a\x00b"}}, "withdrawal.labels"),
        ({"labels": {"en": "x" * 61}}, "withdrawal.labels"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_section_is_named_by_its_path(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        policy(withdrawal=section(**changes))

    assert refused.value.field == path


@pytest.mark.parametrize("wrong", [None, [], "on", {}, {"sells_to_eu": True}])
def test_a_section_that_is_not_whole_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        policy(withdrawal=wrong)

    assert str(refused.value.field).startswith("withdrawal")


def test_the_countries_are_the_union_the_eea_and_their_territories() -> None:
    assert len(COUNTRIES) == 27 + 3 + 7
    assert {"GB", "CH", "US", "TR"}.isdisjoint(COUNTRIES)
