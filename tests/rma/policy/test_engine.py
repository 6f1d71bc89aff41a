from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rma.policy.document import Policy
from rma.policy.engine import ENGINE_VERSION, evaluate, offer, replay, snapshot
from rma.policy.types import (
    Claim,
    Decision,
    LineFacts,
    Offer,
    RequestLine,
    Result,
    Verdict,
    from_json,
    to_json,
)
from tests.rma.policy.builders import NOW, ask, line, order, policy, request

CLAIM = Claim("R-204102", date(2026, 11, 12), 1)


def only_offer(facts: LineFacts, rules: Policy | None = None, **changes: Any) -> Any:
    return offer(order(facts, **changes), rules or policy()).lines[0]


@pytest.mark.parametrize(
    ("changes", "verdict", "rule", "sentence"),
    [
        ({}, "allow", "window", "Refund, credit or exchange until 6 Dec"),
        (
            {"quantity_ordered": 3, "quantity_fulfilled": 3, "quantity_claimed": 1,
             "claims": (CLAIM,)},
            "allow", "window",
            "2 of 3 can be returned. One is already in return R-204102, started 12 Nov",
        ),
        (
            {"quantity_ordered": 3, "quantity_fulfilled": 3, "quantity_claimed": 2},
            "allow", "window", "1 of 3 can be returned. Two are already returned",
        ),
        (
            {"quantity_ordered": 9, "quantity_fulfilled": 2},
            "allow", "window", "2 of 9 can be returned. 7 are not sent yet",
        ),
        (
            {"quantity_fulfilled": 0, "expected_on": date(2026, 11, 24)},
            "refuse", "sent", "Not delivered yet. Expected 24 Nov. Come back then",
        ),
        (
            {"quantity_fulfilled": 0},
            "refuse", "sent", "Not sent yet. Come back when it has arrived",
        ),
        (
            {"quantity_claimed": 1, "claims": (CLAIM,)},
            "refuse", "already_returned", "In return R-204102 since 12 November",
        ),
        ({"quantity_claimed": 1}, "refuse", "already_returned", "Already returned"),
        ({"gift_card": True}, "refuse", "gift_card", "Gift cards can't be returned"),
        (
            {"tags": ("Final-Sale",)},
            "refuse", "final_sale",
            "Sold as final sale on 2 November. If it's faulty, you can still report a fault",
        ),
        (
            {"final_sale": True},
            "refuse", "final_sale",
            "Sold as final sale on 2 November. If it's faulty, you can still report a fault",
        ),
        (
            {"tags": ("no-return",)},
            "refuse", "excluded",
            "This item can't be returned once delivered. "
            "If it's faulty, you can still report a fault",
        ),
        (
            {"delivered_at": datetime(2026, 10, 18, 12, tzinfo=UTC)},
            "allow", "window", "Refund, credit or exchange until 17 Nov",
        ),
        (
            {"delivered_at": datetime(2026, 10, 17, 12, tzinfo=UTC)},
            "refuse", "window",
            "Returns were open for 30 days after delivery, until 16 November. "
            "If it's faulty, you can still report a fault",
        ),
        (
            {"delivered_at": None},
            "allow", "window", "Refund, credit or exchange until 8 Dec",
        ),
        (
            {"delivered_at": None, "fulfilled_at": None},
            "allow", "window", "Refund, credit or exchange until 12 Dec",
        ),
        (
            {"delivered_at": None, "fulfilled_at": datetime(2026, 9, 1, tzinfo=UTC)},
            "refuse", "window",
            "Returns were open for 30 days after the expected delivery on 6 September, "
            "until 6 October. If it's faulty, you can still report a fault",
        ),
        (
            {"delivered_at": datetime(2024, 1, 5, tzinfo=UTC)},
            "refuse", "window",
            "Returns were open for 30 days after delivery, until 4 February 2024",
        ),
    ],
)  # fmt: skip
def test_offer_names_the_rule_and_the_date(
    changes: dict[str, Any], verdict: str, rule: str, sentence: str
) -> None:
    offered = only_offer(line(**changes))

    assert (offered.verdict, offered.rule_key, offered.sentence) == (verdict, rule, sentence)


