"""Reads a JSON document by dotted path and collects every mistake, each with its path.

One save shows all that is wrong; nothing is guessed, clamped or silently ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

from returns_portal.core.errors import InvalidInput
from returns_portal.core.money import exponent

MAX_DAYS = 3660
MAX_MINOR = 10**12


class DocumentReader:
    """Reads values by dotted path and collects what is wrong, so one save shows every mistake."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.errors: list[dict[str, str]] = []

    def fail(self, path: str, message: str) -> None:
        """Note a mistake, unless this place or the section around it has one already."""
        place = path or "document"
        if any(f"{place}.".startswith(f"{error['path']}.") for error in self.errors):
            return
        self.errors.append({"path": place, "message": message})

    def at(self, path: str) -> Any:
        found: Any = self.document
        for step in path.split(".") if path else ():
            if isinstance(found, Mapping):
                found = found.get(step)
            elif isinstance(found, Sequence) and step.isdigit():
                found = found[int(step)]
            else:
                return None
        return found

    def keys(self, path: str, expected: set[str], optional: Set[str] = frozenset()) -> None:
        """Refuse a section that is no object, lacks a key or has one nobody reads."""
        section = self.at(path)
        if not isinstance(section, Mapping):
            self.fail(path, "This must be an object.")
            return
        for name in sorted(expected - set(section)):
            self.fail(f"{path}.{name}".strip("."), "This is missing.")
        for name in sorted(str(key) for key in set(section) - expected - optional):
            self.fail(f"{path}.{name}".strip("."), "There is no such setting. Check the spelling.")

    def key(self, path: str, example: str) -> str:
        """Read a name that stays: up to 40 letters, digits and underscores."""
        key = self.at(path)
        short = isinstance(key, str) and len(key) <= 40 and key.isascii()
        if short and key.replace("_", "a").isalnum():
            return str(key)
        self.fail(path, f"Use letters, digits and underscores, such as {example}.")
        return ""

    def whole(self, path: str, low: int, high: int, noun: str) -> int:
        number = self.at(path)
        if type(number) is int and low <= number <= high:
            return number
        self.fail(path, f"Enter {noun} as a whole number from {low} to {high}.")
        return low

    def days(self, path: str, *, low: int = 0) -> int:
        return self.whole(path, low, MAX_DAYS, "days")

    def days_or_none(self, path: str) -> int | None:
        return None if self.at(path) is None else self.days(path)

    def minor(self, path: str) -> int:
        return self.whole(path, 0, MAX_MINOR, "an amount in minor units")

    def flag(self, path: str) -> bool:
        if not isinstance(self.at(path), bool):
            self.fail(path, "Use true or false.")
        return self.at(path) is True

    def currency(self, path: str) -> str:
        code = self.at(path)
        try:
            exponent(code if isinstance(code, str) else "")
        except InvalidInput as error:
            self.fail(path, error.message)
            return ""
        return str(code)

    def _texts(self, path: str) -> list[str]:
        listed = self.at(path)
        if isinstance(listed, list | tuple) and all(
            isinstance(entry, str) and entry.strip() for entry in listed
        ):
            return [entry.strip() for entry in listed]
        self.fail(path, "Use a list of words.")
        return []

    def words(self, path: str, *, fold: bool = True) -> frozenset[str]:
        """Read a set of words; folded ones are compared without regard to case."""
        return frozenset(word.casefold() if fold else word for word in self._texts(path))

    def choices(self, path: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
        chosen = self._texts(path)
        strange = [entry for entry in chosen if entry not in allowed]
        if strange or not chosen or len(set(chosen)) < len(chosen):
            self.fail(path, f"Choose one or more of {', '.join(allowed)}, each once.")
        return tuple(chosen)

    def choice(self, path: str, allowed: tuple[str, ...]) -> str:
        chosen = self.at(path)
        if isinstance(chosen, str) and chosen in allowed:
            return chosen
        self.fail(path, f"Choose {', '.join(allowed)}.")
        return allowed[0]

    def labels(self, path: str) -> Mapping[str, str]:
        labels = self.at(path)
        if (
            isinstance(labels, Mapping)
            and labels
            and all(isinstance(text, str) and text.strip() for text in labels.values())
        ):
            return {str(language): text.strip() for language, text in labels.items()}
        self.fail(path, 'Give a label per language, such as {"en": "Too small"}.')
        return {}
