"""What shoppers kept after a size did not fit."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from returns_portal.commerce.models import Variant
from returns_portal.tenancy.base import TenantForeignKey, TenantModel


class KeptSize(TenantModel):
    """Exchanges of ``variant`` for ``reason`` that ended with ``kept`` being sent, counted."""

    variant = TenantForeignKey(Variant, related_name="+")
    reason = models.CharField(max_length=40)
    kept = TenantForeignKey(Variant, related_name="+")
    exchanges = models.PositiveIntegerField(default=0)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "variant", "reason", "kept"], name="kept_size_once"
            ),
            models.CheckConstraint(condition=Q(exchanges__gt=0), name="kept_size_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} {self.reason} {self.kept_id}"
