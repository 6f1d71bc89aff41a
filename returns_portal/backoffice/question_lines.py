"""A reason's questions as lines of text, one each, for people to write.

``How does it fit? | Tight at the shoulders; Too long *`` asks for one of two answers, the star
says that one is needed; without a bar the answer is words. ``[Shoes, Boots]`` in front asks it only
about these product types. Keys are made from the words and stay while the words do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_TYPES = re.compile(r"^\[([^\]]*)\]\s*")


def as_lines(questions: Sequence[Mapping[str, Any]]) -> str:
    """Return the questions of a document's reason as text."""
    return "\n".join(_line(one) for one in questions)


def _line(question: Mapping[str, Any]) -> str:
    types = ", ".join(question.get("product_types", ()))
    options = "; ".join(_english(one["labels"]) for one in question.get("options", ()))
    return "".join(
        [
            f"[{types}] " if types else "",
            _english(question["labels"]),
            f" | {options}" if options else "",
            " *" if question["required"] else "",
        ]
    )


def from_lines(text: str, before: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return ``text`` as questions; those of ``before`` keep keys and other languages."""
    known = {_english(one["labels"]): one for one in before}
    questions: list[dict[str, Any]] = []
    for line in filter(None, (one.strip() for one in text.splitlines())):
        questions.append(_question(line, known, [one["key"] for one in questions]))
    return questions


def _question(
    line: str, known: Mapping[str, Mapping[str, Any]], taken: Sequence[str]
) -> dict[str, Any]:
    required = line.endswith("*")
    line = line.removesuffix("*").strip()
    types = _TYPES.match(line)
    words, _bar, listed = line[types.end() if types else 0 :].partition("|")
    label = words.strip()
    before = known.get(label, {})
    question: dict[str, Any] = {
        "key": before.get("key") or free_key(label, taken),
        "labels": {**before.get("labels", {}), "en": label},
        "required": required,
    }
    options = [one.strip() for one in listed.split(";") if one.strip()]
    if options:
        question["options"] = _options(options, before.get("options", ()))
    if types:
        question["product_types"] = [one.strip() for one in types[1].split(",") if one.strip()]
    return question


def _options(labels: Sequence[str], before: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    known = {_english(one["labels"]): one for one in before}
    options: list[dict[str, Any]] = []
    for label in labels:
        kept = known.get(label)
        key = kept["key"] if kept else free_key(label, [one["key"] for one in options])
        options.append({"key": key, "labels": {**(kept["labels"] if kept else {}), "en": label}})
    return options


def free_key(label: str, taken: Sequence[str]) -> str:
    """Return ``how_does_it_fit`` for words, with a number where it is taken or nothing is left."""
    letters = (one if one.isascii() and one.isalnum() else " " for one in label.lower())
    key = "_".join("".join(letters).split())[:36].strip("_") or "question"
    number, free = 2, key
    while free in taken:
        number, free = number + 1, f"{key}_{number}"
    return free


def _english(labels: Mapping[str, str]) -> str:
    return labels.get("en") or next(iter(labels.values()))
