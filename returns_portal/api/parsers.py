"""JSON as strict as the standard: what is doubtful is refused, with the reason."""

from __future__ import annotations

import json
from typing import Any

from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

MAX_BYTES = 2 * 1024 * 1024
MAX_DEPTH = 32


class TooLarge(APIException):
    """The body is over the limit. HTTP 413."""

    status_code = 413
    default_detail = "The body is larger than 2 MB. Send fewer records at once."
    default_code = "too_large"


class StrictJSONParser(BaseParser):
    """Read a JSON object; refuse duplicate keys, NaN, control characters, depth and size."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        body = stream.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES:
            raise TooLarge
        try:
            text = body.decode("utf-8")
            found = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
        except UnicodeDecodeError:
            raise ParseError("The body is not UTF-8.") from None
        except RecursionError:
            raise ParseError("The body is nested too deeply.") from None
        except ValueError as error:
            raise ParseError(f"The body is not valid JSON: {error}.") from None
        if not isinstance(found, dict):
            raise ParseError("Send one JSON object.")
        _inspect(found, 1)
        return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _inspect(value: Any, depth: int) -> None:
    """Refuse depth, NUL and lone surrogates, which PostgreSQL cannot hold."""
    if depth > MAX_DEPTH:
        raise ParseError("The body is nested too deeply.")
    if isinstance(value, str):
        if "\0" in value or any(0xD800 <= ord(letter) <= 0xDFFF for letter in value):
            raise ParseError("A text holds characters that cannot be stored.")
    elif isinstance(value, dict):
        for key, entry in value.items():
            _inspect(key, depth + 1)
            _inspect(entry, depth + 1)
    elif isinstance(value, list):
        for entry in value:
            _inspect(entry, depth + 1)
    elif isinstance(value, int | float) and abs(value) > 2**63:
        raise ParseError("A number is too large. Send identifiers as text.")
