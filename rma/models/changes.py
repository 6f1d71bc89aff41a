"""What a return was before its shopper changed it."""

from __future__ import annotations

from django.db import models

from returns_portal.core.clock import now
from returns_portal.tenancy.base import TenantForeignKey, TenantModel
from rma.models.returns import Return


class ReturnChange(TenantModel):
    """One change of a return that was asked for or approved. Append-only.

    ``revision`` counts the changes of a return from 1. ``operation_id`` comes from the form and
    makes a second submit find the first. ``before`` keeps what the change replaced: status, method,
    quote, facts, decision, policy version and lines.
    """

    rma = TenantForeignKey(Return, related_name="changes", db_index=True)
    revision = models.PositiveSmallIntegerField()
    operation_id = models.CharField(max_length=64)
    before = models.JSONField()
    changed_by = models.CharField(max_length=120)
    changed_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "rma", "revision"], name="return_change_revision"
            ),
            models.UniqueConstraint(
                fields=["merchant", "operation_id"], name="return_change_operation"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rma_id} {self.revision}"
