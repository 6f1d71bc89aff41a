"""Many at once on real connections: the database decides, and a control shows the bug."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.models import Sum

from refunds import planning
from refunds.actions import request as request_module
from refunds.actions.store_credit import issue_credit, reverse_credit, spend_credit
from refunds.invariants import problems
from refunds.models import Refund, RefundAllocation, StoreCredit, StoreCreditEntry
from refunds.providers import builtin_ledger
from returns_portal.commerce.models import Customer, Order, Payment
from returns_portal.core.actor import SYSTEM
from returns_portal.core.errors import DomainError
from returns_portal.core.money import Money
from returns_portal.core.scope import merchant_scope
from returns_portal.integrations.calls import run_due_calls
from returns_portal.tenancy.models import Merchant
from tests.factories import make_account
from tests.refunds.money import ask, make_order

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]
CROWD = 20
Result = TypeVar("Result")


def _at_once(merchant: Merchant, action: Callable[[int], Result]) -> list[Result | DomainError]:
    """Run ``action`` in CROWD threads that start together, each with a connection of its own."""
    start = threading.Barrier(CROWD)

    def one(number: int) -> Result | DomainError:
        try:
            start.wait(timeout=30)
            with merchant_scope(merchant.pk), transaction.atomic():
                return action(number)
        except DomainError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(CROWD) as pool:
        return list(pool.map(one, range(CROWD)))


def _order(merchant: Merchant, *payments: int) -> Order:
    with merchant_scope(merchant.pk), transaction.atomic():
        make_account("refunds")
        return make_order(*payments)


def _allocated(merchant: Merchant) -> int:
    with merchant_scope(merchant.pk), transaction.atomic():
        total: int | None = RefundAllocation.objects.aggregate(t=Sum("amount_minor"))["t"]
        return total or 0


def test_twenty_refunds_at_once_never_exceed_the_capture(merchant: Merchant) -> None:
    order = _order(merchant, 5000)

    results = _at_once(merchant, lambda number: ask(order, 1000, key=f"resolution:{number}"))

    granted = [one for one in results if isinstance(one, Refund)]
    refused = [one for one in results if isinstance(one, DomainError)]
    assert (len(granted), len(refused)) == (5, 15)
    assert {one.code for one in refused} == {"exceeds_payments"}
    assert _allocated(merchant) == 5000
    run_due_calls()
    with merchant_scope(merchant.pk), transaction.atomic():
        assert sum(entry.amount.minor for entry in builtin_ledger.entries()) == 5000
        assert problems() == []


def test_without_the_locks_the_same_crowd_overdraws_the_payment(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = _order(merchant, 5000)
    everybody_has_read = threading.Barrier(CROWD)

    def read_only(order_id: UUID) -> list[Payment]:
        rows = list(Payment.objects.filter(order_id=order_id))
        everybody_has_read.wait(timeout=30)
        return rows

    def write_what_was_read(part: RefundAllocation) -> None:
        Payment.objects.filter(pk=part.payment_id).update(
            refunded_minor=part.payment.refunded_minor + part.amount_minor
        )

    monkeypatch.setattr(request_module, "lock_order", lambda pk: Order.objects.get(pk=pk))
    monkeypatch.setattr(request_module, "lock_payments", read_only)
    monkeypatch.setattr(planning, "take_from_payment", write_what_was_read)

    results = _at_once(merchant, lambda number: ask(order, 1000, key=f"resolution:{number}"))

    assert all(isinstance(one, Refund) for one in results)
    assert _allocated(merchant) == CROWD * 1000 > 5000
    with merchant_scope(merchant.pk), transaction.atomic():
        assert problems() != []


def test_twenty_requests_for_one_fact_are_one_refund(merchant: Merchant) -> None:
    order = _order(merchant, 50000)

    results = _at_once(merchant, lambda number: ask(order, 1000))

    assert len({one.pk for one in results if isinstance(one, Refund)}) == 1
    assert not [one for one in results if isinstance(one, DomainError)]
    assert _allocated(merchant) == 1000


def test_twenty_workers_pay_each_refund_once(merchant: Merchant) -> None:
    order = _order(merchant, 50000)
    with merchant_scope(merchant.pk), transaction.atomic():
        for number in range(10):
            ask(order, 1000, key=f"resolution:{number}")
    start = threading.Barrier(8)

    def work(number: int) -> int:
        try:
            start.wait(timeout=30)
            return run_due_calls()
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        ran = sum(pool.map(work, range(8)))

    assert ran == 10
    with merchant_scope(merchant.pk), transaction.atomic():
        assert len(builtin_ledger.entries()) == 10
        assert Refund.objects.filter(status="succeeded").count() == 10
        assert problems() == []


def _credit(merchant: Merchant, minor: int) -> StoreCreditEntry:
    with merchant_scope(merchant.pk), transaction.atomic():
        customer = Customer.objects.create(source="csv", external_id="c1", name="Maya")
        return issue_credit(
            customer_id=customer.pk, amount=Money(minor, "EUR"), key="k", about_id=None,
            actor=SYSTEM,
        )  # fmt: skip


def test_credit_spent_while_it_is_taken_back_never_goes_below_zero(merchant: Merchant) -> None:
    entry = _credit(merchant, 5000)

    def act(number: int) -> StoreCreditEntry:
        if number == 0:
            return reverse_credit(entry_id=entry.pk, actor=SYSTEM)
        return spend_credit(
            credit_id=entry.credit_id, amount=Money(1000, "EUR"), key=f"s{number}", actor=SYSTEM
        )

    results = _at_once(merchant, act)

    refused = [one for one in results if isinstance(one, DomainError)]
    assert {one.code for one in refused} == {"credit_too_low"}
    with merchant_scope(merchant.pk), transaction.atomic():
        assert StoreCredit.objects.get().balance_minor == 0
        assert problems() == []


def test_first_credit_of_a_customer_issued_twenty_times_is_one_account(merchant: Merchant) -> None:
    with merchant_scope(merchant.pk), transaction.atomic():
        customer = Customer.objects.create(source="csv", external_id="c1", name="Maya")

    results = _at_once(
        merchant,
        lambda number: issue_credit(
            customer_id=customer.pk, amount=Money(100, "EUR"), key="once", about_id=None,
            actor=SYSTEM,
        ),
    )  # fmt: skip

    assert len({one.pk for one in results if isinstance(one, StoreCreditEntry)}) == 1
    with merchant_scope(merchant.pk), transaction.atomic():
        assert StoreCredit.objects.get().balance_minor == 100