def test_offer_closed_line_stays_open_for_fault_reasons_only() -> None:
    offered = only_offer(line(final_sale=True, quantity_ordered=2, quantity_fulfilled=2))

    assert offered.fault_only
    assert offered.returnable
    assert offered.reasons == ("not_as_described", "faulty", "wrong_item", "arrived_late")
    assert offered.until == date(2028, 11, 5)
    assert offered.quantity == 2


def test_offer_closed_line_without_fault_reports_offers_nothing() -> None:
    offered = only_offer(line(final_sale=True), policy(final_sale__fault_allowed=False))

    assert not offered.returnable
    assert (offered.quantity, offered.reasons, offered.resolutions) == (0, (), ())
    assert offered.sentence == "Sold as final sale on 2 November"


def test_offer_excluded_type_names_the_type() -> None:
    offered = only_offer(
        line(product_type="underwear"), policy(excluded__product_types=["Underwear"])
    )

    assert offered.sentence.startswith("Underwear can't be returned once delivered.")
    assert offered.rule_key == "excluded"


def test_offer_no_date_and_no_fallback_asks_a_person() -> None:
    rules = policy(window__ordered_fallback_days=None, window__fulfilled_fallback_days=None)

    offered = only_offer(line(delivered_at=None), rules)

    assert offered.verdict == "review"
    assert offered.until is None
    assert offered.returnable
    assert offered.sentence.startswith("We check this request first")


def test_offer_only_faults_after_window_lists_their_resolutions() -> None:
    reasons = [
        {"key": "fault", "labels": {"en": "Fault"}, "resolutions": ["refund"], "photo": "off",
         "fault": True, "free_text": False},
        {"key": "mind", "labels": {"en": "Mind"}, "resolutions": ["store_credit"], "photo": "off",
         "fault": False, "free_text": False},
    ]  # fmt: skip
    rules = policy(reasons=reasons, approval__review_reasons=[])
    late = line(delivered_at=datetime(2026, 10, 1, tzinfo=UTC))

    assert only_offer(late, rules).resolutions == ("refund",)
    assert only_offer(line(), rules).resolutions == ("refund", "store_credit")


def test_offer_finds_its_lines() -> None:
    made = offer(order(line(), line(key="line-2")), policy())

    assert made.line("line-2") is made.lines[1]
    assert made.line("line-9") is None
    assert made.policy_version == 14
    assert from_json(Offer, json.loads(json.dumps(to_json(made)))) == made


def test_evaluate_simple_request_is_allowed_with_fee() -> None:
    decision = evaluate(order(), request(), policy())

    assert decision.verdict is Verdict.ALLOW
    assert decision.fee_minor == 495
    assert decision.lines[0].until == date(2026, 12, 6)
    assert decision.lines[0].fee_applies
    assert decision.lines[0].sentence == "Refund, credit or exchange until 6 Dec"
    assert [spoken.key for spoken in decision.rules_spoken] == [
        "gift_card", "sent", "already_returned", "final_sale", "excluded", "window", "quantity",
        "resolution", "photo", "automatic", "value_limit", "review_reason", "first_return", "fee",
    ]  # fmt: skip
    assert decision.stopped_by == ()
    assert decision.headline is None
    assert (decision.policy_version, decision.engine_version) == (14, ENGINE_VERSION)
    assert decision.rules_spoken[-1].sentence == "Return shipping, €4.95 comes off your refund"


