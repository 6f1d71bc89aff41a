"""Products and their variants."""

from __future__ import annotations

from django.db import models

from returns_portal.tenancy.base import TenantForeignKey, TenantModel


class Product(TenantModel):
    """What a shop sells, across its variants."""

    source = models.CharField(max_length=16)
    external_id = models.CharField(max_length=80)
    title = models.CharField(max_length=250)
    product_type = models.CharField(max_length=120, blank=True)
    vendor = models.CharField(max_length=120, blank=True)
    tags = models.JSONField(default=list)
    image_url = models.CharField(max_length=500, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "source", "external_id"], name="product_once"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Variant(TenantModel):
    """One orderable size, colour or pack of a product. Money in minor units of ``currency``."""

    product = TenantForeignKey(Product, related_name="variants", db_index=True)
    source = models.CharField(max_length=16)
    external_id = models.CharField(max_length=80)
    title = models.CharField(max_length=250, blank=True)
    # Option names to values, e.g. {"Size": "M", "Colour": "Oat"}.
    options = models.JSONField(default=dict)
    sku = models.CharField(max_length=120, blank=True)
    barcode = models.CharField(max_length=80, blank=True)
    price_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    cost_minor = models.BigIntegerField(null=True, blank=True)
    weight_grams = models.PositiveIntegerField(default=0)
    image_url = models.CharField(max_length=500, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "source", "external_id"], name="variant_once"
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "sku"], name="variant_sku"),
            models.Index(fields=["merchant", "barcode"], name="variant_barcode"),
        ]

    def __str__(self) -> str:
        return self.sku or self.title
