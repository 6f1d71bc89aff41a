"""Policies, version by version."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from returns_portal.core.clock import now
from returns_portal.tenancy.base import TenantModel


class PolicyVersion(TenantModel):
    """One version of a merchant's policy: a draft until published, then never changed again."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        LIVE = "live", "Live"
        RETIRED = "retired", "Retired"

    number = models.PositiveIntegerField()
    name = models.CharField(max_length=120, blank=True)
    document = models.JSONField()
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.DRAFT)
    created_at = models.DateTimeField(default=now)
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.CharField(max_length=120, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["merchant", "number"], name="policy_version_number"),
            models.UniqueConstraint(
                fields=["merchant"], condition=Q(status="live"), name="policy_version_live"
            ),
            models.UniqueConstraint(
                fields=["merchant"], condition=Q(status="draft"), name="policy_version_draft"
            ),
        ]

    def __str__(self) -> str:
        return f"v{self.number}"
