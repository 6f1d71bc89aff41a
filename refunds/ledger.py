"""The books: every money fact becomes one balanced journal, never changed afterwards.

Debits are positive, credits negative. The caller holds the lock of whatever the fact is about; the
unique key makes posting a fact twice an error instead of a second journal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from refunds.models import Journal, JournalEntry, Refund, RefundAllocation
from refunds.models.books import Account
from returns_portal.core.money import Money
from returns_portal.tenancy.managers import insert_together

Legs = Mapping[Account, int]


def post(*, kind: str, key: str, currency: str, about_id: UUID, legs: Legs) -> Journal:
    """Write one journal with its legs; legs of zero are left out. Raises ValueError off balance."""
    if sum(legs.values()):
        raise ValueError(f"journal {key} is off balance by {sum(legs.values())}")
    journal = Journal(kind=kind, key=key, currency=currency, about_id=about_id)
    entries = [
        JournalEntry(journal=journal, account=account, amount_minor=minor)
        for account, minor in legs.items()
        if minor
    ]
    insert_together([journal], entries)
    return journal


def sale_reversed(amount_minor: int, breakdown: Mapping[str, Any]) -> dict[Account, int]:
    """Return the debits of giving ``amount_minor`` back: goods, their tax, less the fee kept.

    The tax of the fee is off the tax given back already, so the income is the fee's net. Without
    tax or fee, or with figures that can't be part of the amount, it is booked as goods alone.
    """
    tax = _part(breakdown, "tax_minor")
    fee = max(0, _part(breakdown, "fee_minor") - _fee_tax(breakdown))
    if tax > amount_minor:
        tax = 0
    return {
        Account.REFUNDS_EXPENSE: amount_minor - tax + fee,
        Account.TAX_PAYABLE: tax,
        Account.FEE_INCOME: -fee,
    }


def _fee_tax(breakdown: Mapping[str, Any]) -> int:
    return sum(_part(fee, "tax_minor") for fee in breakdown.get("fees", ()))


def _part(breakdown: Mapping[str, Any], name: str) -> int:
    minor = breakdown.get(name)
    return minor if type(minor) is int and minor > 0 else 0


def post_granted(refund: Refund) -> Journal:
    """Book that the money is owed to the shopper."""
    legs = sale_reversed(refund.amount_minor, refund.breakdown)
    return post(
        kind="refund_granted",
        key=f"refund:{refund.pk}:granted",
        currency=refund.currency,
        about_id=refund.pk,
        legs=legs | {Account.REFUND_PAYABLE: -refund.amount_minor},
    )


def post_cancelled(refund: Refund) -> Journal:
    """Book that the money is no longer owed: the grant, turned round."""
    legs = sale_reversed(refund.amount_minor, refund.breakdown)
    turned = {account: -minor for account, minor in legs.items()}
    return post(
        kind="refund_cancelled",
        key=f"refund:{refund.pk}:cancelled",
        currency=refund.currency,
        about_id=refund.pk,
        legs=turned | {Account.REFUND_PAYABLE: refund.amount_minor},
    )


def post_paid(allocation: RefundAllocation, *, again: bool = False) -> Journal:
    """Book that one part was paid out; ``again`` when it had been paid and came back before."""
    times = _times(allocation, "paid") if again else 0
    return _post_part(allocation, "paid", allocation.amount_minor, times)


def post_returned(allocation: RefundAllocation) -> Journal:
    """Book that a part which had been paid came back: the debt is open again."""
    times = _times(allocation, "returned")
    return _post_part(allocation, "returned", -allocation.amount_minor, times)


def _times(allocation: RefundAllocation, fact: str) -> int:
    return Journal.objects.filter(kind=f"refund_{fact}", about_id=allocation.pk).count()


def _post_part(allocation: RefundAllocation, fact: str, minor: int, times: int) -> Journal:
    # A part can be paid, bounce and be paid after all; the running number keeps the facts apart.
    return post(
        kind=f"refund_{fact}",
        key=f"allocation:{allocation.pk}:{fact}:{times + 1}",
        currency=allocation.currency,
        about_id=allocation.pk,
        legs={Account.REFUND_PAYABLE: minor, Account.PROVIDER_CLEARING: -minor},
    )


def post_credit_issued(entry_id: UUID, amount: Money, breakdown: Mapping[str, Any]) -> Journal:
    """Book that the merchant owes goods for store credit."""
    legs = sale_reversed(amount.minor, breakdown)
    return post(
        kind="credit_issued",
        key=f"credit:{entry_id}",
        currency=amount.currency,
        about_id=entry_id,
        legs=legs | {Account.STORE_CREDIT: -amount.minor},
    )


def post_bonus_issued(entry_id: UUID, bonus: Money) -> Journal:
    """Book what is given on top of store credit: an expense of its own, no part of the sale."""
    return post(
        kind="bonus_issued",
        key=f"credit:{entry_id}",
        currency=bonus.currency,
        about_id=entry_id,
        legs={Account.CREDIT_BONUS: bonus.minor, Account.STORE_CREDIT: -bonus.minor},
    )


def post_credit_spent(entry_id: UUID, amount: Money) -> Journal:
    """Book that store credit was used to pay in the shop."""
    return post(
        kind="credit_spent",
        key=f"credit:{entry_id}",
        currency=amount.currency,
        about_id=entry_id,
        legs={Account.STORE_CREDIT: amount.minor, Account.PROVIDER_CLEARING: -amount.minor},
    )


def post_credit_reversed(original_id: UUID, entry_id: UUID) -> Journal:
    """Book the exact opposite of what an earlier credit entry booked."""
    original = Journal.objects.prefetch_related("entries").get(key=f"credit:{original_id}")
    legs = {Account(leg.account): -leg.amount_minor for leg in original.entries.all()}
    return post(
        kind="credit_reversed",
        key=f"credit:{entry_id}",
        currency=original.currency,
        about_id=entry_id,
        legs=legs,
    )
