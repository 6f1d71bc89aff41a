"""Stripe when things go wrong: what each failure means, and that money is paid once.

The simulator's ledger is the witness; it shares no code with the product.
"""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest
import stripe

from refunds.providers.base import RefundOrder, RefundStatus
from refunds.providers.stripe import StripeRefunds
from returns_portal.core.money import Money
from returns_portal.integrations.outcomes import Declined, Unavailable, Unknown
from tests.simulators.server import Fault, closed_port
from tests.simulators.stripe import API_KEY, Payment, StripeSimulator


def order_for(payment: Payment, operation_id: str = "op-1", minor: int = 1000) -> RefundOrder:
    amount = Money(minor, payment.currency.upper())
    return RefundOrder(operation_id, payment.intent, amount, "Too small", {"return": "R-1"})


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


@pytest.mark.parametrize(
    "fault",
    [
        Fault("drop", "after"),
        Fault("drop", "before"),
        Fault("status", "after", 500, {"error": {"type": "api_error", "message": "x"}}),
        Fault("status", "before", 500, {"error": {"type": "api_error", "message": "x"}}),
        Fault("status", "after", 502, "<html>"),
        Fault("garbage", "after"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.when}-{fault.status}",
)
def test_lost_answer_is_unknown_and_the_same_key_ends_in_one_refund(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds, fault: Fault
) -> None:
    payment = stripe_sim.add_payment(5000)
    stripe_sim.fail_next(fault)
    order = order_for(payment)

    with pytest.raises(Unknown):
        stripe_refunds.send(order, key="k")
    found = stripe_refunds.find(order, key="k")
    assert (found is not None) is (fault.when == "after")
    answer = stripe_refunds.send(order, key="k")

    assert answer.status is RefundStatus.SUCCEEDED
    assert [one["amount"] for one in stripe_sim.refunds_of(payment)] == [1000]


def test_time_out_is_unknown(stripe_sim: StripeSimulator) -> None:
    payment = stripe_sim.add_payment(5000)
    stripe_sim.fail_next(Fault("hang", "after", seconds=0.8))
    impatient = StripeRefunds(
        {"api_key": API_KEY},
        api_base=stripe_sim.address,
        http_client=stripe.RequestsClient(timeout=(1, 0.2)),
    )

    with pytest.raises(Unknown):
        impatient.send(order_for(payment), key="k")

    assert len(stripe_sim.refunds_of(payment)) == 1


def test_no_connection_is_unavailable() -> None:
    nobody = StripeRefunds({"api_key": API_KEY}, api_base=f"http://127.0.0.1:{closed_port()}")

    with pytest.raises(Unavailable) as outcome:
        nobody.send(RefundOrder("op", "pi_1", Money(100, "EUR"), "x"), key="k")

    assert outcome.value.code == "no_connection"


def test_the_library_never_retries_by_itself(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds
) -> None:
    payment = stripe_sim.add_payment(5000)
    stripe_sim.fail_next(Fault("status", "before", 500, {"error": {"type": "api_error"}}))

    with pytest.raises(Unknown):
        stripe_refunds.send(order_for(payment), key="k")

    assert len(stripe_sim.seen) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"error": {"type": "invalid_request_error", "code": "lock_timeout"}}, "lock_timeout"),
        ({"error": {"type": "invalid_request_error", "code": "rate_limit"}}, "rate_limit"),
    ],
)
def test_throttled_is_unavailable_with_the_wait_they_ask_for(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds, body: object, code: str
) -> None:
    payment = stripe_sim.add_payment(5000)
    stripe_sim.fail_next(Fault("status", "before", 429, body, {"Retry-After": "7"}))

    with pytest.raises(Unavailable) as outcome:
        stripe_refunds.send(order_for(payment), key="k")

    assert (outcome.value.code, outcome.value.retry_after) == (code, 7.0)
    assert stripe_sim.refunds_of(payment) == []


def test_sticky_500_stays_unknown_and_reading_finds_the_refund(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds
) -> None:
    payment = stripe_sim.add_payment(5000)
    order = order_for(payment)
    stripe_refunds.send(order, key="k")
    stripe_sim.store_500("k")

    for _ in range(2):
        with pytest.raises(Unknown):
            stripe_refunds.send(order, key="k")

    found = stripe_refunds.find(order, key="k")
    assert found is not None
    assert found.status is RefundStatus.SUCCEEDED
    assert len(stripe_sim.refunds_of(payment)) == 1


