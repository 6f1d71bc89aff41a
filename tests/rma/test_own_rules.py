"""A merchant's own rules in force: what was shown is asked, kept, priced and paid."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from refunds.models import Refund
from returns_portal.commerce.models import Product
from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import now
from returns_portal.core.db import attempt
from returns_portal.core.errors import PolicyRefused
from returns_portal.core.invariants import problems_of
from returns_portal.tenancy.models import Merchant
from rma.actions.policy import publish_policy, save_draft
from rma.actions.review import cancel_return, decline_return
from rma.models import Return
from rma.policy.document import default_policy
from rma.policy.facts import build
from rma.policy.live import live_policy, policy_of, policy_of_return
from rma.policy.types import History
from tests import flows
from tests.rma.policy.test_own_rules import do, rule, when


@pytest.fixture
def shop(scoped: Merchant) -> Merchant:
    return flows.open_for_business(scoped)


def publish(*rules: dict[str, Any]) -> None:
    document = default_policy("EUR")
    document["rules"] = list(rules)
    with transaction.atomic():
        save_draft(document, actor=SYSTEM)
        publish_policy(actor=SYSTEM)


@pytest.mark.django_db(transaction=True)
def test_fee_of_a_rule_is_quoted_charged_and_paid(shop: Merchant) -> None:
    publish(rule(when("return.value", "over", 4000), do("set_fee", 990), do("refund_days", 2)))
    placed = flows.order(prices=(4500,))

    rma = flows.refunded(placed)

    with transaction.atomic():
        assert (rma.fee_minor, rma.expected_minor) == (990, 3510)
        assert Refund.objects.get().amount_minor == 3510
        assert policy_of_return(rma).fee.amount_minor == 990
        assert policy_of(rma.policy_version_id).fee.amount_minor == 495
        assert rma.refund_promised_on is not None
    assert problems_of(shop.pk) == []


def test_return_declined_by_a_rule_is_kept_with_its_words(shop: Merchant) -> None:
    publish(
        rule(
            when("item.title", "matches", ["trail*"]), do("decline"), key="no_trail",
            text={"en": "Trail shoes are made for you and stay with you"},
        )
    )  # fmt: skip

    rma = flows.request(flows.order())

    assert (rma.status, rma.decided_by) == ("declined", "Policy v2")
    assert rma.decline_reason == "Trail shoes are made for you and stay with you."
    spoken = next(one for one in rma.decision["rules_spoken"] if one["key"] == "rule:no_trail")
    assert spoken["facts"]["saw"] == {"item.title": "trail runner 1"}
    assert flows.lines_of(rma.order)[0].claimed_quantity == 0


def test_method_that_a_rule_took_away_is_refused(shop: Merchant) -> None:
    publish(rule(when("order.country", "is_one_of", ["SE"]), do("only_methods", ["own"])))
    placed = flows.order()

    with pytest.raises(PolicyRefused) as refusal, attempt():
        flows.request(placed, method="label")

    assert refusal.value.field == "method"
    assert not Return.objects.exists()
    assert flows.request(placed, method="own").status == "open"


def test_history_is_counted_within_the_shopper(shop: Merchant) -> None:
    publish(rule(when("customer.returns", "at_least", 2), do("review")))
    first, second = flows.order(number="NL-1", quantity=2), flows.order(number="NL-2")
    stranger = flows.order(number="NL-3", email="eve@example.com")
    kept = flows.request(first, flows.wish(flows.lines_of(first)[0], quantity=2))
    gone = flows.request(stranger)
    cancel_return(gone.pk, actor=SYSTEM)
    assert kept.status == "open"

    facts = build(second, now(), policy=live_policy()[1])

    assert facts.history == History(
        orders=2, days_known=(now() - first.placed_at).days, returns=1, returns_90=1, declined=0,
        not_accepted=0, missing=0, units_bought=3, units_returned=2,
    )  # fmt: skip
    assert build(second, now() + timedelta(days=91), policy=live_policy()[1]).history == History(
        orders=2, days_known=(now() - first.placed_at).days + 91, returns=1, returns_90=0,
        declined=0, not_accepted=0, missing=0, units_bought=3, units_returned=2,
    )  # fmt: skip
    assert flows.request(second).status == "open"
    third = flows.order(number="NL-4")
    waiting = flows.request(third)
    assert (waiting.status, waiting.review_reason) == ("requested", "Rule: A person checks first.")
    decline_return(waiting.pk, actor=SYSTEM, reason="Too many.")
    again = build(third, now(), policy=live_policy()[1]).history
    assert again is not None
    assert (again.returns, again.declined) == (2, 1)


def test_vendor_and_gateways_are_read_only_where_a_rule_asks(shop: Merchant) -> None:
    placed = flows.order()
    Product.objects.update(vendor="Fjell")
    publish(rule(when("return.units", "over", 1), do("review")))
    plain = live_policy()[1]
    publish(
        rule(when("item.vendor", "is_one_of", ["fjell"]), do("tag", ["fjell"]), key="a"),
        rule(when("order.gateways", "has_any", ["builtin"]), do("note"), key="b"),
    )
    asking = live_policy()[1]
    build(placed, now())

    with CaptureQueriesContext(connection) as before:
        unknown = build(placed, now(), policy=plain)
    with CaptureQueriesContext(connection) as after:
        known = build(placed, now(), policy=asking)

    assert (unknown.lines[0].vendor, unknown.gateways) == (None, None)
    assert (known.lines[0].vendor, known.gateways) == ("Fjell", ("builtin",))
    assert len(after) - len(before) == 2


def test_request_under_rules_about_order_and_item_takes_no_more_statements(
    shop: Merchant,
) -> None:
    placed, other = flows.order(number="NL-1"), flows.order(number="NL-2")
    with CaptureQueriesContext(connection) as plain:
        flows.request(placed)
    publish(rule(when("item.price", "over", 100), do("set_window", 45)))

    with CaptureQueriesContext(connection) as under:
        flows.request(other)

    assert len(under) == len(plain)


RESTOCKED = rule(when("item.price", "over", 10000), do("restocking_fee", 1500), key="restock")


@pytest.mark.django_db(transaction=True)
def test_restocking_fee_is_quoted_and_kept_of_these_items_only(shop: Merchant) -> None:
    publish(RESTOCKED)
    placed = flows.order(prices=(12000, 4500))

    rma = flows.refunded(placed, *(flows.wish(line) for line in flows.lines_of(placed)))

    # 15 % of 120.00 and the return fee of 4.95 are kept; all of the order came back.
    with transaction.atomic():
        assert [line.expected_minor for line in rma.lines.order_by("position")] == [10200, 4500]
        assert rma.expected_minor == 10200 + 4500 - 495
        assert Refund.objects.get().amount_minor == 14205
        assert rma.quote["breakdowns"]["refund"]["deduction_minor"] == 1800
    assert problems_of(shop.pk) == []


@pytest.mark.django_db(transaction=True)
def test_restocking_fees_of_two_returns_end_at_what_was_paid(shop: Merchant) -> None:
    publish(rule(None, do("restocking_fee", 3333), do("waive_fee")))
    placed = flows.order(prices=(10001,), quantity=3)
    line = flows.lines_of(placed)[0]

    for units in (1, 2):
        flows.refunded(placed, flows.wish(line, quantity=units))

    with transaction.atomic():
        amounts = list(Refund.objects.order_by("created_at").values_list("amount_minor", flat=True))
    assert amounts == [10001 - 3333, 20002 - 6667]
    assert problems_of(shop.pk) == []


@pytest.mark.django_db(transaction=True)
def test_exchange_bears_no_restocking_fee(shop: Merchant) -> None:
    publish(rule(None, do("restocking_fee", 5000)))
    placed = flows.order()
    line = flows.lines_of(placed)[0]
    flows.stock(line, 3)

    rma = flows.request(
        placed, flows.wish(line, wanted="exchange", variant_id=line.variant_id), method="own"
    )

    with transaction.atomic():
        assert rma.quote["breakdowns"]["exchange"]["deduction_minor"] == 0
        assert rma.expected_minor == 0
