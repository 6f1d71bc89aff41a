from __future__ import annotations

from typing import Any

import pytest

from returns_portal.commerce.platforms import woocommerce
from returns_portal.commerce.platforms.base import OrderRecord, RecordError
from tests.commerce.platforms.payloads import woo_order


def read(payload: Any) -> OrderRecord:
    [found] = woocommerce.parse(payload)
    assert isinstance(found, OrderRecord), str(found)
    return found


def refuse(payload: Any) -> RecordError:
    [found] = woocommerce.parse(payload)
    assert isinstance(found, RecordError)
    return found


def test_parse_completed_order_ties_and_is_fulfilled_without_a_delivery_date() -> None:
    order = read(woo_order())

    assert order.difference.minor == 0
    assert order.lines[0].fulfilled_quantity == 3
    assert order.lines[0].delivered_at is None
    assert order.lines[0].taxes[0].title == "VAT"
    assert order.lines[0].taxes[0].rate == "0.19"
    assert order.fulfilments[0].shipped_at.isoformat() == "2026-03-03T09:00:00+00:00"
    assert order.payments[0].reference == "ch_1"


@pytest.mark.parametrize(
    ("meta", "fingerprint"),
    [([{"key": "_stripe_source_id", "value": "src_1"}], "src_1"),
     ([{"key": "_payment_method_id", "value": "pm_1"}], "pm_1"),
     ([{"key": "_payment_method_id", "value": {"id": 1}}], ""), ([], "")],
)  # fmt: skip
def test_parse_card_is_named_by_the_gateways_meta_data(meta: Any, fingerprint: str) -> None:
    assert read(woo_order(meta_data=meta)).payments[0].fingerprint == fingerprint


def test_parse_negative_fee_keeps_its_sign() -> None:
    fee = {"id": 8, "name": "Loyal customer", "total": "-2.00", "total_tax": "0.00", "taxes": []}

    order = read(woo_order(fee_lines=[fee], total="22.50"))

    assert order.fees[0].total.minor == -200
    assert order.difference.minor == 0


def test_parse_coupon_takes_the_discount_off_the_line() -> None:
    payload = woo_order(coupon_lines=[{"id": 4, "code": "WOOL5", "discount": "5.00"}])
    payload["line_items"][0]["subtotal"] = "20.00"

    order = read(payload)

    assert order.lines[0].discounts[0].amount.minor == 500
    assert [(d.code, d.amount.minor) for d in order.discounts] == [("WOOL5", 500)]


def test_parse_html_entities_become_letters_and_variation_is_split_off() -> None:
    payload = woo_order()
    payload["line_items"][0] |= {
        "name": "Caf&eacute; &amp; Co &ndash; Red, M",
        "variation_id": 12,
    }

    line = read(payload).lines[0]

    assert (line.title, line.variant_title, line.variant_external_id) == (
        "Café & Co",
        "Red, M",
        "12",
    )


def test_parse_amount_given_as_json_number_is_exact() -> None:
    assert read(woo_order(total=24.5)).total.minor == 2450


def test_parse_refund_is_booked_on_the_payment() -> None:
    order = read(woo_order(refunds=[{"id": 1, "total": "-10.00"}]))

    assert order.payments[0].refunded.minor == 1000


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"date_created_gmt": None}, "date_created_gmt"),
        ({"status": "checkout-draft"}, "status"),
        ({"currency": "$"}, "currency"),
        ({"total": "24.505"}, "total"),
        ({"refunds": [{"id": 1, "total": "-100.00"}]}, "refunds"),
        ({"billing": []}, None),
        ({"line_items": []}, "line_items"),
    ],
)
def test_parse_wrong_field_is_named(changes: dict[str, Any], field: str | None) -> None:
    [found] = woocommerce.parse(woo_order(**changes))

    assert (found.field if isinstance(found, RecordError) else None) == field


def test_parse_local_time_without_twin_is_refused() -> None:
    payload = woo_order(date_created="2026-03-01T10:00:00")
    del payload["date_created_gmt"]

    assert refuse(payload).field == "date_created_gmt"
