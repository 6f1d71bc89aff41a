from __future__ import annotations

from typing import Any

import pytest

from rma.policy.types import Conduct, History, Linked, Verdict
from rma.rehearsal.comparing import FIELDS, UnreadableError, rehearse
from tests.rma.policy.builders import ask, line, order, policy, request
from tests.rma.policy.test_own_rules import do, rule, when
from tests.rma.rehearsal.past import past


def test_rehearse_under_the_same_policy_changes_nothing() -> None:
    stored = [
        past(),
        past(ordered=order(line(unit_paid_minor=40_000))),
        past(ordered=order(line(final_sale=True))),
        past(request(ask(reason="faulty", photos=2))),
        past(request(ask(resolution="exchange"), ask(line_key="nowhere"))),
    ]

    found = [rehearse(one, policy()) for one in stored]

    assert [one.changed for one in found] == [()] * len(stored)
    assert [one.direction for one in found] == [0] * len(stored)
    assert {one.before.verdict for one in found} == set(Verdict)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"window__days": 5}, ("verdict", "line_verdict", "rule")),
        ({"approval__automatic": False}, ("verdict", "rule")),
        ({"fee__amount_minor": 700}, ("fee",)),
        ({"approval__review_hours": 3}, ()),
        ({"refund_days": 1}, ()),
    ],
)
def test_rehearse_names_what_differs(changes: dict[str, Any], names: tuple[str, ...]) -> None:
    window_of_ten = line(title="Parka")

    found = rehearse(past(ordered=order(window_of_ten)), policy(**changes))

    assert found.changed == names
    assert found.changed == tuple(name for name in FIELDS if name in found.changed)


def test_rehearse_sees_other_resolutions_and_a_photo_asked_for() -> None:
    before = policy()
    reasons = [
        {
            "key": "changed_mind",
            "labels": {"en": "Changed my mind"},
            "resolutions": ["refund"],
            "photo": "required",
            "fault": False,
            "free_text": True,
        }
    ]
    after = policy(reasons=reasons, approval__review_reasons=[])

    found = rehearse(past(request(ask(photos=1)), under=before), after)

    assert found.changed == ("resolutions", "photo")
    assert found.direction == 0


def test_rehearse_tells_verdict_rule_fee_and_direction_of_both_sides() -> None:
    dear = past(ordered=order(line(unit_paid_minor=40_000)), expected_minor=39_505)

    found = rehearse(dear, policy(approval__max_value_minor=None, fee__amount_minor=0))

    assert (found.before.verdict, found.before.rule) == (Verdict.REVIEW, "value_limit")
    assert (found.after.verdict, found.after.rule) == (Verdict.ALLOW, "")
    assert (found.before.charged_minor, found.after.charged_minor) == (495, 0)
    assert (found.direction, found.worth_minor, found.currency) == (1, 39_505, "EUR")
    assert (found.titles, found.reasons) == (("Merino Crew Sweater",), ("changed_mind",))
    assert (found.country, found.method, found.version_before) == ("IE", "label", 14)


def test_rehearse_takes_no_fee_of_who_is_refused() -> None:
    late = past(ordered=order(line(final_sale=True)), expected_minor=0)

    found = rehearse(late, policy())

    assert (found.before.fee_minor, found.before.charged_minor) == (495, 0)


def test_rehearse_counts_a_declined_return_with_what_was_paid() -> None:
    two = order(line(final_sale=True, quantity_ordered=3, quantity_fulfilled=3))

    found = rehearse(past(request(ask(quantity=2)), two, expected_minor=0), policy())

    assert found.worth_minor == 2 * 8550


def test_rehearse_keeps_the_promise_where_a_person_overruled_the_policy() -> None:
    found = rehearse(past(ordered=order(line(final_sale=True)), expected_minor=8055), policy())

    assert found.worth_minor == 8055


@pytest.mark.parametrize(
    "broken",
    [
        {"facts": {}},
        {"facts": {"order": {}, "request": {"lines": []}}},
        {"facts": {"order": None, "request": None}},
        {"decision": {}},
        {"decision": {"verdict": "perhaps"}},
    ],
)
def test_rehearse_what_cannot_be_read_is_refused_and_not_guessed(broken: dict[str, Any]) -> None:
    with pytest.raises(UnreadableError):
        rehearse(past(**broken), policy())


def test_rehearse_a_fact_that_is_gone_is_refused() -> None:
    stored = past()
    stored.facts["order"]["weather"] = "rain"

    with pytest.raises(UnreadableError, match="weather"):
        rehearse(stored, policy())


def test_rehearse_a_first_return_rule_without_the_count_is_refused_where_it_decides() -> None:
    draft = policy(approval__first_return_only=True)
    easy = past(knows_earlier_returns=False)
    dear = past(ordered=order(line(unit_paid_minor=40_000)), knows_earlier_returns=False)

    with pytest.raises(UnreadableError, match="earlier returns"):
        rehearse(easy, draft)

    assert rehearse(dear, draft).changed == ()
    assert rehearse(past(), draft).changed == ()


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        (when("customer.orders", "over", 3), {"history": History(1, 40, 0, 0, 0, 0, 0, 1, 0)}),
        (when("customer.linked", "over", 0), {"linked": Linked()}),
        (when("customer.claims", "over", 0), {"conduct": Conduct(0, None, None, 0, 0)}),
        (when("order.gateways", "has_any", ["paypal"]), {"gateways": ("klarna",)}),
        (when("item.vendor", "is_one_of", ["Acme"]), {"lines": (line(vendor=""),)}),
    ],
)
def test_rehearse_a_rule_on_what_was_not_read_then_is_refused(
    asked: dict[str, Any], known: dict[str, Any]
) -> None:
    draft = policy(rules=[rule(asked, do("review"))])

    with pytest.raises(UnreadableError, match="Not read then"):
        rehearse(past(), draft)

    assert rehearse(past(ordered=order(**known)), draft).changed == ()


def test_rehearse_a_risk_score_without_the_shoppers_history_is_refused() -> None:
    draft = policy(risk={"review_at": 50, "shadow": False})
    known = order(history=History(1, 40, 0, 0, 0, 0, 0, 1, 0))

    with pytest.raises(UnreadableError, match="Not read then: history"):
        rehearse(past(), draft)

    assert rehearse(past(ordered=known), draft).changed == ()


def test_rehearse_sees_what_a_rule_of_the_merchant_does() -> None:
    draft = policy(rules=[rule(when("return.value", "over", 4000), do("set_fee", 990))])

    found = rehearse(past(), draft)

    assert (found.changed, found.after.charged_minor) == (("fee",), 990)


def test_rehearse_a_rule_that_breaks_asks_a_person_and_says_so() -> None:
    stored = past()
    stored.facts["order"]["time_zone"] = "Mars/Olympus"

    found = rehearse(stored, policy())

    assert (found.after.verdict, found.has_engine_error) == (Verdict.REVIEW, True)
