"""Read foreign JSON without trusting its shape: a missing or odd field is None, never an error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from returns_portal.core.errors import InvalidInput

Choice = TypeVar("Choice", bound=StrEnum)

UNREADABLE = "The body is not a JSON object."


def parse_object(body: bytes) -> dict[str, Any]:
    """Return a JSON object. Raises InvalidInput for anything else, however deep or odd."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(UNREADABLE, code="unreadable_body") from error
    if not isinstance(parsed, dict):
        raise InvalidInput(UNREADABLE, code="unreadable_body")
    return parsed


def text(source: object, *path: str) -> str | None:
    """Return the text (or number, as text) at a path, or None."""
    found = dig(source, *path)
    if isinstance(found, str):
        return found or None
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return None


def mapping(source: object, *path: str) -> dict[str, Any]:
    """Return the object at a path, or an empty one."""
    found = dig(source, *path)
    return found if isinstance(found, dict) else {}


def items(source: object, *path: str) -> list[Any]:
    """Return the list at a path, or an empty one."""
    found = dig(source, *path)
    return found if isinstance(found, list) else []


def dig(source: object, *path: str) -> object:
    """Return whatever stands at a path of keys, or None where the path breaks off."""
    for key in path:
        if not isinstance(source, Mapping):
            return None
        source = source.get(key)
    return source


def choice(kind: type[Choice], value: object) -> Choice | None:
    """Return the member with this value, or None for a word we do not know."""
    try:
        return kind(value) if isinstance(value, str) else None
    except ValueError:
        return None


def instant(value: object) -> datetime | None:
    """Return an ISO 8601 text or Unix seconds as aware UTC; a text without zone counts as UTC."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if isinstance(value, str) and value:
            moment = datetime.fromisoformat(value)
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return aware.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def header(headers: Mapping[str, str], name: str) -> str:
    """Return a header whatever its case, or empty text."""
    wanted = name.lower()
    return next((value for key, value in headers.items() if key.lower() == wanted), "")
