"""Why an outcome of a return is settled, or is not yet: one sentence for each, for staff."""

from __future__ import annotations

from collections.abc import Iterator

from returns_portal.backoffice.return_words import WANTED_WORDS
from rma.policy.processing import KEY, MOMENT_WORDS
from rma.selectors import ReturnDetail
from rma.states import ResolutionKind, ResolutionStatus, ReturnStatus, ShipmentStatus

_WAITING = (ReturnStatus.REQUESTED, ReturnStatus.NEEDS_INFO)
_MOVED = (ShipmentStatus.IN_TRANSIT, ShipmentStatus.DELIVERED)
_LEFT = {
    "approval": "A person is asked to pay it.",
    "first_scan": "The carrier has not scanned the parcel yet.",
    "delivery": "The parcel has not arrived yet.",
    "hand": "Nobody has paid it yet.",
}


def why_paid(detail: ReturnDetail) -> list[str]:
    """Return a sentence for each outcome of a return that is not over, and what held them."""
    if detail.rma.status not in (*_WAITING, ReturnStatus.OPEN):
        return []
    return [*_outcomes(detail), *_held(detail)]


def _outcomes(detail: ReturnDetail) -> Iterator[str]:
    alive = {one.kind for one in detail.resolutions if one.status != ResolutionStatus.CANCELLED}
    for kind in dict.fromkeys(line.wanted for line in detail.lines):
        moment = detail.rma.processing.get(kind, "inspection")
        name = WANTED_WORDS[ResolutionKind(kind)]
        if kind in alive:
            yield f"{name}: settled. Policy says {MOMENT_WORDS[moment]}."
        else:
            yield f"{name}: {MOMENT_WORDS[moment]}. {_why_not(detail, moment)}"


def _why_not(detail: ReturnDetail, moment: str) -> str:
    if detail.rma.status in _WAITING:
        return "The request is not decided yet."
    if moment == "inspection" or (detail.receipts and moment != "hand"):
        return _at_the_bench(detail)
    if _has_come(detail, moment):
        return "A person is asked to pay it."
    return _LEFT[moment]


def _has_come(detail: ReturnDetail, moment: str) -> bool:
    parcel = detail.shipment
    if moment not in ("first_scan", "delivery") or parcel is None or parcel.last_scan_at is None:
        return False
    wanted = _MOVED if moment == "first_scan" else (ShipmentStatus.DELIVERED,)
    return parcel.status in wanted


def _at_the_bench(detail: ReturnDetail) -> str:
    if not detail.receipts:
        return "Nothing was received yet."
    waiting = sum(one.inspected_at is None for one in detail.inspections)
    if waiting:
        return f"{waiting} unit{'s' if waiting > 1 else ''} at the bench to inspect."
    return "Units are missing or were not accepted: a person settles it."


def _held(detail: ReturnDetail) -> Iterator[str]:
    """Yield the engine's own words where the risk score held something, or would have."""
    for spoken in detail.decision.rules_spoken if detail.decision else ():
        if spoken.key == KEY and ". " in spoken.staff:
            yield spoken.staff.partition(". ")[2]
