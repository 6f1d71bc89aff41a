"""How often the merchant's own rules spoke, and about which returns."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, QuerySet

from rma.models import Return, RuleMatch
from rma.policy.tailoring import key_of_own_rule
from rma.policy.types import Decision


@dataclass(frozen=True, slots=True)
class RuleCounts:
    """Of ``decisions`` made in a time, how many each rule applied to."""

    decisions: int
    by_rule: Mapping[str, int]


def new_matches(rma: Return, decision: Decision) -> list[RuleMatch]:
    """Return the unsaved matches of a decision just made, one for each own rule that applied."""
    keys = dict.fromkeys(key_of_own_rule(spoken.key) for spoken in decision.rules_spoken)
    return [
        RuleMatch(rma=rma, rule=key, asked_at=rma.created_at) for key in keys if key is not None
    ]


def rule_counts(rules: Collection[str], *, since: datetime) -> RuleCounts:
    """Count the decisions since a moment and those that each of ``rules`` applied to.

    Two statements, both answered from an index alone.
    """
    decisions = Return.objects.filter(created_at__gte=since).count()
    counted = (
        RuleMatch.objects.filter(rule__in=rules, asked_at__gte=since)
        .values_list("rule")
        .annotate(times=Count("*"))
        .order_by()
    )
    return RuleCounts(decisions, dict.fromkeys(rules, 0) | dict(counted))


def matched_ids(rule: str, *, since: datetime | None = None) -> QuerySet[RuleMatch, UUID]:
    """Return the ids of the returns a rule applied to, for a filter of returns."""
    matches = RuleMatch.objects.filter(rule=rule)
    if since is not None:
        matches = matches.filter(asked_at__gte=since)
    return matches.values_list("rma_id", flat=True)
