"""A policy document as a YAML file: the same document gives the same bytes, always.

Written here and not by a library, so that no version of one can move a line. Only plain names,
whole numbers, true, false and null stand without quotes; every other text is quoted, so nothing is
left for a program to guess.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rma.policy.schema import arranged

HEADER = """\
# A return policy as data: who may return what, until when, and what it costs.
# Change it with any editor, then choose Policies, Versions, Import. It becomes the draft, and
# nothing is in force before you publish it. Comments are not kept.
# Amounts are whole minor units, such as cents. Shares are basis points: 2500 is 25 %.
# Save the schema from Policies, Versions beside this file, and your editor checks as you type.
# yaml-language-server: $schema=schema.json
"""
WIDEST = 88
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*")
# What some reader of YAML takes for something else than text.
_GUESSED = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
# Line ends that are none in JSON, and what YAML does not allow as it is.
_HIDDEN = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


def to_yaml(document: Mapping[str, Any]) -> bytes:
    """Return a document that ``parse_policy`` accepts as a file that ``read_policy_file`` reads."""
    lines = []
    for key, value in arranged(document).items():
        part = list(_under(f"{_text(key)}:", value, "  "))
        lines += ["", *part] if len(part) > 1 else part
    return "\n".join([HEADER, *lines, ""]).encode()


def _under(head: str, value: Any, pad: str) -> Iterator[str]:
    inline = _inline(value)
    if inline is not None and len(head) + len(inline) < WIDEST:
        yield f"{head} {inline}"
    elif isinstance(value, Mapping | list) and value:
        yield head
        yield from _block(value, pad)
    else:
        yield f"{head} {inline}"


def _block(value: Mapping[str, Any] | list[Any], pad: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _under(f"{pad}{_text(key)}:", entry, f"{pad}  ")
        return
    for entry in value:
        if isinstance(entry, Mapping) and entry:
            first, *others = _block(entry, f"{pad}  ")
            yield f"{pad}- {first.lstrip()}"
            yield from others
        else:
            yield from _under(f"{pad}-", entry, f"{pad}  ")


def _inline(value: Any) -> str | None:
    """Return ``value`` on one line; None for what has parts of its own."""
    if isinstance(value, Mapping):
        return None if value else "{}"
    if isinstance(value, list):
        plain = not any(isinstance(entry, Mapping | list) for entry in value)
        return f"[{', '.join(_scalar(entry) for entry in value)}]" if plain else None
    return _scalar(value)


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else _text(value)


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _GUESSED:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)
