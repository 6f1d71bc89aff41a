"""Opening a parcel at the warehouse: what came, what is missing, what came unasked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from django.db.models import Subquery

from inventory.actions import moved_events
from inventory.ledger import Move, apply_moves
from inventory.models import Bucket, Location
from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import NewEvent, record_events
from returns_portal.activity.staff_tasks import open_task
from returns_portal.commerce.models import Variant
from returns_portal.core.actor import Actor
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import Conflict, InvalidInput, NotFound
from returns_portal.tenancy.managers import insert_together
from rma.actions.early import pay_what_is_due
from rma.actions.promises import new_promise
from rma.actions.resolution import settle_when_complete
from rma.goods import LineGoods, standing_of
from rma.locks import lock_return
from rma.models import Inspection, Promise, Receipt, ReceiptLine, Return
from rma.policy.days import local_day
from rma.policy.live import policy_of_return
from rma.stages import refresh_stage
from rma.states import ReceiptLineStatus, ReturnStatus

Found = ReceiptLineStatus
_ON_A_LINE = (Found.RECEIVED, Found.SHORT, Found.WRONG_ITEM)
_PHYSICAL = (Found.RECEIVED, Found.WRONG_ITEM, Found.EXTRA)
MAX_UNITS = 500


@dataclass(frozen=True, slots=True)
class ReceivedUnits:
    """Units of one kind found, or missing, in a parcel.

    RECEIVED and SHORT belong to a return line, WRONG_ITEM names the line it came instead of,
    EXTRA stands on no line. ``variant_id`` says what a wrong or extra unit is, where known.
    """

    return_line_id: UUID | None
    quantity: int
    status: ReceiptLineStatus
    variant_id: UUID | None = None
    code: str = ""
    note: str = ""


def receive_parcel(
    rma_id: UUID,
    *,
    location_id: UUID,
    units: Sequence[ReceivedUnits],
    operation_id: str,
    actor: Actor,
    note: str = "",
) -> Receipt:
    """Record what a parcel held, put the goods on hold and queue each unit for inspection.

    The same ``operation_id`` finds the first receipt: a replayed scan receives nothing twice.
    Units that are missing, extra or wrong are facts, and so are goods of a return that is not
    open; a person is told. Refuses more of a line than is still awaited.
    """
    if not units:
        raise InvalidInput("Say what was in the parcel, or that it was empty.", field="units")
    if not operation_id:
        raise InvalidInput("Reload the page before receiving this parcel.", field="operation_id")
    with action_transaction():
        rma = lock_return(rma_id)
        location, known_id = _location(location_id, operation_id)
        if known_id is not None:
            return _same_parcel(known_id, rma)
        standing = standing_of(rma)
        lines = {entry.line.pk: entry for entry in standing.goods}
        _check(units, lines)
        if location is None or not location.is_active:
            raise NotFound("This location does not exist or is closed. Choose another.")
        receipt = Receipt(
            rma=rma,
            location=location,
            operation_id=operation_id,
            note=note[:500],
            received_by=actor.name[:120],
        )
        found = [_line(receipt, one, lines) for one in units]
        bench = list(_inspections(rma, location, found))
        changed, promises = _arrived(rma, receipt) if rma.received_at is None else ([], [])
        insert_together([receipt], found, bench, promises)
        movements = apply_moves(list(_arrivals(rma, location, found)), actor_name=actor.name)
        event = NewEvent(EventKind.PARCEL_RECEIVED, "receipt", receipt.pk, rma.pk, _counts(found))
        record_events([event, *moved_events(movements)], actor=actor)
        _tell_person(rma, receipt, found)
        on_bench = standing.facts.units_received + len(bench)
        if rma.processing:
            pay_what_is_due(rma)
        if rma.part_settled and not bench:
            settle_when_complete(rma, standing_of(rma))
        refresh_stage(rma, replace(standing.facts, units_received=on_bench), saving=changed)
    return receipt


def _arrived(rma: Return, receipt: Receipt) -> tuple[list[str], list[Promise]]:
    """Note the first arrival; the refund is promised for sooner if it can be.

    Return the columns that changed and the new step of the promise, if it moved.
    """
    rma.received_at = receipt.received_at
    if rma.refund_promised_on is None:
        return ["received_at"], []
    days = policy_of_return(rma).refund_days
    sooner = local_day(receipt.received_at, rma.merchant.time_zone) + timedelta(days=days)
    if sooner >= rma.refund_promised_on:
        return ["received_at"], []
    rma.refund_promised_on = sooner
    step = new_promise(rma, Promise.Step.CHANGED, Promise.Rule.ARRIVAL)
    return ["received_at", "refund_promised_on"], step


def _location(location_id: UUID, operation_id: str) -> tuple[Location | None, UUID | None]:
    """Return the location, and the id of a receipt that the same operation made before."""
    receipt = Receipt.objects.filter(operation_id=operation_id).values("pk")
    rows = Location.objects.filter(pk=location_id).annotate(known=Subquery(receipt[:1]))
    location = rows.first()
    return location, getattr(location, "known", None)


def _same_parcel(receipt_id: UUID, rma: Return) -> Receipt:
    known = Receipt.objects.get(pk=receipt_id)
    if known.rma_id != rma.pk:
        raise Conflict("This scan was already used for another return. Reload the page.")
    return known


def _check(units: Sequence[ReceivedUnits], lines: Mapping[UUID, LineGoods]) -> None:
    """Refuse what can not be: no units, an unknown line, more of a line than is awaited."""
    if sum(one.quantity for one in units) > MAX_UNITS:
        raise InvalidInput(f"Receive up to {MAX_UNITS} units at once.", field="quantity")
    arrived: dict[UUID, int] = defaultdict(int)
    short: dict[UUID, int] = defaultdict(int)
    for one in units:
        if one.quantity < 1:
            raise InvalidInput("Enter one unit or more.", field="quantity")
        if one.status not in _ON_A_LINE:
            if one.status != Found.EXTRA or one.return_line_id is not None:
                raise InvalidInput("Extra items belong to no line of the return.", field="status")
            continue
        if one.return_line_id is None or one.return_line_id not in lines:
            raise InvalidInput("Choose an item of this return.", field="return_line_id")
        counted = short if one.status == Found.SHORT else arrived
        counted[one.return_line_id] += one.quantity
    _check_awaited(lines, arrived, short)
    _check_variants(units)


def _check_awaited(
    lines: Mapping[UUID, LineGoods], arrived: Mapping[UUID, int], short: Mapping[UUID, int]
) -> None:
    """A unit said to miss before may come now, but none may come, or miss, twice."""
    for line_id, entry in lines.items():
        came, missing = arrived.get(line_id, 0), short.get(line_id, 0)
        if came > entry.missing:
            raise Conflict(
                f"{entry.line.order_line.title}: {entry.missing} more can come, {came} were "
                "entered. Reload the page; record further ones as extra items.",
                code="more_than_awaited",
                field="quantity",
                facts={"line": str(line_id), "awaited": entry.missing},
            )
        if missing and missing > entry.awaited - came:
            raise Conflict(
                f"{entry.line.order_line.title}: only {max(entry.awaited - came, 0)} can be "
                "missing. Reload the page.",
                code="more_than_awaited",
                field="quantity",
                facts={"line": str(line_id), "awaited": entry.awaited},
            )


def _check_variants(units: Sequence[ReceivedUnits]) -> None:
    named = {one.variant_id for one in units if one.variant_id is not None}
    if named and Variant.objects.filter(pk__in=named).count() != len(named):
        raise InvalidInput("Choose a product of this shop.", field="variant_id")


def _line(receipt: Receipt, one: ReceivedUnits, lines: Mapping[UUID, LineGoods]) -> ReceiptLine:
    entry = lines.get(one.return_line_id) if one.return_line_id else None
    own = entry.line.order_line.variant_id if entry and one.status != Found.WRONG_ITEM else None
    return ReceiptLine(
        receipt=receipt,
        return_line_id=one.return_line_id,
        variant_id=one.variant_id or own,
        status=one.status,
        quantity=one.quantity,
        code=one.code[:120],
        note=one.note[:500],
    )


def _inspections(
    rma: Return, location: Location, found: Sequence[ReceiptLine]
) -> Iterator[Inspection]:
    """Every unit that lies on the table is looked at by itself."""
    for line in found:
        if line.status not in _PHYSICAL:
            continue
        for unit in range(1, line.quantity + 1):
            yield Inspection(
                rma=rma,
                receipt_line=line,
                return_line_id=line.return_line_id,
                variant_id=line.variant_id,
                location=location,
                unit=unit,
            )


def _arrivals(rma: Return, location: Location, found: Sequence[ReceiptLine]) -> Iterator[Move]:
    """Goods come in on hold. What we do not know has no stock to be counted in."""
    for line in found:
        if line.status in _PHYSICAL and line.variant_id is not None:
            yield Move(
                variant_id=line.variant_id,
                location_id=location.pk,
                from_bucket=None,
                to_bucket=Bucket.ON_HOLD,
                quantity=line.quantity,
                reason="return",
                key=f"receipt_line:{line.pk}",
                about_id=rma.pk,
            )


def _counts(found: Sequence[ReceiptLine]) -> dict[str, object]:
    """Return units by what was found, leaving out what was not."""
    counts: dict[str, object] = {}
    for status in (*_ON_A_LINE, Found.EXTRA):
        units = sum(line.quantity for line in found if line.status == status)
        if units or status == Found.RECEIVED:
            counts[status.value] = units
    return counts


_ODD = {
    Found.SHORT: "{} missing",
    Found.WRONG_ITEM: "{} of something else",
    Found.EXTRA: "{} not asked for",
}


def _tell_person(rma: Return, receipt: Receipt, found: Sequence[ReceiptLine]) -> None:
    counts = _counts(found)
    odd = [words.format(counts[status.value]) for status, words in _ODD.items() if status in counts]
    closed = rma.status != ReturnStatus.OPEN
    if not odd and not closed:
        return
    about = f"The parcel held units: {', '.join(odd)}." if odd else ""
    state = (
        f"The return is {rma.status.replace('_', ' ')}. Decide it, or send the goods back."
        if closed
        else "Inspect what came, then settle the return."
    )
    open_task(
        kind="unexpected_goods",
        key=f"receipt:{receipt.pk}",
        subject_kind="receipt",
        subject_id=receipt.pk,
        about_id=rma.pk,
        title=f"{rma.number}: {'goods of a return that is not open' if closed else ', '.join(odd)}",
        detail=f"{about} {state}".strip(),
    )
