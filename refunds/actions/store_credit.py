"""Store credit: issued, spent, taken back. The balance is the sum of its entries."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import F

from refunds import ledger
from refunds.models import StoreCredit, StoreCreditEntry
from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import record_event
from returns_portal.core.actor import Actor
from returns_portal.core.db import action_transaction, claim
from returns_portal.core.errors import Conflict, DomainError, InvalidInput, NotFound
from returns_portal.core.money import Money

ISSUED, SPENT, REVERSED, BONUS = "issued", "spent", "reversed", "bonus"


def issue_credit(
    *,
    customer_id: UUID,
    amount: Money,
    key: str,
    about_id: UUID | None,
    actor: Actor,
    breakdown: dict[str, Any] | None = None,
    bonus: Money | None = None,
) -> StoreCreditEntry:
    """Add ``amount`` to a customer's credit in that currency, once per ``key``.

    ``breakdown`` is the calculation the amount came from; it tells the books the tax inside it. A
    ``bonus`` on top is an entry of its own, which can be taken back apart.
    """
    _check_amount(amount)
    with action_transaction():
        _open_account(customer_id, amount.currency)
        credit = StoreCredit.objects.select_for_update(of=("self",)).get(
            customer_id=customer_id, currency=amount.currency
        )
        known = _known(key, credit, amount.minor)
        if known is not None:
            return known
        entry = _write(credit, amount.minor, ISSUED, key, about_id, actor)
        ledger.post_credit_issued(entry.pk, amount, breakdown or {})
        told = {}
        if bonus:
            _give_bonus(credit, bonus, f"{key}:bonus", about_id, actor)
            told["bonus_minor"] = bonus.minor
        _record(EventKind.CREDIT_ISSUED, credit, entry, actor, **told)
    return entry


def _give_bonus(
    credit: StoreCredit, bonus: Money, key: str, about_id: UUID | None, actor: Actor
) -> None:
    _check_amount(bonus)
    if bonus.currency != credit.currency:
        raise InvalidInput(
            f"This credit is in {credit.currency}.", code="wrong_currency", field="bonus"
        )
    entry = _write(credit, bonus.minor, BONUS, key, about_id, actor)
    ledger.post_bonus_issued(entry.pk, bonus)


def spend_credit(
    *, credit_id: UUID, amount: Money, key: str, actor: Actor, about_id: UUID | None = None
) -> StoreCreditEntry:
    """Use ``amount`` of a credit, once per ``key``. Raises DomainError naming the balance."""
    _check_amount(amount)
    with action_transaction():
        credit = _lock(credit_id)
        known = _known(key, credit, -amount.minor)
        if known is not None:
            return known
        if amount.currency != credit.currency:
            raise InvalidInput(
                f"This credit is in {credit.currency}.", code="wrong_currency", field="amount"
            )
        entry = _write(credit, -amount.minor, SPENT, key, about_id, actor)
        ledger.post_credit_spent(entry.pk, amount)
        _record(EventKind.CREDIT_SPENT, credit, entry, actor)
    return entry


def reverse_credit(*, entry_id: UUID, actor: Actor, note: str = "") -> StoreCreditEntry:
    """Take an issue back, or void a spend, in full and once.

    Raises DomainError when what was issued has been spent meanwhile: the balance never goes below
    zero.
    """
    with action_transaction():
        original = StoreCreditEntry.objects.filter(pk=entry_id).first()
        if original is None:
            raise NotFound("This store credit entry does not exist.")
        if original.kind == REVERSED:
            raise InvalidInput("A reversal can't be reversed. Issue new credit instead.")
        credit = _lock(original.credit_id)
        key = f"reverse:{original.pk}"
        known = _known(key, credit, -original.amount_minor)
        if known is not None:
            return known
        entry = _write(credit, -original.amount_minor, REVERSED, key, original.about_id, actor)
        ledger.post_credit_reversed(original.pk, entry.pk)
        _record(EventKind.CREDIT_REVERSED, credit, entry, actor, note=note[:120])
    return entry


def _check_amount(amount: Money) -> None:
    if amount.minor <= 0:
        raise InvalidInput(
            "The amount must be more than zero.", code="amount_not_positive", field="amount"
        )


def _open_account(customer_id: UUID, currency: str) -> None:
    """Make sure the customer has a credit in ``currency``; the unique key decides a race."""
    known = StoreCredit.objects.filter(customer_id=customer_id, currency=currency)
    if not known.exists():
        StoreCredit.objects.bulk_create(
            [StoreCredit(customer_id=customer_id, currency=currency)], ignore_conflicts=True
        )


def _lock(credit_id: UUID) -> StoreCredit:
    credit = StoreCredit.objects.select_for_update(of=("self",)).filter(pk=credit_id).first()
    if credit is None:
        raise NotFound("This store credit does not exist.")
    return credit


def _known(key: str, credit: StoreCredit, minor: int) -> StoreCreditEntry | None:
    """Return the entry already written under ``key``. Raises Conflict if it says otherwise."""
    entry = StoreCreditEntry.objects.filter(key=key).first()
    if entry is None:
        return None
    if entry.credit_id != credit.pk or entry.amount_minor != minor:
        raise Conflict("This was already done with another amount.", code="credit_exists")
    return entry


def _write(
    credit: StoreCredit, minor: int, kind: str, key: str, about_id: UUID | None, actor: Actor
) -> StoreCreditEntry:
    rows = StoreCredit.objects.filter(pk=credit.pk, balance_minor__gte=-minor)
    if not claim(rows, balance_minor=F("balance_minor") + minor):
        raise DomainError(
            f"Only {credit.balance} of this credit is left.",
            code="credit_too_low",
            facts={"balance_minor": credit.balance_minor},
        )
    credit.balance_minor += minor
    return StoreCreditEntry.objects.create(
        credit=credit,
        amount_minor=minor,
        kind=kind,
        key=key,
        about_id=about_id,
        actor_name=actor.name[:120],
    )


def _record(
    kind: EventKind, credit: StoreCredit, entry: StoreCreditEntry, actor: Actor, **facts: object
) -> None:
    record_event(
        kind,
        subject_kind="store_credit",
        subject_id=credit.pk,
        about_id=entry.about_id,
        actor=actor,
        entry=str(entry.pk),
        amount_minor=entry.amount_minor,
        balance_minor=credit.balance_minor,
        currency=credit.currency,
        **facts,
    )
