"""Write movements and keep the levels their sum, in as few statements as it takes.

The unique key of a movement decides races; the check on a level decides who gets the last unit.
Levels are always changed in one order (variant, location, bucket as declared), so that two writers
never wait for each other in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from inventory.models import Bucket, StockLevel, StockMovement
from returns_portal.core import scope
from returns_portal.core.clock import now
from returns_portal.core.errors import Conflict
from returns_portal.core.ids import new_id

_RANK = {bucket.value: rank for rank, bucket in enumerate(Bucket)}
Place = tuple[UUID, UUID, str]


@dataclass(frozen=True, slots=True)
class Move:
    """Units about to go from one bucket to another; None is the world outside.

    ``key`` names the business fact and is used once; ``unit_cost_minor`` is per unit, minor units
    of ``currency``.
    """

    variant_id: UUID
    location_id: UUID
    from_bucket: Bucket | None
    to_bucket: Bucket | None
    quantity: int
    reason: str
    key: str
    about_id: UUID | None = None
    unit_cost_minor: int | None = None
    currency: str = ""


def apply_moves(moves: Sequence[Move], *, actor_name: str) -> list[StockMovement]:
    """Write those of ``moves`` whose key is new, adjust the levels, and return what was written.

    Runs in the caller's transaction. Raises Conflict when a bucket holds too few units; the
    caller's transaction is then to be rolled back.
    """
    if not moves:
        return []
    written = _insert(moves, actor_name)
    _adjust(written)
    return written


_INSERT = """
INSERT INTO inventory_stockmovement
    (id, merchant_id, variant_id, location_id, from_bucket, to_bucket, quantity, reason, key,
     about_id, unit_cost_minor, currency, actor_name, moved_at)
VALUES {rows}
ON CONFLICT (merchant_id, key) DO NOTHING
RETURNING id
"""


def _insert(moves: Sequence[Move], actor_name: str) -> list[StockMovement]:
    merchant_id, moment = scope.current_merchant_id(), now()
    rows = [
        StockMovement(
            id=new_id(),
            merchant_id=merchant_id,
            variant_id=move.variant_id,
            location_id=move.location_id,
            from_bucket=move.from_bucket,
            to_bucket=move.to_bucket,
            quantity=move.quantity,
            reason=move.reason,
            key=move.key,
            about_id=move.about_id,
            unit_cost_minor=move.unit_cost_minor,
            currency=move.currency,
            actor_name=actor_name[:120],
            moved_at=moment,
        )
        for move in moves
    ]
    values = ", ".join(["(" + ", ".join(["%s"] * 14) + ")"] * len(rows))
    arguments = [argument for row in rows for argument in _columns(row)]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT.format(rows=values), arguments)
        new = {UUID(str(found)) for (found,) in cursor.fetchall()}
    return [row for row in rows if row.pk in new]


def _columns(row: StockMovement) -> list[Any]:
    return [
        row.pk, row.merchant_id, row.variant_id, row.location_id, row.from_bucket, row.to_bucket,
        row.quantity, row.reason, row.key, row.about_id, row.unit_cost_minor, row.currency,
        row.actor_name, row.moved_at,
    ]  # fmt: skip


def _adjust(movements: Iterable[StockMovement]) -> None:
    """Change each touched level once, rising ones together where nothing falls."""
    deltas: dict[Place, int] = {}
    for row in movements:
        for bucket, sign in ((row.from_bucket, -1), (row.to_bucket, 1)):
            if bucket is not None:
                place = (row.variant_id, row.location_id, str(bucket))
                deltas[place] = deltas.get(place, 0) + sign * row.quantity
    ordered = sorted(
        ((place, delta) for place, delta in deltas.items() if delta),
        key=lambda entry: (str(entry[0][0]), str(entry[0][1]), _RANK[entry[0][2]]),
    )
    if all(delta > 0 for _, delta in ordered):
        _raise(ordered)
        return
    for place, delta in ordered:
        if delta > 0:
            _raise([(place, delta)])
        else:
            _lower(place, -delta)


_RAISE = """
INSERT INTO inventory_stocklevel (id, merchant_id, variant_id, location_id, bucket, quantity)
VALUES {rows}
ON CONFLICT (merchant_id, variant_id, location_id, bucket)
DO UPDATE SET quantity = inventory_stocklevel.quantity + EXCLUDED.quantity
"""


def _raise(deltas: Sequence[tuple[Place, int]]) -> None:
    if not deltas:
        return
    merchant_id = scope.current_merchant_id()
    values = ", ".join(["(%s, %s, %s, %s, %s, %s)"] * len(deltas))
    arguments: list[Any] = []
    for (variant_id, location_id, bucket), delta in deltas:
        arguments += [new_id(), merchant_id, variant_id, location_id, bucket, delta]
    with connection.cursor() as cursor:
        cursor.execute(_RAISE.format(rows=values), arguments)


_LOWER = """
UPDATE inventory_stocklevel SET quantity = quantity - %s
WHERE merchant_id = %s AND variant_id = %s AND location_id = %s AND bucket = %s AND quantity >= %s
"""


def _lower(place: Place, quantity: int) -> None:
    variant_id, location_id, bucket = place
    with connection.cursor() as cursor:
        cursor.execute(
            _LOWER,
            [quantity, scope.current_merchant_id(), variant_id, location_id, bucket, quantity],
        )
        if cursor.rowcount == 1:
            return
    held = (
        StockLevel.objects.filter(variant_id=variant_id, location_id=location_id, bucket=bucket)
        .values_list("quantity", flat=True)
        .first()
    )
    raise Conflict(
        f"Only {held or 0} of this item stand in “{Bucket(bucket).label}”, {quantity} are needed. "
        "Count the shelf and correct the stock first.",
        code="stock_too_low",
        facts={"bucket": bucket, "held": held or 0, "needed": quantity},
    )
