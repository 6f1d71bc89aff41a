"""Which rules can apply at all, found out without asking each of them.

Most rules are about some words: a product type, a tag, a country. :class:`Gates` keeps the rules by
these words, so that for one line only those are asked whose words it has. What holds for every line
of a request alike is taken out of a condition (:func:`shared_and_own`) and asked once. Neither
changes an answer: a rule that is passed over is one that is certainly not true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rma.policy.conditions import Condition, FactTest, Group, Values, leaves_of
from rma.policy.vocabulary import Fact

# A word of a fact: (key of the fact, word).
Gate = frozenset[tuple[str, str]]


def shared_and_own(
    condition: Condition | None, is_shared: Callable[[Fact], bool]
) -> tuple[Condition | None, Condition | None]:
    """Return two conditions that are true together exactly where ``condition`` is.

    The first asks only about facts that are shared. None is always true.
    """
    shared: list[Condition] = []
    own: list[Condition] = []
    for part in _conjuncts_of(condition):
        alike = all(is_shared(leaf.fact) for leaf in leaves_of(part))
        (shared if alike else own).append(part)
    return _together(shared), _together(own)


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
        self.open: list[int] = []
        self._by_word: dict[int, dict[str, list[int]]] = {}
        for rule, condition in enumerate(conditions):
            gate = gate_of(condition)
            if gate is None:
                self.open.append(rule)
                continue
            for key, word in gate:
                self._by_word.setdefault(places[key], {}).setdefault(word, []).append(rule)

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
