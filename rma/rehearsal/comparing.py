"""One past return under another policy: what was decided, what would be, and what differs.

Pure: the stored snapshot goes in, and nothing that it lacks is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from rma.policy.document import Policy
from rma.policy.engine import evaluate
from rma.policy.types import (
    Decision,
    JsonObject,
    OrderFacts,
    RequestFacts,
    Result,
    Verdict,
    from_json,
)
from rma.policy.vocabulary import Needs

# What a rehearsal compares, in the order in which differences are named.
FIELDS = ("verdict", "line_verdict", "rule", "fee", "resolutions", "photo")
ENGINE_ERROR = "engine_error"
_RANK = {Verdict.REFUSE: 0, Verdict.REVIEW: 1, Verdict.ALLOW: 2}


class UnreadableError(Exception):
    """A stored snapshot that can't be read, or that lacks a fact on which the answer depends."""


@dataclass(frozen=True, slots=True)
class PastReturn:
    """A stored return. ``facts`` holds order and request, ``decision`` what was made of them.

    The shopper's earlier returns are counted only where the policy of that day asked for them:
    where it did not, ``knows_earlier_returns`` is False and the stored zero says nothing.
    """

    rma_id: UUID
    number: str
    requested_at: datetime
    expected_minor: int
    facts: JsonObject
    decision: JsonObject
    knows_earlier_returns: bool = True


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """What is compared of one requested line."""

    verdict: Verdict
    rule: str
    resolutions: tuple[str, ...]
    photo_required: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is compared of a decision. ``rule`` is its headline, empty when nothing stopped it."""

    verdict: Verdict
    rule: str
    fee_minor: int
    lines: tuple[LineOutcome, ...]

    @property
    def charged_minor(self) -> int:
        """The fee that is really taken: who is refused sends nothing back."""
        return 0 if self.verdict is Verdict.REFUSE else self.fee_minor


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A past return decided again. Money is minor units of ``currency``."""

    past: PastReturn
    before: Outcome
    after: Outcome
    changed: tuple[str, ...]
    version_before: int
    currency: str
    country: str
    customer_groups: tuple[str, ...]
    method: str
    titles: tuple[str, ...]
    reasons: tuple[str, ...]
    worth_minor: int
    has_engine_error: bool

    @property
    def direction(self) -> int:
        """Return 1 when the shopper fares better, -1 when worse, 0 for an equal verdict."""
        step = _RANK[self.after.verdict] - _RANK[self.before.verdict]
        return (step > 0) - (step < 0)


def rehearse(past: PastReturn, policy: Policy) -> Rehearsed:
    """Decide ``past`` again under ``policy``. Raises UnreadableError, never guesses."""
    try:
        before = outcome_of_stored(past.decision)
        version_before = int(past.decision["policy_version"])
        stored = from_json(OrderFacts, past.facts["order"])
        order = _without_promises_of(version_before, stored, policy)
        request = from_json(RequestFacts, past.facts["request"])
        _refuse_lacking(order, policy)
        decision = evaluate(order, request, policy)
        paid = _paid_minor(order, request)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableError(f"{type(error).__name__}: {error}") from error
    after = outcome_of(decision)
    if _hangs_on_earlier_returns(past, after, policy):
        raise UnreadableError("The shopper's earlier returns were not counted then.")
    lines = [order.line(line.line_key) for line in request.lines]
    never_priced = before.verdict is Verdict.REFUSE and past.expected_minor == 0
    return Rehearsed(
        past=past,
        before=before,
        after=after,
        changed=differences(before, after),
        version_before=version_before,
        currency=order.currency,
        country=order.country,
        customer_groups=order.customer_groups or (),
        method=request.method,
        titles=tuple(dict.fromkeys(line.title for line in lines if line is not None)),
        reasons=tuple(dict.fromkeys(line.reason for line in request.lines)),
        worth_minor=paid if never_priced else past.expected_minor,
        has_engine_error=any(spoken.key == ENGINE_ERROR for spoken in decision.rules_spoken),
    )


