"""One order under the draft, the live version and one that decided; nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from returns_portal.commerce.keys import number_key
from returns_portal.commerce.models import Order
from returns_portal.commerce.selectors import order_for_return
from returns_portal.core.clock import now
from rma.models import PolicyVersion, Return
from rma.policy.document import RESOLUTIONS, Policy, parse_policy
from rma.policy.engine import evaluate, offer
from rma.policy.facts import build
from rma.policy.tailoring import reasons_of
from rma.policy.types import (
    Decision,
    LineFacts,
    LineOffer,
    OrderFacts,
    RequestFacts,
    RequestLine,
    RuleSpoken,
)
from rma.policy.withdrawal_terms import REASON

Status = PolicyVersion.Status
# Nobody has sent photos for a trial; where they are asked for they count as sent.
_ENOUGH_PHOTOS = 10


@dataclass(frozen=True, slots=True)
class Trial:
    """One line under one version: what may be done, and what a request for it would meet.

    ``reason`` and ``outcome`` are what the request was tried with; ``spoken`` are the rules that
    ran, in their order.
    """

    offer: LineOffer
    reason: str
    outcome: str
    decision: Decision

    @property
    def spoken(self) -> tuple[RuleSpoken, ...]:
        return self.decision.rules_spoken


@dataclass(frozen=True, slots=True)
class VersionTrial:
    """An order under one version, line by line in the order's order."""

    version: PolicyVersion
    policy: Policy
    trials: tuple[Trial, ...]


@dataclass(frozen=True, slots=True)
class ReturnTried:
    """A return whose order is tried again: by which version it was decided, and when."""

    number: str
    order_number: str
    reason: str
    version: int
    asked_at: datetime


def find_order_to_try(number: str) -> Order | None:
    """Return the newest order with exactly this number, loaded for a return."""
    key = number_key(number)
    found = Order.objects.filter(number_key=key or "-").order_by("-placed_at", "-pk").first()
    return None if found is None else order_for_return(found.pk)


def return_to_try(number: str) -> ReturnTried | None:
    """Return what a return was decided on, for trying its order again; None without it."""
    rma = (
        Return.objects.filter(number=number)
        .select_related("order", "policy_version")
        .defer("facts", "decision", "quote", "policy_version__document")
        .first()
    )
    if rma is None:
        return None
    first = rma.lines.order_by("position", "pk").values_list("reason", flat=True).first()
    reason = first if first and first != REASON else ""
    return ReturnTried(
        rma.number, rma.order.number, reason, rma.policy_version.number, rma.created_at
    )


def try_order(order: Order, *, reason: str = "", version: int | None = None) -> list[VersionTrial]:
    """Try ``order`` (from :func:`find_order_to_try`) under the draft and the live version, and
    under the published one with the number ``version`` beside them.

    Each line is asked for by itself, with ``reason`` or else the first that is nobody's fault, so
    that a refusal is seen.
    """
    wanted = Q(status__in=[Status.DRAFT, Status.LIVE]) | Q(number=version)
    # The draft is what is being thought about, so it comes first, and what is over last.
    places = [Status.DRAFT, Status.LIVE, Status.SCHEDULED, Status.RETIRED]
    ordered = sorted(
        PolicyVersion.objects.filter(wanted), key=lambda one: places.index(Status(one.status))
    )
    at = now()
    return [_under(version, order, reason, at) for version in ordered]


def _under(version: PolicyVersion, order: Order, reason: str, at: datetime) -> VersionTrial:
    policy = parse_policy(version.document, version=version.number)
    facts = build(order, at, policy=policy)
    offers = offer(facts, policy)
    trials = tuple(
        _try_line(facts, line, offered, policy, reason)
        for line, offered in zip(facts.lines, offers.lines, strict=True)
    )
    return VersionTrial(version, policy, trials)


def _try_line(
    facts: OrderFacts, line: LineFacts, offered: LineOffer, policy: Policy, reason: str
) -> Trial:
    open_reasons = {one.key: one.resolutions for one, _view in reasons_of(policy, facts, line)}
    usual = sorted(policy.reasons_for(line.product_type), key=lambda one: one.fault)
    tried = reason or usual[0].key
    outcome = next(iter(open_reasons.get(tried, ())), RESOLUTIONS[0])
    quantity = max(line.quantity_available, 1)
    asked = RequestLine(line.key, tried, quantity, outcome, _ENOUGH_PHOTOS)
    decision = evaluate(facts, RequestFacts((asked,), method=policy.methods[0]), policy)
    return Trial(offered, tried, outcome, decision)


def seen_by(spoken: RuleSpoken) -> Mapping[str, Any]:
    """Return the values a rule of the merchant's own saw, by fact; a setting has none."""
    saw: Mapping[str, Any] = spoken.facts.get("saw", {})
    return saw
