"""Accounts at providers, every call made to them, every webhook received from them."""

from __future__ import annotations

from django.db import models

from returns_portal.core.clock import now
from returns_portal.core.fields import SealedJSONField
from returns_portal.tenancy.base import CrossMerchantModel, TenantForeignKey


class ProviderAccount(CrossMerchantModel):
    """A merchant's account at one provider, with sealed credentials."""

    class Role(models.TextChoices):
        REFUNDS = "refunds", "Refunds"
        CARRIER = "carrier", "Carrier"

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"

    role = models.CharField(max_length=12, choices=Role.choices)
    # The driver: stripe, manual, builtin (refunds); easypost, manual, builtin (carrier).
    provider = models.CharField(max_length=24)
    name = models.CharField(max_length=80)
    credentials = SealedJSONField()
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.ACTIVE)
    paused_reason = models.CharField(max_length=200, blank=True)
    is_default = models.BooleanField(default=False)
    # Payment gateways (as orders name them) whose payments this account refunds.
    gateways = models.JSONField(default=list)
    # The unguessable part of this account's webhook address.
    webhook_token = models.CharField(max_length=48, unique=True)
    created_at = models.DateTimeField(default=now)

    class Meta(CrossMerchantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "role"],
                condition=models.Q(is_default=True),
                name="provider_account_default",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ProviderCall(CrossMerchantModel):
    """One change asked of a provider: the intent, the frozen parameters, the key, the outcome.

    The key is made with the row and never changes; ``params`` are what was sent, byte for byte in
    meaning. UNKNOWN is a state of its own, left only by reading at the provider.
    """

    class Status(models.TextChoices):
        PLANNED = "planned", "Planned"
        SENDING = "sending", "Sending"
        DONE = "done", "Done"
        DECLINED = "declined", "Declined"
        UNKNOWN = "unknown", "Unknown"
        CANCELLED = "cancelled", "Cancelled"

    kind = models.CharField(max_length=40)
    account = TenantForeignKey(ProviderAccount, null=True, blank=True, related_name="+")
    subject_id = models.UUIDField()
    about_id = models.UUIDField(null=True, blank=True)
    key = models.CharField(max_length=80)
    params = models.JSONField(default=dict)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PLANNED)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    first_sent_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    answer = models.JSONField(null=True, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta(CrossMerchantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["merchant", "kind", "key"], name="provider_call_once"),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(status__in=["planned", "sending", "unknown"]),
                name="provider_call_due",
            ),
            models.Index(fields=["merchant", "subject_id"], name="provider_call_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.status}"


class InboundWebhook(CrossMerchantModel):
    """A verified webhook as it arrived; taken up later by a worker, once per external id."""

    class Status(models.TextChoices):
        RECEIVED = "received", "Received"
        DONE = "done", "Done"
        IGNORED = "ignored", "Ignored"
        GIVEN_UP = "given_up", "Given up"

    account = TenantForeignKey(ProviderAccount, related_name="+")
    external_id = models.CharField(max_length=120)
    topic = models.CharField(max_length=80, blank=True)
    body = models.BinaryField()
    notices = models.JSONField(default=list)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RECEIVED)
    reason = models.CharField(max_length=200, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    received_at = models.DateTimeField(default=now)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta(CrossMerchantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "account", "external_id"], name="inbound_webhook_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(status="received"),
                name="inbound_webhook_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.external_id}"
