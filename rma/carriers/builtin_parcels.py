"""The built-in carrier's own books: an independent witness of which labels were sold.

Only this module touches the table. The demo moves parcels with :func:`advance` and :func:`move`,
as postmen would; the product learns of it by tracking, as it does with any carrier.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from returns_portal.core import clock, db
from rma.carriers.base import TrackingStatus
from rma.models.carrier import BuiltinParcel

PREFIX = "RB"
_DIGITS = 12
# Two operations share a code about once in a million million; the unique index notices and the
# next number is taken.
_TRIES = 5
ROUTE = (
    (TrackingStatus.PRE_TRANSIT, "Label made", ""),
    (TrackingStatus.IN_TRANSIT, "Handed in", "Counter"),
    (TrackingStatus.IN_TRANSIT, "Arrived at the sorting centre", "Sorting centre"),
    (TrackingStatus.OUT_FOR_DELIVERY, "Out for delivery", "Depot"),
    (TrackingStatus.DELIVERED, "Delivered to the warehouse", "Warehouse"),
)
_MESSAGES = {
    TrackingStatus.RETURN_TO_SENDER: "On its way back to the sender",
    TrackingStatus.FAILURE: "Lost or damaged",
    TrackingStatus.AVAILABLE_FOR_PICKUP: "Waiting at the counter",
    TrackingStatus.CANCELLED: "Label cancelled",
}


@dataclass(frozen=True, slots=True)
class ParcelEntry:
    """One parcel as the carrier booked it; ``history`` is oldest first."""

    operation_id: str
    reference: str
    tracking_code: str
    status: TrackingStatus
    history: tuple[tuple[TrackingStatus, datetime, str, str], ...]


def record(operation_id: str, reference: str) -> ParcelEntry:
    """Return the operation's parcel, booking it on the first call. The unique index decides."""
    booked = by_operation(operation_id)
    for attempt in range(_TRIES):
        if booked is not None:
            return booked
        try:
            with db.durable():
                BuiltinParcel.objects.create(
                    operation_id=operation_id,
                    reference=reference,
                    tracking_code=tracking_code_for(operation_id, attempt),
                    status=TrackingStatus.PRE_TRANSIT,
                    history=[_event(*ROUTE[0])],
                )
        except IntegrityError:
            # Either this operation was booked a moment ago, or its number is another parcel's.
            booked = by_operation(operation_id)
        else:
            booked = by_operation(operation_id)
    if booked is None:
        raise RuntimeError(f"no free tracking code for {operation_id} in {_TRIES} tries")
    return booked


def by_operation(operation_id: str) -> ParcelEntry | None:
    """Return the parcel of an operation, or None."""
    with transaction.atomic():
        row = BuiltinParcel.objects.filter(operation_id=operation_id).first()
    return _entry(row) if row else None


def by_tracking_code(tracking_code: str) -> ParcelEntry | None:
    """Return the parcel with a tracking code, or None."""
    with transaction.atomic():
        row = BuiltinParcel.objects.filter(tracking_code=tracking_code).first()
    return _entry(row) if row else None


def entries() -> list[ParcelEntry]:
    """Return every parcel of the merchant in scope, oldest first: the witness statement."""
    with transaction.atomic():
        return [_entry(row) for row in BuiltinParcel.objects.order_by("created_at", "pk")]


def advance(tracking_code: str) -> ParcelEntry | None:
    """Move a parcel one step along the usual route; a delivered or lost one stays as it is."""
    with db.durable():
        row = _locked(tracking_code)
        if row is None:
            return None
        done = len(row.history)
        if row.status in {step[0] for step in ROUTE[:-1]} and done < len(ROUTE):
            _append(row, *ROUTE[done])
        return _entry(row)


def move(
    tracking_code: str, status: TrackingStatus, message: str = "", place: str = ""
) -> ParcelEntry | None:
    """Record any scan, also one that comes out of order, as carriers do."""
    with db.durable():
        row = _locked(tracking_code)
        if row is None:
            return None
        words = (
            message
            or _MESSAGES.get(status)
            or next((text for step, text, _ in ROUTE if step is status), "")
        )
        _append(row, status, words, place)
        return _entry(row)


def cancel_unused(operation_id: str) -> bool:
    """Cancel a label that was never handed in; return whether it is cancelled now."""
    with db.durable():
        row = BuiltinParcel.objects.select_for_update().filter(operation_id=operation_id).first()
        if row is None:
            return False
        if row.status == TrackingStatus.PRE_TRANSIT:
            _append(row, TrackingStatus.CANCELLED, _MESSAGES[TrackingStatus.CANCELLED], "")
        return bool(row.status == TrackingStatus.CANCELLED)


def tracking_code_for(operation_id: str, attempt: int = 0) -> str:
    """Return the code of an operation: always the same, with a check digit at the end."""
    digest = hashlib.sha256(f"{operation_id}/{attempt}".encode()).digest()
    number = f"{int.from_bytes(digest[:8]) % 10**_DIGITS:0{_DIGITS}d}"
    return f"{PREFIX}{number}{_luhn(number)}"


def is_tracking_code(text: str) -> bool:
    """Tell whether a text is one of our codes with the right check digit."""
    number = text.removeprefix(PREFIX)
    return (
        text.startswith(PREFIX)
        and len(number) == _DIGITS + 1
        and number.isascii()
        and number.isdigit()
        and _luhn(number[:-1]) == number[-1]
    )


def _luhn(number: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(number)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def _locked(tracking_code: str) -> BuiltinParcel | None:
    return BuiltinParcel.objects.select_for_update().filter(tracking_code=tracking_code).first()


def _append(row: BuiltinParcel, status: TrackingStatus, message: str, place: str) -> None:
    row.status = status
    row.history = [*row.history, _event(status, message, place)]
    row.save(update_fields=["status", "history"])


def _event(status: TrackingStatus, message: str, place: str) -> dict[str, Any]:
    return {
        "status": status.value,
        "at": clock.now().isoformat(),
        "message": message,
        "place": place,
    }


def _entry(row: BuiltinParcel) -> ParcelEntry:
    return ParcelEntry(
        operation_id=row.operation_id,
        reference=row.reference,
        tracking_code=row.tracking_code,
        status=TrackingStatus(row.status),
        history=tuple(
            (
                TrackingStatus(one["status"]),
                datetime.fromisoformat(one["at"]),
                one["message"],
                one["place"],
            )
            for one in row.history
        ),
    )
