"""Turn records into the mirror's columns. Pure, but for the blind indexes' merchant key.

Descriptions that are too long for their column are shortened; identifiers never are, the readers
refuse those.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from returns_portal.commerce.keys import (
    address_index,
    card_index,
    email_index,
    mailbox_index,
    number_key,
    phone_indexes,
    postcode_index,
)
from returns_portal.commerce.models import Order, Variant
from returns_portal.commerce.platforms.base import (
    AddressRecord,
    LineRecord,
    OrderRecord,
    PaymentRecord,
    TaxRecord,
)
from returns_portal.core.crypto import normalise

# Raised when the mapping below changes, so that the next import refreshes orders it already has.
MIRROR_VERSION = 3
FINAL_SALE_TAGS = frozenset({"final-sale", "final sale", "final_sale", "finalsale"})
MAX_URL = 500


def content_hash(record: OrderRecord) -> bytes:
    """Return 32 bytes that change exactly when the mirror of ``record`` would.

    The customer's groups are left out: they are kept as they were first told.
    """
    content = asdict(record)
    del content["customer"]["groups"]
    for beside in ("updated_at", "warnings"):
        del content[beside]
    text = json.dumps([MIRROR_VERSION, content], sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).digest()


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} in a record")


def fit(text: str, length: int) -> str:
    """Shorten a description to ``length`` characters, showing that it was."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def fit_url(url: str) -> str:
    """Return the address, or nothing where it is too long: half an address leads nowhere."""
    return url if len(url) <= MAX_URL else ""


def order_columns(record: OrderRecord) -> dict[str, Any]:
    """Return the columns of the order itself, customer aside."""
    email = record.email or record.customer.email
    address = record.shipping_address
    proof = address.postcode or record.billing_address.postcode
    country = address.country or record.billing_address.country
    phone, national_phone = phone_indexes(order_phone(record), country)
    foreign = record.shop_currency != record.currency
    return {
        "number": record.number,
        "number_key": number_key(record.number),
        "status": Order.Status.CANCELLED if record.cancelled_at else Order.Status.OPEN,
        "shopper_name": fit(shopper_name(record), 160),
        "email": email,
        "email_index": email_index(email),
        "mailbox_index": mailbox_index(email),
        "address_index": delivery_index(address),
        "postcode_index": postcode_index(proof),
        "phone_index": phone,
        "national_phone_index": national_phone,
        "shipping_address": address_columns(address) if address != AddressRecord() else {},
        "country": country,
        "locale": (record.locale or record.customer.locale)[:16],
        "currency": record.currency,
        "total_minor": record.total.minor,
        "shipping_minor": record.shipping_total.minor,
        "shipping_tax_lines": tax_entries(
            tuple(tax for charge in record.shipping for tax in charge.taxes)
        ),
        "taxes_included": record.prices_include_tax,
        "discount_minor": record.discount_total.minor,
        "shop_currency": record.shop_currency if foreign else "",
        "shop_total_minor": record.shop_total.minor if foreign else None,
        "tags": list(record.tags),
        "customer_groups": customer_groups(record),
        "placed_at": record.placed_at,
        "source_updated_at": record.updated_at,
        "content_hash": content_hash(record),
        "refunded_elsewhere_minor": sum(each.refunded.minor for each in record.payments),
    }


def shopper_name(record: OrderRecord) -> str:
    """Return the best name known for the shopper."""
    return record.customer.name or record.shipping_address.name or record.billing_address.name


def customer_groups(record: OrderRecord) -> list[str] | None:
    """Return the groups the shop names of the order's customer, None where it names none."""
    return None if record.customer.groups is None else list(record.customer.groups)


def order_phone(record: OrderRecord) -> str:
    """Return the phone number the shopper gave for this order, else the one the shop knows."""
    return (
        record.phone
        or record.shipping_address.phone
        or record.billing_address.phone
        or record.customer.phone
    )


def customer_columns(record: OrderRecord) -> dict[str, Any]:
    """Return the columns of the order's customer."""
    name = fit(shopper_name(record), 160)
    email = record.customer.email or record.email
    return {
        "name": name,
        "name_key": normalise(name)[:160],
        "email": email,
        "email_index": email_index(email),
        "phone": record.customer.phone or record.phone or record.shipping_address.phone,
        "locale": (record.customer.locale or record.locale)[:16],
    }


