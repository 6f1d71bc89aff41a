"""The bonus on store credit: shown, given apart, booked apart, exact over returns in parts."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from notifications.models import Message
from refunds.actions.store_credit import reverse_credit
from refunds.calculation import (
    BonusRule,
    LineSnapshot,
    OrderSnapshot,
    PriorRefund,
    RefundPolicy,
    ReturnLine,
    ReturnRequest,
    as_prior,
    quote,
)
from refunds.calculation.bonus import bonus_on
from refunds.calculation.stored import prior_from_json, to_json
from refunds.models import JournalEntry, StoreCredit, StoreCreditEntry
from returns_portal.activity.kinds import EventKind
from returns_portal.activity.models import Event
from returns_portal.core.actor import SYSTEM
from returns_portal.core.invariants import problems_of
from returns_portal.tenancy.models import Merchant
from rma.models import Resolution
from tests import flows
from tests.rma.policy.test_own_rules import do, rule
from tests.rma.returning import publish

BONUS: dict[str, Any] = {"share_bp": 1000, "amount_minor": 0, "most_minor": None}
CREDIT = {"wanted": "store_credit"}

rules = st.builds(
    BonusRule, st.integers(0, 10_000), st.integers(0, 900), st.none() | st.integers(0, 2000)
)


@given(rules, st.integers(1, 7), st.integers(0, 5000), st.data())
def test_bonus_of_returns_in_parts_is_that_of_one_return(
    rule: BonusRule, units: int, price: int, data: st.DataObject
) -> None:
    order = OrderSnapshot(
        "EUR", (LineSnapshot("a", price, units, data.draw(st.integers(0, price))),)
    )
    policy = RefundPolicy(bonus=rule)
    whole = quote(order, (), ReturnRequest((ReturnLine("a", units),)), policy)
    priors: tuple[PriorRefund, ...] = ()
    given_minor, left = 0, units
    while left:
        part = data.draw(st.integers(1, left))
        priced = quote(order, priors, ReturnRequest((ReturnLine("a", part),)), policy)
        given_minor += priced.bonus_minor
        priors += (prior_from_json(to_json(priced)),)
        assert priors[-1] == as_prior(priced)
        left -= part

    assert given_minor == whole.bonus_minor == bonus_on(rule, whole.total_minor)
    if rule.most_minor is not None:
        assert given_minor <= rule.most_minor


def test_bonus_of_a_credit_that_failed_can_be_given_again() -> None:
    order = OrderSnapshot("EUR", (LineSnapshot("a", 1000, 1),))
    asked, policy = ReturnRequest((ReturnLine("a", 1),)), RefundPolicy(bonus=BonusRule(1000, 100))

    first = quote(order, (), asked, policy)
    again = quote(order, (as_prior(first, status="failed"),), asked, policy)

    assert first.bonus_minor == again.bonus_minor == 200
    assert first.total_minor == 1000


@pytest.mark.django_db(transaction=True)
def test_credit_comes_with_its_bonus_as_an_entry_of_its_own(shop: Merchant) -> None:
    publish(credit_bonus=BONUS)
    placed = flows.order(prices=(10_000,))

    rma = flows.refunded(placed, flows.wish(flows.lines_of(placed)[0], **CREDIT))

    # 100.00 less 4.95 for the way back, and 10 % of that on top.
    with transaction.atomic():
        owed = Resolution.objects.get()
        assert (owed.amount_minor, owed.bonus_minor) == (9505, 951)
        assert rma.expected_minor == 9505 + 951
        assert (rma.quote["store_credit_minor"], rma.quote["bonus_minor"]) == (9505, 951)
        entries = StoreCreditEntry.objects.order_by("amount_minor")
        assert list(entries.values_list("kind", "amount_minor", "key")) == [
            ("bonus", 951, f"resolution:{owed.pk}:bonus"),
            ("issued", 9505, f"resolution:{owed.pk}"),
        ]
        assert StoreCredit.objects.get().balance_minor == 10_456
        booked = dict(
            JournalEntry.objects.filter(journal__kind="bonus_issued").values_list(
                "account", "amount_minor"
            )
        )
        assert booked == {"credit_bonus": 951, "store_credit": -951}
        told = Event.objects.get(kind=EventKind.CREDIT_ISSUED).facts
        assert (told["amount_minor"], told["bonus_minor"]) == (9505, 951)
    flows.drain()
    with transaction.atomic():
        mail = Message.objects.get(kind="credited")
        assert "€104.56" in mail.text
        assert "Bonus for taking store credit" in mail.text
    assert problems_of(shop.pk) == []


@pytest.mark.django_db(transaction=True)
def test_bonus_can_be_taken_back_apart_from_the_credit(shop: Merchant) -> None:
    publish(credit_bonus=BONUS, fee__amount_minor=0)
    placed = flows.order()
    flows.refunded(placed, flows.wish(flows.lines_of(placed)[0], **CREDIT))
    with transaction.atomic():
        bonus = StoreCreditEntry.objects.get(kind="bonus")

    reverse_credit(entry_id=bonus.pk, actor=SYSTEM)

    with transaction.atomic():
        assert StoreCredit.objects.get().balance_minor == flows.PRICE
    assert problems_of(shop.pk) == []


@pytest.mark.django_db(transaction=True)
def test_bonus_counts_once_per_order_over_two_returns(shop: Merchant) -> None:
    publish(
        credit_bonus={"share_bp": 333, "amount_minor": 500, "most_minor": 800}, fee__amount_minor=0
    )
    placed = flows.order(prices=(4_000,), quantity=3)
    line = flows.lines_of(placed)[0]

    for units in (1, 2):
        flows.refunded(placed, flows.wish(line, quantity=units, **CREDIT))

    with transaction.atomic():
        given_minor = list(
            Resolution.objects.order_by("created_at").values_list("bonus_minor", flat=True)
        )
    assert given_minor == [633, 167]
    assert problems_of(shop.pk) == []


@pytest.mark.django_db(transaction=True)
def test_refund_and_withdrawal_bring_no_bonus(shop: Merchant) -> None:
    publish(credit_bonus=BONUS)

    money = flows.request(flows.order(number="NL-1"))
    withdrawn = flows.withdrawn(flows.order(number="NL-2"))

    with transaction.atomic():
        rma = withdrawn.rma
        assert rma is not None
        assert (money.quote["bonus_minor"], rma.quote["bonus_minor"]) == (0, 0)
        assert {line.wanted for line in rma.lines.all()} == {"refund"}


@pytest.mark.django_db(transaction=True)
def test_bonus_of_a_rule_keeps_to_the_bound_of_the_policy(shop: Merchant) -> None:
    publish(
        credit_bonus={"share_bp": 0, "amount_minor": 0, "most_minor": 300},
        rules=[rule(None, do("credit_bonus", 2000), do("waive_fee"))],
    )
    placed = flows.order()

    rma = flows.request(placed, flows.wish(flows.lines_of(placed)[0], **CREDIT))

    with transaction.atomic():
        assert (rma.quote["bonus_minor"], rma.expected_minor) == (300, flows.PRICE + 300)
