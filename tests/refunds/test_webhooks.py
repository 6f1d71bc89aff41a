"""Stripe's webhooks end in the same settlement as its answers: early, late, twice or forged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection

from refunds.invariants import problems
from refunds.models import Journal, Refund
from returns_portal.activity.models import Event, StaffTask
from returns_portal.commerce.models import Payment
from returns_portal.integrations.calls import run_due_calls
from returns_portal.integrations.inbox import receive, take_due_webhooks
from returns_portal.integrations.models import InboundWebhook, ProviderAccount, ProviderCall
from returns_portal.integrations.outcomes import BadSignature
from returns_portal.tenancy.models import Merchant
from tests.factories import make_account
from tests.refunds.money import ask, make_order, part_of
from tests.simulators.stripe import API_KEY, SECRET, StripeSimulator
from tests.simulators.stripe import Payment as StripePayment

pytestmark = pytest.mark.django_db


@pytest.fixture
def stripe(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[StripeSimulator]:
    monkeypatch.setattr(connection, "testing_inside_atomic", True, raising=False)
    with StripeSimulator() as simulator:
        settings.STRIPE_API_BASE = simulator.address
        yield simulator


@pytest.fixture
def account(scoped: Merchant) -> ProviderAccount:
    return make_account(
        "refunds", "stripe", credentials={"api_key": API_KEY, "webhook_secret": SECRET}
    )


@pytest.fixture
def paid(account: ProviderAccount, stripe: StripeSimulator) -> StripePayment:
    return stripe.add_payment(5000)


def _ask(paid: StripePayment) -> Refund:
    return ask(make_order(5000, gateway="stripe", reference=paid.intent), 5000)


def _deliver(
    stripe: StripeSimulator, account: ProviderAccount, kind: str, subject: dict[str, Any]
) -> bytes:
    body = stripe.event(kind, subject)
    assert receive(account.webhook_token, body, stripe.sign(body))
    take_due_webhooks()
    run_due_calls()
    return body


def test_pending_refund_is_settled_by_webhook(
    stripe: StripeSimulator, account: ProviderAccount, paid: StripePayment
) -> None:
    stripe.next_status = "pending"
    refund = _ask(paid)
    run_due_calls()
    (theirs,) = stripe.refunds_of(paid)
    stripe.settle(theirs["id"], "succeeded")

    body = _deliver(stripe, account, "refund.updated", theirs)

    refund.refresh_from_db()
    assert refund.status == "succeeded"
    assert receive(account.webhook_token, body, stripe.sign(body)) is False
    _deliver(stripe, account, "charge.refund.updated", theirs)
    assert Journal.objects.filter(kind="refund_paid").count() == 1
    assert Event.objects.filter(kind="refund.succeeded").count() == 1
    assert problems() == []


def test_failure_after_success_opens_the_debt_again(
    stripe: StripeSimulator, account: ProviderAccount, paid: StripePayment
) -> None:
    refund = _ask(paid)
    run_due_calls()
    (theirs,) = stripe.refunds_of(paid)
    stripe.settle(theirs["id"], "failed", "expired_or_canceled_card")

    _deliver(stripe, account, "refund.failed", theirs)

    refund.refresh_from_db()
    part = part_of(refund)
    assert (refund.status, part.failure_code) == ("failed", "expired_or_canceled_card")
    assert part.failure_message == "The card has expired or was closed."
    assert Payment.objects.get().refunded_minor == 0
    assert StaffTask.objects.get(status="open").kind == "refund_failed"
    assert problems() == []


def test_webhook_overtaking_the_answer_finds_its_part_by_operation(
    stripe: StripeSimulator, account: ProviderAccount, paid: StripePayment
) -> None:
    refund = _ask(paid)
    run_due_calls()
    (theirs,) = stripe.refunds_of(paid)
    part = part_of(refund)
    part.provider_refund_id = ""
    part.save(update_fields=["provider_refund_id"])

    _deliver(stripe, account, "refund.created", theirs)

    part.refresh_from_db()
    assert part.provider_refund_id == theirs["id"]
    assert ProviderCall.objects.filter(kind="refund.read", status="done").count() == 1


def test_webhook_about_a_strangers_refund_is_ignored(
    stripe: StripeSimulator, account: ProviderAccount, paid: StripePayment
) -> None:
    theirs = {"id": "re_9", "object": "refund", "amount": 1, "currency": "eur", "metadata": {}}

    _deliver(stripe, account, "refund.created", theirs)

    webhook = InboundWebhook.objects.get()
    assert (webhook.status, webhook.reason) == ("ignored", "not a refund of ours")


@pytest.mark.parametrize(
    ("status", "disputed"), [("needs_response", True), ("lost", True), ("won", False)]
)
def test_dispute_marks_the_payment_until_it_is_won(
    stripe: StripeSimulator,
    account: ProviderAccount,
    paid: StripePayment,
    status: str,
    disputed: bool,
) -> None:
    make_order(5000, gateway="stripe", reference=paid.intent)
    Payment.objects.update(is_disputed=not disputed)
    subject = {"id": "dp_1", "charge": paid.charge, "payment_intent": paid.intent, "status": status}

    _deliver(stripe, account, "charge.dispute.closed", subject)

    assert Payment.objects.get().is_disputed is disputed


def test_test_mode_event_never_moves_a_live_account(
    stripe: StripeSimulator, account: ProviderAccount, paid: StripePayment
) -> None:
    refund = _ask(paid)
    run_due_calls()
    account.credentials = {"api_key": "sk_live_x", "webhook_secret": SECRET}
    account.save(update_fields=["credentials"])
    (theirs,) = stripe.refunds_of(paid)

    _deliver(stripe, account, "refund.failed", {**theirs, "status": "failed"})

    refund.refresh_from_db()
    assert refund.status == "succeeded"
    assert InboundWebhook.objects.get().reason == "test mode"


def test_forged_webhook_is_refused_and_not_kept(
    stripe: StripeSimulator, account: ProviderAccount
) -> None:
    body = stripe.event("refund.failed", {"id": "re_1"})

    with pytest.raises(BadSignature):
        receive(account.webhook_token, body, stripe.sign(body, "whsec_other"))

    assert InboundWebhook.objects.count() == 0
