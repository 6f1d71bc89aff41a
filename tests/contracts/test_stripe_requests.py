"""What is sent to Stripe and what comes back when all goes well."""

from __future__ import annotations

import pytest

from refunds.providers.base import RefundOrder, RefundStatus
from refunds.providers.stripe import StripeRefunds
from returns_portal.core.money import Money
from returns_portal.integrations.outcomes import Declined
from tests.contracts.refund_cases import order_for
from tests.simulators.stripe import API_KEY, StripeSimulator


def test_send_carries_our_key_amount_and_operation(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds
) -> None:
    payment = stripe_sim.add_payment(5000)

    stripe_refunds.send(order_for(payment, minor=1234), key="refund:op-1")

    request = stripe_sim.seen[-1]
    assert request.headers["idempotency-key"] == "refund:op-1"
    assert request.form() == {
        "payment_intent": payment.intent,
        "amount": "1234",
        "reason": "requested_by_customer",
        "metadata[operation_id]": "op-1",
        "metadata[return]": "R-1",
    }


def test_send_for_a_charge_names_the_charge(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds
) -> None:
    payment = stripe_sim.add_payment(5000)
    order = RefundOrder("op-1", payment.charge, Money(500, "EUR"), "x")

    answer = stripe_refunds.send(order, key="k")

    assert stripe_sim.seen[-1].form()["charge"] == payment.charge
    assert answer.payment_reference == payment.intent


def test_send_for_a_connected_account_names_it(stripe_sim: StripeSimulator) -> None:
    payment = stripe_sim.add_payment(5000)
    credentials = {"api_key": API_KEY, "stripe_account": "acct_1"}

    StripeRefunds(credentials, api_base=stripe_sim.address).send(order_for(payment), key="k")

    assert stripe_sim.seen[-1].headers["stripe-account"] == "acct_1"


def test_find_pages_through_many_refunds(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds
) -> None:
    payment = stripe_sim.add_payment(100_000)
    wanted = stripe_refunds.send(order_for(payment, "first", 100), key="first")
    for number in range(120):
        stripe_sim._create(
            {
                "charge": payment.charge,
                "amount": "100",
                "metadata[operation_id]": f"other-{number}",
            }
        )

    found = stripe_refunds.find(order_for(payment, "first", 100), key="first")

    assert found is not None
    assert found.provider_refund_id == wanted.provider_refund_id
    assert len([one for one in stripe_sim.seen if one.method == "GET"]) == 2


@pytest.mark.parametrize("status", [one.value for one in RefundStatus])
def test_each_status_comes_through(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds, status: str
) -> None:
    payment = stripe_sim.add_payment(1000)
    stripe_sim.next_status = status

    answer = stripe_refunds.send(order_for(payment), key="k")

    assert answer.status.value == status


def test_unknown_status_stays_open_and_is_kept(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds
) -> None:
    payment = stripe_sim.add_payment(1000)
    stripe_sim.next_status = "held_by_auditor"

    answer = stripe_refunds.send(order_for(payment), key="k")

    assert answer.status is RefundStatus.PENDING
    assert answer.raw["status"] == "held_by_auditor"


def test_success_that_fails_later_is_read_with_its_reason(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds
) -> None:
    payment = stripe_sim.add_payment(1000)
    answer = stripe_refunds.send(order_for(payment), key="k")
    stripe_sim.settle(answer.provider_refund_id, "failed", "expired_or_canceled_card")

    later = stripe_refunds.read(answer.provider_refund_id)

    assert later.status is RefundStatus.FAILED
    assert later.status.no_money_moved
    assert later.failure_reason == "expired_or_canceled_card"


@pytest.mark.parametrize(
    ("minor", "currency", "sent"),
    [
        (1000, "JPY", "1000"),
        (1000, "ISK", "100000"),
        (500, "UGX", "50000"),
        (30_000, "MGA", "300"),
        (1230, "KWD", "1230"),
    ],
)
def test_amounts_are_sent_in_stripes_own_units(
    stripe_sim: StripeSimulator,
    stripe_refunds: StripeRefunds,
    minor: int,
    currency: str,
    sent: str,
) -> None:
    payment = stripe_sim.add_payment(10_000_000, currency.lower())

    answer = stripe_refunds.send(order_for(payment, minor=minor), key="k")

    assert stripe_sim.seen[-1].form()["amount"] == sent
    assert answer.amount == Money(minor, currency)


@pytest.mark.parametrize(("minor", "currency"), [(1234, "KWD"), (150, "MGA"), (0, "EUR")])
def test_amounts_stripe_cannot_express_are_refused_before_sending(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds, minor: int, currency: str
) -> None:
    payment = stripe_sim.add_payment(10_000_000, currency.lower())

    with pytest.raises(Declined) as refusal:
        stripe_refunds.send(order_for(payment, minor=minor), key="k")

    assert refusal.value.code == "amount_not_possible"
    assert stripe_sim.seen == []
