"""Facts that cost a query of their own: read only where a rule of the policy asks about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from returns_portal.commerce.models import Order, OrderLine, Payment, Product
from returns_portal.core import scope
from rma.policy.types import History

_HISTORY = """
SELECT bought.orders, bought.first_at, bought.units,
    back.returns, back.recent, back.declined, back.units,
    coalesce(bench.not_accepted, 0), coalesce(parcels.missing, 0),
    coalesce((
        SELECT m.kind FROM rma_shoppermark m
        WHERE m.merchant_id = %(merchant)s AND m.email_index = %(shopper)s
        AND m.ended_at IS NULL AND (m.expires_at IS NULL OR m.expires_at > %(now)s)
    ), '')
FROM (
    SELECT count(DISTINCT o.id) AS orders, min(o.placed_at) AS first_at,
        coalesce(sum(line.quantity) FILTER (WHERE NOT line.is_removed), 0) AS units
    FROM commerce_order o
    LEFT JOIN commerce_orderline line ON line.merchant_id = o.merchant_id AND line.order_id = o.id
    WHERE o.merchant_id = %(merchant)s AND o.email_index = %(shopper)s AND o.status <> 'cancelled'
) AS bought,
(
    SELECT count(DISTINCT r.id) FILTER (WHERE stood) AS returns,
        count(DISTINCT r.id) FILTER (WHERE stood AND r.created_at >= %(recent)s) AS recent,
        count(DISTINCT r.id) FILTER (WHERE r.status = 'declined') AS declined,
        coalesce(sum(l.quantity - l.released_quantity) FILTER (WHERE stood), 0) AS units
    FROM rma_return r
    CROSS JOIN LATERAL (
        SELECT r.status NOT IN ('declined', 'cancelled', 'expired') AS stood
    ) AS said
    JOIN rma_returnline l ON l.merchant_id = r.merchant_id AND l.rma_id = r.id
    WHERE r.merchant_id = %(merchant)s AND r.email_index = %(shopper)s
    AND r.id IS DISTINCT FROM %(but)s
) AS back,
(
    SELECT count(*) AS not_accepted FROM rma_inspection i
    JOIN rma_return r ON r.merchant_id = i.merchant_id AND r.id = i.rma_id
    WHERE r.merchant_id = %(merchant)s AND r.email_index = %(shopper)s
    AND i.is_accepted IS FALSE AND i.return_line_id IS NOT NULL
) AS bench,
(
    SELECT sum(found.quantity) AS missing FROM rma_receiptline found
    JOIN rma_receipt parcel
        ON parcel.merchant_id = found.merchant_id AND parcel.id = found.receipt_id
    JOIN rma_return r ON r.merchant_id = parcel.merchant_id AND r.id = parcel.rma_id
    WHERE r.merchant_id = %(merchant)s AND r.email_index = %(shopper)s
    AND found.status IN ('short', 'wrong_item')
) AS parcels
"""


def history_of(order: Order, now: datetime, but: UUID | None = None) -> History | None:
    """Return what the order's shopper did before, by e-mail address; None without one.

    The order itself counts as placed, the return ``but`` not at all. One statement.
    """
    if not order.email_index:
        return None
    values: dict[str, Any] = {
        "merchant": scope.current_merchant_id(),
        "shopper": bytes(order.email_index),
        "recent": now - timedelta(days=90),
        "now": now,
        "but": but,
    }
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY, values)
        row = cursor.fetchone()
    orders, first_at, bought, returns, recent, declined, returned = row[:7]
    not_accepted, missing, mark = row[7:]
    return History(
        orders=orders,
        days_known=max((now - first_at).days, 0) if first_at is not None else 0,
        returns=returns,
        returns_90=recent,
        declined=declined,
        not_accepted=not_accepted,
        missing=int(missing),
        units_bought=int(bought),
        units_returned=int(returned),
        mark=mark,
    )


def gateways_of(order: Order) -> tuple[str, ...]:
    """Return the gateways the order was paid through, in order of payment. One statement."""
    payments = Payment.objects.filter(order_id=order.pk).order_by("captured_at", "pk")
    return tuple(dict.fromkeys(payments.values_list("gateway", flat=True)))


def vendors_of(lines: Sequence[OrderLine]) -> Mapping[UUID, str]:
    """Return the vendor of each line's product, as the catalogue says now. One statement."""
    wanted = {line.variant_id: line.pk for line in lines if line.variant_id}
    found = Product.objects.filter(variants__in=wanted).values_list("variants", "vendor")
    by_variant = dict(found)
    return {line.pk: by_variant.get(line.variant_id, "") for line in lines}
