"""Conditions of rules: read from the document, compiled once, asked many times.

A condition is a test of one fact, ``{"fact": "item.price", "test": "over", "value": 15000}``, or a
group, ``{"all": [...]}``, ``{"any": [...]}`` or ``{"none": [...]}``, nested as deep as
:data:`DEEPEST`. Answers are true, false or not known (``None``), by Kleene's logic; a rule speaks
only when the answer is true. No test can loop or take long: there are literals, sets, ranges and
globs in which only ``*`` is special, matched in linear time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from rma.policy.reader import MAX_MINOR, DocumentReader
from rma.policy.vocabulary import Fact, Kind, fact_named

DEEPEST = 6
MOST_TESTS = 60
MOST_WORDS = 500
GROUPS = ("all", "any", "none")

Values = Sequence[Any]
Ask = Callable[[Values], bool | None]
Holds = Callable[[Any], bool]

ORDERED = ("is", "over", "at_least", "under", "at_most", "between")
TESTS: dict[Kind, tuple[str, ...]] = {
    Kind.TEXT: ("is_one_of", "is_none_of", "matches", "matches_none"),
    Kind.WORDS: ("has_any", "has_all", "has_none"),
    Kind.NUMBER: ORDERED,
    Kind.DAYS: ORDERED,
    Kind.MONEY: ORDERED,
    Kind.SHARE: ORDERED,
    Kind.DATE: ("from", "until", "between"),
    Kind.FLAG: ("is",),
}


@dataclass(frozen=True, slots=True)
class FactTest:
    """One test of one fact. ``value`` is a frozenset of folded words, an int, a date, a bool, a
    pair of ints or dates (both included), or a tuple of globs."""

    fact: Fact
    test: str
    value: Any


@dataclass(frozen=True, slots=True)
class Group:
    kind: str
    parts: tuple[Condition, ...]


Condition = FactTest | Group


def leaves_of(condition: Condition | None) -> Iterator[FactTest]:
    """Yield every test in ``condition``, depth first."""
    if isinstance(condition, FactTest):
        yield condition
    elif condition is not None:
        for part in condition.parts:
            yield from leaves_of(part)


def read_condition(reader: DocumentReader, path: str, depth: int = 1) -> Condition | None:
    """Read the condition at ``path``; mistakes go to ``reader``, and None comes back."""
    found = reader.at(path)
    if not isinstance(found, Mapping):
        reader.fail(path, "Give a test or a group of tests.")
        return None
    group = next((kind for kind in GROUPS if kind in found), None)
    if group is None:
        return _read_test(reader, path)
    reader.keys(path, {group})
    parts = reader.at(f"{path}.{group}")
    if depth >= DEEPEST:
        reader.fail(path, f"Groups can be nested {DEEPEST - 1} deep. Take one out.")
        return None
    if not isinstance(parts, list | tuple) or not parts:
        reader.fail(f"{path}.{group}", "List at least one test.")
        return None
    read = [
        read_condition(reader, f"{path}.{group}.{index}", depth + 1) for index in range(len(parts))
    ]
    return Group(group, tuple(part for part in read if part is not None))


def _read_test(reader: DocumentReader, path: str) -> FactTest | None:
    reader.keys(path, {"fact", "test", "value"})
    fact = fact_named(str(reader.at(f"{path}.fact")))
    if fact is None:
        reader.fail(f"{path}.fact", f"There is no fact {reader.at(f'{path}.fact')!r}.")
        return None
    allowed = TESTS[fact.kind]
    test = reader.choice(f"{path}.test", allowed)
    place = f"{path}.value"
    if test == "between":
        return FactTest(fact, test, _pair(reader, place, fact.kind))
    return FactTest(fact, test, _value(reader, place, fact.kind, test))


def _value(reader: DocumentReader, path: str, kind: Kind, test: str = "") -> Any:
    if kind in (Kind.TEXT, Kind.WORDS):
        words = reader.words(path)
        if not words:
            reader.fail(path, "Name at least one.")
        if len(words) > MOST_WORDS:
            reader.fail(path, f"Name {MOST_WORDS} at most.")
        return tuple(sorted(words)) if test.startswith("matches") else words
    if kind is Kind.FLAG:
        return reader.flag(path)
    if kind is Kind.DATE:
        return _date(reader, path)
    if kind is Kind.SHARE:
        return reader.whole(path, 0, 10_000, "a percentage as basis points (2500 is 25 %)")
    if kind is Kind.MONEY:
        return reader.minor(path)
    if kind is Kind.DAYS:
        return reader.days(path)
    return reader.whole(path, 0, MAX_MINOR, "a number")


def _date(reader: DocumentReader, path: str) -> date:
    text = reader.at(path)
    try:
        return date.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        reader.fail(path, "Enter a day such as 2026-11-30.")
        return date.min


def _pair(reader: DocumentReader, path: str, kind: Kind) -> tuple[Any, Any]:
    pair = reader.at(path)
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        reader.fail(path, "Give the first and the last value.")
        return (0, 0)
    low, high = (_value(reader, f"{path}.{index}", kind) for index in (0, 1))
    if low > high:
        reader.fail(path, "The first value is above the last one. Swap them.")
    return (low, high)


def compiled(condition: Condition, places: Mapping[str, int]) -> Ask:
    """Return ``condition`` as a function of a row of values, found at ``places`` by fact."""
    if isinstance(condition, FactTest):
        return _compiled_test(condition, places[condition.fact.key])
    parts = [compiled(part, places) for part in condition.parts]
    if condition.kind == "all":
        return parts[0] if len(parts) == 1 else _all(parts)
    some = parts[0] if len(parts) == 1 else _any(parts)
    return some if condition.kind == "any" else _not(some)


def _all(parts: Sequence[Ask]) -> Ask:
    def ask(values: Values) -> bool | None:
        answer: bool | None = True
        for part in parts:
            said = part(values)
            if said is False:
                return False
            if said is None:
                answer = None
        return answer

    return ask


def _any(parts: Sequence[Ask]) -> Ask:
    def ask(values: Values) -> bool | None:
        answer: bool | None = False
        for part in parts:
            said = part(values)
            if said:
                return True
            if said is None:
                answer = None
        return answer

    return ask


def _not(part: Ask) -> Ask:
    def ask(values: Values) -> bool | None:
        said = part(values)
        return None if said is None else not said

    return ask


def _compiled_test(test: FactTest, place: int) -> Ask:
    holds = _HOLDS[test.test](test.value)

    def ask(values: Values) -> bool | None:
        found = values[place]
        return None if found is None else holds(found)

    return ask


def globbed(pattern: str, text: str) -> bool:
    """Say whether ``text`` matches ``pattern``, in which ``*`` stands for anything. Linear time."""
    return _glob(pattern)(text)


def _glob(pattern: str) -> Holds:
    first, *rest = pattern.split("*")
    if not rest:
        return lambda text: bool(text == pattern)
    *middle, last = rest

    def matches(text: str) -> bool:
        at, end = len(first), len(text) - len(last)
        if end < at or not text.startswith(first) or not text.endswith(last):
            return False
        for piece in middle:
            found = text.find(piece, at, end)
            if found < 0:
                return False
            at = found + len(piece)
        return True

    return matches


def _one_of_globs(patterns: Sequence[str]) -> Holds:
    if len(patterns) == 1:
        return _glob(patterns[0])
    globs = [_glob(pattern) for pattern in patterns]
    return lambda text: any(matches(text) for matches in globs)


def _no_glob(patterns: Sequence[str]) -> Holds:
    matches = _one_of_globs(patterns)
    return lambda text: not matches(text)


# What a test makes of its value: whether it holds of what is found.
_HOLDS: dict[str, Callable[[Any], Holds]] = {
    "is_one_of": lambda words: words.__contains__,
    "is_none_of": lambda words: lambda found: found not in words,
    "matches": _one_of_globs,
    "matches_none": _no_glob,
    "has_any": lambda words: lambda found: not words.isdisjoint(found),
    "has_all": lambda words: words.issubset,
    "has_none": lambda words: words.isdisjoint,
    "is": lambda value: lambda found: found == value,
    "over": lambda value: lambda found: found > value,
    "at_least": lambda value: lambda found: found >= value,
    "under": lambda value: lambda found: found < value,
    "at_most": lambda value: lambda found: found <= value,
    "between": lambda pair: lambda found: pair[0] <= found <= pair[1],
    "from": lambda value: lambda found: found >= value,
    "until": lambda value: lambda found: found <= value,
}
