"""A refund owed to a shopper, and its parts on the payments that bear it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from returns_portal.commerce.models import Order, Payment
from returns_portal.core.clock import now
from returns_portal.core.money import Money
from returns_portal.integrations.models import ProviderAccount
from returns_portal.tenancy.base import TenantForeignKey, TenantModel


class Refund(TenantModel):
    """Money to go back for one order. Minor units of ``currency``.

    ``key`` names the business fact (``resolution:<id>``) and is unique: the same fact is paid once
    whoever asks. ``breakdown`` is the frozen result of the calculation that was shown and granted.
    """

    class Status(models.TextChoices):
        # Waits for a second person.
        REQUESTED = "requested", "Waiting for approval"
        APPROVED = "approved", "Approved"
        # At least one part is under way, none needs a person.
        EXECUTING = "executing", "On its way"
        SUCCEEDED = "succeeded", "Refunded"
        # A part was refused or bounced: money is still owed.
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    class Method(models.TextChoices):
        ORIGINAL = "original", "Original payment"
        MANUAL = "manual", "Paid by hand"

    order = TenantForeignKey(Order, related_name="refunds", db_index=True)
    key = models.CharField(max_length=80)
    about_id = models.UUIDField(null=True, blank=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    method = models.CharField(max_length=12, choices=Method.choices, default=Method.ORIGINAL)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.REQUESTED)
    reason = models.CharField(max_length=60, blank=True)
    breakdown = models.JSONField(default=dict)
    requested_by = models.CharField(max_length=120)
    requested_by_id = models.CharField(max_length=64, blank=True)
    approved_by = models.CharField(max_length=120, blank=True)
    approved_by_id = models.CharField(max_length=64, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    needs_second_person = models.BooleanField(default=False)
    promised_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(default=now)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["merchant", "key"], name="refund_once"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_positive"),
        ]
        indexes = [
            models.Index(fields=["merchant", "status", "-created_at"], name="refund_status"),
            models.Index(fields=["merchant", "-created_at", "id"], name="refund_when"),
            models.Index(fields=["merchant", "about_id"], name="refund_about"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.status}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class RefundAllocation(TenantModel):
    """The part of a refund that one payment bears: one operation at one provider."""

    class Status(models.TextChoices):
        PLANNED = "planned", "Planned"
        SENDING = "sending", "Being sent"
        UNKNOWN = "unknown", "Being checked"
        # The provider has it and is not done, or a person must pay it by hand.
        PENDING = "pending", "Pending"
        SUCCEEDED = "succeeded", "Refunded"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    refund = TenantForeignKey(Refund, related_name="allocations", db_index=True)
    payment = TenantForeignKey(Payment, related_name="allocations", db_index=True)
    account = TenantForeignKey(ProviderAccount, null=True, blank=True, related_name="+")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PLANNED)
    provider_refund_id = models.CharField(max_length=120, blank=True)
    failure_code = models.CharField(max_length=60, blank=True)
    failure_message = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    # Found at the provider rather than asked for by us.
    is_imported = models.BooleanField(default=False)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "refund", "payment"],
                condition=~Q(status__in=["failed", "cancelled"]),
                name="refund_allocation_live_once",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0), name="refund_allocation_positive"
            ),
        ]
        indexes = [
            models.Index(
                fields=["merchant", "provider_refund_id"],
                condition=~Q(provider_refund_id=""),
                name="refund_allocation_provider",
            ),
            models.Index(
                fields=["merchant", "sent_at"],
                condition=Q(status="pending"),
                name="refund_allocation_pending",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.status}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)
