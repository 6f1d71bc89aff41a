"""Units of an order line that returns have taken. The database decides who gets the last one.

``claimed_quantity`` counts units in returns that are alive or were completed;
``fulfilled_quantity`` those that were sent. Every change is one conditional UPDATE: the row's own
lock orders the claimants, and PostgreSQL evaluates the condition again for each of them on the
value the one before left behind. A check constraint says the same a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from returns_portal.commerce.models import OrderLine
from returns_portal.core import scope
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import Conflict, InvalidInput

_CLAIM = """
UPDATE commerce_orderline AS line
SET claimed_quantity = line.claimed_quantity + wanted.units
FROM unnest(%s::uuid[], %s::integer[]) AS wanted (id, units)
WHERE line.id = wanted.id AND line.order_id = %s AND line.merchant_id = %s
AND NOT line.is_removed AND line.claimed_quantity + wanted.units <= line.fulfilled_quantity
RETURNING line.id
"""
_RELEASE = """
UPDATE commerce_orderline AS line
SET claimed_quantity = line.claimed_quantity - wanted.units
FROM unnest(%s::uuid[], %s::integer[]) AS wanted (id, units)
WHERE line.id = wanted.id AND line.merchant_id = %s
AND line.claimed_quantity >= wanted.units
"""


def claim_units(order_id: UUID, units: Mapping[UUID, int]) -> None:
    """Take ``units`` ({line id: quantity}) of one order for a return, all or none. One statement.

    Raises Conflict naming a line that has fewer left, and how many. The transaction is then spoilt,
    as what was taken of other lines must not stay. Take ``locks.lock_order`` first when claiming
    several lines: two claims in different order would deadlock without it.
    """
    _refuse_bad_amounts(units)
    with action_transaction(), connection.cursor() as cursor:
        merchant_id = scope.current_merchant_id()
        cursor.execute(_CLAIM, [list(units), list(units.values()), order_id, merchant_id])
        taken = {row[0] for row in cursor.fetchall()}
        if len(taken) != len(units):
            raise _shortage(order_id, {key: units[key] for key in units if key not in taken})


def release_units(units: Mapping[UUID, int]) -> None:
    """Give ``units`` ({line id: quantity}) back after a return was declined or cancelled.

    Raises Conflict when more would be released than was claimed: the caller released twice.
    """
    _refuse_bad_amounts(units)
    with action_transaction(), connection.cursor() as cursor:
        merchant_id = scope.current_merchant_id()
        cursor.execute(_RELEASE, [list(units), list(units.values()), merchant_id])
        if cursor.rowcount != len(units):
            raise Conflict("These units were released already.", code="units_not_claimed")


def _refuse_bad_amounts(units: Mapping[UUID, int]) -> None:
    if not units:
        raise InvalidInput("Choose at least one item.", field="lines")
    for quantity in units.values():
        if type(quantity) is not int or not 1 <= quantity <= 1_000_000:
            raise InvalidInput("Choose one unit or more of each item.", field="quantity")


def _shortage(order_id: UUID, short: Mapping[UUID, int]) -> Conflict:
    """Say in words which line is short and how many units of it are left."""
    rows = OrderLine.objects.filter(order_id=order_id, pk__in=list(short))
    line = rows.order_by("position").first()
    if line is None:
        return Conflict("An item is not part of this order.", code="unknown_line", field="lines")
    left = 0 if line.is_removed else line.fulfilled_quantity - line.claimed_quantity
    words = ngettext(
        "Only %(n)d unit of %(item)s can still be returned. Choose a smaller quantity.",
        "Only %(n)d units of %(item)s can still be returned. Choose a smaller quantity.",
        left,
    )
    if left == 0:
        words = _("No unit of %(item)s can still be returned. Choose a smaller quantity.")
    return Conflict(
        words % {"n": left, "item": line.title},
        code="units_taken",
        field=str(line.pk),
        facts={"line_id": str(line.pk), "left": left, "wanted": short[line.pk]},
    )
