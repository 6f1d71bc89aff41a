"""What a shopper declared when withdrawing from a contract, kept as it was declared."""

from __future__ import annotations

from django.db import models

from returns_portal.commerce.models import Order
from returns_portal.core.clock import now
from returns_portal.core.fields import SealedTextField
from returns_portal.tenancy.base import TenantForeignKey, TenantModel
from rma.models.returns import Return


class Withdrawal(TenantModel):
    """One statement of withdrawal: a fact, so its row is never changed (a trigger sees to it).

    ``order`` is the order that number and e-mail prove, else empty; ``rma`` the return that the
    statement became, empty where a person has to look. ``lines`` are the items as declared,
    ``answers`` what became of each. ``event_id`` names the event that the acknowledgement was sent
    for, and so the message.
    """

    token = models.CharField(max_length=48)
    operation_id = models.CharField(max_length=64)
    name = SealedTextField()
    email = SealedTextField()
    order_number = models.CharField(max_length=60)
    # The words the shopper confirmed.
    text = SealedTextField()
    # [{"order_line", "title", "quantity"}]; empty for the whole order and for items only described.
    lines = models.JSONField(default=list)
    # [{"title", "quantity", "standing", "until", "sentence"}]
    answers = models.JSONField(default=list)
    order = TenantForeignKey(Order, null=True, blank=True, related_name="withdrawals")
    rma = TenantForeignKey(Return, null=True, blank=True, related_name="withdrawals", db_index=True)
    event_id = models.UUIDField()
    locale = models.CharField(max_length=16, blank=True)
    declared_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["token"], name="withdrawal_token"),
            models.UniqueConstraint(
                fields=["merchant", "operation_id"], name="withdrawal_operation"
            ),
        ]

    def __str__(self) -> str:
        return self.order_number
