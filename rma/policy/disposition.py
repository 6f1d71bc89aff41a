"""Where an inspected unit should go: the choice that recovers most, and what the others are worth.

Pure and explainable: hard reasons block a choice, an expected value ranks what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile

from returns_portal.core.money import Money, exponent, share
from rma.policy.document import Reason


class Grade(StrEnum):
    """A like new, B opened but fine, C worn or marked, D damaged."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class Disposition(StrEnum):
    RESTOCK = "restock"
    REPAIR = "repair"
    RECYCLE = "recycle"
    DISPOSE = "dispose"


GRADE_WORDS: Mapping[Grade, str] = {
    Grade.A: "Like new",
    Grade.B: "Opened, no marks",
    Grade.C: "Worn or marked",
    Grade.D: "Damaged",
}
CHECKS: Mapping[str, str] = {
    "complete": "All parts and accessories are there",
    "clean": "Clean, no smell, hygiene seal intact",
    "works": "Works and shows no fault",
    "safe": "Safe to handle and to ship",
}

# Percent of the price a unit brings back. Middle of the bands that resellers publish per grade;
# a repaired unit sells one grade higher, less the repair.
_RESTOCK_PERCENT = {Grade.A: 95, Grade.B: 75, Grade.C: 40, Grade.D: 10}
_REPAIRED_PERCENT = {Grade.A: 80, Grade.B: 65, Grade.C: 50, Grade.D: 30}
_RECYCLE_PERCENT = 5
_REPAIR_UNITS = 12


@dataclass(frozen=True, slots=True)
class Unit:
    """What the bench knows about one unit. An unanswered check counts for neither side."""

    grade: Grade
    reason: Reason | None
    checklist: Mapping[str, bool]
    value: Money

    def failed(self, check: str) -> bool:
        return self.checklist.get(check) is False

    @property
    def faulty(self) -> bool:
        """A fault that the bench found, or one the shopper reported and nobody has ruled out."""
        reported = self.reason is not None and self.reason.fault
        quality = self.reason is not None and self.reason.photo == "required"
        return self.failed("works") or (
            reported and quality and self.checklist.get("works") is not True
        )


@dataclass(frozen=True, slots=True)
class Alternative:
    """One choice with what it brings back; ``blocked`` says why it is out of the question."""

    disposition: Disposition
    recovers: Money
    blocked: str | None


@dataclass(frozen=True, slots=True)
class Suggestion:
    disposition: Disposition
    why: str
    alternatives: tuple[Alternative, ...]


def suggest(
    grade: Grade, reason: Reason | None, checklist: Mapping[str, bool], value: Money
) -> Suggestion:
    """Suggest where a unit goes. ``value`` is what the shopper paid for it.

    The unblocked choice that recovers most wins; equal ones go to the gentler, in the order
    restock, repair, recycle, dispose. Disposing is never blocked, so there is always an answer.
    """
    unit = Unit(Grade(grade), reason, checklist, value)
    weighed = [
        Alternative(disposition, recovers(unit), blocked(unit))
        for disposition, blocked, recovers in _CHOICES
    ]
    best = max(
        (choice for choice in weighed if choice.blocked is None),
        key=lambda choice: choice.recovers.minor,
    )
    return Suggestion(
        best.disposition,
        _why(unit, best.disposition, weighed),
        tuple(choice for choice in weighed if choice is not best),
    )


def _why(unit: Unit, chosen: Disposition, weighed: list[Alternative]) -> str:
    """Name the grade and the first thing that stood against a better choice."""
    words = GRADE_WORDS[unit.grade]
    better = takewhile(lambda choice: choice.disposition is not chosen, weighed)
    against = next((choice.blocked for choice in better if choice.blocked is not None), None)
    return f"{words}. {against or 'This brings back most of its value'}"


def _no_restock(unit: Unit) -> str | None:
    if unit.failed("safe"):
        return "Not safe to handle or ship"
    if unit.failed("clean"):
        return "Not clean enough to sell again"
    if unit.faulty:
        return "Faulty, so it can't be sold as it is"
    if unit.failed("complete"):
        return "Parts are missing"
    return "Too damaged to sell" if unit.grade is Grade.D else None


def _no_repair(unit: Unit) -> str | None:
    if unit.failed("safe"):
        return "Not safe to handle or ship"
    if unit.failed("clean"):
        return "Not clean enough to sell again"
    if _repaired_minor(unit) <= 0:
        return "A repair costs more than it brings"
    return None


def _no_recycling(unit: Unit) -> str | None:
    return "Not safe to handle or ship" if unit.failed("safe") else None


def _never_blocked(_unit: Unit) -> None:
    return None


def _restocked(unit: Unit) -> Money:
    return Money(share(unit.value.minor, _RESTOCK_PERCENT[unit.grade], 100), unit.value.currency)


def _repaired_minor(unit: Unit) -> int:
    places = exponent(unit.value.currency)
    cost = _REPAIR_UNITS * (10**places if places else 100)
    return share(unit.value.minor, _REPAIRED_PERCENT[unit.grade], 100) - cost


def _repaired(unit: Unit) -> Money:
    return Money(_repaired_minor(unit), unit.value.currency)


def _recycled(unit: Unit) -> Money:
    return Money(share(unit.value.minor, _RECYCLE_PERCENT, 100), unit.value.currency)


def _disposed(unit: Unit) -> Money:
    return Money.zero(unit.value.currency)


Block = Callable[[Unit], str | None]
Worth = Callable[[Unit], Money]
_CHOICES: tuple[tuple[Disposition, Block, Worth], ...] = (
    (Disposition.RESTOCK, _no_restock, _restocked),
    (Disposition.REPAIR, _no_repair, _repaired),
    (Disposition.RECYCLE, _no_recycling, _recycled),
    (Disposition.DISPOSE, _never_blocked, _disposed),
)
