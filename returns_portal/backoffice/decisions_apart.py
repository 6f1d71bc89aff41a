"""Two decisions on one return beside each other: both in full, and what differs in rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from returns_portal.backoffice.decision_words import findings
from returns_portal.backoffice.policy_words import RESOLUTION_WORDS
from returns_portal.backoffice.rehearsal_words import VERDICT_WORDS
from returns_portal.backoffice.rule_names import named
from returns_portal.core.money import Money, format_money
from rma.models import ReturnLine
from rma.policy.types import Decision, LineDecision


@dataclass(frozen=True, slots=True)
class Side:
    """One decision: its verdict, the sentence for each item, every rule that spoke."""

    title: str
    word: str
    tone: str
    fee: Money
    sentences: list[tuple[str, str]]
    findings: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Difference:
    about: str
    before: str
    after: str


def side(title: str, decision: Decision, lines: Sequence[ReturnLine]) -> Side:
    """Show one decision; ``lines`` are the return's, with their order lines."""
    word, tone = VERDICT_WORDS[decision.verdict]
    titles = _titles(lines)
    return Side(
        title=title,
        word=str(word),
        tone=tone,
        fee=Money(decision.fee_minor, decision.currency),
        sentences=[(titles.get(one.line_key, ""), one.sentence) for one in decision.lines],
        findings=findings(decision, lines),
    )


def _titles(lines: Sequence[ReturnLine]) -> dict[str, str]:
    return {str(line.order_line_id): line.order_line.title for line in lines}


def differences(
    before: Decision,
    after: Decision,
    lines: Sequence[ReturnLine],
    names: Mapping[str, str],
) -> list[Difference]:
    """Return what differs: the decision, its rule and fee, then item by item.

    ``names`` are those of the merchant's own rules by key.
    """
    rows = [
        Difference(_("Decision"), _verdict(before.verdict), _verdict(after.verdict)),
        Difference(_("Rule"), _rule(before, names), _rule(after, names)),
        Difference(_("Fee"), _fee(before), _fee(after)),
    ]
    titles = _titles(lines)
    for was, will in zip(before.lines, after.lines, strict=False):
        title = titles.get(was.line_key, "")
        rows += [
            Difference(f"{title}: {about}", left, right)
            for about, left, right in _line_rows(was, will, names)
        ]
    return [row for row in rows if row.before != row.after]


def _line_rows(
    was: LineDecision, will: LineDecision, names: Mapping[str, str]
) -> list[tuple[str, Any, Any]]:
    asked = {True: _("needed"), False: _("not needed")}
    return [
        (_("item"), _verdict(was.verdict), _verdict(will.verdict)),
        (_("rule"), named(was.rule_key, names), named(will.rule_key, names)),
        (_("outcomes"), _outcomes(was), _outcomes(will)),
        (_("photo"), asked[was.photo_required], asked[will.photo_required]),
    ]


def _verdict(verdict: str) -> str:
    return str(VERDICT_WORDS[verdict][0])


def _rule(decision: Decision, names: Mapping[str, str]) -> str:
    return named(decision.headline.key, names) if decision.headline else _("None stopped it")


def _fee(decision: Decision) -> str:
    return format_money(Money(decision.fee_minor, decision.currency))


def _outcomes(line: LineDecision) -> str:
    return ", ".join(RESOLUTION_WORDS.get(key, key.replace("_", " ")) for key in line.resolutions)
