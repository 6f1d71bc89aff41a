"""Variants and locations to move stock with."""

from __future__ import annotations

from inventory.actions import add_location
from inventory.models import Bucket, Location, StockLevel
from returns_portal.commerce.models import Product, Variant
from returns_portal.core.actor import SYSTEM


def make_variant(sku: str = "TEE-M", **changes: object) -> Variant:
    """Return a saved variant of a product of its own."""
    product = Product.objects.create(source="test", external_id=sku, title=f"Product {sku}")
    values = {"sku": sku, "external_id": sku, "source": "test", "currency": "EUR"}
    return Variant.objects.create(product=product, **values | changes)


def make_location(code: str = "DUB", *, is_default: bool = False) -> Location:
    """Return a saved location; the first one becomes the default."""
    return add_location(
        name=f"Warehouse {code}", code=code, address={}, actor=SYSTEM, is_default=is_default
    )


def stock_of(variant: Variant) -> dict[str, int]:
    """Return units by bucket over all locations, leaving out empty buckets."""
    found: dict[str, int] = {}
    for level in StockLevel.objects.filter(variant=variant, quantity__gt=0):
        found[Bucket(level.bucket).value] = found.get(level.bucket, 0) + level.quantity
    return found
