"""Which rules can apply at all, found out without asking each of them.

Most rules are about some words: a product type, a tag, a country. :class:`Gates` keeps the rules by
these words, so that for one line only those are asked whose words it has. What is alike for every
line of a request, or for every reason of a line, is taken out of a condition (:func:`in_tiers`) and
asked once. Neither changes an answer: a rule that is passed over is one that is certainly not true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rma.policy.conditions import Condition, FactTest, Group, Values, leaves_of
from rma.policy.vocabulary import Fact

# A word of a fact: (key of the fact, word).
Gate = frozenset[tuple[str, str]]


def in_tiers(
    condition: Condition | None, tier_of: Callable[[Fact], int], tiers: int
) -> tuple[Condition | None, ...]:
    """Return a condition for each tier; they are true together exactly where ``condition`` is.

    Each asks about facts of its own tier and of those before. None is always true.
    """
    found: list[list[Condition]] = [[] for _ in range(tiers)]
    for part in _conjuncts_of(condition):
        # A group whose tests were all refused is left empty; its mistakes are told elsewhere.
        found[max((tier_of(leaf.fact) for leaf in leaves_of(part)), default=0)].append(part)
    return tuple(_together(parts) for parts in found)


def _conjuncts_of(condition: Condition | None) -> Iterator[Condition]:
    if isinstance(condition, FactTest) or (condition is not None and condition.kind == "any"):
        yield condition
    elif condition is not None and condition.kind == "all":
        for part in condition.parts:
            yield from _conjuncts_of(part)
    elif condition is not None:
        for part in condition.parts:
            yield Group("none", (part,))


def _together(parts: Sequence[Condition]) -> Condition | None:
    if len(parts) < 2:
        return next(iter(parts), None)
    return Group("all", tuple(parts))


def gate_of(condition: Condition | None) -> Gate | None:
    """Return words of which at least one is there wherever ``condition`` is true; None: any."""
    if condition is None:
        return None
    if isinstance(condition, FactTest):
        return _gate_of_test(condition)
    gates = [gate_of(part) for part in condition.parts]
    known = [gate for gate in gates if gate is not None]
    if condition.kind == "all":
        return min(known, key=len, default=None)
    if condition.kind == "any" and len(known) == len(gates):
        return frozenset().union(*known)
    return None


def _gate_of_test(test: FactTest) -> Gate | None:
    key, words = test.fact.key, test.value
    if test.test in ("is_one_of", "has_any"):
        return frozenset((key, word) for word in words)
    if test.test == "has_all":
        return frozenset({(key, min(words))})
    return None


class Gates:
    """Rules by the words without which they are not true. A rule is its place in the policy."""

    def __init__(self, conditions: Sequence[Condition | None], places: Mapping[str, int]) -> None:
        """Keep ``conditions``; ``places`` says where in a row of values each fact stands."""
        open_to_all = []
        self._by_word: dict[int, dict[str, list[int]]] = {}
        for rule, condition in enumerate(conditions):
            gate = gate_of(condition)
            if gate is None:
                open_to_all.append(rule)
                continue
            for key, word in gate:
                self._by_word.setdefault(places[key], {}).setdefault(word, []).append(rule)
        self.open = frozenset(open_to_all)

    def passed_by(self, values: Values) -> set[int]:
        """Return the rules with a gate that may be true of ``values``; those without are open."""
        passed: set[int] = set()
        for place, by_word in self._by_word.items():
            found: Any = values[place]
            if found is None:
                continue
            for word in (found,) if isinstance(found, str) else found:
                passed.update(by_word.get(word, ()))
        return passed
