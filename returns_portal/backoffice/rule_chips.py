"""A merchant's own rules in sentences with their values set off, in groups by what they do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import SequenceMatcher

from babel import Locale, UnknownLocaleError
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from returns_portal.backoffice.report_words import country_name
from returns_portal.core.clock import now
from rma.policy.choices import choices_of, reason_choices
from rma.policy.conditions import Condition, FactTest, Group
from rma.policy.conflicts import find_oddities
from rma.policy.document import Policy
from rma.policy.effects import Effect
from rma.policy.rule_words import effect_words, words_of_test
from rma.policy.ruleset import Rule
from rma.rule_matches import rule_counts

WINDOWS = "Who can return, and until when"
REVIEWS = "When a person checks first"
OFFERS = "Fees, outcomes and methods"
STAFF = "For staff"
ICONS = {WINDOWS: "calendar", REVIEWS: "eye", OFFERS: "card", STAFF: "users"}
_GROUPS = {
    WINDOWS: (
        "decline", "accept", "set_window", "set_fault_window", "extend_until", "only_reasons",
        "exclude_reasons",
    ),
    REVIEWS: ("review", "approve", "review_hours", "require_photos", "risk_points"),
    STAFF: ("tag", "note"),
}  # fmt: skip
# How far back the page counts what each rule applied to; a period of the list of returns.
COUNTED_DAYS = 90
NEW, CHANGED, MOVED, REMOVED = "New", "Changed", "Moved", "Removed"


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule as the page lists it. ``up`` and ``down`` are the numbers of its neighbours in the
    group, None at the ends; ``texts`` are what shoppers read, (language, text), English first.
    ``hits`` counts the decisions it applied to, None where nobody counted."""

    number: int
    key: str
    name: str
    html: SafeString
    texts: tuple[tuple[str, str], ...]
    is_on: bool
    was: str = ""
    oddities: tuple[str, ...] = ()
    up: int | None = None
    down: int | None = None
    hits: int | None = None

    @property
    def hits_text(self) -> str:
        return f"{self.hits:,}" if self.hits is not None else ""


@dataclass(frozen=True, slots=True)
class RuleGroup:
    title: str
    icon: str
    lines: tuple[RuleLine, ...]


def rules_of(policy: Policy | None) -> tuple[Rule, ...]:
    """Return the rules as they are written, also those switched off."""
    return policy.rules.written if policy is not None and policy.rules else ()


def rule_groups(
    policy: Policy,
    before: Policy | None = None,
    *,
    checked: bool = False,
    hits: Mapping[str, int] | None = None,
) -> list[RuleGroup]:
    """Return the rules by what they do, numbered as they run; with ``before``, changed ones say so.

    A rule stands in the first group that one of its effects belongs to. Oddities are looked for
    where they are ``checked``: each pair of rules is compared.
    """
    rules = rules_of(policy)
    marks = _marks(rules, rules_of(before)) if before else {}
    odd: dict[str, list[str]] = {}
    for finding in find_oddities(rules, policy.currency) if checked else ():
        odd.setdefault(finding.rule, []).append(finding.sentence)
    grouped: dict[str, list[tuple[int, Rule]]] = {title: [] for title in ICONS}
    for number, rule in enumerate(rules, 1):
        grouped[_group_of(rule)].append((number, rule))
    return [
        RuleGroup(title, ICONS[title], tuple(_lines(policy, numbered, marks, odd, hits or {})))
        for title, numbered in grouped.items()
        if numbered
    ]


def removed_rules(policy: Policy, before: Policy | None) -> list[RuleLine]:
    """Return the rules of ``before`` that ``policy`` no longer has, with their numbers there."""
    left = {rule.key for rule in rules_of(policy)}
    gone = [(n, rule) for n, rule in enumerate(rules_of(before), 1) if rule.key not in left]
    if before is None:
        return []
    return [
        RuleLine(n, rule.key, rule.name, sentence(rule, before), _texts(rule), rule.on, REMOVED)
        for n, rule in gone
    ]


def rules_context(draft: Policy | None, live: Policy | None) -> dict[str, object]:
    """Return what the page of the policy shows of the rules: those of the draft, else the live."""
    policy = draft or live
    if policy is None:
        return {}
    before, rules = live if draft else None, rules_of(policy)
    since = now() - timedelta(days=COUNTED_DAYS)
    counts = rule_counts([rule.key for rule in rules], since=since) if rules else None
    hits = counts.by_rule if counts else None
    return {
        "rule_groups": rule_groups(policy, before, checked=True, hits=hits),
        "rules_gone": removed_rules(policy, before),
        "rule_count": len(rules),
        "counted_days": COUNTED_DAYS,
        "decision_count": counts.decisions if counts else 0,
        "decisions": f"{counts.decisions:,}" if counts else "",
    }


