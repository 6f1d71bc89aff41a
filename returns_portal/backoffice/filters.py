"""Reading filters out of a query string; what makes no sense is ignored, never an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, QueryDict

from returns_portal.core.clock import now
from returns_portal.core.status_words import status_words
from rma.models import Return
from rma.policy.document import Policy
from rma.queue import VIEWS, QueueFilters, StageCounts
from rma.states import STAGES, ResolutionKind

TABS = (
    ("review", "Needs review", "eye"),
    ("appeals", "Objections", ""),
    ("mine", "Mine", ""),
    ("waiting", "Waiting for shopper", ""),
    ("on_the_way", "On the way", ""),
    ("to_inspect", "To inspect", ""),
    ("payout", "Payout", ""),
    ("trouble", "Trouble", ""),
    ("all", "All", ""),
)
PERIODS = {"7": "last 7 days", "14": "last 14 days", "30": "last 30 days", "90": "last 90 days"}
_CHOICES = ("stage", "reason", "wanted", "method", "channel", "rule", "days")


def uuid_or_none(text: str | None) -> UUID | None:
    """Return the id in ``text``, or None where there is none."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class QueueQuery:
    """What the queue's address asks for, kept to what exists."""

    view: str
    text: str
    chosen: Mapping[str, str]
    oldest_first: bool
    after: str

    def to_filters(self, user_id: UUID, policy: Policy | None = None) -> QueueFilters:
        """Return the filters; who asks for a reason of ``policy`` means its details too."""
        mine, appealed = self.view == "mine", self.view == "appeals"
        stage = self.chosen.get("stage", "")
        open_stages = tuple(one for stages in VIEWS.values() for one in stages)
        days, reason = self.chosen.get("days"), self.chosen.get("reason", "")
        return QueueFilters(
            view="all" if mine or appealed else self.view,
            stages=(stage,) if stage else open_stages if mine else (),
            reason=reason,
            details=tuple(one.key for one in policy.details(reason)) if policy else (),
            wanted=self.chosen.get("wanted", ""),
            method=self.chosen.get("method", ""),
            channel=self.chosen.get("channel", ""),
            rule=self.chosen.get("rule", ""),
            mine=user_id if mine else None,
            appealed=appealed,
            since=now() - timedelta(days=int(days)) if days else None,
            text=self.text,
            oldest_first=self.oldest_first,
            after=self.after,
        )


def queue_query(query: QueryDict) -> QueueQuery:
    """Read the queue's query string. A search looks everywhere unless a view is named."""
    known = {key for key, _, _ in TABS}
    text = query.get("q", "").strip()[:120]
    view = query.get("view", "")
    allowed = _allowed()
    return QueueQuery(
        view=view if view in known else "all" if text else "review",
        text=text,
        chosen={
            name: str(query[name])
            for name in _CHOICES
            if query.get(name) and (allowed[name] is None or query[name] in allowed[name])
        },
        oldest_first=query.get("sort", "oldest" if view in ("", "review") else "") == "oldest",
        after=query.get("after", ""),
    )


def _allowed() -> dict[str, Any]:
    return {
        "stage": STAGES.keys() - {"draft"},
        "reason": None,
        "wanted": {kind.value for kind in ResolutionKind},
        "method": set(Return.Method.values),
        "channel": set(Return.Channel.values),
        "rule": None,
        "days": PERIODS.keys(),
    }


def tabs(
    request: HttpRequest, query: QueueQuery, counts: StageCounts, others: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Return the views as tabs with their counts; filters stay behind when the view changes.

    ``others`` counts the views that are not made of stages.
    """
    return [
        {
            "label": label,
            "url": f"?view={key}",
            "current": key == query.view,
            "count": others[key] if key in others else counts.of_view(key),
            "icon": icon,
            "tone": "danger" if key == "trouble" else "",
        }
        for key, label, icon in TABS
    ]


def selects(query: QueueQuery, policy: Policy | None) -> list[dict[str, Any]]:
    """Return the filter fields with their choices, the chosen one marked."""
    reasons = [(reason.key, reason.full_label()) for reason in policy.reasons] if policy else []
    rules = _rules(policy, query.chosen.get("rule", ""))
    fields: list[tuple[str, str, list[tuple[str, str]]]] = [
        (
            "stage",
            "Status",
            [(key, str(status_words(key).staff)) for key in STAGES if key != "draft"],
        ),
        ("reason", "Reason", reasons),
        (
            "wanted",
            "Wants",
            [(one.value, one.value.replace("_", " ").capitalize()) for one in ResolutionKind],
        ),
        ("method", "Sent by", [(value, str(label)) for value, label in Return.Method.choices]),
        ("channel", "Came in by", [(value, str(label)) for value, label in Return.Channel.choices]),
        *([("rule", "Rule", rules)] if rules else []),
        ("days", "Requested", list(PERIODS.items())),
    ]
    return [
        {"name": name, "label": label, "choices": choices, "value": query.chosen.get(name, "")}
        for name, label, choices in fields
    ]


def _rules(policy: Policy | None, chosen: str) -> list[tuple[str, str]]:
    """Return the own rules in force, and the chosen one by its key where it is none of them."""
    written = policy.rules.written if policy and policy.rules else ()
    named = {rule.key: rule.name for rule in written}
    if chosen:
        named.setdefault(chosen, chosen)
    return list(named.items())


def chips(request: HttpRequest, fields: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Return the active filters in words, each with the address without it."""
    found = []
    for one in fields:
        if not one["value"]:
            continue
        query = request.GET.copy()
        query.pop(one["name"], None)
        query.pop("after", None)
        words = dict(one["choices"]).get(one["value"], one["value"])
        prefix = "" if one["name"] == "days" else "is "
        found.append(
            {
                "field": one["label"],
                "value": f"{prefix}{words}",
                "remove_url": f"?{query.urlencode()}",
            }
        )
    return found
