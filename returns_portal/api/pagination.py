"""Pages by cursor: each starts behind the last row of the one before, whatever comes meanwhile."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet
from rest_framework.request import Request

from returns_portal.core.errors import InvalidInput

DEFAULT_LIMIT = 50
MAX_LIMIT = 200


def page_of(
    request: Request, rows: QuerySet[Any], show: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    """Return ``{"results", "next"}``, newest first. The time-ordered ids are the cursor."""
    limit = _limit(request.query_params.get("limit", str(DEFAULT_LIMIT)))
    cursor = request.query_params.get("cursor", "")
    if cursor:
        rows = rows.filter(pk__lt=_decode(cursor))
    found: list[Model] = list(rows.order_by("-pk")[: limit + 1])
    more = len(found) > limit
    page = found[:limit]
    return {
        "results": [show(row) for row in page],
        "next": _encode(page[-1].pk) if more else None,
    }


def _limit(text: str) -> int:
    plain = text.isascii() and text.isdigit() and len(text) <= len(str(MAX_LIMIT))
    if not plain or not 1 <= int(text) <= MAX_LIMIT:
        raise InvalidInput(f"The limit is a number from 1 to {MAX_LIMIT}.", field="limit")
    return int(text)


def _encode(pk: UUID) -> str:
    return base64.urlsafe_b64encode(pk.bytes).decode().rstrip("=")


def _decode(cursor: str) -> UUID:
    try:
        return UUID(bytes=base64.urlsafe_b64decode(cursor + "=="))
    except (binascii.Error, ValueError):
        raise InvalidInput(
            "This cursor is not one of ours. Start again without it.", field="cursor"
        ) from None
