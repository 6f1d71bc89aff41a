"""A worker dies anywhere in a Stripe refund, with real commits: Stripe's books show one refund."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.db import connection, transaction

from refunds.invariants import problems
from refunds.models import Journal, Refund
from returns_portal.core.clock import shifted
from returns_portal.core.crashpoints import armed
from returns_portal.core.scope import merchant_scope
from returns_portal.integrations.calls import run_due_calls
from returns_portal.integrations.models import ProviderCall
from returns_portal.tenancy.models import Merchant
from tests.factories import make_account
from tests.refunds.money import ask, make_order
from tests.simulators.server import Fault
from tests.simulators.stripe import API_KEY, SECRET, Payment, StripeSimulator

pytestmark = pytest.mark.django_db(transaction=True)

POINTS = ["call.before_claim", "call.claimed", "call.answered", "call.finished"]
FAULTS = {
    "none": [],
    "500 before": [Fault("status", "before")],
    "500 after": [Fault("status", "after")],
    "reset after": [Fault("drop", "after")],
    "garbage after": [Fault("garbage", "after")],
    "429 before": [Fault("status", "before", status=429)],
}


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


@pytest.fixture
def stripe(settings: LazySettings) -> Iterator[StripeSimulator]:
    with StripeSimulator() as simulator:
        settings.STRIPE_API_BASE = simulator.address
        yield simulator
    armed.clear()


def _refund(merchant: Merchant, stripe: StripeSimulator) -> tuple[Refund, Payment]:
    payment = stripe.add_payment(5000)
    credentials = {"api_key": API_KEY, "webhook_secret": SECRET}
    with merchant_scope(merchant.pk), transaction.atomic():
        make_account("refunds", "stripe", credentials=credentials)
        return ask(make_order(5000, gateway="stripe", reference=payment.intent), 5000), payment


def _die() -> None:
    connection.close()
    raise Killed


def _sweep() -> None:
    for minutes in (4, 9, 20, 60, 130):
        with shifted(timedelta(minutes=minutes)):
            run_due_calls()


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("point", POINTS)
def test_worker_killed_anywhere_leaves_exactly_one_refund_at_stripe(
    merchant: Merchant, stripe: StripeSimulator, point: str, fault: str
) -> None:
    refund, payment = _refund(merchant, stripe)
    stripe.fail_next(*FAULTS[fault])
    armed[point] = _die

    with pytest.raises(Killed):
        run_due_calls()
    armed.clear()
    _sweep()

    assert [one["amount"] for one in stripe.refunds_of(payment)] == [5000]
    assert payment.refunded == 5000
    with merchant_scope(merchant.pk), transaction.atomic():
        refund.refresh_from_db()
        assert refund.status == "succeeded"
        assert ProviderCall.objects.get().status == "done"
        assert Journal.objects.filter(kind="refund_paid").count() == 1
        assert problems() == []
    keys = {seen.headers["idempotency-key"] for seen in stripe.seen if seen.method == "POST"}
    assert len(keys) == 1


def test_stored_500_is_read_not_believed(merchant: Merchant, stripe: StripeSimulator) -> None:
    refund, payment = _refund(merchant, stripe)
    with merchant_scope(merchant.pk), transaction.atomic():
        key = ProviderCall.objects.get().key
    stripe.fail_next(Fault("drop", "after"))
    run_due_calls()
    stripe.store_500(key)

    _sweep()

    assert len(stripe.refunds_of(payment)) == 1
    with merchant_scope(merchant.pk), transaction.atomic():
        refund.refresh_from_db()
        assert refund.status == "succeeded"


def test_forgotten_key_is_never_sent_again(merchant: Merchant, stripe: StripeSimulator) -> None:
    refund, payment = _refund(merchant, stripe)
    stripe.fail_next(Fault("status", "before"))
    run_due_calls()
    posts = len([seen for seen in stripe.seen if seen.method == "POST"])

    with shifted(timedelta(hours=21)):
        run_due_calls()

    assert len([seen for seen in stripe.seen if seen.method == "POST"]) == posts
    assert stripe.refunds_of(payment) == []
    with merchant_scope(merchant.pk), transaction.atomic():
        refund.refresh_from_db()
        assert (refund.status, ProviderCall.objects.get().status) == ("executing", "unknown")
