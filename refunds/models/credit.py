"""Store credit: a balance per customer and currency, and the entries that make it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from returns_portal.commerce.models import Customer
from returns_portal.core.clock import now
from returns_portal.core.money import Money
from returns_portal.tenancy.base import TenantForeignKey, TenantModel


class StoreCredit(TenantModel):
    """One customer's credit in one currency; always the sum of its entries, never below zero.

    The code is shown once and kept as a hash; ``code_hint`` is its last four characters.
    """

    customer = TenantForeignKey(Customer, related_name="credits")
    currency = models.CharField(max_length=3)
    balance_minor = models.BigIntegerField(default=0)
    code_hash = models.BinaryField(max_length=32, default=b"")
    code_hint = models.CharField(max_length=8, blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "customer", "currency"], name="store_credit_once"
            ),
            models.CheckConstraint(
                condition=Q(balance_minor__gte=0), name="store_credit_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return str(self.balance)

    @property
    def balance(self) -> Money:
        return Money(self.balance_minor, self.currency)


class StoreCreditEntry(TenantModel):
    """One change of a balance: positive adds, negative spends or reverses. Append-only."""

    credit = TenantForeignKey(StoreCredit, related_name="entries", db_index=True)
    amount_minor = models.BigIntegerField()
    kind = models.CharField(max_length=12)
    key = models.CharField(max_length=80)
    about_id = models.UUIDField(null=True, blank=True)
    actor_name = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["merchant", "key"], name="store_credit_entry_once"),
            models.CheckConstraint(condition=~Q(amount_minor=0), name="store_credit_entry_moves"),
        ]

    def __str__(self) -> str:
        return self.key
