"""Nothing a stream holds makes a reader raise."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from returns_portal.commerce.platforms import csv_import, reading, shopify, woocommerce
from returns_portal.commerce.platforms.base import OrderRecord, RecordError
from tests.commerce.platforms.payloads import csv_row, csv_text, shopify_order, woo_order

JSON_READERS = [shopify.parse, woocommerce.parse]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def paths(content: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the place of every value inside a payload."""
    found = [at] if at else []
    if isinstance(content, dict):
        for key, value in content.items():
            found += paths(value, (*at, key))
    elif isinstance(content, list):
        for position, value in enumerate(content):
            found += paths(value, (*at, position))
    return found


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_parse_any_value_in_any_place_reads_or_names_a_field(data: st.DataObject) -> None:
    reader, payload = data.draw(
        st.sampled_from([(shopify.parse, shopify_order()), (woocommerce.parse, woo_order())])
    )
    path = data.draw(st.sampled_from(paths(payload)))
    place = payload
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = data.draw(values)

    for found in reader(payload):
        assert isinstance(found, OrderRecord) or (found.field and found.message)


@given(content=st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_parse_any_bytes_ends_in_errors_only(content: bytes) -> None:
    for reader in (shopify.parse, woocommerce.parse, csv_import.parse):
        assert all(isinstance(each, RecordError) for each in reader(io.BytesIO(content)))


@given(cell=st.text(max_size=30), column=st.sampled_from(sorted(csv_row())))
@settings(max_examples=200, deadline=None)
def test_parse_any_cell_reads_or_names_a_column(cell: str, column: str) -> None:
    quoted = '"' + cell.replace('"', '""') + '"'
    text = csv_text(csv_row(**{column: quoted}))

    found = list(csv_import.parse(io.StringIO(text)))

    assert found
    assert all(isinstance(each, OrderRecord) or each.field for each in found)


@pytest.mark.parametrize("reader", JSON_READERS)
@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n",
        "{",
        "[",
        "[[[]]]",
        "[" * 100_000,
        '{"a":' * 100_000,
        "1" * 10_000,
        '{"line_items": 1e400}',
        '[{"id": 1}, 5',
        "null",
        '"order"',
        '{"order": null}',
    ],
    ids=lambda text: text[:12] or "empty",
)
def test_parse_text_that_is_no_order_yields_an_error(reader: Any, text: str) -> None:
    found = list(reader(io.StringIO(text), file="x.json"))

    assert found
    assert all(isinstance(each, RecordError) for each in found)


def test_parse_bad_line_among_json_lines_costs_that_line_only() -> None:
    good = json.dumps(shopify_order())

    found = list(shopify.parse(io.StringIO(f"{good}\n{{oops\n{good}\n")))

    assert [isinstance(each, RecordError) for each in found] == [False, True, False]


def test_parse_broken_end_of_a_list_keeps_what_came_before() -> None:
    good = json.dumps(shopify_order())

    found = list(shopify.parse(io.StringIO(f"[{good},{good},{{")))

    assert [isinstance(each, RecordError) for each in found] == [False, False, True]


def test_parse_long_list_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CHUNK", 1_000)
    text = json.dumps([shopify_order(name=f"#{n}") for n in range(50)])
    stream = io.StringIO(text)

    orders = shopify.parse(stream)
    first = next(orders)

    assert first.number == "#0"
    assert stream.tell() < len(text) / 2
    assert [each.number for each in orders] == [f"#{n}" for n in range(1, 50)]
