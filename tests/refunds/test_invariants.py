"""The checks notice what they are there for: each row is bent once and must be named."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from refunds.actions.store_credit import issue_credit
from refunds.invariants import problems
from refunds.ledger import post, sale_reversed
from refunds.models import BuiltinGatewayRefund, Refund, RefundAllocation, StoreCredit
from refunds.models.books import Account
from returns_portal.commerce.models import Customer, Payment
from returns_portal.core.actor import SYSTEM
from returns_portal.core.ids import new_id
from returns_portal.core.money import Money
from returns_portal.integrations.calls import run_due_calls
from returns_portal.tenancy.models import Merchant
from tests.factories import make_account
from tests.refunds.money import ask, make_order

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _settled(scoped: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "testing_inside_atomic", True, raising=False)
    make_account("refunds")
    ask(make_order(5000), 3000)
    run_due_calls()
    customer = Customer.objects.create(source="csv", external_id="c1", name="Maya")
    issue_credit(
        customer_id=customer.pk, amount=Money(500, "EUR"), key="k", about_id=None, actor=SYSTEM
    )
    assert problems() == []


def _unowed() -> None:
    legs = {Account.REFUND_PAYABLE: -7, Account.REFUNDS_EXPENSE: 7}
    post(kind="x", key="x", currency="EUR", about_id=new_id(), legs=legs)


def _stray_gateway_refund() -> None:
    BuiltinGatewayRefund.objects.create(
        idempotency_key="x", operation_id="stray", payment_reference="p", amount_minor=1,
        currency="EUR", status="succeeded",
    )  # fmt: skip


def _doubled_gateway_refund() -> None:
    row = BuiltinGatewayRefund.objects.get()
    row.pk, row.idempotency_key = new_id(), "again"
    row.save(force_insert=True)


@pytest.mark.parametrize(
    ("bend", "named"),
    [
        (lambda: Payment.objects.update(refunded_minor=2999), "counts 2999 as refunded"),
        (lambda: Payment.objects.update(refunded_minor=0), "counts 0 as refunded"),
        (lambda: Refund.objects.update(amount_minor=3001), "its parts sum to 3000"),
        (lambda: Refund.objects.update(status="executing"), "but 3000 of it is paid"),
        (lambda: RefundAllocation.objects.update(amount_minor=2999), "the gateway says 3000"),
        (lambda: StoreCredit.objects.update(balance_minor=499), "its entries sum to 500"),
        (_unowed, "the books owe 7 EUR"),
        (_stray_gateway_refund, "stray is none of ours"),
        (_doubled_gateway_refund, "carried out more than once"),
        (lambda: BuiltinGatewayRefund.objects.all().delete(), "the gateway says None"),
    ],
)
def test_problems_bent_row_is_named(bend: Callable[[], object], named: str) -> None:
    bend()

    assert any(named in problem for problem in problems()), problems()


def test_post_off_balance_is_refused_before_it_is_written() -> None:
    with pytest.raises(ValueError, match="off balance by 1"):
        post(kind="x", key="x", currency="EUR", about_id=new_id(), legs={Account.TAX_PAYABLE: 1})


@pytest.mark.parametrize(
    "breakdown",
    [{}, {"tax_minor": 101}, {"tax_minor": "9"}, {"tax_minor": -1}, {"fee_minor": None}],
)
def test_sale_reversed_odd_breakdown_is_booked_as_goods(breakdown: dict[str, object]) -> None:
    legs = sale_reversed(100, breakdown)

    assert legs[Account.REFUNDS_EXPENSE] == 100
    assert sum(legs.values()) == 100