@pytest.mark.parametrize(
    ("facts", "wanted", "channel", "rule", "sentence"),
    [
        ({}, {"line_key": "line-9"}, "portal", "item", "This item is not in the order"),
        ({}, {"reason": "bored"}, "portal", "reason",
         "Choose why you're returning Merino Crew Sweater"),
        ({}, {"quantity": 0}, "portal", "quantity", "Choose how many of Merino Crew Sweater"),
        ({}, {"quantity": -1}, "portal", "quantity", "Choose how many of Merino Crew Sweater"),
        ({}, {"quantity": 2}, "portal", "quantity", "1 of 1 can be returned"),
        ({"quantity_ordered": 3, "quantity_fulfilled": 3, "quantity_claimed": 1,
          "claims": (CLAIM,)}, {"quantity": 3}, "portal", "quantity",
         "2 of 3 can be returned. One is already in return R-204102"),
        ({}, {"resolution": "cash"}, "portal", "resolution",
         "Choose refund, credit or exchange for Merino Crew Sweater"),
        ({}, {"reason": "arrived_late", "resolution": "exchange"}, "portal", "resolution",
         "Choose refund or credit for Merino Crew Sweater"),
        ({}, {"reason": "arrived_late", "resolution": ""}, "api", "resolution",
         "Choose refund or credit for Merino Crew Sweater"),
        ({}, {"reason": "faulty"}, "portal", "photo",
         "Add a photo of Merino Crew Sweater that shows what is wrong"),
        ({"final_sale": True}, {}, "portal", "final_sale", "Sold as final sale on 2 November"),
        ({"delivered_at": datetime(2026, 9, 1, tzinfo=UTC)}, {}, "portal", "window",
         "Returns were open for 30 days after delivery, until 1 October"),
        ({"delivered_at": datetime(2024, 9, 1, tzinfo=UTC)},
         {"reason": "faulty", "photos": 1}, "portal", "window",
         "Faults could be reported for 2 years after delivery, until 1 September"),
    ],
)  # fmt: skip
def test_evaluate_refused_line_refuses_the_request(
    facts: dict[str, Any], wanted: dict[str, Any], channel: str, rule: str, sentence: str
) -> None:
    decision = evaluate(order(line(**facts)), request(ask(**wanted), channel=channel), policy())

    assert decision.verdict is Verdict.REFUSE
    assert decision.lines[0].verdict is Verdict.REFUSE
    assert decision.lines[0].rule_key == rule
    assert decision.lines[0].sentence.startswith(sentence)
    assert decision.headline is not None
    assert decision.headline.key == rule


def test_evaluate_one_refused_line_names_it_and_lets_the_other_pass() -> None:
    facts = order(line(), line(key="line-2", final_sale=True))

    decision = evaluate(facts, request(ask(), ask(line_key="line-2")), policy())

    assert decision.verdict is Verdict.REFUSE
    passed, refused = decision.line("line-1"), decision.line("line-2")
    assert passed is not None
    assert refused is not None
    assert passed.verdict is Verdict.ALLOW
    assert refused.rule_key == "final_sale"
    assert decision.line("line-9") is None


def test_evaluate_same_line_twice_counts_together() -> None:
    facts = order(line(quantity_ordered=2, quantity_fulfilled=2))

    one_each = evaluate(facts, request(ask(), ask(reason="too_small")), policy())
    too_many = evaluate(facts, request(ask(quantity=2), ask(reason="too_small")), policy())

    assert one_each.verdict is Verdict.ALLOW
    assert too_many.verdict is Verdict.REFUSE


def test_evaluate_nothing_chosen_is_refused() -> None:
    decision = evaluate(order(), from_json(type(request()), {"lines": []}), policy())

    assert decision.verdict is Verdict.REFUSE
    assert decision.rules_spoken[0].sentence == "Choose at least one item"


@pytest.mark.parametrize(
    ("rules", "facts", "wanted", "channel", "rule", "staff"),
    [
        ({"approval__automatic": False}, {}, {}, "portal", "automatic",
         "A person decides every request."),
        ({"approval__max_value_minor": 8549}, {}, {}, "portal", "value_limit",
         "Over the limit of €85.49: worth €85.50."),
        ({"currency": "USD"}, {}, {}, "portal", "value_limit",
         "Paid in EUR, the limit is in USD. Compare by hand."),
        ({}, {}, {"reason": "faulty", "photos": 2}, "portal", "review_reason",
         "Faulty or damaged: a person checks."),
        ({"approval__review_reasons": []}, {}, {"reason": "faulty"}, "api", "photo",
         "Faulty or damaged needs a photo and there is none."),
        ({"approval__review_reasons": []}, {}, {"reason": "faulty"}, "staff", "photo",
         "Faulty or damaged needs a photo and there is none."),
        ({"approval__first_return_only": True}, {"earlier_returns": 1}, {}, "portal",
         "first_return", "1 earlier return by this shopper."),
        ({"approval__first_return_only": True}, {"earlier_returns": 2}, {}, "portal",
         "first_return", "2 earlier returns by this shopper."),
        ({"window__ordered_fallback_days": None, "window__fulfilled_fallback_days": None},
         {"lines": (line(delivered_at=None),)}, {}, "portal", "window",
         "No delivery date and no rule for that case. Check when it arrived."),
    ],
)  # fmt: skip
def test_evaluate_review_rules_ask_a_person_and_say_why(
    rules: dict[str, Any], facts: dict[str, Any], wanted: dict[str, Any], channel: str,
    rule: str, staff: str,
) -> None:  # fmt: skip
    decision = evaluate(order(**facts), request(ask(**wanted), channel=channel), policy(**rules))

    assert decision.verdict is Verdict.REVIEW
    assert [(spoken.key, spoken.staff) for spoken in decision.stopped_by] == [(rule, staff)]


