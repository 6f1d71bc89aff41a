"""Codes with which whoever was given an order's goods may return them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from returns_portal.commerce.models.orders import Order
from returns_portal.core.clock import now
from returns_portal.tenancy.base import TenantForeignKey, TenantModel


class GiftCode(TenantModel):
    """The code of one order. It is shown once, when it is made; ``code_index`` is a keyed hash.

    A new code of an order takes the place of the one before.
    """

    order = TenantForeignKey(Order, related_name="gift_codes", db_index=True)
    code_index = models.BinaryField(max_length=16)
    made_by = models.CharField(max_length=120)
    made_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["merchant", "code_index"], name="gift_code_once"),
            models.UniqueConstraint(
                fields=["merchant", "order"],
                condition=Q(ended_at__isnull=True),
                name="gift_code_of_order",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)
