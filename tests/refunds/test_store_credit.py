"""Store credit: once per fact, never below zero, the balance always the sum of its entries."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from refunds.actions.store_credit import issue_credit, reverse_credit, spend_credit
from refunds.invariants import problems
from refunds.models import Journal, StoreCredit, StoreCreditEntry
from refunds.selectors import credits_of
from returns_portal.activity.models import Event
from returns_portal.commerce.models import Customer
from returns_portal.core.actor import SYSTEM
from returns_portal.core.db import attempt
from returns_portal.core.errors import Conflict, DomainError, InvalidInput, NotFound
from returns_portal.core.ids import new_id
from returns_portal.core.money import Money
from tests.refunds.money import AGENT

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]


@pytest.fixture
def customer(scoped: None) -> Customer:
    return Customer.objects.create(source="csv", external_id="c1", name="Maya")


def _issue(
    customer: Customer, minor: int = 5000, key: str = "k1", currency: str = "EUR"
) -> StoreCreditEntry:
    return issue_credit(
        customer_id=customer.pk,
        amount=Money(minor, currency),
        key=key,
        about_id=None,
        actor=AGENT,
        breakdown={"tax_minor": 100},
    )


def _spend(entry: StoreCreditEntry, minor: int, key: str = "s1") -> StoreCreditEntry:
    return spend_credit(
        credit_id=entry.credit_id, amount=Money(minor, "EUR"), key=key, actor=SYSTEM
    )


def _legs(kind: str) -> dict[str, int]:
    journal = Journal.objects.get(kind=kind)
    return {leg.account: leg.amount_minor for leg in journal.entries.all()}


def test_issue_credit_adds_and_books_it(customer: Customer) -> None:
    entry = _issue(customer)
    again = _issue(customer)

    assert entry.pk == again.pk
    assert (entry.kind, entry.amount_minor, entry.actor_name) == ("issued", 5000, "Ada Agent")
    assert StoreCredit.objects.get().balance == Money(5000, "EUR")
    assert _legs("credit_issued") == {
        "refunds_expense": 4900,
        "tax_payable": 100,
        "store_credit": -5000,
    }
    event = Event.objects.get()
    assert (event.kind, event.facts["balance_minor"]) == ("credit.issued", 5000)
    assert problems() == []


def test_issue_credit_same_key_other_amount_is_a_conflict(customer: Customer) -> None:
    _issue(customer)

    with pytest.raises(Conflict), attempt():
        _issue(customer, 4000)

    assert StoreCredit.objects.get().balance_minor == 5000


def test_issue_credit_in_two_currencies_keeps_two_balances(customer: Customer) -> None:
    _issue(customer)
    _issue(customer, 700, key="k2", currency="JPY")

    balances = [credit.balance for credit in credits_of(customer.pk)]
    assert balances == [Money(5000, "EUR"), Money(700, "JPY")]


@pytest.mark.parametrize("minor", [0, -5])
def test_credit_of_nothing_is_refused(customer: Customer, minor: int) -> None:
    with pytest.raises(InvalidInput):
        _issue(customer, minor)


def test_spend_credit_beyond_the_balance_is_refused_naming_it(customer: Customer) -> None:
    entry = _issue(customer)
    _spend(entry, 4000)

    with pytest.raises(DomainError) as refusal, attempt():
        _spend(entry, 1001, key="s2")

    assert refusal.value.facts == {"balance_minor": 1000}
    assert StoreCredit.objects.get().balance_minor == 1000
    assert _legs("credit_spent") == {"store_credit": 4000, "provider_clearing": -4000}
    assert problems() == []


def test_spend_credit_same_key_is_spent_once(customer: Customer) -> None:
    entry = _issue(customer)

    assert _spend(entry, 4000).pk == _spend(entry, 4000).pk
    assert StoreCredit.objects.get().balance_minor == 1000


def test_spend_credit_in_another_currency_or_unknown_is_refused(customer: Customer) -> None:
    entry = _issue(customer)
    with pytest.raises(InvalidInput), attempt():
        spend_credit(credit_id=entry.credit_id, amount=Money(1, "USD"), key="s", actor=SYSTEM)
    with pytest.raises(NotFound), attempt():
        spend_credit(credit_id=new_id(), amount=Money(1, "EUR"), key="s", actor=SYSTEM)


def test_reverse_credit_takes_an_issue_back_once(customer: Customer) -> None:
    entry = _issue(customer)

    first = reverse_credit(entry_id=entry.pk, actor=AGENT)
    again = reverse_credit(entry_id=entry.pk, actor=AGENT)

    assert first.pk == again.pk
    assert StoreCredit.objects.get().balance_minor == 0
    assert _legs("credit_reversed") == {
        "refunds_expense": -4900,
        "tax_payable": -100,
        "store_credit": 5000,
    }
    assert Event.objects.filter(kind="credit.reversed").count() == 1
    with pytest.raises(InvalidInput), attempt():
        reverse_credit(entry_id=first.pk, actor=AGENT)
    assert problems() == []


def test_reverse_credit_already_spent_is_refused(customer: Customer) -> None:
    entry = _issue(customer)
    _spend(entry, 1)

    with pytest.raises(DomainError) as refusal, attempt():
        reverse_credit(entry_id=entry.pk, actor=AGENT)

    assert refusal.value.code == "credit_too_low"
    assert StoreCredit.objects.get().balance_minor == 4999


def test_reverse_credit_of_a_spend_gives_it_back(customer: Customer) -> None:
    entry = _issue(customer)
    spent = _spend(entry, 3000)

    reverse_credit(entry_id=spent.pk, actor=AGENT)

    assert StoreCredit.objects.get().balance_minor == 5000
    assert problems() == []


def test_database_keeps_balance_entries_and_journals_sound(customer: Customer) -> None:
    _issue(customer)
    with pytest.raises(IntegrityError), transaction.atomic():
        StoreCredit.objects.update(balance_minor=-1)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        StoreCreditEntry.objects.update(amount_minor=1)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Journal.objects.update(kind="x")


def test_database_refuses_an_unbalanced_journal(customer: Customer) -> None:
    _issue(customer)
    journal = Journal.objects.get()

    with pytest.raises(DatabaseError, match="does not balance"), transaction.atomic():
        journal.entries.create(account="tax_payable", amount_minor=1)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
