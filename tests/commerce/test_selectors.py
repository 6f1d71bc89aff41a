from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from returns_portal.commerce.actions import upsert_order
from returns_portal.commerce.models import Order
from returns_portal.commerce.platforms.base import OrderRecord
from returns_portal.commerce.selectors import (
    find_order_for_shopper,
    order_for_return,
    search_orders,
)
from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import now
from returns_portal.core.errors import NotFound

pytestmark = pytest.mark.usefixtures("scoped")


@pytest.fixture
def order(record: OrderRecord) -> Order:
    return upsert_order(replace(record, number="NL-48213"), actor=SYSTEM)[0]


@pytest.mark.parametrize(
    ("number", "proof"),
    [
        ("NL-48213", "maya@example.com"),
        ("#nl 48213 ", " MAYA@example.COM"),
        ("nl48213", "114 55"),
        ("ＮＬ-48213", "11455"),
        ("NL–48213", "114-55"),
    ],
)
def test_find_order_for_shopper_as_people_type_it_finds_it(
    order: Order, number: str, proof: str
) -> None:
    found = find_order_for_shopper(number, proof)

    assert found == order


@pytest.mark.parametrize(
    ("phone", "country", "typed"),
    [
        ("070-000 00 01", "SE", ["070-000 00 01", "0700000001", "+46 70 000 00 01", "0046700000001",
                                 "+46 (0)70 000 00 01", "＋46700000001", "70 000 00 01"]),
        ("+49 170 1234567", "SE", ["0170/1234567", "+49 170 1234567", "+49‑170‑1234567"]),
        ("(415) 555-2671", "US", ["415.555.2671", "+1 415 555 2671", "1 415 555 2671"]),
        ("06 1234 5678", "IT", ["06 12345678", "+39 06 1234 5678"]),
        ("090-1234-5678", "JP", ["090-1234-5678", "+81 90 1234 5678", "٠٩٠١٢٣٤٥٦٧٨"]),
    ],
)  # fmt: skip
def test_find_order_for_shopper_by_phone_in_any_form_finds_it(
    record: OrderRecord, phone: str, country: str, typed: list[str]
) -> None:
    address = replace(record.shipping_address, country=country, phone="")
    order, _ = upsert_order(replace(record, phone=phone, shipping_address=address), actor=SYSTEM)

    missed = [proof for proof in typed if find_order_for_shopper("1001", proof) != order]

    assert missed == []


@pytest.mark.parametrize("phone", ["", "070-000 00 01", "12345", "call me", "+999 1"])
@pytest.mark.parametrize("typed", ["0700000002", "+47 70 000 00 01", "00", "12345", "+", "-", "+0"])
def test_find_order_for_shopper_by_another_phone_finds_nothing(
    record: OrderRecord, phone: str, typed: str
) -> None:
    address = replace(record.shipping_address, country="SE", phone="")
    upsert_order(replace(record, phone=phone, shipping_address=address), actor=SYSTEM)

    with CaptureQueriesContext(connection) as queries:
        found = find_order_for_shopper("1001", typed)

    assert found is None
    assert len(queries) == 1


def test_find_order_for_shopper_takes_the_address_phone_where_the_order_has_none(
    record: OrderRecord,
) -> None:
    address = replace(record.shipping_address, country="SE", phone="070-000 00 03")
    order, _ = upsert_order(replace(record, phone="", shipping_address=address), actor=SYSTEM)

    assert find_order_for_shopper("1001", "+46700000003") == order


@pytest.mark.parametrize(
    ("number", "proof"),
    [
        ("NL-48214", "maya@example.com"),
        ("NL-48213", "kai@example.com"),
        ("NL-48213", "11456"),
        ("NL-48213", ""),
        ("", "maya@example.com"),
        ("---", "11455"),
        ("%", "%"),
        ("NL-48213", "maya@example.com\x00"),
    ],
)
def test_find_order_for_shopper_wrong_finds_nothing_in_one_statement(
    order: Order, number: str, proof: str
) -> None:
    with CaptureQueriesContext(connection) as queries:
        found = find_order_for_shopper(number, proof)

    assert found is None
    assert len(queries) == 1


def test_find_order_for_shopper_without_proofs_on_the_order_finds_nothing(
    record: OrderRecord,
) -> None:
    bare = replace(
        record,
        email="",
        shipping_address=replace(record.shipping_address, postcode=""),
        customer=replace(record.customer, email=""),
    )
    upsert_order(bare, actor=SYSTEM)

    assert find_order_for_shopper("1001", "") is None
    assert find_order_for_shopper("1001", "-") is None


def test_find_order_for_shopper_cancelled_is_not_found(record: OrderRecord) -> None:
    upsert_order(replace(record, cancelled_at=now()), actor=SYSTEM)

    assert find_order_for_shopper("1001", "maya@example.com") is None


def test_order_for_return_loads_everything_in_three_statements(order: Order) -> None:
    with CaptureQueriesContext(connection) as queries:
        found = order_for_return(order.pk)
        titles = [(line.title, line.variant.sku) for line in found.lines.all()]
        paid = [payment.amount_minor for payment in found.payments.all()]
        name = found.customer.name

    assert (titles, paid, name) == ([("Ridge jacket", "")], [12900], "Maya Lindqvist")
    assert len(queries) == 3


def test_order_for_return_unknown_raises_not_found() -> None:
    with pytest.raises(NotFound):
        order_for_return(uuid4())


@pytest.mark.parametrize("text", ["NL-48", "nl48213", "maya", "MAYA LIND", "maya@example.com", ""])
def test_search_orders_finds_by_number_name_and_address(order: Order, text: str) -> None:
    assert list(search_orders(text)) == [order]


@pytest.mark.parametrize("text", ["48213", "kai", "lindqvist", "m@example.com", "%", "_"])
def test_search_orders_other_text_finds_nothing(order: Order, text: str) -> None:
    assert not search_orders(text).exists()
