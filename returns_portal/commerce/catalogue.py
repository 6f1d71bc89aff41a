"""Keep products and variants: from the shop's catalogue, or at least from what was ordered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from returns_portal.commerce.mirroring import fit, fit_url
from returns_portal.commerce.models import Product, Variant
from returns_portal.commerce.platforms.base import (
    LineRecord,
    OrderRecord,
    ProductRecord,
    VariantRecord,
)
from returns_portal.core.actor import Actor
from returns_portal.core.db import action_transaction

_PRODUCT_COLUMNS = ["title", "tags", "image_url", "product_type", "vendor"]
_VARIANT_COLUMNS = [
    "product", "title", "options", "sku", "barcode", "price_minor", "currency", "weight_grams",
    "image_url", "cost_minor",
]  # fmt: skip
_KEY = ["merchant", "source", "external_id"]


def upsert_products(records: Sequence[ProductRecord], *, actor: Actor) -> list[Variant]:
    """Bring the catalogue up to ``records``; returns their variants. Four statements, any size.

    A product is known by source and external id. What ``records`` leaves out stays as it is.
    """
    with action_transaction():
        rows = [
            Product(
                source=each.source,
                external_id=each.external_id,
                title=fit(each.title, 250),
                product_type=fit(each.product_type, 120),
                vendor=fit(each.vendor, 120),
                tags=list(each.tags),
                image_url=fit_url(each.image_url),
            )
            for each in sorted(records, key=lambda each: (each.source, each.external_id))
        ]
        Product.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=_KEY, update_fields=_PRODUCT_COLUMNS
        )
        # The rows that stayed may be earlier ones, with their own ids.
        stored = Product.objects.filter(external_id__in=[each.external_id for each in records])
        products = {(each.source, each.external_id): each for each in stored}
        variants = [
            _variant(variant, products[each.source, each.external_id])
            for each in records
            for variant in each.variants
        ]
        variants.sort(key=lambda each: (each.source, each.external_id))
        Variant.objects.bulk_create(
            variants, update_conflicts=True, unique_fields=_KEY, update_fields=_VARIANT_COLUMNS
        )
        kept = Variant.objects.filter(external_id__in=[each.external_id for each in variants])
        sources = {each.source for each in records}
        return [each for each in kept.select_related("product") if each.source in sources]


def _variant(record: VariantRecord, product: Product) -> Variant:
    return Variant(
        product=product,
        source=product.source,
        external_id=record.external_id,
        title=fit(record.title, 250),
        options=dict(record.options),
        sku=record.sku,
        barcode=record.barcode,
        price_minor=record.price.minor,
        currency=record.price.currency,
        cost_minor=record.cost.minor if record.cost else None,
        weight_grams=record.weight_grams or 0,
        image_url=fit_url(record.image_url or product.image_url),
    )


def variants_of(record: OrderRecord) -> dict[str, Variant]:
    """Return the variants an order names, by line external id, making those not known yet.

    An order never changes a variant that exists: the catalogue knows better. A line without
    product and variant ids has none. Two statements when everything is known.
    """
    named = {key: line for line in record.lines if (key := _variant_id(line))}
    if not named:
        return {}
    known = _variants(record.source, named)
    if len(known) < len(named):
        _make(record, [line for key, line in named.items() if key not in known])
        known = _variants(record.source, named)
    return {
        line.external_id: known[key]
        for line in record.lines
        if (key := _variant_id(line)) and key in known
    }


def _variants(source: str, external_ids: Iterable[str]) -> dict[str, Variant]:
    rows = Variant.objects.filter(source=source, external_id__in=list(external_ids))
    rows = rows.select_related("product")
    return {each.external_id: each for each in rows}


def _variant_id(line: LineRecord) -> str:
    return line.variant_external_id or line.product_external_id


def _make(record: OrderRecord, lines: Sequence[LineRecord]) -> None:
    """Insert what is missing. Two orders may do it at once: the first row stays, both go on."""
    products = {
        (key := line.product_external_id or _variant_id(line)): Product(
            source=record.source,
            external_id=key,
            title=fit(line.title, 250),
            product_type=fit(line.product_type, 120),
            image_url=fit_url(line.image_url),
        )
        for line in sorted(lines, key=_variant_id)
    }
    Product.objects.bulk_create(
        sorted(products.values(), key=lambda each: each.external_id), ignore_conflicts=True
    )
    rows = Product.objects.filter(source=record.source, external_id__in=list(products))
    stored = {each.external_id: each for each in rows}
    Variant.objects.bulk_create(
        [
            _variant(
                VariantRecord(
                    external_id=_variant_id(line),
                    title=line.variant_title,
                    price=line.unit_price,
                    sku=line.sku,
                    barcode=line.barcode,
                    image_url=line.image_url,
                    weight_grams=line.weight_grams,
                ),
                stored[line.product_external_id or _variant_id(line)],
            )
            for line in sorted(lines, key=_variant_id)
        ],
        ignore_conflicts=True,
    )