def _without_promises_of(version: int, order: OrderFacts, policy: Policy) -> OrderFacts:
    """Return ``order`` as if ``policy`` had been in force in place of ``version``.

    What that version promised at purchase would then have been promised by ``policy``, whose own
    windows say so. What an older version promised binds ``policy`` as it bound that one.
    """
    if policy.version == version:
        return order
    return replace(
        order,
        lines=tuple(
            replace(line, promised=None)
            if line.promised is not None and line.promised.version == version
            else line
            for line in order.lines
        ),
    )


def _refuse_lacking(order: OrderFacts, policy: Policy) -> None:
    """Refuse where rules or the risk score ask for what was not read when it was requested.

    Such a fact is not known, and a rule would stay silent where today it speaks.
    """
    kept = {
        Needs.HISTORY: order.history is not None,
        Needs.PAYMENTS: order.gateways is not None,
        Needs.CONDUCT: order.conduct is not None,
        Needs.LINKS: order.linked is not None,
        Needs.CATALOGUE: all(line.vendor is not None for line in order.lines),
    }
    needs = {Needs(need) for need in policy.rules.needs} if policy.rules else set()
    if policy.risk is not None:
        needs.add(Needs.HISTORY)
    lacking = [need for need in needs if not kept[need]]
    if lacking:
        raise UnreadableError(f"Not read then: {', '.join(sorted(lacking))}.")


def _hangs_on_earlier_returns(past: PastReturn, after: Outcome, policy: Policy) -> bool:
    """Say whether one more return of the shopper would have changed the answer.

    That rule can do no more than send a request to a person.
    """
    asked = policy.approval.first_return_only and not past.knows_earlier_returns
    return asked and after.verdict is Verdict.ALLOW


def outcome_of(decision: Decision) -> Outcome:
    headline = decision.headline
    return Outcome(
        verdict=decision.verdict,
        rule=headline.key if headline is not None else "",
        fee_minor=decision.fee_minor,
        lines=tuple(
            LineOutcome(line.verdict, line.rule_key, line.resolutions, line.photo_required)
            for line in decision.lines
        ),
    )


def outcome_of_stored(decision: JsonObject) -> Outcome:
    """Read the same out of a stored decision, without building the whole of it."""
    return Outcome(
        verdict=Verdict(decision["verdict"]),
        rule=_headline(decision["rules_spoken"]),
        fee_minor=int(decision["fee_minor"]),
        lines=tuple(
            LineOutcome(
                Verdict(line["verdict"]),
                line["rule_key"],
                tuple(line["resolutions"]),
                line["photo_required"],
            )
            for line in decision["lines"]
        ),
    )


def _headline(spoken: Iterable[dict[str, Any]]) -> str:
    """Return what ``Decision.headline`` names: the first refusal, else the first review."""
    first: dict[str, str] = {}
    for answer in spoken:
        first.setdefault(answer["result"], answer["key"])
    return first.get(Result.REFUSE) or first.get(Result.REVIEW) or ""


def differences(before: Outcome, after: Outcome) -> tuple[str, ...]:
    """Name what differs, in the order of FIELDS; nothing when the decisions are the same."""
    pairs = {
        "verdict": (before.verdict, after.verdict),
        "line_verdict": _column(before, after, "verdict"),
        "rule": ((before.rule, _of(before, "rule")), (after.rule, _of(after, "rule"))),
        "fee": (before.fee_minor, after.fee_minor),
        "resolutions": _column(before, after, "resolutions"),
        "photo": _column(before, after, "photo_required"),
    }
    return tuple(name for name in FIELDS if pairs[name][0] != pairs[name][1])


def _column(before: Outcome, after: Outcome, name: str) -> tuple[list[Any], list[Any]]:
    return _of(before, name), _of(after, name)


def _of(outcome: Outcome, name: str) -> list[Any]:
    return [getattr(line, name) for line in outcome.lines]


def _paid_minor(order: OrderFacts, request: RequestFacts) -> int:
    """Return what was paid for the requested units that are in the order."""
    known = ((order.line(line.line_key), line.quantity) for line in request.lines)
    return sum(quantity * line.unit_paid_minor for line, quantity in known if line is not None)
