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
from tests.contracts.refund_cases import order_for
from tests.simulators.server import Fault, closed_port
from tests.simulators.stripe import API_KEY, StripeSimulator


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


@pytest.mark.parametrize(
    ("status", "should_retry", "outcome"),
    [(409, "false", Unknown), (400, "true", Unavailable), (400, "false", Declined)],
)
def test_status_header_and_code_decide_together(
    stripe_sim: StripeSimulator,
    stripe_refunds: StripeRefunds,
    status: int,
    should_retry: str,
    outcome: type[Exception],
) -> None:
    payment = stripe_sim.add_payment(5000)
    body = {"error": {"type": "invalid_request_error", "message": "x"}}
    stripe_sim.fail_next(
        Fault("status", "before", status, body, {"Stripe-Should-Retry": should_retry})
    )

    with pytest.raises(outcome):
        stripe_refunds.send(order_for(payment), key="k")


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


def test_failed_read_is_unavailable_never_unknown(stripe_sim: StripeSimulator) -> None:
    nobody = StripeRefunds({"api_key": API_KEY}, api_base=stripe_sim.address)
    stripe_sim.changes = lambda request: True  # type: ignore[method-assign]
    stripe_sim.fail_next(Fault("drop"), Fault("status", status=503, body=None))

    for _ in range(2):
        with pytest.raises(Unavailable):
            nobody.read("re_1")
