"""A reason's details as lines of text, one each, for people to write.

``[Shoes] Too narrow | exchange, refund | photos needed | our fault`` is given for these product
types only and allows, asks and means what it says; what a line leaves out is as the reason has it.
``photos of the item; the box`` names what its photos show, ``photos of anything`` nothing.
Keys are made from the words and stay while the words do, and so do a detail's other languages and
its questions, which are written in a file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from returns_portal.backoffice.photo_lines import subject_words, subjects_of
from returns_portal.backoffice.question_lines import free_key
from rma.policy.model import RESOLUTIONS
from rma.policy.reasons import MOST_SUBJECTS
from rma.policy.rule_words import OUTCOME_WORDS

_TYPES = re.compile(r"^\[([^\]]*)\]\s*")
_OUTCOMES = {OUTCOME_WORDS[key]: key for key in RESOLUTIONS}
_SAID: Mapping[str, tuple[str, Any]] = {
    "photos needed": ("photo", "required"),
    "photos welcome": ("photo", "optional"),
    "no photos": ("photo", "off"),
    "our fault": ("fault", True),
    "not our fault": ("fault", False),
    "words asked": ("free_text", True),
    "no words": ("free_text", False),
}
_SHOWN, _ANYTHING = "photos of ", "anything"
_WORDS = {said: words for words, said in _SAID.items()}


class DetailLineError(ValueError):
    """A line that says what is not known."""


def as_lines(details: Sequence[Mapping[str, Any]]) -> str:
    """Return the details of a document's reason as text."""
    return "\n".join(" | ".join(_parts(one)) for one in details)


def _parts(detail: Mapping[str, Any]) -> Iterable[str]:
    types = ", ".join(detail.get("product_types") or ())
    yield (f"[{types}] " if types else "") + _english(detail["labels"])
    if detail.get("resolutions"):
        yield ", ".join(OUTCOME_WORDS[key] for key in detail["resolutions"])
    for name in ("photo", "fault", "free_text"):
        if detail.get(name) is not None:
            yield _WORDS[name, detail[name]]
    if detail.get("photos_of") is not None:
        yield _SHOWN + ("; ".join(subject_words(detail["photos_of"])) or _ANYTHING)


def from_lines(
    text: str, before: Sequence[Mapping[str, Any]], taken: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Return ``text`` as details; those of ``before`` keep keys, other languages and questions.

    ``taken`` are the keys of other reasons. Raises DetailLineError for a part that is not known.
    """
    if _lines(text) == _lines(as_lines(before)):
        return [dict(one) for one in before]
    known = {_english(one["labels"]): one for one in before}
    details: list[dict[str, Any]] = []
    for place, line in enumerate(_lines(text), start=1):
        used = [*taken, *(one["key"] for one in details), *(one["key"] for one in before)]
        details.append(_detail(line, place, known, used))
    return details


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _detail(
    line: str, place: int, known: Mapping[str, Mapping[str, Any]], used: Sequence[str]
) -> dict[str, Any]:
    types = _TYPES.match(line)
    head, *parts = [one.strip() for one in line[types.end() if types else 0 :].split("|")]
    if not head:
        raise DetailLineError(f"Line {place}: write what is meant first, such as Too small.")
    kept = known.get(head, {})
    detail: dict[str, Any] = {
        "key": kept.get("key") or free_key(head, used),
        "labels": {**kept.get("labels", {}), "en": head},
    }
    if types:
        detail["product_types"] = [one.strip() for one in types[1].split(",") if one.strip()]
    for part in parts:
        detail |= _part(part, place, kept.get("photos_of") or ())
    return detail | ({"questions": kept["questions"]} if kept.get("questions") else {})


def _part(part: str, place: int, shown: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    words = part.casefold()
    if words.startswith(_SHOWN):
        return {"photos_of": _subjects(part[len(_SHOWN) :], place, shown)}
    if words in _SAID:
        name, value = _SAID[words]
        return {name: value}
    outcomes = [one.strip() for one in words.split(",")]
    if all(one in _OUTCOMES for one in outcomes):
        return {"resolutions": [_OUTCOMES[one] for one in dict.fromkeys(outcomes)]}
    allowed = ", ".join([*_OUTCOMES, *_SAID])
    raise DetailLineError(f"Line {place}: “{part}” says nothing here. Use {allowed}.")


def _subjects(said: str, place: int, before: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    if said.strip().casefold() == _ANYTHING:
        return []
    subjects = subjects_of(said.split(";"), before)
    if not 0 < len(subjects) <= MOST_SUBJECTS:
        raise DetailLineError(f"Line {place}: name one to {MOST_SUBJECTS} things photos show.")
    return subjects


def _english(labels: Mapping[str, str]) -> str:
    return labels.get("en") or next(iter(labels.values()))
