"""Every recorded order is either read with totals that tie, or refused with the field named."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from returns_portal.commerce.platforms import shopify, woocommerce
from returns_portal.commerce.platforms.base import OrderRecord, RecordError
from tests.shared_data import shared_files, shared_path

READERS = {"shopify": shopify.parse, "woocommerce": woocommerce.parse}
# Captures whose own numbers contradict each other: cut by hand by those who published them.
CONTRADICTING = {
    ("2026-04-orders-order-merchant-detail-read.json", "#1401"),
    ("py-order.json", "#1001"),
    ("ios-order-with-bundled-line-items.json", "357"),
    ("ios-order-with-line-item-attributes.json", "3207"),
}


def read_all(shop: str, path: Path) -> list[OrderRecord | RecordError]:
    with path.open("rb") as stream:
        return list(READERS[shop](stream, file=path.name))


@pytest.mark.parametrize("shop", ["shopify", "woocommerce"])
def test_parse_every_recorded_file_ties_or_names_the_field(shop: str) -> None:
    shared_path(shop)
    counts: Counter[str] = Counter()

    for path in shared_files(f"{shop}/**/*.json"):
        found = read_all(shop, path)
        assert found, f"{path.name}: silence is no answer"
        for each in found:
            if isinstance(each, RecordError):
                assert each.file == path.name
                assert each.record
                assert each.field
                assert each.message
                counts["refused"] += each.field not in ("line_items", "record")
                continue
            ties = (path.name, each.number) not in CONTRADICTING
            counts["tied" if ties else "contradicting"] += 1
            assert (each.difference.minor == 0) == ties, (path.name, each.number, each.difference)
            assert bool(each.warnings) == (not ties)
            for line in each.lines:
                assert line.subtotal.minor - sum(d.amount.minor for d in line.discounts) == (
                    line.total.minor
                )

    assert (
        counts
        == {
            "shopify": {"tied": 5, "contradicting": 3, "refused": 22},
            "woocommerce": {"tied": 16, "contradicting": 2, "refused": 6},
        }[shop]
    )


def tax_apart_total(order: dict[str, Any]) -> Decimal:
    """Add an untouched WooCommerce payload up, in decimals, by its own order-level figures."""
    lines = sum(Decimal(line["total"]) for line in order["line_items"])
    cards = sum(Decimal(card["amount"]) for card in order.get("gift_cards", []))
    tax = Decimal(order["total_tax"])
    return lines + Decimal(order["shipping_total"]) + tax - cards


def test_woocommerce_documentation_orders_tie_to_the_cent_with_their_own_arithmetic() -> None:
    path = shared_path("woocommerce/docs-v3-orders.json")
    examples = json.loads(path.read_text())["examples"]
    payloads = [examples[0]["response"], *examples[5]["response"]["create"]]

    for payload in payloads:
        assert tax_apart_total(payload) == Decimal(payload["total"])
        [order] = woocommerce.parse(payload)
        assert isinstance(order, OrderRecord)
        assert order.parts_total == order.total
        assert order.total.decimal_text() == payload["total"]


def test_woocommerce_tax_rounded_per_order_leaves_no_cent_over() -> None:
    # The lines show 1.13 + 0.23 + 0.90 = 2.26, the order charges 2.25.
    examples = json.loads(shared_path("woocommerce/docs-v3-orders.json").read_text())["examples"]
    payload = examples[5]["response"]["create"][0]

    [order] = woocommerce.parse(payload)

    assert [line.tax_total.minor for line in order.lines] == [113, 22, 90]
    assert order.tax_total.decimal_text() == payload["total_tax"] == "2.25"


def test_shopify_webhook_id_beyond_double_precision_comes_from_its_text_twin() -> None:
    [order] = read_all("shopify", shared_path("shopify/webhooks/shopifyOrderCancelled.json"))

    assert order.external_id == "820982911946154508"
    assert [line.external_id for line in order.lines] == [
        "866550311766439020",
        "141249953214522974",
    ]
    assert order.customer.external_id == "115310627314723954"


def test_shopify_order_discount_without_allocation_is_spread_over_the_lines() -> None:
    [order] = read_all("shopify", shared_path("shopify/webhooks/shopifyOrderCancelled.json"))

    assert [line.total.minor for line in order.lines] == [18900, 18900]
    assert order.shipping_total.minor == 1000
    assert order.total.minor == 38800
    assert [(each.kind, each.amount.minor) for each in order.discounts] == [("order", 2000)]
    assert order.status == "cancelled"
    assert order.is_test


def test_shopify_order_tax_given_once_is_laid_on_the_lines() -> None:
    [order] = read_all("shopify", shared_path("shopify/rest/py-order.json"))

    assert [line.tax_total.minor for line in order.lines] == [398, 398, 398]
    assert order.lines[0].taxes[0].title == "State Tax"
    assert order.lines[0].taxes[0].rate == "0.06"
    assert "608.94" in order.warnings[0]


def test_shopify_graphql_capture_reads_like_the_webhook() -> None:
    path = shared_path("shopify/admin_graphql/2026-04-orders-order-merchant-detail-read.json")

    order = read_all("shopify", path)[0]

    assert order.external_id == "6832000000000"
    assert order.lines[0].external_id == "7001"
    assert order.lines[0].variant_external_id == "8001"
    assert order.lines[0].fulfilled_quantity == 2
    assert order.lines[1].refunded_quantity == 1
    assert order.shipping_address.postcode == "M5V 1L9"
    assert order.payments[0].captured.minor == 13450
    assert order.payments[0].refunded.minor == 3000
    assert order.fulfilments[0].tracking_number == "TRACK1401"


def test_woocommerce_gift_cards_count_as_payments_of_the_whole_order() -> None:
    [order] = read_all("woocommerce", shared_path("woocommerce/ios-order-with-gift-cards.json"))

    assert order.total.minor == 2800
    assert [(each.gateway, each.captured.minor) for each in order.payments] == [
        ("woocommerce_payments", 400),
        ("gift_card", 2000),
        ("gift_card", 400),
    ]


def test_woocommerce_local_time_is_ignored_for_its_gmt_twin() -> None:
    [order] = read_all("woocommerce", shared_path("woocommerce/ios-order-with-gift-cards.json"))

    # date_created says 04:21:20 and has no zone; date_created_gmt says 03:21:20.
    assert order.placed_at.isoformat() == "2023-03-29T03:21:20+00:00"


def test_woocommerce_prices_with_tax_become_gross_lines_with_tax_inside() -> None:
    [order] = read_all("woocommerce", shared_path("woocommerce/ios-order-with-charge.json"))

    assert order.prices_include_tax
    assert order.lines[0].total.minor == 1800
    assert order.lines[0].taxes[0].inclusive
    assert order.lines[0].taxes[0].rate == "0.02"
    assert order.total.minor == 3330


def test_woocommerce_half_unit_is_refused_rather_than_rounded() -> None:
    [refused] = read_all("woocommerce", shared_path("woocommerce/ios-order.json"))

    assert isinstance(refused, RecordError)
    assert str(refused) == (
        "ios-order.json: order 963: line_items[1].quantity: '1.5' is no whole number from 0 to "
        "1000000."
    )
