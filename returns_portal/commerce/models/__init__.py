"""The mirror of a merchant's shop."""

from __future__ import annotations

from returns_portal.commerce.models.catalogue import Product, Variant
from returns_portal.commerce.models.gifts import GiftCode
from returns_portal.commerce.models.orders import Customer, Fulfilment, Order, OrderLine
from returns_portal.commerce.models.payments import Payment

__all__ = [
    "Customer",
    "Fulfilment",
    "GiftCode",
    "Order",
    "OrderLine",
    "Payment",
    "Product",
    "Variant",
]
