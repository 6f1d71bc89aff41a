"""Windows that belong to one order: what its lines were sold with."""

from __future__ import annotations

from django.db import models

from returns_portal.commerce.models import OrderLine
from returns_portal.core.clock import now
from returns_portal.tenancy.base import TenantForeignKey, TenantModel
from rma.models.policy import PolicyVersion


class PromisedWindow(TenantModel):
    """The window that an order line was sold with: a fact, so its row is never changed (a trigger
    sees to it).

    ``terms`` is a stored ``rma.policy.windows.Promised``: what ``policy_version`` said of the line
    when it was bought, or when the order was first mirrored, if nothing was published before.
    """

    order_line = TenantForeignKey(OrderLine, related_name="+")
    policy_version = TenantForeignKey(PolicyVersion, related_name="+")
    terms = models.JSONField()
    kept_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["merchant", "order_line"], name="promised_window_once"),
        ]

    def __str__(self) -> str:
        return str(self.terms)
