"""Keyset pages: lists that cost the same on page 1 and on page 1,000."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from returns_portal.core.errors import InvalidInput

SIZE = 50


@dataclass(frozen=True, slots=True)
class Slice:
    """One page of a list with the addresses of its neighbours, empty where there are none."""

    rows: list[Any]
    next_url: str
    previous_url: str

    @property
    def summary(self) -> str:
        return f"{len(self.rows)} shown" if self.next_url or self.previous_url else ""


def status_tabs(choices: Iterable[tuple[str, str]], status: str) -> list[dict[str, object]]:
    """Return the tabs over a list of which ``?status=`` shows a part, from value and label."""
    return [
        {"label": label, "url": f"?status={value}", "current": value == status}
        for value, label in choices
    ]


def keyset(
    rows: QuerySet, request: HttpRequest, *, order: Sequence[str], size: int = SIZE
) -> Slice:
    """Return the page of ``rows`` that ``?after=`` or ``?before=`` names.

    ``order`` names two fields with ``-`` for descending; the second must be unique, the first must
    not be null.
    """
    backwards = "before" in request.GET
    sort = [_flip(field) for field in order] if backwards else list(order)
    cursor = request.GET.get("before") or request.GET.get("after")
    try:
        if cursor:
            rows = rows.filter(_beyond(sort, _decode(cursor)))
        found = list(rows.order_by(*sort)[: size + 1])
    except (ValidationError, ValueError):
        raise InvalidInput(_BROKEN) from None
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    has_next = bool(found) and (more or backwards)
    has_previous = bool(found) and (more if backwards else bool(cursor))
    return Slice(
        rows=found,
        next_url=_url(request, "after", found[-1], order) if has_next else "",
        previous_url=_url(request, "before", found[0], order) if has_previous else "",
    )


_BROKEN = "This page’s address is broken. Open the list again."


def _flip(field: str) -> str:
    return field[1:] if field.startswith("-") else f"-{field}"


def _beyond(sort: Sequence[str], values: Sequence[object]) -> Q:
    """Return the rows after ``values`` in ``sort``; the bound on the first field uses the index."""
    (first, first_op), (second, second_op) = (
        (field.lstrip("-"), "lt" if field.startswith("-") else "gt") for field in sort
    )
    near = Q(**{first: values[0], f"{second}__{second_op}": values[1]})
    return Q(**{f"{first}__{first_op}e": values[0]}) & (
        Q(**{f"{first}__{first_op}": values[0]}) | near
    )


def _url(request: HttpRequest, name: str, row: Model, order: Sequence[str]) -> str:
    values = [getattr(row, field.lstrip("-")) for field in order]
    packed = json.dumps([str(value) for value in values], separators=(",", ":")).encode()
    query = request.GET.copy()
    for old in ("after", "before"):
        query.pop(old, None)
    query[name] = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    return f"?{query.urlencode()}"


def _decode(cursor: str) -> list[str]:
    try:
        unpacked = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        raise InvalidInput(_BROKEN) from None
    if not (
        isinstance(unpacked, list)
        and len(unpacked) == 2
        and all(isinstance(value, str) for value in unpacked)
    ):
        raise InvalidInput(_BROKEN)
    return unpacked
