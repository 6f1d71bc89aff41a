"""The windows kept for the lines of one order, as the engine's facts read them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from returns_portal.core import scope
from rma.models import GrantedWindow
from rma.policy.types import from_json
from rma.policy.windows import Granted, Kept, Promised


@dataclass(frozen=True, slots=True)
class LineWindows:
    """What is kept for each line of an order beside the policy, by the line's id."""

    lines: Mapping[UUID, Kept] = field(default_factory=dict)

    def kept_for(self, line_id: UUID) -> Kept:
        return self.lines.get(line_id, NOTHING)


NOTHING = Kept()
NOTHING_KEPT = LineWindows()

# Joins what is kept for each ``line``: ``promised`` at purchase, and the latest day ``granted``.
WINDOW_JOINS = """
LEFT JOIN rma_promisedwindow promised
    ON promised.merchant_id = line.merchant_id AND promised.order_line_id = line.id
LEFT JOIN LATERAL (
    SELECT g.until, g.granted_by, g.reason FROM rma_grantedwindow g
    WHERE g.merchant_id = line.merchant_id AND g.order_id = line.order_id
    AND (g.order_line_id IS NULL OR g.order_line_id = line.id) AND g.withdrawn_at IS NULL
    ORDER BY g.until DESC, g.id LIMIT 1
) granted ON true
"""
_READ = f"""
SELECT line.id, promised.terms, granted.until, granted.granted_by, granted.reason
FROM commerce_orderline line
{WINDOW_JOINS}
WHERE line.merchant_id = %s AND line.order_id = %s
"""  # noqa: S608 - joined of constants, values are parameters


def windows_of(order_id: UUID) -> LineWindows:
    """Return what is kept for the lines of an order. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_READ, [scope.current_merchant_id(), order_id])
        rows = cursor.fetchall()
    return LineWindows({line_id: kept_from(*told) for line_id, *told in rows})


def kept_from(terms: str | None, until: date | None, by: str, reason: str) -> Kept:
    """Return what a statement told of one line; ``terms`` is the text of stored JSON."""
    promised = None if terms is None else from_json(Promised, json.loads(terms))
    return Kept(promised, None if until is None else Granted(until, by, reason))


def standing_grants(order_id: UUID) -> QuerySet[GrantedWindow]:
    """Return the days granted to an order that count now, oldest first, with their lines."""
    return grants_of(order_id).filter(withdrawn_at__isnull=True)


def grants_of(order_id: UUID) -> QuerySet[GrantedWindow]:
    """Return every day granted to an order, oldest first, with their lines."""
    rows = GrantedWindow.objects.filter(order_id=order_id).select_related("order_line")
    return rows.order_by("granted_at", "pk")
