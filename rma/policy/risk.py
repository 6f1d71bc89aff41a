"""Abuse, fairly: points that add up to a score whose parts are shown.

Points come from the merchant's own rules (effect ``risk_points``). A score can send a request to a
person, and from ``photos_at`` points on ask for photos first: it never refuses for good, and never
silently. Who is on the allow list is not
scored, who is on the block list is always looked at. In shadow mode the score is only noted, so
that its precision can be read before it counts. From ``hold_at`` points on, money waits for the
inspection whatever the policy says of it (``processing``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from rma.policy.model import Reason, Risk
from rma.policy.reader import DocumentReader
from rma.policy.types import OrderFacts, RuleSpoken

KEY = "risk"
ALLOWED, BLOCKED = "allow", "block"


@dataclass(frozen=True, slots=True)
class Points:
    """What one rule adds to the score."""

    rule: str
    name: str
    points: int


def read_risk(reader: DocumentReader, path: str) -> Risk | None:
    """Read the section at ``path``; a document without it scores nobody."""
    if reader.at(path) is None:
        return None
    reader.keys(path, {"review_at", "shadow"}, {"hold_at", "photos_at"})

    def limit(name: str) -> int | None:
        place = f"{path}.{name}"
        return None if reader.at(place) is None else reader.whole(place, 1, 1000, "points")

    return Risk(
        review_at=reader.whole(f"{path}.review_at", 1, 1000, "points"),
        shadow=reader.flag(f"{path}.shadow"),
        hold_at=limit("hold_at"),
        photos_at=limit("photos_at"),
    )


def mark_of(order: OrderFacts) -> str:
    """Return the list that the shopper is on; empty for none, and where nobody was looked up."""
    return order.history.mark if order.history is not None else ""


def reaches_photos(limit: Risk | None, order: OrderFacts, points: Iterable[Points]) -> bool:
    """Say whether a score is one that asks for photos; of the allow list it asks nothing."""
    if limit is None or limit.photos_at is None or mark_of(order) == ALLOWED:
        return False
    return sum(one.points for one in points) >= limit.photos_at


def with_photos(reason: Reason) -> Reason:
    """Return ``reason`` as it is once the score asks for photos."""
    if reason.photo == "required":
        return reason
    return replace(reason, photo="required", photo_by_score=True)


def score_of(spoken: Iterable[RuleSpoken]) -> int | None:
    """Return the score that a decision recorded, or None where nothing was scored."""
    return next((int(one.facts["score"]) for one in spoken if one.key == KEY), None)
