"""Reasons in words, with questions and details; a detail is said like its reason where it can."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from returns_portal.backoffice.photo_lines import subject_words
from returns_portal.backoffice.policy_words import PHOTO_WORDS, RESOLUTION_WORDS
from rma.policy.model import in_language

Path = tuple[str, ...]
Saying = Callable[..., str]
_REASON: Path = ("reasons", "*")
DETAILS: Path = (*_REASON, "details")
_DETAIL: Path = (*DETAILS, "*")


def detail_sayings(sayings: Mapping[Path, Saying]) -> dict[Path, Saying]:
    """Return how details are said, from how ``sayings`` say the parts of a reason."""
    alike = {
        (*_DETAIL, *path[len(_REASON) :]): _or_as_the_reason(saying)
        for path, saying in sayings.items()
        if path[: len(_REASON)] == _REASON and len(path) > len(_REASON)
    }
    return alike | {
        DETAILS: _details,
        _DETAIL: _whole_detail,
        (*_DETAIL, "product_types"): _types,
    }


def _or_as_the_reason(saying: Saying) -> Saying:
    def say(path: Path, value: Any, side: Any) -> str:
        return "As the reason has it" if value is None else saying(path, value, side)

    return say


def _details(_path: Path, value: Any, _side: Any) -> str:
    named = [f"“{label_of(one)}”" for one in value or ()]
    return f"In detail: {', '.join(named)}" if named else "No details to choose from"


def _whole_detail(_path: Path, value: Any, _side: Any) -> str:
    types = value.get("product_types")
    only = f", only for {', '.join(types)}" if types else ""
    own = [name.replace("_", " ") for name in value if name in _OWN and value[name] is not None]
    tail = f"; its own {', '.join(own)}" if own else ""
    return f"Offers “{label_of(value)}”{only}{tail}"


_OWN = ("resolutions", "photo", "photos_of", "fault", "free_text", "questions")


def _types(_path: Path, value: Any, _side: Any) -> str:
    return f"Only for {', '.join(value)}" if value else "For all goods"


def label_of(entry: Mapping[str, Any]) -> str:
    """Return an entry's label in English, else in any language."""
    return in_language(entry["labels"], "en")


def whole_reason(_path: Path, value: Any, _side: Any) -> str:
    """Say a reason with all it allows and asks, for a reason that came or went."""
    parts = [", ".join(RESOLUTION_WORDS.get(one, one) for one in value["resolutions"]) or "none"]
    parts += [PHOTO_WORDS[value["photo"]]] if PHOTO_WORDS.get(value["photo"]) else []
    subjects = subject_words(value.get("photos_of") or ())
    parts += [f"photos of {', '.join(subjects)}"] if subjects else []
    parts += ["our fault"] if value["fault"] else []
    parts += ["words asked for"] if value["free_text"] else []
    parts += [f"asks “{label_of(one)}”" for one in value.get("questions") or ()]
    details = [f"“{label_of(one)}”" for one in value.get("details") or ()]
    parts += [f"in detail {', '.join(details)}"] if details else []
    return f"Offers “{label_of(value)}”: {'; '.join(parts)}"


def photos_show(_path: Path, value: Any, _side: Any) -> str:
    """Say what photos are to show."""
    named = ", ".join(subject_words(value or ()))
    return f"Photos show {named}" if named else "Photos show what the shopper chooses"


def whole_question(_path: Path, value: Any, _side: Any) -> str:
    """Say a question with its answers, for a question that came or went."""
    answers = [label_of(one) for one in value.get("options") or ()]
    tail = f" ({', '.join(answers)})" if answers else ""
    types = value.get("product_types")
    only = f", only for {', '.join(types)}" if types else ""
    needed = "an answer is needed" if value["required"] else "an answer is optional"
    return f"Asks “{label_of(value)}”{tail}; {needed}{only}"


def options(_path: Path, value: Any, _side: Any) -> str:
    """Say what can be answered."""
    answers = [label_of(one) for one in value or ()]
    return f"Answers to choose from: {', '.join(answers)}" if answers else "Answered in words"


def questions(_path: Path, value: Any, _side: Any) -> str:
    """Say what is asked."""
    asked = [f"“{label_of(one)}”" for one in value or ()]
    return f"Asks {', '.join(asked)}" if asked else "Asks nothing further"
