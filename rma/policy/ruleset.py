"""A merchant's own rules: read from the document and compiled into one set.

Rules are asked in their order. Each has a condition (none: always), effects, and the sentence that
shoppers read. The set knows which facts it needs, so that nothing else is looked up or computed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from rma.policy.conditions import (
    Ask,
    Condition,
    FactTest,
    Group,
    compiled,
    globbed,
    leaves_of,
    read_condition,
)
from rma.policy.effects import VERDICT, Effect, read_effect
from rma.policy.gates import Gates, in_tiers
from rma.policy.model import Reason
from rma.policy.reader import DocumentReader
from rma.policy.rule_words import effects_words
from rma.policy.vocabulary import REASON_ASKED, Fact, Needs, Scope

MOST_RULES = 300
MOST_EFFECTS = 12
MOST_TESTS = 60
# For what a fact is the same: every line of one request, all that is asked of a line, or neither.
_SHARED, _LINE, _ASKED = range(3)
_TIERS = {Scope.ORDER: _SHARED, Scope.RETURN: _SHARED, Scope.LINE: _LINE, Scope.ASKED: _ASKED}
Asks = Sequence[Ask | None]


def _tier(fact: Fact) -> int:
    return _TIERS[fact.scope]


def _compiled(condition: Condition | None, places: Mapping[str, int]) -> Ask | None:
    return None if condition is None else compiled(condition, places)


@dataclass(frozen=True)
class Rule:
    """One rule of a merchant. ``text`` is what shoppers read, by language."""

    key: str
    name: str
    on: bool
    when: Condition | None
    then: tuple[Effect, ...]
    text: Mapping[str, str]
    currency: str = ""

    @cached_property
    def did(self) -> str:
        """What it does, in words for staff."""
        return effects_words(self.then, self.currency)

    @cached_property
    def facts(self) -> tuple[Fact, ...]:
        """The facts it asks about, each once, in the order it asks."""
        return tuple({test.fact.key: test.fact for test in leaves_of(self.when)}.values())

    @cached_property
    def is_shared(self) -> bool:
        """Whether its answer is the same for every line of a request."""
        return all(_tier(fact) == _SHARED for fact in self.facts)

    @cached_property
    def is_about_lines(self) -> bool:
        """Whether it speaks line by line, because it asks about them or changes them."""
        return not self.is_shared or any(effect.kind.on_line for effect in self.then)

    @property
    def verdict(self) -> Effect | None:
        return next((one for one in self.then if one.kind.family == VERDICT), None)

    def words(self, language: str = "en") -> str:
        """Return what shoppers read in ``language``, else in English, else in any; may be empty."""
        return self.text.get(language) or self.text.get("en") or next(iter(self.text.values()), "")


class RuleSet:
    """The rules of one policy that are switched on, ready to be asked."""

    def __init__(self, rules: tuple[Rule, ...], *, written: tuple[Rule, ...]) -> None:
        self.rules = rules
        # With those switched off, as the editor lists them.
        self.written = written
        known = {fact.key: fact for rule in rules for fact in rule.facts}
        self.facts = tuple(known.values())
        places = {key: place for place, key in enumerate(known)}
        parts = [in_tiers(rule.when, _tier, 3) for rule in rules]
        # What is asked once a request, what once a line, and what for each thing asked of it.
        self.shared_asks: Asks = [_compiled(shared, places) for shared, _line, _asked in parts]
        self.asks: Asks = [_compiled(line, places) for _shared, line, _asked in parts]
        self.asked_asks: Asks = [_compiled(asked, places) for _shared, _line, asked in parts]
        self.gates = Gates([line for _shared, line, _asked in parts], places)
        self.asked_gates = Gates([asked for _shared, _line, asked in parts], places)
        self.shared, self.own, self.asked = (
            [(place, fact) for place, fact in enumerate(self.facts) if _tier(fact) == tier]
            for tier in (_SHARED, _LINE, _ASKED)
        )
        self.places = places
        self.needs = frozenset(fact.needs for fact in self.facts) - {Needs.NOTHING}
        self.asks_reasons = bool(self.asked)

    def __len__(self) -> int:
        return len(self.rules)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RuleSet) and self.written == other.written

    def __hash__(self) -> int:
        return hash(tuple(rule.key for rule in self.written))


def read_rules(reader: DocumentReader, path: str, reasons: tuple[Reason, ...]) -> RuleSet | None:
    """Read the list at ``path``; a document without it has no rules. Mistakes go to ``reader``.

    A rule that asks for one of ``reasons`` means its details too.
    """
    listed = reader.at(path)
    if listed is None:
        return None
    if not isinstance(listed, list | tuple):
        reader.fail(path, "List the rules.")
        return None
    if len(listed) > MOST_RULES:
        reader.fail(path, f"{MOST_RULES} rules are enough. Put some together.")
        return None
    named = tuple(one.key for one in reasons)
    rules = tuple(_read_rule(reader, f"{path}.{n}", named) for n in range(len(listed)))
    keys = [rule.key for rule in rules]
    for n, key in enumerate(keys):
        if key in keys[:n]:
            reader.fail(f"{path}.{n}.key", f"{key!r} is used twice. Choose another key.")
    spoken = (replace(rule, when=_with_details(rule.when, reasons)) for rule in rules if rule.on)
    return RuleSet(tuple(spoken), written=rules) if rules else None


def _with_details(condition: Condition | None, reasons: tuple[Reason, ...]) -> Condition | None:
    """Return ``condition`` with every reason it names meaning that reason's details as well."""
    if isinstance(condition, Group):
        parts = (_with_details(part, reasons) for part in condition.parts)
        return replace(condition, parts=tuple(part for part in parts if part is not None))
    if condition is None or condition.fact.key != REASON_ASKED:
        return condition
    details = [one for one in reasons if one.parent is not None]
    named = [one.key.casefold() for one in details if _names(condition, one.keys[-1].casefold())]
    if not named:
        return condition
    value = (*condition.value, *named) if _globs(condition) else condition.value | {*named}
    return replace(condition, value=value)


