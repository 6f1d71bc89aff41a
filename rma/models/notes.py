"""What people write and show about a return."""

from __future__ import annotations

from django.db import models

from returns_portal.core.clock import now
from returns_portal.tenancy.base import TenantForeignKey, TenantModel
from rma.models.drafts import ReturnDraft
from rma.models.receiving import Inspection
from rma.models.returns import Return, ReturnLine


class Note(TenantModel):
    """An internal note, or a message between shopper and staff."""

    class Kind(models.TextChoices):
        INTERNAL = "internal", "Internal note"
        TO_SHOPPER = "to_shopper", "Message to the shopper"
        FROM_SHOPPER = "from_shopper", "Message from the shopper"

    rma = TenantForeignKey(Return, related_name="notes", db_index=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    body = models.CharField(max_length=4000)
    author_name = models.CharField(max_length=120)
    author_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return self.body[:40]


class Photo(TenantModel):
    """A re-encoded picture under MEDIA_ROOT, of a draft, a return line or an inspected unit."""

    draft = TenantForeignKey(
        ReturnDraft, null=True, blank=True, related_name="photos", db_index=True
    )
    # The order line a draft's photo is for, until the return exists.
    draft_line_id = models.UUIDField(null=True, blank=True)
    rma = TenantForeignKey(Return, null=True, blank=True, related_name="photos", db_index=True)
    return_line = TenantForeignKey(ReturnLine, null=True, blank=True, related_name="photos")
    inspection = TenantForeignKey(Inspection, null=True, blank=True, related_name="photos")
    path = models.CharField(max_length=200)
    content_type = models.CharField(max_length=20)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size_bytes = models.PositiveIntegerField()
    digest = models.BinaryField(max_length=32)
    uploaded_by = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["merchant", "digest"], name="photo_digest")]

    def __str__(self) -> str:
        return self.path
