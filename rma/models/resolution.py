"""How a return line is settled: refund, store credit or exchange."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from inventory.models import Reservation
from refunds.models import Refund, StoreCreditEntry
from returns_portal.commerce.models import Variant
from returns_portal.core.clock import now
from returns_portal.core.money import Money
from returns_portal.tenancy.base import TenantForeignKey, TenantModel
from rma.models.appeals import Appeal
from rma.models.returns import Return, ReturnLine
from rma.states import RepairStatus, ResolutionKind, ResolutionStatus


class Exchange(TenantModel):
    """A replacement for returned units: reserved at approval, released when the goods are in.

    A dearer one stays reserved until what is to pay for it (``due_minor``, known once the goods are
    accepted) was collected.
    """

    class Status(models.TextChoices):
        RESERVED = "reserved", "Reserved"
        RELEASED = "released", "Released"
        SHIPPED = "shipped", "Shipped"
        CANCELLED = "cancelled", "Cancelled"

    return_line = TenantForeignKey(ReturnLine, related_name="exchanges", db_index=True)
    variant = TenantForeignKey(Variant, related_name="+")
    quantity = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RESERVED)
    reservation = TenantForeignKey(Reservation, null=True, blank=True, related_name="+")
    tracking_code = models.CharField(max_length=80, blank=True)
    due_minor = models.BigIntegerField(default=0)
    collected_at = models.DateTimeField(null=True, blank=True)
    collected_by = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=now)
    released_at = models.DateTimeField(null=True, blank=True)
    shipped_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "return_line"],
                condition=~Q(status="cancelled"),
                name="exchange_alive_once",
            ),
            models.CheckConstraint(condition=Q(due_minor__gte=0), name="exchange_due"),
            models.CheckConstraint(
                condition=Q(due_minor=0)
                | Q(collected_at__isnull=False)
                | Q(status__in=["reserved", "cancelled"]),
                name="exchange_collected",
            ),
        ]

    def __str__(self) -> str:
        return self.status

    @property
    def due(self) -> Money | None:
        """What the shopper still has to pay for it; ``return_line`` with its return is loaded."""
        if not self.due_minor or self.collected_at is not None:
            return None
        return Money(self.due_minor, self.return_line.rma.currency)


class Repair(TenantModel):
    """Accepted units that go to repair and back to the shopper; they stay the shopper's own.

    They stand in the repair bucket until they are sent back, or until the repair is given up and
    they are paid for or replaced.
    """

    return_line = TenantForeignKey(ReturnLine, related_name="repairs", db_index=True)
    quantity = models.PositiveIntegerField()
    status = models.CharField(
        max_length=10,
        choices=[(s.value, s.name.replace("_", " ").capitalize()) for s in RepairStatus],
        default=RepairStatus.WAITING.value,
    )
    tracking_code = models.CharField(max_length=80, blank=True)
    note = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=now)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "return_line"],
                condition=~Q(status="given_up"),
                name="repair_alive_once",
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="repair_positive"),
        ]
        indexes = [models.Index(fields=["merchant", "status", "created_at"], name="repair_status")]

    def __str__(self) -> str:
        return self.status


class Resolution(TenantModel):
    """What a return owes, of one kind; at most one of each kind is alive per return.

    What a granted appeal adds is one more for that appeal.

    ``amount_minor`` is what is paid or credited in minor units (zero for an even exchange),
    ``bonus_minor`` is given on top as credit, and ``units`` counts the accepted units by return
    line id.
    """

    rma = TenantForeignKey(Return, related_name="resolutions", db_index=True)
    kind = models.CharField(
        max_length=16, choices=[(k.value, k.name.replace("_", " ").title()) for k in ResolutionKind]
    )
    status = models.CharField(
        max_length=10,
        choices=[(s.value, s.name.title()) for s in ResolutionStatus],
        default=ResolutionStatus.APPROVED,
    )
    amount_minor = models.BigIntegerField(default=0)
    bonus_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    units = models.JSONField(default=dict)
    breakdown = models.JSONField(default=dict)
    refund = TenantForeignKey(Refund, null=True, blank=True, related_name="+", db_index=True)
    credit_entry = TenantForeignKey(StoreCreditEntry, null=True, blank=True, related_name="+")
    # The objection after which it is owed; null for what was settled by itself.
    appeal = TenantForeignKey(Appeal, null=True, blank=True, related_name="+")
    decided_by = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=now)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "rma", "kind"],
                condition=~Q(status="cancelled") & Q(appeal__isnull=True),
                name="resolution_alive_once",
            ),
            models.UniqueConstraint(
                fields=["merchant", "appeal", "kind"],
                condition=~Q(status="cancelled") & Q(appeal__isnull=False),
                name="resolution_appeal_once",
            ),
            models.CheckConstraint(condition=Q(amount_minor__gte=0), name="resolution_amount"),
            models.CheckConstraint(condition=Q(bonus_minor__gte=0), name="resolution_bonus"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.status}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def bonus(self) -> Money:
        return Money(self.bonus_minor, self.currency)
