from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from returns_portal.commerce.platforms import csv_import
from returns_portal.commerce.platforms.base import OrderRecord, RecordError
from tests.commerce.platforms.payloads import csv_row, csv_text

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "csv-orders.md"


def read(text: str | bytes) -> list[OrderRecord | RecordError]:
    stream = io.StringIO(text) if isinstance(text, str) else io.BytesIO(text)
    return list(csv_import.parse(stream, file="orders.csv"))


def test_parse_two_rows_of_one_order_become_two_lines() -> None:
    rows = [
        csv_row(
            order_total="169.00", shipping_amount="9.00", order_discount="20.00",
            payment_gateway="stripe", payment_reference="pi_1", payment_amount="100.00",
        ),
        csv_row(
            title="Wool socks", unit_price="20.00", payment_gateway="gift_card",
            payment_amount="69.00",
        ),
    ]  # fmt: skip

    [order] = read(csv_text(*rows))

    assert [line.external_id for line in order.lines] == ["1", "2"]
    # 20.00 off 140.00 and 40.00, in proportion, to the cent.
    assert [line.total.minor for line in order.lines] == [12444, 3556]
    assert order.total.minor == 16900
    assert [(p.gateway, p.captured.minor) for p in order.payments] == [
        ("stripe", 10000),
        ("gift_card", 6900),
    ]


def test_parse_customer_groups_are_a_list_or_not_known() -> None:
    [told] = read(csv_text(csv_row(customer_groups="VIP; Wholesale ;VIP")))
    [untold] = read(csv_text(csv_row()))

    assert isinstance(told, OrderRecord)
    assert isinstance(untold, OrderRecord)
    assert told.customer.groups == ("VIP", "Wholesale")
    assert untold.customer.groups is None


def test_parse_payment_fingerprint_is_read_with_its_payment() -> None:
    paid = csv_row(payment_gateway="stripe", payment_fingerprint="fp_1", payment_amount="140.00")
    [order] = read(csv_text(paid))

    assert isinstance(order, OrderRecord)
    assert [payment.fingerprint for payment in order.payments] == ["fp_1"]


def test_parse_semicolons_bom_and_crlf_read_like_commas() -> None:
    text = csv_text(csv_row())
    spreadsheet = ("\ufeff" + text.replace(",", ";").replace("\n", "\r\n")).encode()

    assert read(spreadsheet) == read(text)


def test_parse_bad_order_is_reported_with_its_row_and_others_are_kept() -> None:
    text = csv_text(
        csv_row(order_number="A-1"),
        csv_row(order_number="A-2", quantity="two"),
        csv_row(order_number="A-3"),
    )

    first, bad, last = read(text)

    assert isinstance(first, OrderRecord)
    assert str(bad) == (
        "orders.csv: order A-2 (row 3): quantity: 'two' is no whole number from 0 to 1000000."
    )
    assert isinstance(last, OrderRecord)


def test_parse_order_in_two_places_is_refused_the_second_time() -> None:
    found = read(csv_text(*(csv_row(order_number=n) for n in ("A-1", "A-2", "A-1"))))

    assert [isinstance(each, RecordError) for each in found] == [False, False, True]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"unit_price": "70,00"}, "unit_price"),
        ({"unit_price": "-1.00"}, "unit_price"),
        ({"currency": "XXY"}, "currency"),
        ({"placed_at": "2026-03-01T10:00:00"}, "placed_at"),
        ({"placed_at": "yesterday"}, "placed_at"),
        ({"order_total": "140.01"}, "order_total"),
        ({"order_discount": "140.01"}, "order_discount"),
        ({"line_discount": "141"}, "line_discount"),
        ({"fulfilled_quantity": "3"}, "fulfilled_quantity"),
        ({"gift_card": "maybe"}, "gift_card"),
        ({"ship_country": "D1"}, "ship_country"),
        ({"order_number": ""}, "order_number"),
        ({"title": ""}, "title"),
        ({"tax_rate": "19%", "tax_amount": "1"}, "tax_rate"),
    ],
)
def test_parse_wrong_cell_names_its_column(changes: dict[str, str], field: str) -> None:
    changes = {key: f'"{value}"' for key, value in changes.items()}

    found = read(csv_text(csv_row(**changes)))

    assert found[0].field == field


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "order_number"),
        ("order_number,placed_at\n", "currency"),
        (csv_text(csv_row(delivred_at="")), "delivred_at"),
        (csv_text(csv_row()).replace("title", "title,title", 1), "title"),
        (csv_text(csv_row()).encode("utf-16"), "encoding"),
        (csv_text(csv_row(title="Ridge caf\u00e9")).encode("latin-1"), "encoding"),
        (csv_text(csv_row()).split("\n")[0], "file"),
    ],
)
def test_parse_wrong_file_is_refused_as_a_whole(text: str | bytes, field: str) -> None:
    [refused] = read(text)

    assert isinstance(refused, RecordError)
    assert refused.field == field


def test_parse_column_beginning_with_x_is_ignored() -> None:
    assert isinstance(read(csv_text(csv_row(x_colour="red")))[0], OrderRecord)


def test_parse_keeps_the_stream_open() -> None:
    stream = io.BytesIO(csv_text(csv_row()).encode())

    list(csv_import.parse(stream))

    assert not stream.closed


def test_document_names_every_column_and_its_example_reads() -> None:
    text = DOCUMENT.read_text()
    named = set(re.findall(r"^\| `([a-z0-9_]+)`", text, re.MULTILINE))
    example = re.search(r"```csv\n(.*?)```", text, re.DOTALL)

    assert named == set(csv_import.COLUMNS)
    assert example is not None
    found = read(example.group(1))
    assert [each.number for each in found if isinstance(each, OrderRecord)] == [
        "NL-1001",
        "NL-1002",
    ]