def test_evaluate_review_with_photos_promises_to_look_at_them() -> None:
    with_photos = evaluate(order(), request(ask(reason="faulty", photos=1)), policy())
    without = evaluate(order(), request(), policy(approval__review_reasons=["changed_mind"]))

    assert with_photos.stopped_by[0].sentence.startswith("We look at your photos first")
    assert without.stopped_by[0].sentence.startswith("We check this request first")


@pytest.mark.parametrize("limit", [None, 8550])
def test_evaluate_value_up_to_the_limit_passes(limit: int | None) -> None:
    decision = evaluate(order(), request(), policy(approval__max_value_minor=limit))

    assert decision.verdict is Verdict.ALLOW


def test_evaluate_first_return_rule_off_lets_regulars_pass() -> None:
    assert evaluate(order(earlier_returns=9), request(), policy()).verdict is Verdict.ALLOW
    first_only = policy(approval__first_return_only=True)
    assert evaluate(order(), request(), first_only).verdict is Verdict.ALLOW


FREE_FAULT = "Free, because we made the mistake"


@pytest.mark.parametrize(
    ("rules", "wanted", "fee", "sentence"),
    [
        ({"fee__amount_minor": 0}, [ask()], 0, "Return shipping is free"),
        ({}, [ask(reason="wrong_item")], 0, FREE_FAULT),
        ({}, [ask(resolution="exchange")], 0, "Free, because you exchange"),
        ({}, [ask(resolution="exchange"), ask(line_key="line-2", reason="wrong_item")], 0,
         "Free, because of a mistake of ours and an exchange"),
        ({}, [ask(), ask(line_key="line-2", reason="wrong_item")], 495,
         "Return shipping, €4.95 comes off your refund"),
        ({"fee__waived_for_fault": False}, [ask(reason="wrong_item")], 495,
         "Return shipping, €4.95 comes off your refund"),
        ({"fee__waived_for_exchange": False}, [ask(resolution="exchange")], 495,
         "Return shipping, €4.95 comes off your refund"),
        ({"currency": "USD", "approval__max_value_minor": None}, [ask()], 0,
         "Return shipping is free"),
    ],
)  # fmt: skip
def test_evaluate_fee_is_taken_once_or_waived_with_its_reason(
    rules: dict[str, Any], wanted: list[RequestLine], fee: int, sentence: str
) -> None:
    facts = order(line(), line(key="line-2"))

    decision = evaluate(facts, request(*wanted), policy(**rules))

    assert decision.verdict is Verdict.ALLOW
    assert decision.fee_minor == fee
    assert decision.rules_spoken[-1].sentence == sentence


def test_evaluate_fee_is_waived_for_the_shoppers_own_carrier() -> None:
    asked = replace(request(), method="own")

    decision = evaluate(order(), asked, policy())

    assert decision.fee_minor == 0
    assert decision.rules_spoken[-1].sentence == "Free, because you send it yourself"


def test_evaluate_unknown_reason_bears_the_fee_but_is_refused() -> None:
    decision = evaluate(order(), request(ask(reason="bored")), policy())

    assert (decision.verdict, decision.fee_minor) == (Verdict.REFUSE, 495)


