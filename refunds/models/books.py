"""The books: balanced, append-only journals, one currency each."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from returns_portal.core.clock import now
from returns_portal.tenancy.base import TenantForeignKey, TenantModel


class Account(models.TextChoices):
    """The chart of accounts."""

    REFUNDS_EXPENSE = "refunds_expense", "Sales returned"
    REFUND_PAYABLE = "refund_payable", "Refunds payable"
    PROVIDER_CLEARING = "provider_clearing", "Provider clearing"
    STORE_CREDIT = "store_credit", "Store credit liability"
    FEE_INCOME = "fee_income", "Return fee income"
    TAX_PAYABLE = "tax_payable", "Tax payable"
    CREDIT_BONUS = "credit_bonus", "Store credit bonus"


class Journal(TenantModel):
    """One money fact. ``key`` names it and is unique; corrections are new journals."""

    kind = models.CharField(max_length=32)
    key = models.CharField(max_length=80)
    currency = models.CharField(max_length=3)
    about_id = models.UUIDField(null=True, blank=True)
    posted_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["merchant", "key"], name="journal_once"),
        ]

    def __str__(self) -> str:
        return self.key


class JournalEntry(TenantModel):
    """One leg: debit positive, credit negative, minor units. The legs of a journal sum to zero."""

    journal = TenantForeignKey(Journal, related_name="entries", db_index=True)
    account = models.CharField(max_length=24, choices=Account.choices)
    amount_minor = models.BigIntegerField()

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=~Q(amount_minor=0), name="journal_entry_moves"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount_minor}"
