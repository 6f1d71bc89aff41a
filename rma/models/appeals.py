"""What a shopper objects to, and what a person answered."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from returns_portal.core.clock import now
from returns_portal.tenancy.base import TenantForeignKey, TenantModel
from rma.models.returns import Return


class Appeal(TenantModel):
    """An objection to a decision. At most one is open per return; its photos are the return's.

    ``decision`` keeps the words that were objected to, because a granted appeal replaces them.
    """

    class Status(models.TextChoices):
        OPEN = "open", "Waits for a person"
        UPHELD = "upheld", "Decision upheld"
        GRANTED = "granted", "Decision changed"

    rma = TenantForeignKey(Return, related_name="appeals", db_index=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.OPEN)
    decision = models.CharField(max_length=500, blank=True)
    words = models.CharField(max_length=4000)
    answer = models.CharField(max_length=1000, blank=True)
    answered_by = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=now)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "rma"], condition=Q(status="open"), name="appeal_open_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["merchant", "created_at"], condition=Q(status="open"), name="appeal_open"
            ),
        ]

    def __str__(self) -> str:
        return self.status
