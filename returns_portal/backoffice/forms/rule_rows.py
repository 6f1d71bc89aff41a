"""The rows of the rule form: one test of one fact, one effect, each with its fields and errors."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from returns_portal.backoffice.forms import rule_values as values
from returns_portal.backoffice.forms.rule_values import Box, Mistake
from returns_portal.backoffice.rule_chips import ICONS, group_of_effect
from rma.policy.conditions import TESTS
from rma.policy.effects import EffectKind, effect_kind, effect_kinds
from rma.policy.model import Policy
from rma.policy.rule_words import TEST_WORDS
from rma.policy.vocabulary import Fact, all_facts, fact_named

LONGEST_KEPT = 50_000
_SCOPES = {
    "order": "Order", "request": "Order", "customer": "Shopper", "item": "Item",
    "asked": "What is asked for the item", "return": "The whole return",
}  # fmt: skip
_NOTHING = Box(values.NOTHING)


@dataclass
class ValueRow:
    """What tests and effects have in common: a value in fields that suit it.

    ``drawn`` tells for which choice the fields were drawn; after another choice what they hold is
    no answer to it.
    """

    index: int
    texts: list[str] = field(default_factory=list)
    drawn: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    prefix = ""

    @property
    def id(self) -> str:
        return f"{self.prefix}-{self.index}"

    @property
    def box(self) -> Box:
        return _NOTHING

    @property
    def draws(self) -> str:
        """What ``drawn`` is to be while the fields suit what is chosen."""
        return ":".join([self.box.look, *(key for key, _ in self.box.choices[:1])])

    @property
    def first(self) -> str:
        """The text of the first field; words that were ticked as choices before, joined."""
        return (
            ", ".join(self.texts) if self.box.look == values.WORDS else next(iter(self.texts), "")
        )

    @property
    def second(self) -> str:
        return self.texts[1] if len(self.texts) > 1 else ""

    @property
    def height(self) -> int:
        return min(max(self.first.count("\n") + 1, 1), 8)

    @property
    def options(self) -> list[tuple[str, str, bool]]:
        """The choices as (value, words, ticked), with values no longer among them kept.

        The order is the usual one unless the document has its own, which is kept then.
        """
        chosen = {text.casefold(): text for text in self.texts if text}
        known = {key.casefold(): (key, words) for key, words in self.box.choices}
        usual = [*known, *(fold for fold in chosen if fold not in known)]
        if [fold for fold in usual if fold in chosen] != list(chosen):
            usual = [*chosen, *(fold for fold in usual if fold not in chosen)]
        found = []
        for fold in usual:
            key, words = known.get(fold, (chosen.get(fold, fold), chosen.get(fold, fold)))
            found.append((chosen.get(fold, key), words, fold in chosen))
        return found

    @property
    def places(self) -> list[str]:
        """What is chosen for each place of an order; empty for what is left open."""
        return [*self.texts, *[""] * self.box.fields][: self.box.fields]

    @property
    def error(self) -> str:
        return next(iter(self.errors.values()), "")

    def settle(self) -> None:
        """Empty the fields where they were drawn for another choice."""
        if self.drawn != self.draws:
            self.texts, self.drawn = [], self.draws

    def value(self, currency: str) -> Any:
        """Return the value for the document, None with an error where there is none."""
        if self.drawn != self.draws:
            self.settle()
            self.errors["value"] = "Say which value goes with it."
            return None
        try:
            return values.from_texts(self.texts, self.box, currency)
        except Mistake as mistake:
            self.errors["value"] = str(mistake)
            return None


@dataclass
class ConditionRow(ValueRow):
    """One test, in an inner group where ``group`` is set. With ``kept`` it is a part written
    elsewhere, nested deeper than the form goes, which stays as it is: JSON, shown as ``words``."""

    prefix = "c"

    policy: Policy | None = None
    fact_key: str = ""
    test: str = ""
    group: str = ""
    kept: str = ""
    words: SafeString = SafeString("")

    @property
    def fact(self) -> Fact | None:
        return fact_named(self.fact_key)

    @property
    def box(self) -> Box:
        if self.fact is None or self.policy is None:
            return _NOTHING
        return values.box_of_test(self.fact, self.test, self.policy)

    @property
    def tests(self) -> list[tuple[str, str]]:
        """The tests that suit the fact, as (key, words)."""
        return (
            [] if self.fact is None else [(one, TEST_WORDS[one]) for one in TESTS[self.fact.kind]]
        )

    @property
    def facts(self) -> SafeString:
        return fact_options(self.fact_key)

    def settle(self) -> None:
        if self.fact is not None and self.test not in TESTS[self.fact.kind]:
            self.test = TESTS[self.fact.kind][0]
        super().settle()

    def entry(self, currency: str) -> Any:
        """Return the part of the document; mistakes go to ``errors``."""
        if self.kept:
            return _json(self.kept)
        if self.fact is None:
            self.errors["fact"] = "Choose what is asked, or remove this row."
            return {}
        if self.test not in TESTS[self.fact.kind]:
            # Nothing is compared in a way that nobody chose.
            self.settle()
            self.errors["test"] = "Choose how to compare, and with what."
            return {}
        return {"fact": self.fact_key, "test": self.test, "value": self.value(currency)}


@dataclass
class EffectRow(ValueRow):
    """One effect of the rule."""

    prefix = "e"

    policy: Policy | None = None
    key: str = ""

    @property
    def kind(self) -> EffectKind | None:
        return effect_kind(self.key)

    @property
    def box(self) -> Box:
        if self.kind is None or self.policy is None:
            return _NOTHING
        return values.box_of_effect(self.kind, self.policy)

    @property
    def kinds(self) -> SafeString:
        return effect_options(self.key)

    def entry(self, currency: str) -> dict[str, Any]:
        """Return the part of the document; mistakes go to ``errors``."""
        if self.kind is None:
            self.errors["do"] = "Choose what the rule does, or remove this row."
            return {}
        if not self.kind.takes:
            return {"do": self.key}
        return {"do": self.key, "value": self.value(currency)}


def _json(text: str) -> Any:
    """Read a part that was kept; what cannot be read is left for the policy's reader to refuse."""
    try:
        return json.loads(text) if len(text) <= LONGEST_KEPT else None
    except (ValueError, RecursionError):
        return None


