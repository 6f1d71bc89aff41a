"""The values of conditions and effects as people type them: from a document, and back to one.

What a value is entered with is its :class:`Box`. Texts are what the fields hold, one for most
values, two for a range, one for each ticked choice. What the policy's reader words well by itself
is handed to it as it was typed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babel import Locale

from returns_portal.core.errors import InvalidInput
from returns_portal.core.money import Money
from rma.policy.choices import OUTCOMES, WAYS, Choices, choices_of, reason_choices
from rma.policy.document import SHIPPING_BACK
from rma.policy.effects import EffectKind
from rma.policy.model import MOMENTS, Policy
from rma.policy.processing import MOMENT_WORDS
from rma.policy.rule_words import SHIPPING_WORDS
from rma.policy.vocabulary import Fact, Kind

NOTHING, WORDS, NUMBER, MONEY, SHARE, DATE = "", "words", "number", "money", "share", "date"
CHOICE, CHOICES, ORDERED = "choice", "choices", "ordered"
_YES_NO: Choices = (("yes", "true"), ("no", "not true"))
_NUMBER_UNITS = {
    Kind.DAYS: "days", "days": "days", "hours": "hours", "photos": "photos", "points": "points",
}  # fmt: skip
_COUNTRY = "order.country"


@dataclass(frozen=True, slots=True)
class Box:
    """How one value is entered. ``fields`` is 2 for a range; ``unit`` stands beside the field."""

    look: str
    choices: Choices = ()
    unit: str = ""
    fields: int = 1
    names_countries: bool = False


class Mistake(Exception):
    """What was typed is no such value; the message says what to type."""


def box_of_test(fact: Fact, test: str, policy: Policy) -> Box:
    """Return how the value of ``test`` on ``fact`` is entered."""
    fields = 2 if test == "between" else 1
    if fact.kind in (Kind.TEXT, Kind.WORDS):
        globs = test.startswith("matches")
        choices = () if globs else choices_of(fact, policy)
        if choices:
            return Box(CHOICES, choices)
        return Box(WORDS, names_countries=fact.key == _COUNTRY and not globs)
    if fact.kind is Kind.FLAG:
        return Box(CHOICE, _YES_NO)
    if fact.kind is Kind.MONEY:
        return Box(MONEY, unit=policy.currency, fields=fields)
    if fact.kind is Kind.SHARE:
        return Box(SHARE, unit="%", fields=fields)
    if fact.kind is Kind.DATE:
        return Box(DATE, fields=fields)
    return Box(NUMBER, unit=_NUMBER_UNITS.get(fact.kind, ""), fields=fields)


def box_of_effect(kind: EffectKind, policy: Policy) -> Box:
    """Return how the value of an effect is entered."""
    if kind.key == "order_outcomes":
        return Box(ORDERED, OUTCOMES, fields=len(OUTCOMES))
    shipping = tuple((key, SHIPPING_WORDS[key].capitalize()) for key in SHIPPING_BACK)
    moments = tuple((key, MOMENT_WORDS[key].capitalize()) for key in MOMENTS)
    boxes = {
        "": Box(NOTHING),
        "money": Box(MONEY, unit=policy.currency),
        "share": Box(SHARE, unit="%"),
        "day": Box(DATE),
        "outcomes": Box(CHOICES, OUTCOMES),
        "methods": Box(CHOICES, WAYS),
        "shipping": Box(CHOICE, shipping),
        "moment": Box(CHOICE, moments),
        "reasons": Box(CHOICES, reason_choices(policy)),
        "words": Box(WORDS),
    }
    return boxes.get(kind.takes) or Box(NUMBER, unit=_NUMBER_UNITS.get(kind.takes, ""))


def to_texts(value: Any, box: Box, currency: str) -> list[str]:
    """Return what the fields show for a value of a document."""
    if box.look in (CHOICES, ORDERED):
        return [str(one) for one in value]
    if box.look == WORDS:
        return [_joined([str(one) for one in value])]
    values = value if box.fields == 2 else [value]
    return [_text(one, box, currency) for one in values]


def _joined(words: Sequence[str]) -> str:
    """Write words with commas between, or one per line where a word has a comma itself."""
    if not any("," in word for word in words):
        return ", ".join(words)
    # The last line break says that a single word is one, comma or not.
    return "\n".join(words) + "\n"


def _text(value: Any, box: Box, currency: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if box.look == MONEY:
        return Money(value, currency).decimal_text()
    if box.look == SHARE:
        return f"{Decimal(value) / 100:f}"
    return str(value)


def from_texts(texts: Sequence[str], box: Box, currency: str) -> Any:
    """Return the value of a document for what the fields hold. Raises Mistake."""
    if box.look in (CHOICES, ORDERED):
        chosen = [text for text in texts if text]
        if not chosen:
            raise Mistake("Choose at least one.")
        return chosen
    if box.look == WORDS:
        words = split_words(texts)
        return [country_of(word) for word in words] if box.names_countries else words
    read = [_value(text.strip(), box, currency) for text in [*texts, "", ""][: box.fields]]
    return read if box.fields == 2 else read[0]


def split_words(texts: Sequence[str]) -> list[str]:
    """Return the words of a field: one per line, or else between commas."""
    text = "\n".join(texts).replace("\r\n", "\n")
    parts = text.split("\n") if "\n" in text else text.split(",")
    words = [part.strip() for part in parts if part.strip()]
    if not words:
        raise Mistake("Name at least one.")
    return words


_NAMES: Mapping[str, str] = {
    name.casefold(): code
    for code, name in Locale("en").territories.items()
    if len(code) == 2 and code.isalpha()
}
_CODES = frozenset(_NAMES.values())


def country_of(word: str) -> str:
    """Return the code of a country that was named by its code or name. Raises Mistake."""
    if word.upper() in _CODES:
        return word
    if word.casefold() not in _NAMES:
        raise Mistake(f"There is no country “{word}”. Write codes or names, such as DE or Ireland.")
    return _NAMES[word.casefold()]


def _value(text: str, box: Box, currency: str) -> Any:
    if box.look == MONEY:
        return minor_of(text, currency)
    if box.look == SHARE:
        return basis_points_of(text)
    if box.look == CHOICE and box.choices == _YES_NO:
        return _flag(text)
    return int(text) if box.look == NUMBER and _is_number(text) else text


def _flag(text: str) -> bool:
    if text not in ("yes", "no"):
        raise Mistake("Choose one.")
    return text == "yes"


def _is_number(text: str) -> bool:
    # Digits only: int() would take "1_000" and digits of other scripts as well, at any length.
    return text.isascii() and text.isdigit() and len(text) <= 15


def minor_of(text: str, currency: str) -> int:
    """Return an amount as it was typed, in minor units. Raises Mistake."""
    if not text:
        raise Mistake("Enter an amount, such as 150.")
    try:
        minor = Money.parse(text, currency).minor
    except InvalidInput as error:
        raise Mistake(error.message) from None
    if minor < 0:
        raise Mistake("An amount can’t be below zero.")
    return minor


def basis_points_of(text: str) -> int:
    """Return a percentage as it was typed, in basis points. Raises Mistake."""
    try:
        points = Decimal(text.removesuffix("%").strip()) * 100
    except ArithmeticError:
        points = Decimal(-1)
    if not (points.is_finite() and 0 <= points <= 10_000 and points == int(points)):
        raise Mistake("Enter a percentage from 0 to 100, such as 12.5.")
    return int(points)
