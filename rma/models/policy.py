"""Policies, version by version."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from returns_portal.core.clock import now
from returns_portal.tenancy.base import TenantModel


class PolicyVersion(TenantModel):
    """One version of a merchant's policy: a draft until published, then never changed again.

    The database itself refuses to change the document or the number of a version that is no draft,
    to delete it, and to move its status anywhere but draft, scheduled, live, retired in this order;
    a scheduled one may be taken back, or cancelled: retired without ever having been in force, with
    neither date. ``effective_at`` is from when it is meant to be in force,
    ``published_at`` when it came to be, ``published_by`` who decided it.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        SCHEDULED = "scheduled", "Scheduled"
        LIVE = "live", "Live"
        RETIRED = "retired", "Retired"

    number = models.PositiveIntegerField()
    name = models.CharField(max_length=120, blank=True)
    document = models.JSONField()
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.DRAFT)
    created_at = models.DateTimeField(default=now)
    effective_at = models.DateTimeField(null=True, blank=True)
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
            models.UniqueConstraint(
                fields=["merchant"],
                condition=Q(status="scheduled"),
                name="policy_version_scheduled",
            ),
            models.CheckConstraint(
                condition=~Q(status="scheduled") | Q(effective_at__isnull=False),
                name="policy_version_when",
            ),
        ]

    def __str__(self) -> str:
        return f"v{self.number}"
