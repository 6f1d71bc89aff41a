"""Answers kept for repeated requests."""

from __future__ import annotations

from django.db import models

from returns_portal.core.clock import now
from returns_portal.tenancy.base import TenantForeignKey, TenantModel
from returns_portal.tenancy.models import ApiKey


class IdempotencyRecord(TenantModel):
    """The answer to one request under one Idempotency-Key of one API key.

    Inserted at the start of the request's transaction and filled at its end: a repeat that comes
    meanwhile waits on the unique index, and a crash leaves nothing behind, so no key stays locked.
    """

    api_key = TenantForeignKey(ApiKey, related_name="+")
    key = models.CharField(max_length=128)
    request_hash = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(default=0)
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "api_key", "key"], name="idempotency_record_once"
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_record_age")]

    def __str__(self) -> str:
        return self.key
