"""The built-in carrier's own books: a provider of ours, read by nobody but its driver."""

from __future__ import annotations

from django.db import models

from returns_portal.core.clock import now
from returns_portal.tenancy.base import TenantModel


class BuiltinParcel(TenantModel):
    """A parcel as the built-in carrier remembers it, the witness of how many labels were sold."""

    reference = models.CharField(max_length=80)
    operation_id = models.CharField(max_length=80)
    tracking_code = models.CharField(max_length=40)
    status = models.CharField(max_length=24)
    # [{"status", "at", "message", "place"}], oldest first.
    history = models.JSONField(default=list)
    created_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "operation_id"], name="builtin_parcel_operation"
            ),
            models.UniqueConstraint(
                fields=["merchant", "tracking_code"], name="builtin_parcel_tracking"
            ),
        ]

    def __str__(self) -> str:
        return self.tracking_code
