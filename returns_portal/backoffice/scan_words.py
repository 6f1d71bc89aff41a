"""What a scan means at the bench: words, tone, sound, and where to go."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.contrib.messages import constants

from rma.goods import INSPECTED
from rma.models import Inspection
from rma.scanning import ScanHit, ScanKind
from rma.selectors import return_detail
from rma.states import ReturnStatus


@dataclass(frozen=True, slots=True)
class ScanResult:
    """The panel after a scan. ``number`` is the return to open, empty when there is none."""

    text: str
    tone: str
    icon: str
    sound: str
    code: str
    number: str = ""
    unit_id: UUID | None = None
    choices: tuple[str, ...] = ()

    @property
    def level(self) -> int:
        levels = {"danger": constants.ERROR, "warning": constants.WARNING, "info": constants.INFO}
        return levels.get(self.tone, constants.SUCCESS)


def scan_result(hit: ScanHit, open_number: str) -> ScanResult:
    """Say what a scan means; ``open_number`` is the return on the bench, if one is."""
    if hit.kind is ScanKind.ITEM:
        return _item(hit, open_number)
    if hit.rma is not None:
        return _parcel(hit)
    return ScanResult(
        text=f"We don’t know {hit.code}. Look it up, or record it as an extra item.",
        tone="danger",
        icon="alert",
        sound="unknown",
        code=hit.code,
    )


def _parcel(hit: ScanHit) -> ScanResult:
    rma = hit.rma
    if rma is None:
        raise ValueError("a parcel scan names one return")
    if rma.status in (ReturnStatus.CANCELLED, ReturnStatus.EXPIRED, ReturnStatus.DECLINED):
        text = f"{rma.number} was {rma.get_status_display().lower()}. Put it on the hold shelf."
        return ScanResult(text, "danger", "alert", "unknown", hit.code, number=rma.number)
    lines = rma.lines.count()
    items = "1 item" if lines == 1 else f"{lines} items"
    text = f"{rma.number} opened. {items}."
    return ScanResult(text, "info", "package", "parcel", hit.code, number=rma.number)


def _item(hit: ScanHit, open_number: str) -> ScanResult:
    if open_number:
        here = next((rma for rma in hit.returns if rma.number == open_number), None)
        if here is not None:
            return _item_here(hit, open_number)
        text = "Not in this parcel."
        if hit.returns:
            text = f"Not in this parcel. Belongs to {hit.returns[0].number}?"
        return ScanResult(text, "warning", "alert", "other", hit.code, number=open_number)
    if hit.rma is not None:
        text = f"{hit.rma.number} waits for this item."
        return ScanResult(text, "info", "package", "parcel", hit.code, number=hit.rma.number)
    choices = tuple(rma.number for rma in hit.returns)
    text = "Several returns wait for this item. Scan the slip, or choose one."
    if not choices:
        text = "No return waits for this item. Scan the slip, or record it as an extra item."
    return ScanResult(text, "warning", "alert", "other", hit.code, choices=choices)


def _item_here(hit: ScanHit, number: str) -> ScanResult:
    """The item belongs to the parcel on the bench: take the first of its units that waits."""
    lines = {line.pk for line in hit.lines}
    units = [one for one in return_detail(number).inspections if one.return_line_id in lines]
    waiting = _first_waiting(units)
    if waiting is not None:
        text = "Right item. Grade it on the right."
        return ScanResult(text, "success", "check-circle", "item", hit.code, number, waiting.pk)
    text = "Already graded." if units else "Right item. Receive the parcel first."
    return ScanResult(text, "neutral", "info", "done", hit.code, number=number)


def _first_waiting(units: list[Inspection]) -> Inspection | None:
    return next((one for one in units if one.status not in INSPECTED), None)
