"""Find the orders inside whatever a shop, a webhook or an export wrapped around them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO, Any

from returns_portal.commerce.platforms.base import OrderRecord, RecordError
from returns_portal.commerce.platforms.reading import (
    MAX_DEPTH,
    FieldError,
    Node,
    clean_text,
    iterate_documents,
)

Recognise = Callable[[dict[str, Any], str], bool]
ReadOrder = Callable[[Node], OrderRecord]


def read_orders(
    source: IO[Any] | dict[str, Any] | list[Any],
    *,
    file: str,
    recognise: Recognise,
    read_order: ReadOrder,
) -> Iterator[OrderRecord | RecordError]:
    """Yield what ``read_order`` makes of each order in ``source``, an error for each that is none.

    ``recognise(content, key)`` tells an order from the envelope around it; ``key`` is the name it
    was found under.
    """
    if isinstance(source, dict | list):
        documents = iter(source if isinstance(source, list) else [source])
    else:
        documents = iterate_documents(source)
    position = 0
    for document in documents:
        position += 1
        if isinstance(document, FieldError):
            yield _error(file, f"record {position}", document)
            continue
        found = list(_find(document, recognise, "", 0))
        if not found:
            yield _error(file, f"record {position}", _nothing_found(document))
        for content in found:
            yield _read(content, file, f"record {position}", read_order)
    if position == 0:
        yield _error(file, "file", FieldError("file", "The file holds no order."))


def _find(document: Any, recognise: Recognise, key: str, depth: int) -> Iterator[dict[str, Any]]:
    if depth > MAX_DEPTH:
        return
    if isinstance(document, dict):
        if recognise(document, key):
            yield document
            return
        for name, value in document.items():
            yield from _find(value, recognise, name, depth + 1)
    elif isinstance(document, list):
        for value in document:
            yield from _find(value, recognise, key, depth + 1)


def _nothing_found(document: Any) -> FieldError:
    if not isinstance(document, dict):
        return FieldError("record", "Expected an order as a JSON object.")
    if "draft_order" in document:
        return FieldError("draft_order", "A draft is no order yet. Import it once completed.")
    if "line_items" in document:
        return FieldError("total", "Not an order: it has line items but no order total.")
    return FieldError("line_items", "Not an order: it has no line items.")


def _read(
    content: dict[str, Any], file: str, position: str, read_order: ReadOrder
) -> OrderRecord | RecordError:
    name = _name(content) or position
    try:
        return read_order(Node(content))
    except FieldError as refused:
        return _error(file, name, refused)


def _name(content: dict[str, Any]) -> str:
    for key in ("name", "number", "order_number", "id"):
        value = content.get(key)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return f"order {clean_text(str(value))[:40]}"
    return ""


def _error(file: str, record: str, refused: FieldError) -> RecordError:
    return RecordError(file=file, record=record, field=refused.field, message=refused.message)
