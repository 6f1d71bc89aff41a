"""The built-in gateway's own ledger: a provider of ours, read by nobody but its driver."""

from __future__ import annotations

from django.db import models

from returns_portal.core.clock import now
from returns_portal.tenancy.base import TenantModel


class BuiltinGatewayRefund(TenantModel):
    """A refund as the built-in gateway remembers it, the witness of what was really paid."""

    idempotency_key = models.CharField(max_length=80)
    operation_id = models.CharField(max_length=80)
    payment_reference = models.CharField(max_length=120)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=16)
    created_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "idempotency_key"], name="gateway_refund_once"
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "operation_id"], name="gateway_refund_operation"),
        ]

    def __str__(self) -> str:
        return self.operation_id
