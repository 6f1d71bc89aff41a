"""Abuse, fairly: points that add up to a score whose parts are shown.

Points come from the merchant's own rules (effect ``risk_points``). A score can send a request to a
person and nothing else: it never refuses, and never silently. Who is on the allow list is not
scored, who is on the block list is always looked at. In shadow mode the score is only noted, so
that its precision can be read before it counts. From ``hold_at`` points on, money waits for the
inspection whatever the policy says of it (``processing``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rma.policy.model import Risk
from rma.policy.reader import DocumentReader
from rma.policy.types import RuleSpoken

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
    reader.keys(path, {"review_at", "shadow"}, {"hold_at"})
    hold_at = f"{path}.hold_at"
    return Risk(
        review_at=reader.whole(f"{path}.review_at", 1, 1000, "points"),
        shadow=reader.flag(f"{path}.shadow"),
        hold_at=None if reader.at(hold_at) is None else reader.whole(hold_at, 1, 1000, "points"),
    )


def score_of(spoken: Iterable[RuleSpoken]) -> int | None:
    """Return the score that a decision recorded, or None where nothing was scored."""
    return next((int(one.facts["score"]) for one in spoken if one.key == KEY), None)
