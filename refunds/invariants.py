"""I1 to I5 and I9: what must always be true of refunds, store credit and the books."""

from __future__ import annotations

from collections import Counter

from django.db.models import F, Sum
from django.db.models.functions import Coalesce

from refunds.models import JournalEntry, Refund, RefundAllocation, StoreCredit
from refunds.models.books import Account
from refunds.providers import builtin_ledger
from refunds.providers.builtin import BuiltinRefunds
from returns_portal.commerce.models import Payment
from returns_portal.core.invariants import register

_GONE = ("failed", "cancelled")


def problems() -> list[str]:
    """Return one sentence per offending row of the merchant in scope."""
    return [
        *_payments(),
        *_refunds(),
        *_journals(),
        *_payable(),
        *_credits(),
        *_gateway(),
    ]


def _payments() -> list[str]:
    """I1: a payment counts exactly its live parts, and never more than was captured."""
    live = dict(
        RefundAllocation.objects.exclude(status__in=_GONE)
        .values_list("payment_id")
        .annotate(total=Sum("amount_minor"))
    )
    counted = Payment.objects.exclude(refunded_minor=0).values_list("pk", "refunded_minor")
    claimed = dict(counted)
    return [
        f"payment {pk} counts {claimed.get(pk, 0)} as refunded, its parts say {live.get(pk, 0)}"
        for pk in sorted(set(live) | set(claimed))
        if live.get(pk, 0) != claimed.get(pk, 0)
    ]


def _refunds() -> list[str]:
    """I5: the live parts of a refund sum to it, unless a part failed and money is owed."""
    found = []
    rows = Refund.objects.exclude(status="cancelled").prefetch_related("allocations")
    for refund in rows.iterator(chunk_size=500):
        parts = [part for part in refund.allocations.all() if part.status not in _GONE]
        total = sum(part.amount_minor for part in parts)
        paid = sum(part.amount_minor for part in parts if part.status == "succeeded")
        owed = refund.status == Refund.Status.FAILED
        if total > refund.amount_minor or (total < refund.amount_minor and not owed):
            found.append(f"refund {refund.pk} is {refund.amount_minor}, its parts sum to {total}")
        if (paid == refund.amount_minor) != (refund.status == Refund.Status.SUCCEEDED):
            found.append(f"refund {refund.pk} is {refund.status}, but {paid} of it is paid")
    return found


def _journals() -> list[str]:
    """I3: every journal sums to zero."""
    off = (
        JournalEntry.objects.values("journal_id")
        .annotate(total=Sum("amount_minor"))
        .exclude(total=0)
    )
    return [f"journal {row['journal_id']} is off balance by {row['total']}" for row in off]


def _payable() -> list[str]:
    """I4: what the books owe shoppers is what granted refunds have not paid yet."""
    booked = Counter(
        dict(
            JournalEntry.objects.filter(account=Account.REFUND_PAYABLE)
            .values_list("journal__currency")
            .annotate(total=Sum("amount_minor"))
        )
    )
    open_ = Counter(
        dict(
            Refund.objects.filter(status__in=["approved", "executing", "succeeded", "failed"])
            .values_list("currency")
            .annotate(total=Sum("amount_minor"))
        )
    )
    paid = dict(
        RefundAllocation.objects.filter(status="succeeded")
        .values_list("currency")
        .annotate(total=Sum("amount_minor"))
    )
    open_.subtract(paid)
    return [
        f"the books owe {-booked[currency]} {currency} in refunds, the refunds say "
        f"{open_[currency]}"
        for currency in sorted(set(booked) | set(open_))
        if -booked[currency] != open_[currency]
    ]


def _credits() -> list[str]:
    """I4: a store credit is the sum of its entries."""
    off = StoreCredit.objects.annotate(total=Coalesce(Sum("entries__amount_minor"), 0)).exclude(
        total=F("balance_minor")
    )
    return [
        f"store credit {row.pk} is {row.balance_minor}, its entries sum to {row.total}"
        for row in off
    ]


def _gateway() -> list[str]:
    """I2: the built-in gateway's refunds and our paid parts are the same, one to one."""
    entries = builtin_ledger.entries()
    theirs = Counter(
        {entry.operation_id: entry.amount.minor for entry in entries if entry.status == "succeeded"}
    )
    doubled = [
        operation
        for operation, times in Counter(entry.operation_id for entry in entries).items()
        if times > 1
    ]
    ours = {
        str(pk): minor
        for pk, minor in RefundAllocation.objects.filter(
            status="succeeded", account__provider=BuiltinRefunds.name
        ).values_list("pk", "amount_minor")
    }
    known = {str(pk) for pk in RefundAllocation.objects.values_list("pk", flat=True)}
    return [
        *(f"operation {operation} is none of ours" for operation in sorted(set(theirs) - known)),
        *(f"operation {operation} was carried out more than once" for operation in doubled),
        *(
            f"part {operation}: the gateway says {theirs.get(operation)}, we say {minor}"
            for operation, minor in ours.items()
            if theirs.get(operation) != minor
        ),
    ]


register("refunds", problems)
