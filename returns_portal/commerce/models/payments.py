"""How an order was paid."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from returns_portal.commerce.models.orders import Order
from returns_portal.core.money import Money
from returns_portal.tenancy.base import TenantForeignKey, TenantModel


class Payment(TenantModel):
    """A captured payment. Minor units of ``currency``.

    ``refunded_minor`` counts our refunds that are under way or done, ``refunded_elsewhere_minor``
    those made at the provider or in the shop; the database keeps their sum within the capture.
    """

    order = TenantForeignKey(Order, related_name="payments", db_index=True)
    external_id = models.CharField(max_length=80)
    # As the shop names it: stripe, shopify_payments, paypal, gift_card, manual ...
    gateway = models.CharField(max_length=60)
    # The provider's own id of the payment: pi_..., ch_..., a capture id.
    reference = models.CharField(max_length=120, blank=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    refunded_minor = models.BigIntegerField(default=0)
    refunded_elsewhere_minor = models.BigIntegerField(default=0)
    is_disputed = models.BooleanField(default=False)
    is_test = models.BooleanField(default=False)
    # How the shopper knows it: "Visa ending 4242".
    label = models.CharField(max_length=80, blank=True)
    captured_at = models.DateTimeField(null=True, blank=True)
    # Blind index of the card or account, as the gateway tells it apart.
    card_index = models.BinaryField(max_length=16, default=b"")

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "order", "external_id"], name="payment_once"
            ),
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0)
                & Q(refunded_elsewhere_minor__gte=0)
                & Q(amount_minor__gte=F("refunded_minor") + F("refunded_elsewhere_minor")),
                name="payment_refunds_within_capture",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "reference"], name="payment_reference"),
            models.Index(
                fields=["merchant", "card_index"],
                condition=~Q(card_index=b""),
                name="payment_card",
            ),
        ]

    def __str__(self) -> str:
        return self.label or self.gateway

    @property
    def refundable(self) -> Money:
        left = self.amount_minor - self.refunded_minor - self.refunded_elsewhere_minor
        return Money(left, self.currency)
