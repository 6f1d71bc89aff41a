from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from returns_portal.commerce.platforms import shopify
from returns_portal.commerce.platforms.base import OrderRecord, RecordError
from tests.commerce.platforms.payloads import bag, shopify_order


def read(payload: Any) -> OrderRecord:
    [found] = shopify.parse(payload)
    assert isinstance(found, OrderRecord), str(found)
    return found


def refuse(payload: Any) -> RecordError:
    [found] = shopify.parse(payload)
    assert isinstance(found, RecordError)
    return found


def test_parse_inclusive_order_keeps_tax_inside_the_line() -> None:
    order = read(shopify_order())

    line = order.lines[0]
    assert (line.subtotal.minor, line.total.minor, line.paid.minor) == (14000, 12000, 12000)
    assert order.difference.minor == 0
    assert order.placed_at == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert line.delivered_at == datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
    assert line.fulfilled_quantity == 2
    assert order.payments[0].captured.minor == 12900


@pytest.mark.parametrize(
    ("told", "groups"),
    [({}, None), ({"tags": None}, None), ({"tags": ""}, ()),
     ({"tags": "VIP, b2b,VIP"}, ("VIP", "b2b")), ({"tags": ["VIP"]}, ("VIP",))],
)  # fmt: skip
def test_parse_customer_tags_are_groups_and_unknown_where_not_sent(
    told: dict[str, Any], groups: tuple[str, ...] | None
) -> None:
    assert read(shopify_order(customer={"id": 7, **told})).customer.groups == groups


def test_parse_foreign_order_reads_what_the_shopper_paid_and_keeps_the_shop_total() -> None:
    payload = shopify_order(
        presentment_currency="JPY",
        total_price_set=bag("129.00", paid="20640", paid_in="JPY"),
        total_discounts_set=bag("20.00", paid="3200", paid_in="JPY"),
        total_tax_set=bag("20.60", paid="3296", paid_in="JPY"),
    )
    line = payload["line_items"][0]
    line["price_set"] = bag("70.00", paid="11200.0", paid_in="JPY")
    line["discount_allocations"] = [
        {"amount": "20", "amount_set": bag("20", paid="3200", paid_in="JPY")}
    ]
    line["tax_lines"][0]["price_set"] = bag("20", paid="3200", paid_in="JPY")
    shipping = payload["shipping_lines"][0]
    shipping["price_set"] = bag("9.00", paid="1440", paid_in="JPY")
    shipping["tax_lines"][0]["price_set"] = bag("0.60", paid="96", paid_in="JPY")

    order = read(payload)

    assert str(order.total) == "20640 JPY"
    assert str(order.shop_total) == "129.00 EUR"
    assert str(order.lines[0].total) == "19200 JPY"
    assert str(order.lines[0].shop_total) == "140.00 EUR"
    assert order.difference.minor == 0


def test_parse_foreign_order_without_foreign_prices_is_refused() -> None:
    payload = shopify_order(
        presentment_currency="JPY", total_price_set=bag("129", paid="20640", paid_in="JPY")
    )

    assert refuse(payload).field == "line_items[0].price_set"


def test_parse_three_decimal_currency_keeps_every_fils() -> None:
    line = shopify_order()["line_items"][0] | {
        "price": "12.345", "quantity": 1, "discount_allocations": [], "tax_lines": [],
    }  # fmt: skip
    order = read(
        shopify_order(
            currency="KWD", total_price="12.345", total_tax="0", total_discounts="0",
            line_items=[line], shipping_lines=[],
        )
    )  # fmt: skip

    assert order.total.minor == 12345


def test_parse_discount_code_on_two_lines_reports_one_discount_entry() -> None:
    order = read(shopify_order(discount_codes=[{"code": "SPRING20", "amount": "20.00"}]))

    assert [(d.kind, d.code, d.amount.minor) for d in order.discounts] == [
        ("line", "SPRING20", 2000)
    ]


def test_parse_failed_fulfilment_leaves_nothing_to_return() -> None:
    payload = shopify_order(fulfillment_status=None)
    payload["fulfillments"][0]["status"] = "failure"

    assert read(payload).lines[0].fulfilled_quantity == 0


def test_parse_two_parcels_counts_from_the_later_delivery() -> None:
    payload = shopify_order()
    first = payload["fulfillments"][0] | {"line_items": [{"id": 11, "quantity": 1}]}
    second = first | {"id": 32, "updated_at": "2026-03-09T08:00:00Z"}

    line = read(shopify_order(fulfillments=[first, second])).lines[0]

    assert line.fulfilled_quantity == 2
    assert line.delivered_at == datetime(2026, 3, 9, 8, tzinfo=UTC)