def _globs(test: FactTest) -> bool:
    return test.test.startswith("matches")


def _names(test: FactTest, key: str) -> bool:
    if _globs(test):
        return any(globbed(glob, key) for glob in test.value)
    return key in test.value


def _read_rule(reader: DocumentReader, path: str, reasons: tuple[str, ...]) -> Rule:
    reader.keys(path, {"key", "name", "on", "when", "then"}, {"text"})
    name = reader.at(f"{path}.name")
    if not isinstance(name, str) or not name.strip() or len(name) > 120:
        reader.fail(f"{path}.name", "Give the rule a name of at most 120 letters.")
        name = ""
    when = None
    if reader.at(f"{path}.when") is not None:
        when = read_condition(reader, f"{path}.when")
        if sum(1 for _ in leaves_of(when)) > MOST_TESTS:
            reader.fail(f"{path}.when", f"{MOST_TESTS} tests in one rule are enough. Split it.")
    return Rule(
        key=reader.key(f"{path}.key", "photo_check"),
        name=name.strip(),
        on=reader.flag(f"{path}.on"),
        when=when,
        then=_read_effects(reader, f"{path}.then", reasons),
        currency=str(reader.at("currency") or ""),
        text={} if reader.at(f"{path}.text") in (None, {}) else reader.labels(f"{path}.text"),
    )


def _read_effects(
    reader: DocumentReader, path: str, reasons: tuple[str, ...]
) -> tuple[Effect, ...]:
    listed: Any = reader.at(path)
    if not isinstance(listed, list | tuple) or not 0 < len(listed) <= MOST_EFFECTS:
        reader.fail(path, f"Say what the rule does: one to {MOST_EFFECTS} effects.")
        return ()
    read = [read_effect(reader, f"{path}.{n}", reasons) for n in range(len(listed))]
    effects = tuple(effect for effect in read if effect is not None)
    families = [one.kind.family for one in effects if one.kind.meets == "first"]
    for family in sorted({one for one in families if families.count(one) > 1}):
        twice = [one.kind.label for one in effects if one.kind.family == family]
        reader.fail(path, f"Keep one of these: {', '.join(twice)}.")
    return effects
