"""Fees: by country, by what the label cost, for restocking, with tax, waived, bounded."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from refunds.models import JournalEntry, Refund
from returns_portal.commerce.models import Order, OrderLine
from returns_portal.commerce.selectors import order_for_return
from returns_portal.core.invariants import problems_of
from returns_portal.core.money import Money
from returns_portal.tenancy.models import Merchant
from rma.fees import LabelCost
from rma.models import Return, Shipment
from rma.policy.document import Policy
from rma.policy.model import WITHDRAWAL
from rma.quoting import Quote, QuoteLine, quote_return
from tests import flows
from tests.rma.policy.builders import policy
from tests.rma.policy.test_own_rules import do, rule
from tests.rma.returning import make_order, publish

RESTOCKING: dict[str, Any] = {
    "share_bp": 0, "amount_minor": 0, "per": "return", "waived_for_fault": True,
}  # fmt: skip


def restocking(**changes: Any) -> dict[str, Any]:
    return {**RESTOCKING, **changes}


def lines_of(order: Order) -> list[OrderLine]:
    return list(order.lines.order_by("position"))


def some(line: OrderLine, wanted: str = "refund", **changes: Any) -> QuoteLine:
    values: dict[str, Any] = {"quantity": 1, "reason": "changed_mind", **changes}
    return QuoteLine(order_line_id=line.pk, wanted=wanted, **values)


def quoted(order: Order, rules: Policy, *lines: QuoteLine, **more: Any) -> Quote:
    return quote_return(order_for_return(order.pk), lines, rules, **more)


def fees(quote: Quote) -> list[tuple[str, str, int]]:
    """Return each fee as (outcome, kind, charged)."""
    return [
        (kind, fee.kind, fee.charged.gross_minor)
        for kind, priced in quote.breakdowns.items()
        for fee in priced.fees
    ]


@pytest.mark.usefixtures("scoped")
class TestQuoted:
    @pytest.mark.parametrize(("country", "fee"), [("IE", 250), ("SE", 495), ("NO", 0)])
    def test_fee_is_the_one_of_the_country(self, country: str, fee: int) -> None:
        order = make_order(country=country)

        quote = quoted(
            order, policy(fee__by_country={"IE": 250, "NO": 0}), some(lines_of(order)[0])
        )

        assert (quote.refund.minor, quote.fee.minor) == (8550 - fee, fee)

    def test_fee_holds_its_own_tax(self) -> None:
        order = make_order()

        quote = quoted(order, policy(fee__tax_bp=2500), some(lines_of(order)[0]))

        # 4.95 with 25 % inside: 3.96 and 0.99.
        fee = quote.breakdowns["refund"].fees[0].charged
        assert (fee.net_minor, fee.taxes) == (396, (("fee", 99),))
        stored = quote.to_json()["breakdowns"]["refund"]
        assert stored["fees"][0]["tax_minor"] == 99
        assert stored["net_minor"] + stored["tax_minor"] == stored["total_minor"] == 8055

    def test_label_cost_is_shown_as_the_most_it_may_be(self) -> None:
        order = make_order()

        quote = quoted(order, policy(fee__label_cost=True), some(lines_of(order)[0]))

        assert quote.refund.minor == 8055
        assert quote.breakdowns["refund"].fees[0].at_most

    @pytest.mark.parametrize(
        ("cost", "fee"),
        [(Money(320, "EUR"), 320), (Money(900, "EUR"), 495), (Money(320, "USD"), 0), (None, 0)],
    )
    def test_label_cost_never_takes_more_than_was_shown(self, cost: Money | None, fee: int) -> None:
        order = make_order()

        quote = quoted(
            order,
            policy(fee__label_cost=True),
            some(lines_of(order)[0]),
            label_cost=LabelCost(cost),
        )

        assert (quote.refund.minor, quote.fee.minor) == (8550 - fee, fee)

    def test_fee_is_waived_for_the_reasons_named(self) -> None:
        order = make_order(lines=[{}, {}])
        rules = policy(fee__waived_reasons=["changed_mind"])
        first, second = lines_of(order)

        free = quoted(order, rules, some(first))
        due = quoted(order, rules, some(first), some(second, reason="other"))
        several = quoted(order, rules, some(first), some(second, reason="wrong_item"))

        assert [fee.waiver for fee in free.breakdowns["refund"].fees] == ["reason"]
        assert (free.fee.minor, due.fee.minor, several.fee.minor) == (0, 495, 0)
        assert several.breakdowns["refund"].fees[0].waiver == "several"

    def test_restocking_share_is_held_back_without_a_rule(self) -> None:
        order = make_order(lines=[{}, {}])
        first, second = lines_of(order)

        quote = quoted(
            order,
            policy(restocking=restocking(share_bp=1000)),
            some(first),
            some(second, reason="faulty"),
        )

        assert [line.deduction.gross_minor for line in quote.breakdowns["refund"].lines] == [855, 0]

    def test_restocking_share_of_a_rule_goes_before_the_policy(self) -> None:
        order = make_order()

        quote = quoted(
            order,
            policy(restocking=restocking(share_bp=1000)),
            some(lines_of(order)[0], restocking_bp=0),
        )

        assert quote.breakdowns["refund"].deduction_minor == 0

    @pytest.mark.parametrize(("per", "fee"), [("line", 600), ("return", 300)])
    def test_restocking_sum_is_taken_per_line_or_return(self, per: str, fee: int) -> None:
        order = make_order(lines=[{}, {}, {}])
        first, second, third = lines_of(order)

        quote = quoted(
            order,
            policy(restocking=restocking(amount_minor=300, per=per, tax_bp=2000)),
            some(first, quantity=2),
            some(second),
            some(third, "exchange"),
        )

        assert fees(quote) == [
            ("refund", "return_shipping", 495),
            ("refund", "restocking", fee),
        ]
        assert quote.breakdowns["refund"].fees[1].charged.tax_minor == fee // 6
        assert quote.return_shipping.minor == 495

    def test_restocking_is_never_taken_of_a_withdrawal(self) -> None:
        order = make_order()

        quote = quoted(
            order,
            policy(restocking=restocking(share_bp=5000, amount_minor=900)),
            some(lines_of(order)[0], reason=WITHDRAWAL.key),
        )

        assert quote.refund.minor == 8550

    def test_fees_that_pass_the_refund_are_taken_of_the_credit_and_the_rest_falls_away(
        self,
    ) -> None:
        cheap = {"unit_price_minor": 200, "net_minor": 400, "paid_minor": 400}
        order = make_order(lines=[cheap, cheap], total_minor=800)
        first, second = lines_of(order)

        quote = quoted(
            order,
            policy(restocking=restocking(amount_minor=300)),
            some(first),
            some(second, "store_credit"),
        )

        assert fees(quote) == [
            ("refund", "return_shipping", 200),
            ("refund", "restocking", 0),
            ("store_credit", "return_shipping", 200),
            ("store_credit", "restocking", 0),
        ]
        assert (quote.refund.minor, quote.store_credit.minor) == (0, 0)

    def test_bound_of_all_fees_takes_the_way_back_first(self) -> None:
        order = make_order(lines=[{}, {}])
        first, second = lines_of(order)
        rules = policy(
            fee__most_minor=1000,
            restocking=restocking(share_bp=1000, amount_minor=300),
        )

        quote = quoted(order, rules, some(first), some(second, "store_credit"))

        # 4.95 and 3.00 leave 2.05 of the 8.55 and 8.55 that the shares would be.
        assert quote.fee.minor == 795
        held = [priced.deduction_minor for priced in quote.breakdowns.values()]
        assert held == [103, 102]
        assert quote.total.minor == 2 * 8550 - 1000

    def test_fees_in_another_currency_are_never_taken(self) -> None:
        order = make_order()

        quote = quoted(
            order,
            policy(currency="USD", restocking=restocking(amount_minor=300), fee__most_minor=1),
            some(lines_of(order)[0]),
        )

        assert quote.refund.minor == 8550


@pytest.mark.usefixtures("scoped")
@given(
    st.integers(0, 9000),
    st.integers(0, 9000),
    st.integers(0, 10_000),
    st.none() | st.integers(0, 9000),
    st.sampled_from(["line", "return"]),
)
def test_fees_never_pass_their_bound_nor_what_is_paid_back(
    fee: int, fixed: int, share: int, most: int | None, per: str
) -> None:
    order = Order(currency="EUR", country="IE", taxes_included=True)
    sold = [
        OrderLine(
            order=order, title=f"Line {n}", quantity=2, unit_price_minor=price,
            net_minor=price * 2, paid_minor=price * 2, currency="EUR",
        )
        for n, price in enumerate((4001, 333))
    ]  # fmt: skip
    order._prefetched_objects_cache = {"lines": sold, "payments": []}
    rules = policy(
        fee__amount_minor=fee,
        fee__most_minor=most,
        restocking=restocking(amount_minor=fixed, share_bp=share, per=per),
    )

    quote = quote_return(order, [some(sold[0], quantity=2), some(sold[1], "store_credit")], rules)

    held = quote.fee.minor + sum(one.deduction_minor for one in quote.breakdowns.values())
    assert quote.total.minor + held == 2 * 4001 + 333
    assert min(quote.refund.minor, quote.store_credit.minor) >= 0
    assert held <= fee + fixed * (2 if per == "line" else 1) + (2 * 4001 + 333)
    if most is not None:
        assert held <= most


def settled_fee(rma: Return) -> tuple[int, int]:
    """Return what was refunded and which fee was kept of it."""
    with transaction.atomic():
        refund = Refund.objects.get(about_id=rma.pk)
        return refund.amount_minor, refund.breakdown["fee_minor"]


@pytest.mark.django_db(transaction=True)
def test_label_that_cost_less_than_the_fee_costs_the_shopper_less(shop: Merchant) -> None:
    publish(fee__label_cost=True, fee__amount_minor=1200)

    rma = flows.refunded(flows.order())

    with transaction.atomic():
        cost = Shipment.objects.get(rma=rma).cost_minor
    assert cost is not None
    assert 0 < cost < 1200
    assert rma.expected_minor == flows.PRICE - 1200
    assert rma.quote["breakdowns"]["refund"]["fees"][0]["at_most"] is True
    assert settled_fee(rma) == (flows.PRICE - cost, cost)
    assert problems_of(shop.pk) == []


@pytest.mark.django_db(transaction=True)
def test_fee_of_the_country_with_tax_is_booked_net(shop: Merchant) -> None:
    publish(fee__by_country={"SE": 625}, fee__tax_bp=2500, restocking=restocking(amount_minor=100))

    rma = flows.refunded(flows.order(country="SE"))

    assert settled_fee(rma) == (flows.PRICE - 725, 725)
    with transaction.atomic():
        booked = {
            entry.account: entry.amount_minor
            for entry in JournalEntry.objects.filter(journal__kind="refund_granted")
        }
    # 6.25 holds 1.25 tax; the order of the flow bears none of its own.
    assert booked["fee_income"] == -600
    assert problems_of(shop.pk) == []


@pytest.mark.django_db(transaction=True)
def test_rule_sets_the_restocking_sum(shop: Merchant) -> None:
    publish(rules=[rule(None, do("restocking_amount", 250), do("waive_fee"))])

    rma = flows.refunded(flows.order())

    assert (rma.expected_minor, rma.fee_minor) == (flows.PRICE - 250, 250)
    assert settled_fee(rma) == (flows.PRICE - 250, 250)
