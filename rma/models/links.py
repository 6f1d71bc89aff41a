"""An e-mailed link that opens a shopper's orders, instead of an order number."""

from __future__ import annotations

from django.db import models

from returns_portal.core.clock import now
from returns_portal.tenancy.base import TenantModel


class OrderLink(TenantModel):
    """A link somebody asked for. It opens once, before ``expires_at``; thrown away after that.

    The token itself stands in the e-mail only; ``token_hash`` is its SHA-256, empty until it is
    sent. Whether an order has the address is found out later, by a worker.
    """

    email_index = models.BinaryField(max_length=16)
    token_hash = models.BinaryField(max_length=32, default=b"")
    locale = models.CharField(max_length=16, blank=True)
    asked_at = models.DateTimeField(default=now)
    opened_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["merchant", "token_hash"], name="order_link_token")]

    def __str__(self) -> str:
        return str(self.pk)