def test_sticky_500_without_effect_finds_nothing(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds
) -> None:
    payment = stripe_sim.add_payment(5000)
    stripe_sim.store_500("k")

    with pytest.raises(Unknown):
        stripe_refunds.send(order_for(payment), key="k")

    assert stripe_refunds.find(order_for(payment), key="k") is None


def test_same_key_for_another_amount_is_unknown(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds
) -> None:
    payment = stripe_sim.add_payment(5000)
    stripe_refunds.send(order_for(payment), key="k")

    with pytest.raises(Unknown):
        stripe_refunds.send(order_for(payment, minor=900), key="k")

    assert [one["amount"] for one in stripe_sim.refunds_of(payment)] == [1000]


def test_key_in_use_is_unknown_not_a_refusal(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds
) -> None:
    payment = stripe_sim.add_payment(5000)
    body = {"error": {"type": "idempotency_error", "code": "idempotency_key_in_use"}}
    stripe_sim.fail_next(Fault("status", "before", 409, body))

    with pytest.raises(Unknown) as outcome:
        stripe_refunds.send(order_for(payment), key="k")

    assert outcome.value.code == "idempotency_key_in_use"


def test_eight_senders_with_one_key_make_one_refund(stripe_sim: StripeSimulator) -> None:
    payment = stripe_sim.add_payment(5000)
    order = order_for(payment)
    barrier = threading.Barrier(8)

    def send() -> None:
        provider = StripeRefunds({"api_key": API_KEY}, api_base=stripe_sim.address)
        barrier.wait()
        # Another sender may hold the key at this moment: allowed, the ledger below decides.
        with suppress(Unknown):
            provider.send(order, key="k")

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(stripe_sim.refunds_of(payment)) == 1


def test_resend_after_the_key_was_forgotten_recognises_a_full_refund(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds
) -> None:
    payment = stripe_sim.add_payment(1000)
    order = order_for(payment, minor=1000)
    first = stripe_refunds.send(order, key="k")
    stripe_sim.move_clock(25 * 3600)

    again = stripe_refunds.send(order, key="k")

    assert again.provider_refund_id == first.provider_refund_id
    assert len(stripe_sim.refunds_of(payment)) == 1


def test_refunded_by_somebody_else_is_declined(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds
) -> None:
    payment = stripe_sim.add_payment(1000)
    stripe_refunds.send(order_for(payment, "dashboard", 1000), key="other")

    with pytest.raises(Declined) as refusal:
        stripe_refunds.send(order_for(payment, minor=1000), key="k")

    assert refusal.value.code == "charge_already_refunded"
    assert not refusal.value.retryable


def test_over_refund_is_declined_by_field_not_by_message(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds
) -> None:
    payment = stripe_sim.add_payment(1000)
    stripe_refunds.send(order_for(payment, "op-0", 800), key="k0")

    with pytest.raises(Declined) as refusal:
        stripe_refunds.send(order_for(payment, minor=300), key="k")

    assert (refusal.value.code, refusal.value.field) == ("amount_refused", "amount")


def test_disputed_charge_is_declined(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds
) -> None:
    payment = stripe_sim.add_payment(1000, disputed=True)

    with pytest.raises(Declined) as refusal:
        stripe_refunds.send(order_for(payment), key="k")

    assert refusal.value.code == "charge_disputed"


def test_revoked_key_is_declined_until_somebody_mends_it(
    stripe_sim: StripeSimulator, stripe_refunds: StripeRefunds
) -> None:
    payment = stripe_sim.add_payment(1000)
    stripe_sim.revoked = True

    with pytest.raises(Declined) as refusal:
        stripe_refunds.send(order_for(payment), key="k")

    assert (refusal.value.code, refusal.value.retryable) == ("credentials_rejected", True)


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


def test_failed_read_is_unavailable_never_unknown(stripe_sim: StripeSimulator) -> None:
    nobody = StripeRefunds({"api_key": API_KEY}, api_base=stripe_sim.address)
    stripe_sim.changes = lambda request: True  # type: ignore[method-assign]
    stripe_sim.fail_next(Fault("drop"), Fault("status", status=503, body=None))

    for _ in range(2):
        with pytest.raises(Unavailable):
            nobody.read("re_1")


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
