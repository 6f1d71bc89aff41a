from __future__ import annotations

from dataclasses import replace

import pytest

from returns_portal.commerce.actions import upsert_order
from returns_portal.commerce.catalogue import upsert_products
from returns_portal.commerce.models import OrderLine, Product, Variant
from returns_portal.commerce.platforms.base import OrderRecord, ProductRecord, VariantRecord
from returns_portal.core.actor import SYSTEM
from returns_portal.core.money import Money

pytestmark = pytest.mark.usefixtures("scoped")

JACKET = ProductRecord(
    source="shopify",
    external_id="5",
    title="Ridge jacket",
    product_type="Jackets",
    tags=("outdoor",),
    variants=(
        VariantRecord(
            external_id="6",
            title="Moss / M",
            price=Money(16800, "EUR"),
            cost=Money(6100, "EUR"),
            options=(("Colour", "Moss"), ("Size", "M")),
            sku="RJ-MOSS-M",
        ),
        VariantRecord(external_id="7", title="Moss / L", price=Money(16800, "EUR")),
    ),
)


def test_upsert_products_makes_products_with_variants() -> None:
    variants = upsert_products([JACKET], actor=SYSTEM)

    assert sorted(each.external_id for each in variants) == ["6", "7"]
    stored = Variant.objects.get(external_id="6")
    assert (stored.sku, stored.price_minor, stored.cost_minor) == ("RJ-MOSS-M", 16800, 6100)
    assert stored.options == {"Colour": "Moss", "Size": "M"}
    assert stored.product.product_type == "Jackets"


def test_upsert_products_again_keeps_the_rows_and_takes_the_changes() -> None:
    first = {each.external_id: each.pk for each in upsert_products([JACKET], actor=SYSTEM)}

    again = upsert_products([replace(JACKET, title="Ridge jacket II")], actor=SYSTEM)

    assert {each.external_id: each.pk for each in again} == first
    assert Product.objects.get().title == "Ridge jacket II"


def test_order_takes_what_it_leaves_out_from_the_catalogue(record: OrderRecord) -> None:
    upsert_products(
        [replace(JACKET, tags=("outdoor", "Final Sale"), image_url="/j.svg")], actor=SYSTEM
    )

    upsert_order(record, actor=SYSTEM)

    line = OrderLine.objects.get()
    assert (line.sku, line.product_type, line.image_url) == ("RJ-MOSS-M", "Jackets", "/j.svg")
    assert line.tags == ["outdoor", "Final Sale"]
    assert line.is_final_sale


def test_order_without_catalogue_leaves_its_line_tags_to_the_line(record: OrderRecord) -> None:
    tagged = replace(record, lines=(replace(record.lines[0], tags=("final-sale",)),))
    upsert_order(tagged, actor=SYSTEM)

    upsert_order(replace(record, external_id="2"), actor=SYSTEM)

    lines = OrderLine.objects.order_by("order__external_id")
    assert [line.is_final_sale for line in lines] == [True, False]


def test_upsert_products_completes_what_an_order_made(record: OrderRecord) -> None:
    upsert_order(record, actor=SYSTEM)
    known = Variant.objects.get()

    upsert_products([JACKET], actor=SYSTEM)

    known.refresh_from_db()
    assert (known.external_id, known.sku) == ("6", "RJ-MOSS-M")
