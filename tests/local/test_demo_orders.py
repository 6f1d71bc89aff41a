from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from returns_portal.commerce.actions import Upserted, upsert_order
from returns_portal.commerce.catalogue import upsert_products
from returns_portal.commerce.models import OrderLine, Variant
from returns_portal.commerce.selectors import find_order_for_shopper
from returns_portal.core.actor import SYSTEM
from returns_portal.local.demo_catalogue import articles, products
from returns_portal.local.demo_orders import orders
from returns_portal.tenancy.models import Merchant

NOW = datetime(2026, 11, 19, 9, 41, tzinfo=UTC)
STATIC = Path(__file__).resolve().parents[2]


def test_orders_tie_exactly_and_span_ninety_days() -> None:
    found = orders(NOW)

    assert 110 <= len(found) <= 140
    assert [each.number for each in found] == sorted(each.number for each in found)
    assert len({each.external_id for each in found}) == len(found)
    for each in found:
        assert each.difference.minor == 0, each.number
        assert NOW - timedelta(days=92) < each.placed_at < NOW
        if not each.cancelled_at:
            captured = sum(payment.captured.minor for payment in each.payments)
            assert captured == each.total.minor, each.number
    currencies = Counter(each.currency for each in found)
    assert currencies["JPY"] == currencies["KWD"] == 1
    assert {each.prices_include_tax for each in found} == {True, False}
    assert any(len(each.payments) == 2 for each in found)
    assert any(not each.fulfilments and not each.cancelled_at for each in found)


def test_orders_tell_the_story_of_the_screens() -> None:
    [maya] = [each for each in orders(NOW) if each.number == "NL-48213"]

    assert maya.email == "maya.lindqvist@example.com"
    assert str(maya.total) == "439.70 EUR"
    assert [(line.title, line.quantity, line.total.minor) for line in maya.lines] == [
        ("Merino Crew Sweater", 1, 8550),
        ("Trail Runner 2", 1, 11700),
        ("Ridgeline Shell Jacket", 1, 17100),
        ("Enamel Camp Mug", 3, 4320),
        ("Ribbed Beanie", 1, 1800),
    ]
    assert [line.tax_total.minor for line in maya.lines[:2]] == [1599, 2188]
    assert maya.lines[0].delivered_at == datetime(2026, 11, 6, 9, 41, tzinfo=UTC)
    assert "final-sale" in maya.lines[4].tags


def test_products_have_scannable_barcodes_and_drawings() -> None:
    variants = [variant for product in products() for variant in product.variants]

    assert len(variants) == len(articles())
    for field in ("external_id", "sku", "barcode"):
        assert len({getattr(each, field) for each in variants}) == len(variants)
    for each in variants:
        digits = [int(digit) for digit in each.barcode]
        assert len(digits) == 13
        assert (sum(digits[::2]) + 3 * sum(digits[1::2])) % 10 == 0
        assert (STATIC / each.image_url.lstrip("/")).is_file(), each.image_url
    assert {each.sku for each in variants if not each.available} == {"MCS-OAT-XL", "TR2-SLA-41"}


@pytest.mark.usefixtures("scoped")
def test_demo_is_imported_like_any_shop(scoped: Merchant) -> None:
    upsert_products(products(), actor=SYSTEM)

    outcomes = {upsert_order(each, actor=SYSTEM)[1] for each in orders(NOW)}

    assert outcomes == {Upserted.CREATED}
    assert Variant.objects.count() == len(articles())
    assert not OrderLine.objects.filter(variant=None).exists()
    assert OrderLine.objects.filter(is_final_sale=True).exists()
    maya = find_order_for_shopper("nl 48213", "D08XK29")
    assert maya is not None
    assert maya.number == "NL-48213"
    assert upsert_order(orders(NOW)[0], actor=SYSTEM)[1] is Upserted.UNCHANGED
