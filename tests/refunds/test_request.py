"""Asking for refunds: once per fact, within the payments, with a second person above a limit."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from refunds.actions.request import approve_refund, cancel_refund
from refunds.invariants import problems
from refunds.models import Journal, Refund, RefundAllocation
from returns_portal.activity.models import Event, StaffTask
from returns_portal.commerce.models import Payment
from returns_portal.core.actor import SYSTEM, Actor, ActorKind
from returns_portal.core.db import attempt
from returns_portal.core.errors import (
    Conflict,
    DomainError,
    InvalidInput,
    InvalidTransition,
    NotAllowed,
    NotFound,
)
from returns_portal.core.ids import new_id
from returns_portal.integrations.models import ProviderCall
from returns_portal.tenancy.models import Merchant
from tests.factories import make_account
from tests.refunds.money import AGENT, FINANCE, WAREHOUSE, ask, make_order, part_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]


def _legs(kind: str) -> dict[str, int]:
    entries = Journal.objects.get(kind=kind).entries.all()
    return {entry.account: entry.amount_minor for entry in entries}


def test_request_refund_within_limits_is_approved_and_its_call_is_planned() -> None:
    account = make_account("refunds")
    order = make_order(11700)
    about = new_id()

    refund = ask(order, 11700, about_id=about, promised_on=date(2026, 12, 3))

    part = part_of(refund)
    call = ProviderCall.objects.get()
    assert (refund.status, refund.approved_by) == ("approved", "Returns Portal")
    assert (part.amount_minor, part.status, part.account_id) == (11700, "planned", account.pk)
    assert part.payment.refunded_minor == 11700
    assert (call.kind, call.subject_id, call.status) == ("refund.send", part.pk, "planned")
    assert call.params["operation_id"] == str(part.pk)
    assert call.params["payment_reference"] == "pay-1"
    assert list(Event.objects.order_by("id").values_list("kind", "about_id")) == [
        ("refund.requested", about),
        ("refund.approved", about),
    ]
    assert _legs("refund_granted") == {
        "refunds_expense": 11540,
        "tax_payable": 160,
        "refund_payable": -11700,
    }
    assert problems() == []


def test_request_refund_books_the_fee_that_was_kept() -> None:
    make_account("refunds")

    ask(make_order(11700), 11205, breakdown={"tax_minor": 2095, "fee_minor": 495})

    assert _legs("refund_granted") == {
        "refunds_expense": 11205 - 2095 + 495,
        "tax_payable": 2095,
        "fee_income": -495,
        "refund_payable": -11205,
    }


def test_request_refund_same_key_twice_is_one_refund() -> None:
    order = make_order(5000)

    first = ask(order, 3000)
    again = ask(order, 3000)

    assert first.pk == again.pk
    assert Refund.objects.count() == RefundAllocation.objects.count() == 1
    assert Payment.objects.get().refunded_minor == 3000


def test_request_refund_same_key_other_amount_is_a_conflict() -> None:
    order = make_order(5000)
    ask(order, 3000)

    with pytest.raises(Conflict) as refusal, attempt():
        ask(order, 2000)

    assert refusal.value.code == "refund_exists"
    assert Payment.objects.get().refunded_minor == 3000


def test_request_refund_beyond_the_payments_is_refused_and_writes_nothing() -> None:
    order = make_order(5000)
    ask(order, 3000)

    with pytest.raises(DomainError) as refusal, attempt():
        ask(order, 2001, key="resolution:2")

    assert refusal.value.code == "exceeds_payments"
    assert refusal.value.facts == {"max_refundable_minor": 2000}
    assert Refund.objects.count() == 1
    assert Payment.objects.get().refunded_minor == 3000
    assert problems() == []


def test_request_refund_counts_what_was_refunded_elsewhere() -> None:
    order = make_order(5000)
    Payment.objects.update(refunded_elsewhere_minor=4000)

    with pytest.raises(DomainError) as refusal, attempt():
        ask(order, 1001)

    assert refusal.value.facts == {"max_refundable_minor": 1000}


def test_database_refuses_a_payment_refunded_beyond_its_capture() -> None:
    make_order(5000)

    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.update(refunded_minor=5001)


def test_request_refund_over_two_payments_is_spread_in_their_order() -> None:
    order = make_order(3000, 4000)

    refund = ask(order, 5000)

    parts = refund.allocations.order_by("payment__external_id")
    assert [(part.payment.external_id, part.amount_minor) for part in parts] == [
        ("1", 3000),
        ("2", 2000),
    ]
    assert problems() == []


@pytest.mark.parametrize("minor", [0, -1])
def test_request_refund_of_nothing_is_refused(minor: int) -> None:
    with pytest.raises(InvalidInput), attempt():
        ask(make_order(5000), minor)


def test_request_refund_in_another_currency_or_on_no_order_is_refused() -> None:
    order = make_order(5000)
    order.currency = "USD"
    with pytest.raises(InvalidInput) as refusal, attempt():
        ask(order, 100)
    assert refusal.value.code == "wrong_currency"

    order.pk = new_id()
    with pytest.raises(NotFound), attempt():
        ask(order, 100)


@pytest.mark.parametrize(
    ("gateway", "named", "reference", "chosen"),
    [
        ("stripe", ["stripe"], "pi_1", "stripe"),
        ("other", ["stripe"], "pi_1", "builtin"),
        ("stripe", ["stripe"], "", None),
    ],
)
def test_request_refund_picks_the_account_of_the_payments_gateway(
    gateway: str, named: list[str], reference: str, chosen: str | None
) -> None:
    make_account("refunds")
    make_account("refunds", "stripe", gateways=named, is_default=False)

    refund = ask(make_order(5000, gateway=gateway, reference=reference), 100)

    account = part_of(refund).account
    assert (account.provider if account else None) == chosen


def test_default_account_that_names_gateways_refunds_no_other() -> None:
    make_account("refunds", "stripe", gateways=["stripe"])

    refund = ask(make_order(5000, gateway="gift_card"), 100)

    assert part_of(refund).account is None


def test_request_refund_above_the_limit_waits_for_a_second_person(scoped: Merchant) -> None:
    Merchant.objects.update(second_person_above_minor=5000)
    make_account("refunds")
    order = make_order(9000)

    refund = ask(order, 5001, actor=AGENT)

    assert (refund.status, refund.needs_second_person) == ("requested", True)
    assert ProviderCall.objects.count() == Journal.objects.count() == 0
    assert Payment.objects.get().refunded_minor == 5001
    assert StaffTask.objects.get().kind == "refund_second_person"
    assert problems() == []

    approved = approve_refund(refund.pk, actor=FINANCE)
    again = approve_refund(refund.pk, actor=FINANCE)

    assert (approved.status, again.status) == ("approved", "approved")
    assert (approved.requested_by, approved.approved_by) == ("Ada Agent", "Fin Ance")
    assert ProviderCall.objects.count() == Journal.objects.count() == 1
    assert StaffTask.objects.get().status == "done"
    assert problems() == []


def test_request_refund_at_the_limit_needs_nobody() -> None:
    Merchant.objects.update(second_person_above_minor=5000)

    assert ask(make_order(9000), 5000).status == "approved"


@pytest.mark.parametrize(
    ("shop_currency", "shop_total", "status"),
    [("EUR", 4500, "approved"), ("EUR", 18000, "requested"), ("", None, "requested")],
)
def test_limit_in_another_currency_is_compared_by_the_orders_totals(
    shop_currency: str, shop_total: int | None, status: str
) -> None:
    Merchant.objects.update(second_person_above_minor=5000)
    order = make_order(
        9000, currency="USD", shop_currency=shop_currency, shop_total_minor=shop_total
    )

    assert ask(order, 9000).status == status


@pytest.mark.parametrize(
    "actor",
    [
        Actor(ActorKind.MEMBER, "finance-1", "Fin Ance", FINANCE.permissions),
        AGENT,
        SYSTEM,
        Actor(ActorKind.API_KEY, "key-1", "Key", FINANCE.permissions),
    ],
    ids=["the one who asked", "without the right", "the system", "a program"],
)
def test_approve_refund_by_the_wrong_one_is_refused(actor: Actor) -> None:
    Merchant.objects.update(second_person_above_minor=1)
    refund = ask(make_order(9000), 5000, actor=FINANCE)

    with pytest.raises(NotAllowed), attempt():
        approve_refund(refund.pk, actor=actor)

    refund.refresh_from_db()
    assert refund.status == "requested"
    assert Journal.objects.count() == 0


def test_cancel_refund_before_it_is_sent_frees_the_payment() -> None:
    make_account("refunds")
    order = make_order(5000)
    refund = ask(order, 5000)

    cancelled = cancel_refund(refund.pk, actor=AGENT, reason="asked twice")
    again = cancel_refund(refund.pk, actor=AGENT)

    assert (cancelled.status, again.status) == ("cancelled", "cancelled")
    assert part_of(refund).status == "cancelled"
    assert Payment.objects.get().refunded_minor == 0
    assert ProviderCall.objects.get().status == "cancelled"
    assert Event.objects.filter(kind="refund.cancelled").count() == 1
    assert problems() == []
    assert ask(order, 5000, key="resolution:2").status == "approved"


def test_cancel_refund_that_waits_for_a_second_person_books_nothing() -> None:
    Merchant.objects.update(second_person_above_minor=1)
    refund = ask(make_order(5000), 5000)

    cancel_refund(refund.pk, actor=AGENT)

    assert Journal.objects.count() == 0
    assert StaffTask.objects.get().status == "done"
    assert problems() == []
    with pytest.raises(InvalidTransition), attempt():
        approve_refund(refund.pk, actor=FINANCE)


def test_cancel_refund_being_sent_is_refused() -> None:
    make_account("refunds")
    refund = ask(make_order(5000), 5000)
    ProviderCall.objects.update(status="sending")

    with pytest.raises(InvalidTransition) as refusal, attempt():
        cancel_refund(refund.pk, actor=AGENT)

    assert refusal.value.code == "refund_on_its_way"
    assert Payment.objects.get().refunded_minor == 5000


def test_cancel_refund_without_the_right_is_refused() -> None:
    refund = ask(make_order(5000), 5000)

    with pytest.raises(NotAllowed), attempt():
        cancel_refund(refund.pk, actor=WAREHOUSE)


def test_disputed_payment_is_not_refunded_automatically() -> None:
    make_account("refunds")
    order = make_order(5000)
    Payment.objects.update(is_disputed=True)

    refund = ask(order, 5000)

    assert ProviderCall.objects.count() == 0
    assert StaffTask.objects.get().kind == "refund_disputed"
    assert part_of(refund).status == "planned"
    assert problems() == []
