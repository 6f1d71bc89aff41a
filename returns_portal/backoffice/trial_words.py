"""An order that was tried, in words: the answer for each item, and every rule with what it saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from returns_portal.backoffice.rule_chips import rules_of
from returns_portal.backoffice.selectors.order_trial import Trial, VersionTrial, seen_by
from returns_portal.commerce.models import Order
from rma.policy.model import Policy
from rma.policy.rule_words import OUTCOME_WORDS, listed, value_words
from rma.policy.tailoring import is_own_rule
from rma.policy.types import Result, RuleSpoken, Verdict
from rma.policy.vocabulary import Kind, fact_named

_VERDICTS = {
    Verdict.ALLOW: ("success", "May be returned"),
    Verdict.REVIEW: ("warning", "A person checks first"),
    Verdict.REFUSE: ("danger", "Refused"),
}
_TONES = {
    Result.PASS: "success",
    Result.REVIEW: "warning",
    Result.REFUSE: "danger",
    Result.NOTE: "neutral",
}


@dataclass(frozen=True, slots=True)
class Spoken:
    """One rule that spoke. ``saw`` are the values an own rule saw, in words; what a setting says
    has its values in it."""

    tone: str
    name: str
    staff: str
    sentence: str
    saw: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What one version says of one item."""

    version: str
    tone: str
    verdict: str
    sentence: str
    reasons: str
    outcomes: str
    tried: str
    spoken: tuple[Spoken, ...]

    @property
    def telling(self) -> list[Spoken]:
        """What was said by own rules, and by the settings that did not simply pass, in order."""
        return [one for one in self.spoken if one.is_own or one.tone != "success"]

    @property
    def passed(self) -> list[Spoken]:
        return [one for one in self.spoken if not one.is_own and one.tone == "success"]


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the order; ``answers`` stand as the versions do."""

    title: str
    answers: tuple[Answer, ...]

    @property
    def differs(self) -> bool:
        return (
            len({(one.verdict, one.sentence, one.reasons, one.outcomes) for one in self.answers})
            > 1
        )


def trial_items(order: Order, versions: Sequence[VersionTrial]) -> list[Item]:
    """Return the items of ``order`` with the answer of each version."""
    return [
        Item(line.title, tuple(_answer(one.trials[place], one) for one in versions))
        for place, line in enumerate(order.lines.all())
    ]


def _answer(trial: Trial, under: VersionTrial) -> Answer:
    policy = under.policy
    tone, verdict = _VERDICTS[trial.decision.verdict]
    stop = trial.decision.headline
    reason = policy.reason(trial.reason)
    return Answer(
        version=f"v{under.version.number} {under.version.get_status_display().lower()}",
        tone=tone,
        verdict=verdict,
        sentence=stop.sentence if stop else trial.offer.sentence,
        reasons=", ".join(one.label() for one in policy.reasons if one.key in trial.offer.reasons),
        outcomes=listed([OUTCOME_WORDS[one] for one in trial.offer.resolutions] or ["nothing"]),
        tried=f"{reason.full_label() if reason else trial.reason}, {OUTCOME_WORDS[trial.outcome]}",
        spoken=tuple(_spoken(one, policy) for one in trial.spoken),
    )


def _spoken(spoken: RuleSpoken, policy: Policy) -> Spoken:
    return Spoken(
        tone=_TONES[spoken.result],
        name=_name(spoken.key, policy),
        staff=spoken.staff,
        sentence=spoken.sentence,
        saw="; ".join(_seen(key, value, policy) for key, value in seen_by(spoken).items()),
        is_own=is_own_rule(spoken.key),
    )


def _name(key: str, policy: Policy) -> str:
    """Return ``Rule 3`` for a rule the merchant wrote, else the setting's name."""
    if not is_own_rule(key):
        return key.replace("_", " ").capitalize()
    numbers = {f"rule:{rule.key}": number for number, rule in enumerate(rules_of(policy), 1)}
    return f"Rule {numbers[key]}" if key in numbers else key


def _seen(key: str, value: Any, policy: Policy) -> str:
    fact = fact_named(key)
    if fact is None:
        return f"{key}: {value}"
    if value is None:
        return f"{fact.label}: not known"
    if isinstance(value, bool):
        return f"{fact.label}: {'yes' if value else 'no'}"
    if isinstance(value, list):
        return f"{fact.label}: {', '.join(value) or 'none'}"
    if fact.kind is Kind.DATE:
        value = date.fromisoformat(value)
    return f"{fact.label}: {value_words(fact.kind, value, policy.currency)}"
