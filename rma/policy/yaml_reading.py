"""Reading a policy from a YAML file that somebody wrote: nothing is guessed, every mistake named.

A whole number, ``true``, ``false`` and ``null`` are what they look like; everything else is text,
letter by letter, so ``no``, ``1e3``, ``010`` and ``2026-01-01`` stay what was typed. What could
hide a surprise is refused with its line: aliases, tags, tabs, keys given twice, values left empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from returns_portal.core.errors import InvalidInput
from rma.policy.document import parse_policy

MAX_BYTES = 256 * 1024
DEEPEST = 24
MOST_DIGITS = 15
MOST_MISTAKES = 50
_WHOLE = re.compile(r"0|-?[1-9][0-9]*")
_NAMED = {"null": None, "true": True, "false": False}
# Line ends that only YAML takes for some, and characters that no text needs.
_STRANGE = re.compile(
    "[^\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Not the faster one in C, which is not everywhere and words mistakes in another way.
_LOADER = yaml.SafeLoader


class _TooDeep(Exception):
    """The file is nested deeper than any policy."""


def read_policy_file(raw: bytes) -> dict[str, Any]:
    """Return the policy document in ``raw``, a file in YAML that ``parse_policy`` accepts.

    Raises InvalidInput with ``facts["errors"]``, a list of ``{"path", "message", "line"}`` with
    every mistake; the line is 0 where the whole file is meant.
    """
    text = _decoded(raw)
    reading = _Reading()
    document = reading.document(text)
    if not isinstance(document, dict) and not reading.mistakes:
        reading.fail("document", "Write settings as name: value, as an export does.", 1)
    if reading.mistakes:
        raise _unreadable(reading.mistakes)
    try:
        parse_policy(document)
    except InvalidInput as mistaken:
        found: Any = mistaken.facts.get("errors", [])
        raise _unreadable(
            [{**one, "line": reading.line_of(one["path"])} for one in found[:MOST_MISTAKES]]
        ) from None
    return dict(document)


def _unreadable(mistakes: list[dict[str, Any]]) -> InvalidInput:
    first = mistakes[0]
    return InvalidInput(
        f"{first['path']}: {first['message']}",
        code="invalid_policy",
        field="file",
        facts={"errors": mistakes},
    )


def _refused(message: str, line: int = 0) -> InvalidInput:
    return _unreadable([{"path": "document", "message": message, "line": line}])


def _decoded(raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise _refused(f"A policy file has up to {MAX_BYTES // 1024} kB. Shorten it.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _refused("Save the file as UTF-8 and choose it again.", line) from None
    strange = _STRANGE.search(text)
    if strange is None:
        return text
    line, code = text.count("\n", 0, strange.start()) + 1, ord(strange[0])
    if code == 9:
        raise _refused("There is a tab. Indent with spaces, and write \\t inside quotes.", line)
    raise _refused(f"There is a hidden character (U+{code:04X}). Take it out.", line)


@dataclass(slots=True)
class _Reading:
    """One pass over the file: the mistakes so far, and the line of each path."""

    mistakes: list[dict[str, Any]] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)

    def fail(self, path: str, message: str, line: int) -> None:
        if len(self.mistakes) < MOST_MISTAKES:
            self.mistakes.append({"path": path or "document", "message": message, "line": line})

    def line_of(self, path: str) -> int:
        """Return the line of ``path``, or of the nearest part of the file around it."""
        while path and path not in self.lines:
            path = path.rpartition(".")[0]
        return self.lines.get(path, 0)

    def document(self, text: str) -> Any:
        events = yaml.parse(text, Loader=_LOADER)
        try:
            return self._only_document(events)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 0
            self.fail("document", f"YAML stops here: {error.problem}. Check this line.", line)
        except _TooDeep:
            self.fail("document", f"Parts are nested up to {DEEPEST} deep. Take some out.", 0)
        except yaml.YAMLError:
            self.fail("document", "This is no YAML. Start from an export.", 0)
        return None

    def _only_document(self, events: Iterator[Any]) -> Any:
        next(events)
        if isinstance(next(events), yaml.StreamEndEvent):
            self.fail("document", "The file is empty. Start from an export.", 0)
            return None
        document = self._value(events, next(events), "", 1)
        next(events)
        after = next(events)
        if not isinstance(after, yaml.StreamEndEvent):
            line = after.start_mark.line + 1
            self.fail("document", "A second document starts here. Keep one.", line)
        return document

    def _value(self, events: Iterator[Any], event: Any, path: str, depth: int) -> Any:
        line = event.start_mark.line + 1
        self.lines.setdefault(path, line)
        if isinstance(event, yaml.AliasEvent):
            self.fail(path, "References (*name) aren't read. Write the value out.", line)
            return None
        if event.anchor:
            self.fail(path, "Anchors (&name) aren't read. Take it out.", line)
        if event.tag is not None:
            self.fail(path, "Types (!name) aren't read. Take it out.", line)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path, line)
        if depth > DEEPEST:
            raise _TooDeep
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(events, path, depth)
        return self._mapping(events, path, depth)

    def _list(self, events: Iterator[Any], path: str, depth: int) -> list[Any]:
        entries: list[Any] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            entries.append(self._value(events, event, _join(path, len(entries)), depth + 1))
        return entries

    def _mapping(self, events: Iterator[Any], path: str, depth: int) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self._key(events, event, path, depth)
            place = _join(path, key)
            line = event.start_mark.line + 1
            if key in entries:
                before = self.line_of(place)
                self.fail(place, f"This is given twice, first in line {before}. Keep one.", line)
            self.lines.setdefault(place, line)
            entries[key] = self._value(events, next(events), place, depth + 1)
        return entries

    def _key(self, events: Iterator[Any], event: Any, path: str, depth: int) -> str:
        line = event.start_mark.line + 1
        if not isinstance(event, yaml.ScalarEvent):
            self._value(events, event, path, depth + 1)
            self.fail(path, "A name is one word before a colon. Write name: value.", line)
            return ""
        if event.anchor or event.tag is not None:
            self.fail(path, "Write this name without & and !.", line)
        elif not event.value and not event.style:
            self.fail(path, "A name is missing before a colon. Write name: value.", line)
        self._check_text(event.value, path, line)
        return str(event.value)

    def _scalar(self, event: Any, path: str, line: int) -> Any:
        text = str(event.value)
        if event.style:
            self._check_text(text, path, line)
            return text
        if not text:
            self.fail(path, "There is no value here. Write null where none is meant.", line)
            return None
        if text in _NAMED:
            return _NAMED[text]
        if not _WHOLE.fullmatch(text):
            return text
        if len(text) > MOST_DIGITS:
            self.fail(path, f"A number has up to {MOST_DIGITS} digits. Shorten it.", line)
            return 0
        return int(text)

    def _check_text(self, text: str, path: str, line: int) -> None:
        if _UNSTORABLE.search(text):
            self.fail(path, "A text holds characters that can't be kept. Type it again.", line)


def _join(path: str, step: object) -> str:
    return f"{path}.{step}" if path else str(step)