def test_parse_transactions_give_each_tender_its_capture_and_refund() -> None:
    transactions = [
        {"id": 1, "kind": "sale", "status": "success", "gateway": "gift_card", "amount": "29.00"},
        {"id": 2, "kind": "authorization", "status": "success", "gateway": "stripe",
         "amount": "100.00"},
        {"id": 3, "kind": "capture", "status": "success", "gateway": "stripe", "amount": "100.00",
         "parent_id": 2, "authorization": "pi_3"},
        {"id": 4, "kind": "refund", "status": "success", "gateway": "stripe", "amount": "40.00",
         "parent_id": 3},
        {"id": 5, "kind": "sale", "status": "failure", "gateway": "stripe", "amount": "100.00"},
    ]  # fmt: skip

    order = read(shopify_order(transactions=transactions))

    found = [(p.external_id, p.status, p.captured.minor, p.refunded.minor) for p in order.payments]
    assert found == [
        ("1", "captured", 2900, 0),
        ("3", "captured", 10000, 4000),
        ("5", "failed", 0, 0),
    ]
    assert order.payments[1].reference == "pi_3"


CARD = {"payment_method_details": {"card": {"fingerprint": "fp_1"}}}


@pytest.mark.parametrize(
    ("receipt", "fingerprint"),
    [(CARD, "fp_1"), ({"latest_charge": CARD}, "fp_1"), ({"charges": {"data": [CARD]}}, "fp_1"),
     ({"card": {"fingerprint": 7}}, ""), ({"card": "visa"}, ""), ("{}", ""), (None, ""), ([], ""),
     ({"data": [{"data": [{"data": [{"data": [CARD]}]}]}]}, "")],
)  # fmt: skip
def test_parse_receipt_names_the_card_where_the_gateway_did(receipt: Any, fingerprint: str) -> None:
    sale = {"id": 1, "kind": "sale", "gateway": "stripe", "amount": "129.00", "receipt": receipt}

    assert read(shopify_order(transactions=[sale])).payments[0].fingerprint == fingerprint


def test_parse_more_refunded_than_taken_is_refused() -> None:
    transactions = [
        {"id": 1, "kind": "sale", "status": "success", "gateway": "stripe", "amount": "29.00"},
        {"id": 2, "kind": "refund", "status": "success", "gateway": "stripe", "amount": "30.00",
         "parent_id": 1},
    ]  # fmt: skip

    assert refuse(shopify_order(transactions=transactions)).field == "refunds"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"currency": "EURO"}, "currency"),
        ({"currency": None}, "currency"),
        ({"total_price": "12,90"}, "total_price"),
        ({"total_price": "1e3"}, "total_price"),
        ({"total_price": "NaN"}, "total_price"),
        ({"total_price": True}, "total_price"),
        ({"total_price": "129.001"}, "total_price"),
        ({"total_price": "٣٤"}, "total_price"),
        ({"created_at": "2026-02-30T10:00:00Z"}, "created_at"),
        ({"created_at": "2026-03-01T10:00:00"}, "created_at"),
        ({"created_at": "0001-01-01T00:00:00+14:00"}, "created_at"),
        ({"line_items": []}, "line_items"),
        ({"line_items": "none"}, "line_items"),
        ({"line_items": [3]}, "line_items[0]"),
        ({"name": "x" * 61, "order_number": 1}, "name"),
        ({"id": None, "admin_graphql_api_id": None}, "id"),
        ({"shipping_address": 4}, "shipping_address"),
        ({"tags": {"a": 1}}, "tags"),
    ],
)
def test_parse_wrong_field_is_named(changes: dict[str, Any], field: str) -> None:
    assert refuse(shopify_order(**changes)).field == field


@pytest.mark.parametrize("quantity", [0, -1, 1.5, "two", None, 10**9, True])
def test_parse_wrong_quantity_is_named(quantity: object) -> None:
    payload = shopify_order()
    payload["line_items"][0]["quantity"] = quantity

    assert refuse(payload).field == "line_items[0].quantity"


def test_parse_text_loses_controls_and_bidi_overrides_but_no_letters() -> None:
    payload = shopify_order()
    payload["line_items"][0]["title"] = "Zo\u0308e\u202e jacket\x00 \ud800"

    assert read(payload).lines[0].title == "Zöe jacket \ufffd"


@pytest.mark.parametrize(
    "wrap",
    [
        lambda order: json.dumps(order),
        lambda order: json.dumps({"order": order}, indent=2),
        lambda order: json.dumps({"orders": [order, order]}),
        lambda order: json.dumps([order, order], indent=1),
        lambda order: f"{json.dumps(order)}\n{json.dumps(order)}\n",
        lambda order: "\ufeff" + json.dumps(order),
    ],
    ids=["bare", "order", "orders", "list", "lines", "bom"],
)
def test_parse_every_envelope_gives_the_same_order(wrap: Any) -> None:
    expected = read(shopify_order())

    found = list(shopify.parse(io.BytesIO(wrap(shopify_order()).encode())))

    assert found
    assert all(each == expected for each in found)
