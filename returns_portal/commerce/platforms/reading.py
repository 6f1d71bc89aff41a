"""Read untrusted JSON: streamed documents, and typed access that names the field that is wrong."""

from __future__ import annotations

import codecs
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any

from returns_portal.core.errors import InvalidInput
from returns_portal.core.money import Money, exponent

CHUNK = 256 * 1024
# One order is a few kilobytes. A single JSON value beyond this is no order, and holding it while it
# grows would let one bad file exhaust the worker.
MAX_DOCUMENT = 64 * 1024 * 1024
MAX_TEXT = 2_000
# What the mirror's columns hold. An id that is cut would name something else, so it is refused.
MAX_ID = 80
MAX_NUMBER = 60
MAX_SKU = 120
MAX_QUANTITY = 1_000_000
MAX_ITEMS = 5_000
# A walk this deep passes every envelope we know of and stays far from the interpreter's limit.
MAX_DEPTH = 40

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LIST_HEAD = re.compile(r'\s*(?:\{\s*"(?:orders|data)"\s*:\s*)?\[')
_SPACE = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder(parse_float=str, parse_constant=str)


class FieldError(Exception):
    """A field of one record is wrong. Caught by the reader of that record, never seen outside."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


def clean_text(text: str) -> str:
    """Return ``text`` as the database may hold it: NFC, without controls and lone surrogates."""
    text = _SURROGATE.sub("\ufffd", _CONTROL.sub("", text))
    return unicodedata.normalize("NFC", text).strip()


@dataclass(frozen=True, slots=True)
class Node:
    """A JSON object and the path that leads to it, which every FieldError of it names."""

    content: dict[str, Any]
    path: str = ""

    def at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def has(self, key: str) -> bool:
        return self.content.get(key) is not None

    def text(self, key: str, *, limit: int = MAX_TEXT) -> str:
        """Read text; numbers become text, absent and null become empty."""
        content = _as_written(self.content.get(key))
        if content is None or content is False:
            return ""
        if isinstance(content, bool) or not isinstance(content, str | int):
            raise FieldError(self.at(key), "Expected text.")
        cleaned = clean_text(str(content))
        if len(cleaned) > limit:
            raise FieldError(self.at(key), f"Longer than {limit} characters.")
        return cleaned

    def required_text(self, key: str, *, limit: int = 200) -> str:
        found = self.text(key, limit=limit)
        if not found:
            raise FieldError(self.at(key), "Missing. Every order needs it.")
        return found

    def flag(self, key: str) -> bool:
        content = self.content.get(key)
        if content is None:
            return False
        if not isinstance(content, bool):
            raise FieldError(self.at(key), "Expected true or false.")
        return content

    def whole(self, key: str, *, default: int | None = None, most: int = MAX_QUANTITY) -> int:
        """Read a whole number from 0 to ``most``; fractions are refused, not rounded."""
        content = self.content.get(key)
        if content is None and default is not None:
            return default
        if isinstance(content, str) and re.fullmatch(r"[0-9]{1,12}(\.0+)?", content):
            content = int(content.split(".")[0])
        if isinstance(content, bool) or not isinstance(content, int) or not 0 <= content <= most:
            raise FieldError(
                self.at(key), f"{_shown(content)} is no whole number from 0 to {most}."
            )
        return content

    def money(self, key: str, currency: str, *, default: Money | None = None) -> Money:
        content = self.content.get(key)
        if content is None or content == "":
            if default is None:
                raise FieldError(self.at(key), "Missing. Write an amount such as 19.90.")
            return default
        return parse_money(content, currency, self.at(key))

    def moment(self, key: str, *, naive_is_utc: bool = False) -> datetime | None:
        """Read an ISO 8601 time as UTC. A time without a zone is refused unless it is known UTC."""
        content = self.content.get(key)
        if content is None or content == "":
            return None
        return parse_moment(content, self.at(key), naive_is_utc=naive_is_utc)

    def child(self, key: str) -> Node:
        """Return the object under ``key``; an absent one is empty."""
        content = self.content.get(key)
        if content is None or content == []:
            return Node({}, self.at(key))
        if not isinstance(content, dict):
            raise FieldError(self.at(key), "Expected an object.")
        return Node(content, self.at(key))

    def items(self, key: str) -> list[Node]:
        """Return the objects of the list under ``key``; an absent list is empty."""
        content = self.content.get(key)
        if content is None:
            return []
        if not isinstance(content, list):
            raise FieldError(self.at(key), "Expected a list.")
        if len(content) > MAX_ITEMS:
            raise FieldError(self.at(key), f"More than {MAX_ITEMS} entries.")
        nodes = []
        for position, entry in enumerate(content):
            path = f"{self.at(key)}[{position}]"
            if not isinstance(entry, dict):
                raise FieldError(path, "Expected an object.")
            nodes.append(Node(entry, path))
        return nodes

    def words(self, key: str) -> tuple[str, ...]:
        """Read tags: a list of text, or text separated by commas."""
        content = self.content.get(key)
        if content is None:
            return ()
        if isinstance(content, str):
            content = content.split(",")
        if not isinstance(content, list) or not all(isinstance(word, str) for word in content):
            raise FieldError(self.at(key), "Expected a list of words.")
        return tuple(dict.fromkeys(word for word in map(clean_text, content) if word))


def _as_written(content: object) -> object:
    """Return a JSON number with a fraction as the text it was written in.

    Streams are decoded that way already; a document somebody else decoded holds a float, whose
    shortest text is what the sender wrote.
    """
    return repr(content) if isinstance(content, float) else content


def _shown(content: object) -> str:
    shown = "nothing" if content is None else repr(content)
    return shown if len(shown) <= 40 else f"{shown[:37]}..."


def parse_money(content: object, currency: str, field: str) -> Money:
    """Read an amount exactly."""
    content = _as_written(content)
    if isinstance(content, bool) or not isinstance(content, str | int):
        raise FieldError(field, f"{_shown(content)} is no amount. Write it like 19.90.")
    if isinstance(content, str) and not re.fullmatch(
        r"\s*[+-]?[0-9]{1,15}(\.[0-9]{1,20})?\s*", content
    ):
        raise FieldError(field, f"{_shown(content)} is no amount. Write it like 19.90.")
    try:
        return Money.parse(content, currency)
    except InvalidInput as refused:
        raise FieldError(field, refused.message) from None


def parse_currency(code: str, field: str) -> str:
    """Return the currency code in capitals, or name the field."""
    code = code.upper()
    try:
        exponent(code)
    except InvalidInput as refused:
        raise FieldError(field, refused.message) from None
    return code


def parse_moment(content: object, field: str, *, naive_is_utc: bool = False) -> datetime:
    """Read an ISO 8601 time as UTC, or name the field."""
    if not isinstance(content, str):
        raise FieldError(
            field, f"{_shown(content)} is no time. Write it like 2026-03-31T10:00:00Z."
        )
    try:
        moment = datetime.fromisoformat(content.strip())
        if moment.tzinfo is None:
            if not naive_is_utc:
                raise FieldError(
                    field, f"{_shown(content)} has no time zone. Add Z or an offset such as +01:00."
                )
            moment = moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise FieldError(
            field, f"{_shown(content)} is no time. Write it like 2026-03-31T10:00:00Z."
        ) from None


def iterate_documents(stream: IO[Any]) -> Iterator[Any]:
    """Yield the top-level values of a JSON stream, one at a time, or a FieldError in their place.

    Understands a single value, JSON lines, and a long list (bare or under ``orders``) whose
    entries are read one by one. A bad line of JSON lines costs that line; elsewhere reading ends
    where the text stops being JSON.
    """
    feed = _Feed(stream)
    try:
        feed.fill()
        if feed.is_json_lines():
            yield from feed.lines()
            return
        head = _LIST_HEAD.match(feed.buffer)
        if head:
            feed.position = head.end()
        while feed.skip_space():
            if head and feed.buffer[feed.position] == "]":
                return
            yield feed.take()
        if head:
            yield FieldError("json", "The file ends inside a list. Export it again.")
    except FieldError as refused:
        yield refused


def _decode(text: str, position: int) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, position)
    except RecursionError:
        raise FieldError("json", "Nested too deeply to be an order.") from None


class _Feed:
    """A text window over a stream, decoded strictly as UTF-8, that grows until one value fits."""

    def __init__(self, stream: IO[Any]) -> None:
        self.stream = stream
        self.decoder = codecs.getincrementaldecoder("utf-8-sig")("strict")
        self.buffer = ""
        self.position = 0
        self.ended = False

    def fill(self, size: int | None = None) -> None:
        if len(self.buffer) - self.position > MAX_DOCUMENT:
            raise FieldError("json", "One value exceeds 64 MB. Write one order per line.")
        chunk = self.stream.read(size or CHUNK)
        self.ended = not chunk
        if isinstance(chunk, bytes):
            try:
                chunk = self.decoder.decode(chunk, self.ended)
            except UnicodeDecodeError:
                raise FieldError("encoding", "The file is not UTF-8. Save it as UTF-8.") from None
        self.buffer = self.buffer[self.position :] + chunk
        self.position = 0

    def skip_space(self) -> bool:
        """Move to the next value; False at the end of the stream."""
        while True:
            found = _SPACE.match(self.buffer, self.position)
            self.position = found.end() if found else self.position
            if self.position < len(self.buffer):
                return True
            if self.ended:
                return False
            self.fill()

    def take(self) -> Any:
        """Return the value that starts here, reading on until it is whole."""
        size = CHUNK
        while True:
            try:
                document, end = _decode(self.buffer, self.position)
                # A number cut by the window's edge decodes too, so the edge is never trusted.
                if end < len(self.buffer) or self.ended:
                    self.position = end
                    return document
            except ValueError as refused:
                if self.ended:
                    raise FieldError("json", _where(refused)) from None
            self.fill(size)
            size *= 2

    def is_json_lines(self) -> bool:
        """Say whether one of the first lines is an object by itself, with more to follow."""
        if not self.buffer.lstrip().startswith("{"):
            return False
        for line in self.buffer.split("\n", 4)[:-1][:3]:
            try:
                document, end = _decode(line.strip(), 0)
            except (ValueError, FieldError):
                continue
            if isinstance(document, dict) and end == len(line.strip()):
                return True
        return False

    def lines(self) -> Iterator[Any]:
        """Yield the value of each line, or what is wrong with it."""
        while True:
            end = self.buffer.find("\n", self.position)
            if end < 0 and not self.ended:
                self.fill()
                continue
            line = self.buffer[self.position : end if end >= 0 else None].strip()
            self.position = end + 1 if end >= 0 else len(self.buffer)
            if line:
                yield _line_value(line)
            if end < 0:
                return


def _line_value(line: str) -> Any:
    try:
        document, end = _decode(line, 0)
    except FieldError as refused:
        return refused
    except ValueError as refused:
        return FieldError("json", _where(refused))
    if end != len(line):
        return FieldError("json", "Not valid JSON: something follows the object on its line.")
    return document


def _where(refused: ValueError) -> str:
    if isinstance(refused, json.JSONDecodeError):
        return f"Not valid JSON: {refused.msg}."
    return "Not valid JSON: a number has too many digits."
