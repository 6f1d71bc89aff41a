"""Where a parcel is, as a fold over the set of facts the carrier reported.

Pure. The same facts in any order, with any repetition, end in the same state: they are sorted by
when they happened, and each moves the parcel only along the table of listed moves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime

from rma.carriers.base import TrackingScan, TrackingStatus
from rma.states import ShipmentStatus, can_move

_MEANS: Mapping[TrackingStatus, ShipmentStatus] = {
    TrackingStatus.IN_TRANSIT: ShipmentStatus.IN_TRANSIT,
    TrackingStatus.OUT_FOR_DELIVERY: ShipmentStatus.IN_TRANSIT,
    TrackingStatus.AVAILABLE_FOR_PICKUP: ShipmentStatus.IN_TRANSIT,
    TrackingStatus.DELIVERED: ShipmentStatus.DELIVERED,
    TrackingStatus.RETURN_TO_SENDER: ShipmentStatus.RETURNED_TO_SENDER,
    TrackingStatus.FAILURE: ShipmentStatus.LOST,
}
# Of two facts with the same time the one further along counts last.
_RANK = {
    ShipmentStatus.IN_TRANSIT: 0,
    ShipmentStatus.LOST: 1,
    ShipmentStatus.DELIVERED: 2,
    ShipmentStatus.RETURNED_TO_SENDER: 3,
}


def fold(start: ShipmentStatus, facts: Iterable[tuple[str, datetime]]) -> ShipmentStatus:
    """Return the state after ``facts`` (tracking status, when), from ``start``.

    Statuses that move no parcel, and words we do not know, change nothing.
    """
    moves = sorted(
        (moment, _RANK[meaning], meaning)
        for status, moment in facts
        if (meaning := meaning_of(status)) is not None
    )
    state = start
    for _, _, meaning in moves:
        if meaning != state and can_move("shipment", state, meaning):
            state = meaning
    return state


def meaning_of(status: str) -> ShipmentStatus | None:
    """Return the parcel's state that a tracking status stands for, or None."""
    try:
        return _MEANS.get(TrackingStatus(status))
    except ValueError:
        return None


def fingerprint(scan: TrackingScan) -> bytes:
    """Return 16 bytes that are the same whenever the carrier tells the same thing again."""
    moment = scan.occurred_at.isoformat() if scan.occurred_at else ""
    text = "\x1f".join((scan.status.value, moment, scan.detail, scan.message, scan.location))
    return hashlib.sha256(text.encode()).digest()[:16]
