"""The plan over payments: bounded by what each holds, complete, deterministic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refunds.allocation import (
    STRATEGIES,
    AllocationPart,
    PaymentBalance,
    Strategy,
    allocate_to_payments,
)
from returns_portal.core.errors import InvalidInput

CARD = PaymentBalance("card", 5000)
GIFT = PaymentBalance("gift", 3000, kind="gift_card")


def parts(*pairs: tuple[str, int]) -> tuple[AllocationPart, ...]:
    return tuple(AllocationPart(payment_id, amount) for payment_id, amount in pairs)


def test_original_order_takes_payments_as_they_came() -> None:
    plan = allocate_to_payments(4000, [GIFT, CARD])

    assert plan.parts == parts(("gift", 3000), ("card", 1000))
    assert plan.overflow_minor == 0


def test_gift_card_last_takes_the_card_first() -> None:
    plan = allocate_to_payments(6000, [GIFT, CARD], "gift_card_last")

    assert plan.parts == parts(("card", 5000), ("gift", 1000))


def test_chosen_first_overflows_to_the_others() -> None:
    plan = allocate_to_payments(4000, [CARD, GIFT], "chosen_first", chosen=["gift"])

    assert plan.parts == parts(("gift", 3000), ("card", 1000))


def test_chosen_first_unknown_payment_is_refused() -> None:
    with pytest.raises(InvalidInput) as refusal:
        allocate_to_payments(1, [CARD], "chosen_first", chosen=["other"])

    assert refusal.value.code == "unknown_payment"


def test_refunds_in_flight_count_as_gone() -> None:
    plan = allocate_to_payments(5000, [PaymentBalance("card", 5000, refunded_minor=4500)])

    assert plan.parts == parts(("card", 500))
    assert plan.overflow_minor == 4500


def test_full_only_payment_partly_refunded_is_left_alone() -> None:
    payment = PaymentBalance("bank", 5000, refunded_minor=1, supports="full_only")

    plan = allocate_to_payments(4999, [payment])

    assert plan.parts == ()
    assert plan.overflow_minor == 4999


def test_least_hassle_prefers_one_exact_payment() -> None:
    payments = [PaymentBalance("a", 2300), PaymentBalance("b", 1000), PaymentBalance("c", 1000)]

    plan = allocate_to_payments(1000, payments, "least_hassle")

    assert plan.parts == parts(("b", 1000))


def test_negative_amount_and_doubled_payment_are_refused() -> None:
    with pytest.raises(InvalidInput):
        allocate_to_payments(-1, [CARD])
    with pytest.raises(InvalidInput):
        allocate_to_payments(1, [CARD, CARD])


payment_lists = st.lists(
    st.builds(
        PaymentBalance,
        payment_id=st.uuids().map(str),
        captured_minor=st.integers(0, 10_000),
        refunded_minor=st.integers(0, 10_000),
        supports=st.sampled_from(["partial", "full_only", "none"]),
        kind=st.sampled_from(["card", "gift_card"]),
    ),
    max_size=6,
    unique_by=lambda payment: payment.payment_id,
)


@given(payments=payment_lists, total=st.integers(0, 40_000), strategy=st.sampled_from(STRATEGIES))
def test_every_plan_is_complete_and_within_each_payment(
    payments: list[PaymentBalance], total: int, strategy: Strategy
) -> None:
    plan = allocate_to_payments(total, payments, strategy)

    by_id = {payment.payment_id: payment for payment in payments}
    assert plan.total_minor == total
    assert len({part.payment_id for part in plan.parts}) == len(plan.parts)
    for part in plan.parts:
        payment = by_id[part.payment_id]
        assert 0 < part.amount_minor <= payment.available_minor
        assert payment.supports != "none"
        if payment.supports == "full_only":
            assert part.amount_minor == payment.captured_minor
    if plan.overflow_minor:
        taken = {part.payment_id for part in plan.parts}
        idle = [p for p in payments if p.supports == "partial" and p.payment_id not in taken]
        assert all(not payment.available_minor for payment in idle)
