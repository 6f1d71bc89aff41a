"""A return being put together in the portal, before it is confirmed."""

from __future__ import annotations

from django.db import models

from returns_portal.commerce.models import Customer, Order
from returns_portal.core.clock import now
from returns_portal.tenancy.base import TenantForeignKey, TenantModel
from rma.models.returns import Return


class ReturnDraft(TenantModel):
    """The shopper's answers so far; lives 14 days. ``operation_id`` becomes the return's.

    A draft that ``changes`` a return begins with what that asks for, at its ``revision``: the
    number of changes it had seen then.

    ``content``: ``{"lines": {order line id: {"quantity", "reason", "comment", "wanted",
    "exchange_variant"}}, "method": ...}``.
    """

    order = TenantForeignKey(Order, related_name="+")
    token = models.CharField(max_length=48, unique=True)
    changes = TenantForeignKey(Return, null=True, blank=True, related_name="+")
    # Of a gift; never the buyer.
    receiver = TenantForeignKey(Customer, null=True, blank=True, related_name="+")
    revision = models.PositiveSmallIntegerField(default=0)
    operation_id = models.CharField(max_length=64)
    content = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=now)
    updated_at = models.DateTimeField(auto_now=True)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.pk)
