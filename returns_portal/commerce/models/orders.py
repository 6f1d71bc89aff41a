"""Orders, their lines, their customers, and what was delivered when.

All amounts are minor units of the order's ``currency``, the one the shopper paid in (presentment);
the shop's own currency and total are kept beside it where they differ.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from returns_portal.commerce.models.catalogue import Variant
from returns_portal.core.clock import now
from returns_portal.core.fields import SealedJSONField, SealedTextField
from returns_portal.core.money import Money
from returns_portal.tenancy.base import TenantForeignKey, TenantModel


class Customer(TenantModel):
    """A shopper as the shop knows them. The e-mail is sealed; ``email_index`` finds it."""

    source = models.CharField(max_length=16)
    external_id = models.CharField(max_length=80)
    name = models.CharField(max_length=160, blank=True)
    name_key = models.CharField(max_length=160, blank=True)
    email = SealedTextField()
    email_index = models.BinaryField(max_length=16, default=b"")
    phone = SealedTextField()
    locale = models.CharField(max_length=16, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "source", "external_id"], name="customer_once"
            ),
        ]
        indexes = [models.Index(fields=["merchant", "email_index"], name="customer_email")]

    def __str__(self) -> str:
        return self.name


class Order(TenantModel):
    """A mirrored order: read-only but for what its source updates.

    ``number_key`` is the number as people may type it, normalised: upper case, letters and digits
    only. ``email_index``, ``postcode_index`` and the two of the phone number, in international and
    in national form, are blind indexes of the shopper's proofs. ``mailbox_index`` and
    ``address_index`` (delivery) tell which shoppers may be the same, and prove nothing.
    """

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        CANCELLED = "cancelled", "Cancelled"

    source = models.CharField(max_length=16)
    external_id = models.CharField(max_length=80)
    number = models.CharField(max_length=60)
    number_key = models.CharField(max_length=60)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    customer = TenantForeignKey(Customer, null=True, blank=True, related_name="orders")
    shopper_name = models.CharField(max_length=160, blank=True)
    email = SealedTextField()
    email_index = models.BinaryField(max_length=16, default=b"")
    mailbox_index = models.BinaryField(max_length=16, default=b"")
    address_index = models.BinaryField(max_length=16, default=b"")
    postcode_index = models.BinaryField(max_length=16, default=b"")
    phone_index = models.BinaryField(max_length=16, default=b"")
    national_phone_index = models.BinaryField(max_length=16, default=b"")
    # name, street1, street2, city, state, zip, country, phone
    shipping_address = SealedJSONField()
    country = models.CharField(max_length=2, blank=True)
    locale = models.CharField(max_length=16, blank=True)
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    shipping_minor = models.BigIntegerField(default=0)
    # Tax inside (inclusive) or on top of (exclusive) shipping_minor, and by code:
    # [{"code", "rate_ppm", "minor"}].
    shipping_tax_lines = models.JSONField(default=list)
    taxes_included = models.BooleanField(default=False)
    discount_minor = models.BigIntegerField(default=0)
    shop_currency = models.CharField(max_length=3, blank=True)
    shop_total_minor = models.BigIntegerField(null=True, blank=True)
    tags = models.JSONField(default=list)
    # The customer's groups as the shop named them first, with the order; null where it never did.
    customer_groups = models.JSONField(null=True, blank=True)
    placed_at = models.DateTimeField()
    source_updated_at = models.DateTimeField(null=True, blank=True)
    content_hash = models.BinaryField(max_length=32, default=b"")
    # Refunds made at the shop before or beside ours, as mirrored: minor units.
    refunded_elsewhere_minor = models.BigIntegerField(default=0)
    imported_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "source", "external_id"], name="order_once"
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "number_key"], name="order_number"),
            models.Index(fields=["merchant", "email_index", "-placed_at"], name="order_email"),
            models.Index(fields=["merchant", "-placed_at", "id"], name="order_placed"),
            *(
                models.Index(
                    fields=["merchant", f"{name}_index", "-placed_at"],
                    condition=~Q(**{f"{name}_index": b""}),
                    name=f"order_{name}",
                )
                for name in ("mailbox", "phone", "address")
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)


class OrderLine(TenantModel):
    """One line of an order, with what was really paid for it.

    ``paid_minor`` is the gross the shopper paid for all units after line and order discounts, tax
    included. ``claimed_quantity`` counts the units in returns that are alive or were completed; the
    database keeps it between zero and ``fulfilled_quantity``, which decides every race for a unit.
    """

    order = TenantForeignKey(Order, related_name="lines", db_index=True)
    external_id = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=0)
    variant = TenantForeignKey(Variant, null=True, blank=True, related_name="+")
    title = models.CharField(max_length=250)
    variant_title = models.CharField(max_length=250, blank=True)
    sku = models.CharField(max_length=120, blank=True)
    barcode = models.CharField(max_length=80, blank=True)
    product_type = models.CharField(max_length=120, blank=True)
    tags = models.JSONField(default=list)
    image_url = models.CharField(max_length=500, blank=True)
    quantity = models.PositiveIntegerField()
    fulfilled_quantity = models.PositiveIntegerField(default=0)
    claimed_quantity = models.PositiveIntegerField(default=0)
    unit_price_minor = models.BigIntegerField()
    discount_minor = models.BigIntegerField(default=0)
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField(default=0)
    paid_minor = models.BigIntegerField()
    # [{"code", "rate_ppm", "minor"}], the tax in paid_minor by code.
    tax_lines = models.JSONField(default=list)
    currency = models.CharField(max_length=3)
    weight_grams = models.PositiveIntegerField(default=0)
    is_final_sale = models.BooleanField(default=False)
    is_gift_card = models.BooleanField(default=False)
    needs_shipping = models.BooleanField(default=True)
    shipped_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    # Taken off the order at its source after returns already named it.
    is_removed = models.BooleanField(default=False)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "order", "external_id"], name="order_line_once"
            ),
            models.CheckConstraint(
                condition=Q(claimed_quantity__lte=F("fulfilled_quantity")),
                name="order_line_claims_fulfilled",
            ),
            models.CheckConstraint(
                condition=Q(paid_minor=F("net_minor") + F("tax_minor")), name="order_line_adds_up"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def paid(self) -> Money:
        return Money(self.paid_minor, self.currency)


class Fulfilment(TenantModel):
    """A parcel that went out for an order.

    ``lines``: [{"line", "quantity"}] by external line id.
    """

    order = TenantForeignKey(Order, related_name="fulfilments", db_index=True)
    external_id = models.CharField(max_length=80)
    status = models.CharField(max_length=24, blank=True)
    shipped_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    carrier = models.CharField(max_length=60, blank=True)
    tracking_code = models.CharField(max_length=80, blank=True)
    lines = models.JSONField(default=list)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "order", "external_id"], name="fulfilment_once"
            ),
        ]

    def __str__(self) -> str:
        return self.external_id