def group_of_effect(key: str) -> str:
    """Return the title of the group that an effect belongs to."""
    return next((title for title, keys in _GROUPS.items() if key in keys), OFFERS)


def _group_of(rule: Rule) -> str:
    titles = {group_of_effect(effect.kind.key) for effect in rule.then}
    return next(title for title in ICONS if title in titles)


def _lines(
    policy: Policy,
    numbered: Sequence[tuple[int, Rule]],
    marks: dict[str, str],
    odd: dict[str, list[str]],
    hits: Mapping[str, int],
) -> Iterator[RuleLine]:
    numbers = [None, *(number for number, _ in numbered), None]
    for place, (number, rule) in enumerate(numbered, 1):
        yield RuleLine(
            number=number,
            key=rule.key,
            name=rule.name,
            html=sentence(rule, policy),
            texts=_texts(rule),
            is_on=rule.on,
            was=marks.get(rule.key, ""),
            oddities=tuple(odd.get(rule.key, ())),
            up=numbers[place - 1],
            down=numbers[place + 1],
            hits=hits.get(rule.key),
        )


def _marks(rules: Sequence[Rule], before: Sequence[Rule]) -> dict[str, str]:
    """Say of each rule how it differs: new, changed, or moved past rules that stayed."""
    old = {rule.key: rule for rule in before}
    now = {rule.key for rule in rules}
    ours = [rule.key for rule in rules if rule.key in old]
    theirs = [rule.key for rule in before if rule.key in now]
    blocks = SequenceMatcher(a=theirs, b=ours, autojunk=False).get_matching_blocks()
    stayed = {key for block in blocks for key in ours[block.b : block.b + block.size]}
    marks = {}
    for rule in rules:
        if rule.key not in old:
            marks[rule.key] = NEW
        elif rule != old[rule.key]:
            marks[rule.key] = CHANGED
        elif rule.key not in stayed:
            marks[rule.key] = MOVED
    return marks


def _texts(rule: Rule) -> tuple[tuple[str, str], ...]:
    ordered = sorted(rule.text.items(), key=lambda one: (one[0] != "en", one[0]))
    return tuple((language_name(code), text) for code, text in ordered)


def language_name(code: str) -> str:
    """Return the English name of a language, else its code."""
    try:
        return Locale.parse(code, sep="-").get_display_name("en") or code
    except (UnknownLocaleError, ValueError):
        return code


def sentence(rule: Rule, policy: Policy) -> SafeString:
    """Return what a rule asks and does as one sentence, with facts, values and effects set off."""
    effects = format_html_join(", ", "<b>{}</b>", ((_effect(one, policy),) for one in rule.then))
    if rule.when is None:
        return format_html("Always: {}", effects)
    return format_html("If {}: {}", condition_html(rule.when, policy), effects)


def condition_html(condition: Condition, policy: Policy) -> SafeString:
    """Return a condition as a phrase with facts and values set off."""
    if isinstance(condition, FactTest):
        return _test(condition, policy)
    parts = ((_part(part, policy),) for part in condition.parts)
    if condition.kind == "none":
        return format_html("none of: {}", format_html_join("; ", "{}", parts))
    return format_html_join(" and " if condition.kind == "all" else " or ", "{}", parts)


def _part(part: Condition, policy: Policy) -> SafeString:
    html = condition_html(part, policy)
    return format_html("({})", html) if isinstance(part, Group) and len(part.parts) > 1 else html


def _test(test: FactTest, policy: Policy) -> SafeString:
    fact, words, value = words_of_test(test, policy.currency)
    if not isinstance(test.value, frozenset):
        return format_html("<b>{}</b> {} <b>{}</b>", fact, words, value)
    labels = {key.casefold(): label for key, label in choices_of(test.fact, policy)}
    named = sorted(_word(test, word, labels) for word in test.value)
    values = format_html_join(" or ", "<b>{}</b>", ((word,) for word in named))
    return format_html("<b>{}</b> {} {}", fact, words, values)


def _word(test: FactTest, word: str, labels: dict[str, str]) -> str:
    if test.fact.key == "order.country":
        return country_name(word.upper())
    return labels.get(word, word)


def _effect(effect: Effect, policy: Policy) -> str:
    label, value = effect_words(effect, policy.currency)
    if effect.kind.takes == "reasons":
        names = dict(reason_choices(policy))
        value = ", ".join(names.get(key, key) for key in effect.value)
    return f"{label}: {value}" if value else label
