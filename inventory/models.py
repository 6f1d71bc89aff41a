"""Locations, stock by bucket, and the movements that are the only way stock changes."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from returns_portal.commerce.models import Variant
from returns_portal.core.clock import now
from returns_portal.tenancy.base import TenantForeignKey, TenantModel


class Bucket(models.TextChoices):
    """Where goods stand. Only SELLABLE may be sold; returned goods begin in ON_HOLD."""

    SELLABLE = "sellable", "Sellable"
    RESERVED = "reserved", "Reserved"
    ON_HOLD = "on_hold", "On hold until inspected"
    REPAIR = "repair", "Repair"
    RECYCLE = "recycle", "Recycle"
    DISPOSED = "disposed", "Disposed"
    SHIPPED = "shipped", "Shipped to a shopper"


class Location(TenantModel):
    """A warehouse or shop that takes goods back."""

    name = models.CharField(max_length=80)
    code = models.CharField(max_length=24)
    # name, street1, street2, city, state, zip, country, phone
    address = models.JSONField(default=dict)
    is_default = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["merchant", "code"], name="location_code"),
            models.UniqueConstraint(
                fields=["merchant"], condition=Q(is_default=True), name="location_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class StockLevel(TenantModel):
    """Units of a variant in one bucket at one location: always the sum of its movements."""

    variant = TenantForeignKey(Variant, related_name="stock")
    location = TenantForeignKey(Location, related_name="stock")
    bucket = models.CharField(max_length=10, choices=Bucket.choices)
    quantity = models.IntegerField(default=0)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "variant", "location", "bucket"], name="stock_level_once"
            ),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="stock_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} {self.bucket} {self.quantity}"


class StockMovement(TenantModel):
    """Units going from one bucket to another; null is the world outside. Append-only.

    ``key`` names the business fact (``inspection:<id>``) and is unique: a double click moves
    nothing. ``quantity`` is positive; ``unit_cost_minor`` is per unit, minor units of ``currency``.
    """

    variant = TenantForeignKey(Variant, related_name="+")
    location = TenantForeignKey(Location, related_name="+")
    from_bucket = models.CharField(max_length=10, choices=Bucket.choices, null=True, blank=True)
    to_bucket = models.CharField(max_length=10, choices=Bucket.choices, null=True, blank=True)
    quantity = models.PositiveIntegerField()
    reason = models.CharField(max_length=24)
    key = models.CharField(max_length=80)
    about_id = models.UUIDField(null=True, blank=True)
    unit_cost_minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    actor_name = models.CharField(max_length=120, blank=True)
    moved_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["merchant", "key"], name="stock_movement_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="stock_movement_positive"),
        ]
        indexes = [
            models.Index(fields=["merchant", "variant", "location"], name="stock_movement_of"),
            models.Index(fields=["merchant", "about_id"], name="stock_movement_about"),
            models.Index(fields=["merchant", "-moved_at", "id"], name="stock_movement_when"),
        ]

    def __str__(self) -> str:
        return self.key


class Reservation(TenantModel):
    """Sellable units held for somebody; the units stand in RESERVED while it is held."""

    class Status(models.TextChoices):
        HELD = "held", "Held"
        RELEASED = "released", "Released to be shipped"
        CANCELLED = "cancelled", "Cancelled"

    variant = TenantForeignKey(Variant, related_name="+")
    location = TenantForeignKey(Location, related_name="+")
    quantity = models.PositiveIntegerField()
    key = models.CharField(max_length=80)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.HELD)
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta(TenantModel.Meta):
        constraints = [
            models.UniqueConstraint(fields=["merchant", "key"], name="reservation_once"),
        ]

    def __str__(self) -> str:
        return self.key
