"""What arrived at the warehouse, and what was found when it was looked at."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from inventory.models import Location
from returns_portal.commerce.models import Variant
from returns_portal.core.clock import now
from returns_portal.tenancy.base import TenantForeignKey, TenantModel
from rma.models.returns import Return, ReturnLine
from rma.states import InspectionStatus, ReceiptLineStatus


class Receipt(TenantModel):
    """One parcel opened at one location. ``operation_id`` makes a replayed scan find it again."""

    rma = TenantForeignKey(Return, related_name="receipts", db_index=True)
    location = TenantForeignKey(Location, related_name="+")
    operation_id = models.CharField(max_length=64)
    note = models.CharField(max_length=500, blank=True)
    received_by = models.CharField(max_length=120, blank=True)
    received_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["merchant", "operation_id"], name="receipt_operation"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class ReceiptLine(TenantModel):
    """Units found, or missing, in a parcel. SHORT units did not come; EXTRA and WRONG_ITEM units
    came without being expected and stand on no return line, or on the line they came instead of."""

    receipt = TenantForeignKey(Receipt, related_name="lines", db_index=True)
    return_line = TenantForeignKey(ReturnLine, null=True, blank=True, related_name="receipt_lines")
    variant = TenantForeignKey(Variant, null=True, blank=True, related_name="+")
    status = models.CharField(
        max_length=12, choices=[(s.value, s.name.title()) for s in ReceiptLineStatus]
    )
    quantity = models.PositiveIntegerField()
    code = models.CharField(max_length=120, blank=True)
    note = models.CharField(max_length=500, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="receipt_line_positive"),
        ]
        indexes = [models.Index(fields=["merchant", "return_line"], name="receipt_line_of")]

    def __str__(self) -> str:
        return f"{self.status} {self.quantity}"


class Inspection(TenantModel):
    """One received unit under inspection: made when it is received, decided at the bench."""

    rma = TenantForeignKey(Return, related_name="inspections", db_index=True)
    receipt_line = TenantForeignKey(ReceiptLine, related_name="inspections")
    return_line = TenantForeignKey(
        ReturnLine, null=True, blank=True, related_name="inspections", db_index=True
    )
    variant = TenantForeignKey(Variant, null=True, blank=True, related_name="+")
    location = TenantForeignKey(Location, related_name="+")
    unit = models.PositiveSmallIntegerField(default=1)
    status = models.CharField(
        max_length=10,
        choices=[(s.value, s.name.title()) for s in InspectionStatus],
        default=InspectionStatus.PENDING,
    )
    grade = models.CharField(max_length=2, blank=True)
    checklist = models.JSONField(default=dict)
    note = models.CharField(max_length=1000, blank=True)
    # Whether the merchant pays for this unit; null until inspected.
    is_accepted = models.BooleanField(null=True, blank=True)
    rejection = models.CharField(max_length=300, blank=True)
    # restock, repair, recycle or dispose (rma.policy.disposition)
    suggested = models.CharField(max_length=10, blank=True)
    disposition = models.CharField(max_length=10, blank=True)
    inspected_by = models.CharField(max_length=120, blank=True)
    inspected_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveSmallIntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "receipt_line", "unit"], name="inspection_unit"
            ),
        ]
        indexes = [models.Index(fields=["merchant", "status"], name="inspection_status")]

    def __str__(self) -> str:
        return f"{self.status} {self.grade}"
