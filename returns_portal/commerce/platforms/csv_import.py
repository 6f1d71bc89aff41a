"""Read orders from the documented CSV: one row per line item, rows of one order together.

``docs/csv-orders.md`` is the format's description; the tuples below are its columns.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import IO, Any

from returns_portal.commerce.platforms.base import OrderRecord, RecordError
from returns_portal.commerce.platforms.csv_orders import read_order
from returns_portal.commerce.platforms.reading import (
    MAX_NUMBER,
    FieldError,
    Node,
    clean_text,
)

SOURCE = "csv"
REQUIRED = ("order_number", "placed_at", "currency", "title", "quantity", "unit_price")
ORDER_COLUMNS = (
    "order_number", "order_id", "placed_at", "currency", "prices_include_tax", "order_total",
    "order_discount", "discount_code", "email", "phone", "customer_id", "customer_groups",
    "first_name", "last_name", "locale", "note", "order_tags", "cancelled_at", "shipping_title",
    "shipping_amount", "shipping_tax", "ship_name", "ship_company", "ship_line1", "ship_line2",
    "ship_city", "ship_region", "ship_postcode", "ship_country", "ship_phone", "bill_name",
    "bill_company", "bill_line1", "bill_line2", "bill_city", "bill_region", "bill_postcode",
    "bill_country", "bill_phone",
)  # fmt: skip
LINE_COLUMNS = (
    "line_id", "product_id", "variant_id", "sku", "barcode", "title", "variant_title",
    "product_type", "quantity", "unit_price", "line_discount", "tax_amount", "tax_rate",
    "tax_title", "fulfilled_quantity", "shipped_at", "delivered_at", "carrier", "tracking_number",
    "tracking_url", "image_url", "weight_grams", "tags", "gift_card",
)  # fmt: skip
PAYMENT_COLUMNS = (
    "payment_gateway", "payment_reference", "payment_fingerprint", "payment_amount",
    "payment_refunded", "payment_paid_at",
)  # fmt: skip
COLUMNS = frozenset((*ORDER_COLUMNS, *LINE_COLUMNS, *PAYMENT_COLUMNS))
MAX_COLUMNS = 200
MAX_ROWS_PER_ORDER = 5_000
_SPREADSHEET_QUOTE = re.compile(r"^'(?=[=+\-@])")


def parse(source: IO[Any], *, file: str = "-") -> Iterator[OrderRecord | RecordError]:
    """Read every order in a CSV stream; see ``base.Reader``.

    A wrong header ends the file at once: a misspelt column would otherwise be lost in silence.
    """
    is_binary = isinstance(source.read(0), bytes)
    text = io.TextIOWrapper(source, encoding="utf-8-sig", newline="") if is_binary else source
    try:
        yield from _parse_rows(text, file)
    except UnicodeDecodeError:
        yield _error(file, "file", "encoding", "The file is not UTF-8. Save it as CSV UTF-8.")
    finally:
        if isinstance(text, io.TextIOWrapper) and is_binary:
            text.detach()


def _parse_rows(text: IO[str], file: str) -> Iterator[OrderRecord | RecordError]:
    first = text.readline(65_536).removeprefix("\ufeff")
    delimiter = ";" if first.count(";") > first.count(",") else ","
    columns = [
        clean_text(name).lower() for name in next(csv.reader([first], delimiter=delimiter), [])
    ]
    problem = _header_problem(columns)
    if problem:
        yield _error(file, "header", *problem)
        return
    seen: set[str] = set()
    group: list[Node] = []
    number = ""
    for row, cells in _rows(csv.reader(text, delimiter=delimiter)):
        if isinstance(cells, FieldError):
            yield _error(file, f"row {row}", cells.field, cells.message)
            continue
        node = _node(columns, cells, row)
        if isinstance(node, RecordError):
            yield RecordError(file=file, record=node.record, field=node.field, message=node.message)
            continue
        own = node.text("order_number", limit=MAX_NUMBER)
        if group and own != number:
            yield _order(group, number, seen, file)
            group = []
        number = own
        group.append(node)
    if group:
        yield _order(group, number, seen, file)
    elif not seen:
        yield _error(file, "file", "file", "The file holds no order.")


def _header_problem(columns: list[str]) -> tuple[str, str] | None:
    if len(columns) > MAX_COLUMNS:
        return "header", f"More than {MAX_COLUMNS} columns."
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        return missing[0], f"The column {missing[0]} is missing from the first row."
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        return twice or "header", f"The column {twice!r} appears twice."
    unknown = next((n for n in columns if n not in COLUMNS and not n.startswith("x_")), None)
    if unknown is not None:
        return unknown[:60] or "header", (
            "Unknown column. Check the spelling, or begin its name with x_ to have it ignored."
        )
    return None


def _rows(reader: Any) -> Iterator[tuple[int, list[str] | FieldError]]:
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as refused:
            yield reader.line_num + 1, FieldError("row", f"Not valid CSV: {refused}.")
            continue
        if any(cell.strip() for cell in cells):
            yield reader.line_num + 1, cells


def _node(columns: list[str], cells: list[str], row: int) -> Node | RecordError:
    """Return the row as an object without its empty cells, or what is wrong with it."""
    if len(cells) > len(columns) and any(cells[len(columns) :]):
        return _error("", f"row {row}", "row", "More cells than the first row has columns.")
    content = {
        name: _SPREADSHEET_QUOTE.sub("", cell.strip())
        for name, cell in zip(columns, cells, strict=False)
        if cell.strip()
    }
    if "order_number" not in content:
        return _error("", f"row {row}", "order_number", "Missing. Every row names its order.")
    if len(content["order_number"]) > 64:
        return _error("", f"row {row}", "order_number", "Longer than 64 characters.")
    content["_row"] = str(row)
    return Node(content)


def _order(rows: list[Node], number: str, seen: set[str], file: str) -> OrderRecord | RecordError:
    record = f"order {number[:40]} (row {rows[0].text('_row')})"
    if number in seen:
        return _error(file, record, "order_number", "Appears twice. Keep an order's rows together.")
    seen.add(number)
    if len(rows) > MAX_ROWS_PER_ORDER:
        return _error(file, record, "order_number", f"More than {MAX_ROWS_PER_ORDER} rows.")
    try:
        return read_order(_joined(rows, ORDER_COLUMNS), rows)
    except FieldError as refused:
        return _error(file, record, refused.field, refused.message)


def _joined(rows: list[Node], names: tuple[str, ...]) -> Node:
    """Return the order's columns; they may stand on any of its rows, without contradiction."""
    content: dict[str, Any] = {}
    for row in rows:
        for name in names:
            value = row.content.get(name)
            if value is not None and content.setdefault(name, value) != value:
                raise FieldError(
                    name, f"Row {row.text('_row')} says something else than the rows above it."
                )
    return Node(content)


def _error(file: str, record: str, field: str, message: str) -> RecordError:
    return RecordError(file=file, record=record, field=field, message=message)
