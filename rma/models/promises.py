"""The day by which a shopper was told to have the money, and whether it was so."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from returns_portal.core.clock import now
from returns_portal.tenancy.base import TenantForeignKey, TenantModel
from rma.models.returns import Return


class Promise(TenantModel):
    """One step in the life of a refund date. Append-only: what was said stays said.

    A promise is kept or missed once per return. ``settled_on`` is the merchant's day on which the
    last of the money went out; a missed promise gets it with a step of its own, PAID_LATE.
    """

    class Step(models.TextChoices):
        MADE = "made", "Promised"
        CHANGED = "changed", "Moved"
        KEPT = "kept", "Kept"
        MISSED = "missed", "Missed"
        PAID_LATE = "paid_late", "Paid late"

    class Rule(models.TextChoices):
        APPROVAL = "approval", "Day of approval, plus the days for the refund"
        SCAN = "scan", "Day of the first carrier scan, plus the days for the refund"
        SEND_WINDOW = "send_window", "Last day to send, plus the days for the refund"
        ARRIVAL = "arrival", "Day of arrival, plus the days for the refund"

    rma = TenantForeignKey(Return, related_name="promises", db_index=True)
    step = models.CharField(max_length=10, choices=Step.choices)
    promised_on = models.DateField()
    # By what the day was found; empty where no day is set.
    rule = models.CharField(max_length=12, choices=Rule.choices, blank=True)
    settled_on = models.DateField(null=True, blank=True)
    # Where the return stood when its promise was missed.
    stage = models.CharField(max_length=12, blank=True)
    recorded_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "rma"],
                condition=Q(step__in=["kept", "missed"]),
                name="promise_decided_once",
            ),
            models.UniqueConstraint(
                fields=["merchant", "rma"], condition=Q(step="paid_late"), name="promise_paid_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["merchant", "promised_on"],
                condition=Q(step__in=["kept", "missed"]),
                name="promise_decided",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step} {self.promised_on}"
