"""When the money moves: the moment of each outcome, and what rules and the risk score make of it.

An outcome is set in motion at approval, at the first carrier scan, when the parcel is delivered,
after the inspection, or by hand. A return has one moment for each kind of outcome: of several
items with one, the most cautious says when. What is withdrawn by law follows the policy alone, and
only where that pays sooner.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rma.policy.approval import Whole, risk
from rma.policy.keeping import KEPT_OUTCOMES
from rma.policy.model import INSTANT, MOMENTS, Policy, Processing
from rma.policy.reader import DocumentReader
from rma.policy.risk import BLOCKED
from rma.policy.types import RequestLine, Result, RuleSpoken

SECTION, KEY = "processing", "processing"
_OUTCOMES = {
    "refund": "refund", "store_credit": "store credit", "exchange": "exchange",
    "replacement": "replacement", "repair": "repair",
}  # fmt: skip
# A replacement moves like an exchange, and a repair never before the goods are here.
TIMED = ("refund", "store_credit", "exchange")
MOMENT_WORDS = {
    "approval": "at approval",
    "first_scan": "at the first carrier scan",
    "delivery": "when the parcel is delivered",
    "inspection": "after the inspection",
    "hand": "by hand",
}


def read_processing(reader: DocumentReader) -> Processing | None:
    """Read the section; without it every outcome waits for the inspection."""
    if reader.at(SECTION) is None:
        return None
    reader.keys(SECTION, set(TIMED))
    return Processing(**{kind: reader.choice(f"{SECTION}.{kind}", MOMENTS) for kind in TIMED})


def speaks(whole: Whole) -> bool:
    """Say whether the policy or one of its rules names a moment; else nothing is recorded."""
    return whole.policy.processing is not None or any(whole.moments)


def when_paid(whole: Whole) -> RuleSpoken:
    """Say when each outcome of the request is set in motion, and whether the score holds it."""
    at = _latest(whole.policy, zip(whole.request.lines, whole.moments, strict=True))
    held, because = _held(whole) if INSTANT & set(at.values()) else (False, "")
    facts: dict[str, Any] = {"at": at, "held": held}
    if held:
        facts["held_from"] = at
        at = {kind: "inspection" if one in INSTANT else one for kind, one in at.items()}
        facts["at"] = at
    return RuleSpoken(KEY, Result.NOTE, "", f"{moments_words(at)}{because}.", None, facts)


def when_withdrawn(whole: Whole) -> RuleSpoken:
    """Say when a withdrawal is refunded: by policy where that is sooner than the inspection."""
    at = _latest(whole.policy, ((line, "") for line in whole.request.lines))
    at = {kind: one if one in INSTANT else "inspection" for kind, one in at.items()}
    facts = {"at": at, "held": False}
    return RuleSpoken(KEY, Result.NOTE, "", f"{moments_words(at)}.", None, facts)


def moments_of(spoken: Iterable[RuleSpoken]) -> dict[str, str]:
    """Return the moment of each outcome that a decision recorded.

    Empty where nothing moves before the inspection or by hand.
    """
    at: dict[str, str] = next((dict(one.facts["at"]) for one in spoken if one.key == KEY), {})
    return at if set(at.values()) - {"inspection"} else {}


def after_inspection(at: Mapping[str, str]) -> dict[str, str]:
    """Return the moments of a return of which nothing may move before the goods are accepted."""
    later = {kind: "inspection" if one in INSTANT else one for kind, one in at.items()}
    return later if set(later.values()) - {"inspection"} else {}


def is_held(spoken: Iterable[RuleSpoken]) -> bool:
    """Say whether a decision held for a person what would have been paid at once."""
    return any(one.key == KEY and one.facts["held"] for one in spoken)


def moments_words(at: Mapping[str, str]) -> str:
    """Say the moments to staff, e.g. "Refund at approval, exchange after the inspection"."""
    names = {kind: _OUTCOMES.get(kind, kind.replace("_", " ")) for kind in at}
    said = ", ".join(f"{names[kind]} {MOMENT_WORDS[one]}" for kind, one in at.items())
    return f"{said[:1].upper()}{said[1:]}"


def _latest(policy: Policy, told: Iterable[tuple[RequestLine, str]]) -> dict[str, str]:
    at: dict[str, str] = {}
    for line, by_rule in told:
        moment = _moment(policy, line.resolution, by_rule)
        known = at.setdefault(line.resolution, moment)
        at[line.resolution] = max(known, moment, key=MOMENTS.index)
    return at


def _moment(policy: Policy, kind: str, by_rule: str) -> str:
    """Return the moment of one item: the approval for what is not sent back.

    No rule sends a replacement before anything was sent back.
    """
    usual = policy.processing.of(kind) if policy.processing is not None else "inspection"
    if kind in KEPT_OUTCOMES:
        return "approval"
    # What is repaired has to be here first.
    if kind == "repair":
        return "inspection"
    if kind in ("exchange", "replacement") and by_rule == "approval":
        return usual
    return by_rule or usual


def _held(whole: Whole) -> tuple[bool, str]:
    """Return whether the risk score holds what would be paid at once, with the words for staff."""
    limit = whole.policy.risk
    if limit is None or limit.hold_at is None:
        return False, ""
    facts = risk(whole).facts
    score, mark = facts["score"], facts["mark"]
    if mark == BLOCKED:
        return True, ". Held until the inspection: on the block list"
    if mark or score < limit.hold_at:
        return False, ""
    words = f"risk score {score} of {limit.hold_at}"
    if limit.shadow:
        return False, f". Would be held, {words}. Only noted"
    return True, f". Held until the inspection: {words}"