@pytest.mark.parametrize(
    "broken",
    [
        {"time_zone": "Mars/Olympus"},
        {"now": datetime(2026, 11, 19, 10, 0)},
        {"lines": (line(delivered_at=datetime(9999, 12, 20, tzinfo=UTC)),)},
        {"lines": (line(unit_paid_minor="much"),)},
    ],
)
def test_evaluate_broken_facts_go_to_a_person_never_through(broken: dict[str, Any]) -> None:
    decision = evaluate(order(**broken), request(), policy())

    assert decision.verdict is Verdict.REVIEW
    assert any(spoken.key == "engine_error" for spoken in decision.stopped_by)
    assert offer(order(**broken), policy()).lines[0].verdict in (Verdict.REVIEW, Verdict.ALLOW)


def test_headline_prefers_the_refusal() -> None:
    rules = policy(approval__automatic=False)

    decision = evaluate(
        order(line(), line(key="line-2")),
        request(ask(reason="faulty"), ask(line_key="line-2", resolution="cash"), channel="api"),
        rules,
    )

    assert decision.headline is not None
    assert (decision.headline.key, decision.headline.result) == ("resolution", Result.REFUSE)


moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
zones = st.sampled_from(
    ["UTC", "Europe/Dublin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia",
     "Africa/Cairo", "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Chatham"]
)  # fmt: skip
line_facts = st.builds(
    LineFacts,
    key=st.sampled_from(["a", "b"]),
    title=st.text(max_size=10),
    quantity_ordered=st.integers(0, 4),
    quantity_fulfilled=st.integers(0, 4),
    quantity_claimed=st.integers(0, 5),
    purchased_at=moments,
    fulfilled_at=st.none() | moments,
    delivered_at=st.none() | moments,
    expected_on=st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    tags=st.lists(st.sampled_from(["final-sale", "no-return", "x"])).map(tuple),
    product_type=st.sampled_from(["", "Shoes"]),
    final_sale=st.booleans(),
    gift_card=st.booleans(),
    unit_paid_minor=st.integers(0, 10**6),
    claims=st.lists(st.just(CLAIM), max_size=1).map(tuple),
)
requests = st.builds(
    lambda lines, channel: request(*lines, channel=channel),
    st.lists(
        st.builds(
            RequestLine,
            line_key=st.sampled_from(["a", "b", "c"]),
            reason=st.sampled_from(["faulty", "changed_mind", "wrong_item", "bored"]),
            quantity=st.integers(-1, 4),
            resolution=st.sampled_from(["refund", "store_credit", "exchange", "cash"]),
            photos=st.integers(0, 2),
        ),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from(["portal", "staff", "api"]),
)


@given(st.lists(line_facts, max_size=2), requests, zones, moments)
def test_replay_of_a_stored_snapshot_gives_the_same_decision(
    lines: list[LineFacts], wanted: Any, zone: str, now: datetime
) -> None:
    facts = order(*lines, time_zone=zone, now=now)
    decision = evaluate(facts, wanted, policy())

    stored = json.loads(json.dumps(snapshot(facts, wanted, decision)))

    assert replay(stored, policy()) == decision
    assert from_json(Decision, stored["decision"]) == decision


@given(st.lists(line_facts, min_size=1, max_size=2), requests, zones, moments)
def test_allowed_means_every_line_is_free_and_open(
    lines: list[LineFacts], wanted: Any, zone: str, now: datetime
) -> None:
    facts = order(*lines, time_zone=zone, now=now)

    decision = evaluate(facts, wanted, policy())

    if decision.verdict is Verdict.ALLOW:
        offered = offer(facts, policy())
        for requested in wanted.lines:
            open_line = offered.line(requested.line_key)
            assert open_line is not None
            assert requested.reason in open_line.reasons
            assert 0 < requested.quantity <= open_line.quantity


def test_from_json_refuses_a_field_it_does_not_know() -> None:
    stored = to_json(ask())
    stored["colour"] = "red"

    with pytest.raises(KeyError, match="colour"):
        from_json(RequestLine, stored)


def test_from_json_missing_field_takes_its_default() -> None:
    stored = to_json(ask(photos=3))
    del stored["photos"]

    assert from_json(RequestLine, stored).photos == 0


def test_now_is_a_fact_and_not_the_clock() -> None:
    later = order(now=NOW + timedelta(days=60))

    assert evaluate(later, request(), policy()).verdict is Verdict.REFUSE