def delivery_index(address: AddressRecord) -> bytes:
    """Return the blind index of a delivery address; empty where it names no street."""
    return address_index(
        address.line1, address.line2, address.postcode, address.city, address.country
    )


def address_columns(address: AddressRecord) -> dict[str, str]:
    """Return an address under the names the labels use."""
    return {
        "name": address.name or address.company,
        "street1": address.line1,
        "street2": address.line2,
        "city": address.city,
        "state": address.region,
        "zip": address.postcode,
        "country": address.country,
        "phone": address.phone,
    }


def line_columns(line: LineRecord, position: int) -> dict[str, Any]:
    """Return the columns of a line; ``net`` and ``tax`` add up to what was paid, exactly."""
    tax = line.tax_total.minor
    paid = line.paid.minor
    return {
        "position": position,
        "title": fit(line.title, 250),
        "variant_title": fit(line.variant_title, 250),
        "sku": line.sku,
        "barcode": line.barcode,
        "product_type": line.product_type,
        "tags": list(line.tags),
        "image_url": fit_url(line.image_url),
        "quantity": line.quantity,
        "fulfilled_quantity": returnable_units(line),
        "unit_price_minor": line.unit_price.minor,
        "discount_minor": (line.subtotal - line.total).minor,
        "net_minor": paid - tax,
        "tax_minor": tax,
        "paid_minor": paid,
        "tax_lines": tax_entries(line.taxes),
        "currency": line.total.currency,
        "weight_grams": line.weight_grams or 0,
        "is_final_sale": is_final_sale(line.tags),
        "is_gift_card": line.is_gift_card,
        "needs_shipping": line.requires_shipping,
        "delivered_at": line.delivered_at,
        "is_removed": False,
    }


def completed_line(columns: dict[str, Any], variant: Variant | None) -> dict[str, Any]:
    """Fill what the order left out from the catalogue, and join the product's tags to the line's.

    Shops name product tags, pictures and barcodes in their catalogue, seldom in an order.
    """
    columns = {**columns, "variant": variant}
    if variant is None:
        return columns
    product = variant.product
    for name in ("sku", "barcode", "image_url", "weight_grams"):
        columns[name] = columns[name] or getattr(variant, name)
    columns["product_type"] = columns["product_type"] or product.product_type
    columns["image_url"] = columns["image_url"] or product.image_url
    columns["tags"] = list(dict.fromkeys([*columns["tags"], *product.tags]))
    columns["is_final_sale"] = is_final_sale(columns["tags"])
    return columns


def is_final_sale(tags: Iterable[str]) -> bool:
    """Tell whether one of the tags marks a final sale."""
    return any(tag.lower() in FINAL_SALE_TAGS for tag in tags)


def returnable_units(line: LineRecord) -> int:
    """Return the units that were sent and that the shop itself has not refunded already."""
    return min(line.fulfilled_quantity, line.quantity - line.refunded_quantity)


def tax_entries(taxes: tuple[TaxRecord, ...]) -> list[dict[str, Any]]:
    """Return taxes by code, the same code once: ``[{"code", "rate_ppm", "minor"}]``."""
    entries: dict[tuple[str, int], int] = {}
    for tax in taxes:
        key = (fit(tax.title, 120) or "Tax", rate_ppm(tax.rate))
        entries[key] = entries.get(key, 0) + tax.amount.minor
    return [
        {"code": code, "rate_ppm": rate, "minor": minor} for (code, rate), minor in entries.items()
    ]


def rate_ppm(rate: str) -> int:
    """Return a rate such as ``"0.19"`` in millionths; 0 where the shop did not say one."""
    whole, _, tail = rate.partition(".")
    if not (whole + tail).isdecimal() or not rate.isascii():
        return 0
    return int(whole or 0) * 1_000_000 + int(tail[:6].ljust(6, "0"))


def payment_columns(payment: PaymentRecord) -> dict[str, Any]:
    """Return the columns of a captured payment; what was refunded elsewhere is set beside."""
    return {
        "gateway": payment.gateway,
        "reference": payment.reference,
        "amount_minor": payment.captured.minor,
        "currency": payment.captured.currency,
        "label": fit(payment.title or payment.gateway.replace("_", " ").capitalize(), 80),
        "captured_at": payment.paid_at,
        "card_index": card_index(payment.fingerprint),
    }