@cache
def fact_options(chosen: str) -> SafeString:
    """Draw every fact by what it is about, each with the date it is taken on."""
    groups: dict[str, list[tuple[str, str, str]]] = {}
    for fact in all_facts():
        words = f"{fact.label} ({fact.basis.value})"
        groups.setdefault(_SCOPES[fact.key.partition(".")[0]], []).append(
            (fact.key, words, " selected" if fact.key == chosen else "")
        )
    return _options("Choose a fact", groups)


@cache
def effect_options(chosen: str) -> SafeString:
    """Draw every effect under what it is for."""
    groups: dict[str, list[tuple[str, str, str]]] = {title: [] for title in ICONS}
    for kind in effect_kinds():
        mark = " selected" if kind.key == chosen else ""
        groups[group_of_effect(kind.key)].append((kind.key, kind.label, mark))
    return _options("Choose what it does", groups)


def _options(empty: str, groups: Mapping[str, Iterable[tuple[str, str, str]]]) -> SafeString:
    drawn = (
        (title, format_html_join("", '<option value="{}"{}>{}</option>', _swapped(rows)))
        for title, rows in groups.items()
    )
    return format_html(
        '<option value="">{}</option>{}',
        empty,
        format_html_join("", '<optgroup label="{}">{}</optgroup>', drawn),
    )


def _swapped(rows: Iterable[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    return [(key, SafeString(mark), words) for key, words, mark in rows]
