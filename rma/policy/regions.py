"""Which cases a condition covers, as boxes of values, so that two rules can be compared.

A condition becomes alternatives (boxes), each a region per fact. Regions can be met, compared and
shown by an example. What would take more than :data:`MOST_BOXES` alternatives, or a test that has
no exact opposite, is not analysed (None), which is always safe: nothing is claimed about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from rma.policy.conditions import Condition, FactTest, globbed
from rma.policy.vocabulary import Fact, Kind

MOST_BOXES = 48
_LOW, _HIGH = -(10**15), 10**15
_ORDERED = (Kind.NUMBER, Kind.DAYS, Kind.MONEY, Kind.SHARE, Kind.DATE)


@dataclass(frozen=True, slots=True)
class Span:
    """Values from ``low`` to ``high``, both included; days count as ordinals."""

    low: int = _LOW
    high: int = _HIGH

    def meet(self, other: Span) -> Span | None:
        met = Span(max(self.low, other.low), min(self.high, other.high))
        return met if met.low <= met.high else None

    def holds(self, other: Span) -> bool:
        return self.low <= other.low and other.high <= self.high

    def example(self) -> Any:
        if self.low > _LOW:
            return self.low
        return min(self.high, max(self.low, 0)) if self.high < _HIGH else 0


@dataclass(frozen=True, slots=True)
class Word:
    """One word: among ``among`` (None: any), not in ``not_in``, alike or unlike some globs."""

    among: frozenset[str] | None = None
    not_in: frozenset[str] = frozenset()
    like: frozenset[tuple[str, ...]] = frozenset()
    unlike: frozenset[str] = frozenset()

    def meet(self, other: Word) -> Word | None:
        among = self.among if other.among is None else other.among
        if self.among is not None and other.among is not None:
            among = self.among & other.among
        met = Word(
            among,
            self.not_in | other.not_in,
            self.like | other.like,
            self.unlike | other.unlike,
        )
        if met.among is None:
            return met
        left = frozenset(word for word in met.among if met.takes(word))
        return replace(met, among=left) if left else None

    def takes(self, word: str) -> bool:
        return (
            (self.among is None or word in self.among)
            and word not in self.not_in
            and all(any(globbed(glob, word) for glob in globs) for globs in self.like)
            and not any(globbed(glob, word) for glob in self.unlike)
        )

    def holds(self, other: Word) -> bool:
        if other.among is not None:
            return all(self.takes(word) for word in other.among)
        return (
            self.among is None
            and self.not_in <= other.not_in
            and self.like <= other.like
            and self.unlike <= other.unlike
        )

    def example(self) -> Any:
        if self.among:
            return min(self.among)
        globs = min(self.like, default=())
        return globs[0] if globs else "anything else"


@dataclass(frozen=True, slots=True)
class Bag:
    """A set of words: with all of ``need``, one of each of ``any_of``, and none of ``bar``."""

    need: frozenset[str] = frozenset()
    any_of: frozenset[frozenset[str]] = frozenset()
    bar: frozenset[str] = frozenset()

    def meet(self, other: Bag) -> Bag | None:
        met = Bag(self.need | other.need, self.any_of | other.any_of, self.bar | other.bar)
        possible = not met.need & met.bar and all(words - met.bar for words in met.any_of)
        return met if possible else None

    def holds(self, other: Bag) -> bool:
        met = all(
            words & other.need or any(own <= words for own in other.any_of) for words in self.any_of
        )
        return met and self.need <= other.need and self.bar <= other.bar

    def example(self) -> Any:
        chosen = {min(words - self.bar) for words in self.any_of if not words & self.need}
        return tuple(sorted(self.need | chosen))


@dataclass(frozen=True, slots=True)
class Yes:
    """A flag that may be any of ``values``."""

    values: frozenset[bool] = frozenset({True, False})

    def meet(self, other: Yes) -> Yes | None:
        left = self.values & other.values
        return Yes(left) if left else None

    def holds(self, other: Yes) -> bool:
        return other.values <= self.values

    def example(self) -> Any:
        return max(self.values)


Region = Any
Box = dict[str, Region]


def boxes(condition: Condition | None) -> list[Box] | None:
    """Return the cases ``condition`` covers; no box means that it never holds."""
    found = [{}] if condition is None else _boxes(condition, wanted=True)
    return None if found is None else found


def _boxes(condition: Condition, *, wanted: bool) -> list[Box] | None:
    if isinstance(condition, FactTest):
        regions = _regions(condition, wanted=wanted)
        key = condition.fact.key
        return None if regions is None else [{key: region} for region in regions]
    wanted = wanted != (condition.kind == "none")
    parts = [_boxes(part, wanted=wanted) for part in condition.parts]
    if any(part is None for part in parts):
        return None
    together = (condition.kind == "all") == wanted
    return _crossed(parts) if together else _joined(parts)


def _joined(parts: Iterable[list[Box] | None]) -> list[Box] | None:
    joined = [box for part in parts for box in part or ()]
    return joined if len(joined) <= MOST_BOXES else None


def _crossed(parts: Iterable[list[Box] | None]) -> list[Box] | None:
    crossed: list[Box] = [{}]
    for part in parts:
        crossed = [met for one in crossed for other in part or () if (met := meet(one, other))]
        if len(crossed) > MOST_BOXES:
            return None
    return crossed


def meet(one: Mapping[str, Region], other: Mapping[str, Region]) -> Box | None:
    """Return the cases in both boxes, or None where there are none."""
    met: Box = dict(one)
    for key, region in other.items():
        both = region if key not in met else met[key].meet(region)
        if both is None:
            return None
        met[key] = both
    return met


def holds(outer: Mapping[str, Region], inner: Mapping[str, Region]) -> bool:
    """Say whether every case of ``inner`` is surely one of ``outer``."""
    return all(key in inner and region.holds(inner[key]) for key, region in outer.items())


def _regions(test: FactTest, *, wanted: bool) -> list[Region] | None:
    kind = test.fact.kind
    if kind is Kind.FLAG:
        return [Yes(frozenset({test.value == wanted}))]
    if kind in _ORDERED:
        return _spans(test, wanted=wanted)
    if kind is Kind.TEXT:
        return _words(test, wanted=wanted)
    return _bags(test, wanted=wanted)


def _ordinal(value: Any) -> int:
    return value.toordinal() if isinstance(value, date) else int(value)


def _spans(test: FactTest, *, wanted: bool) -> list[Region]:
    pair = test.value if test.test == "between" else (test.value, test.value)
    low, high = (_ordinal(one) for one in pair)
    inside = {
        "is": Span(low, high), "between": Span(low, high), "over": Span(low=low + 1),
        "at_least": Span(low=low), "from": Span(low=low), "under": Span(high=high - 1),
        "at_most": Span(high=high), "until": Span(high=high),
    }[test.test]  # fmt: skip
    if wanted:
        return [inside]
    below, above = Span(high=inside.low - 1), Span(low=inside.high + 1)
    return [
        *([below] if inside.low > _LOW else []),
        *([above] if inside.high < _HIGH else []),
    ]


def _words(test: FactTest, *, wanted: bool) -> list[Region]:
    same = test.test in ("is_one_of", "matches") if wanted else test.test.endswith("none_of")
    same = same or (not wanted and test.test == "matches_none")
    if test.test.startswith("is_"):
        return [Word(among=test.value) if same else Word(not_in=test.value)]
    globs = tuple(test.value)
    return [Word(like=frozenset({globs})) if same else Word(unlike=frozenset(globs))]


def _bags(test: FactTest, *, wanted: bool) -> list[Region] | None:
    words: frozenset[str] = test.value
    if test.test == "has_all":
        return [Bag(need=words)] if wanted else [Bag(bar=frozenset({one})) for one in sorted(words)]
    some = (test.test == "has_any") == wanted
    return [Bag(any_of=frozenset({words})) if some else Bag(bar=words)]


def example_of(box: Mapping[str, Region], facts: Mapping[str, Fact]) -> dict[Fact, Any]:
    """Return a value for each fact that lies in ``box``, to show a person."""
    found = {}
    for key, region in box.items():
        value = region.example()
        if facts[key].kind is Kind.DATE:
            day = date.fromordinal(value) if value > 0 else date(2026, 1, 1) - timedelta(days=1)
            value = day
        found[facts[key]] = value
    return found
