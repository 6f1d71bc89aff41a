"""Messages as an outbox, the merchant's own texts, and who must not be written to."""

from __future__ import annotations

from django.db import models

from returns_portal.core.clock import now
from returns_portal.core.fields import SealedTextField
from returns_portal.tenancy.base import CrossMerchantModel, TenantForeignKey, TenantModel
from rma.models import Return


class Message(CrossMerchantModel):
    """One e-mail, rendered in the transaction of the event it tells of, sent later by a worker.

    At most one per event, kind and recipient. A mail server knows no idempotency key, so a message
    whose sending was cut off is UNKNOWN, "may have been sent", and is not sent again by itself.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        UNKNOWN = "unknown", "May have been sent"
        FAILED = "failed", "Failed"
        SUPPRESSED = "suppressed", "Not sent: address suppressed"

    rma = TenantForeignKey(Return, null=True, blank=True, related_name="messages", db_index=True)
    event_id = models.UUIDField()
    kind = models.CharField(max_length=24)
    recipient = SealedTextField()
    recipient_index = models.BinaryField(max_length=16)
    subject = models.CharField(max_length=250)
    text = SealedTextField()
    html = SealedTextField()
    # Paths below MEDIA_ROOT with the name a reader sees: [{"path", "name", "type"}].
    attachments = models.JSONField(default=list)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta(CrossMerchantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "event_id", "kind", "recipient_index"], name="message_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(status__in=["queued", "sending"]),
                name="message_due",
            ),
            models.Index(fields=["merchant", "-created_at", "-id"], name="message_when"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.status}"


class MessageTemplate(TenantModel):
    """A merchant's own wording of one kind of message; empty fields mean the product's."""

    kind = models.CharField(max_length=24)
    is_enabled = models.BooleanField(default=True)
    subject = models.CharField(max_length=200, blank=True)
    # A paragraph of the merchant's own below the headline; plain text.
    note = models.CharField(max_length=1000, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["merchant", "kind"], name="message_template_once"),
        ]

    def __str__(self) -> str:
        return self.kind


class Suppression(TenantModel):
    """An address that takes no mail, by its blind index."""

    address_index = models.BinaryField(max_length=16)
    reason = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["merchant", "address_index"], name="suppression_once"),
        ]

    def __str__(self) -> str:
        return self.reason
