"""Windows that belong to one order: what its lines were sold with, and what a person granted."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from returns_portal.commerce.models import Order, OrderLine
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


class GrantedWindow(TenantModel):
    """A later last day that a person gave one order, or one line of it.

    It counts while it is not withdrawn; of several that concern a line the latest day does. Those
    withdrawn, or replaced by another, stay as history.
    """

    order = TenantForeignKey(Order, related_name="+")
    # Empty for every line of the order.
    order_line = TenantForeignKey(OrderLine, null=True, blank=True, related_name="+")
    until = models.DateField()
    reason = models.CharField(max_length=300)
    granted_by = models.CharField(max_length=120)
    granted_at = models.DateTimeField(default=now)
    withdrawn_by = models.CharField(max_length=120, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    operation_id = models.CharField(max_length=64)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "operation_id"], name="granted_window_operation"
            ),
            models.UniqueConstraint(
                fields=["merchant", "order", "order_line"],
                condition=Q(withdrawn_at__isnull=True),
                nulls_distinct=False,
                name="granted_window_one",
            ),
        ]
        indexes = [models.Index(fields=["merchant", "order"], name="granted_window_order")]

    def __str__(self) -> str:
        return f"until {self.until}"
