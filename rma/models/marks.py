"""Shoppers whom the team trusts, or wants to look at each time."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from returns_portal.core.clock import now
from returns_portal.tenancy.base import TenantModel


class ShopperMark(TenantModel):
    """A shopper on the allow list or the block list, by the blind index of the e-mail address.

    ``hint`` is the address with its name shortened. A mark counts until it is ended or runs out;
    ended ones stay as history.
    """

    class Kind(models.TextChoices):
        ALLOW = "allow", "Allow list"
        BLOCK = "block", "Block list"

    email_index = models.BinaryField(max_length=16)
    hint = models.CharField(max_length=80)
    kind = models.CharField(max_length=5, choices=Kind.choices)
    reason = models.CharField(max_length=300)
    created_by = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=120, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "email_index"],
                condition=Q(ended_at__isnull=True),
                name="shopper_mark_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.hint}"
