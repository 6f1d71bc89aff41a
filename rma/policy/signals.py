"""Signals of abuse that cost a query of their own: read only where a rule asks about them.

They look at one merchant's own records by blind indexes, and each is a count that can be shown.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from returns_portal.commerce.models import Order
from returns_portal.core import scope
from rma.policy.fact import share_of
from rma.policy.model import Policy
from rma.policy.types import Conduct, Linked

# With fewer units bought, a share of them says nothing about a shopper.
LEAST_UNITS = 5
# What more shoppers share is an office, a parcel shop or a family name, and links nobody.
MOST_SHARING = 5
# No more orders are looked at for one phone number, address or card.
_MOST_ORDERS = 300

_CONDUCT = """
SELECT bought.units, bought.units_alike, bought.value,
    back.recent, back.units, back.value, back.claims, back.unproven
FROM (
    SELECT coalesce(sum(line.quantity), 0) AS units,
        coalesce(sum(line.quantity) FILTER (WHERE o.currency = %(currency)s), 0) AS units_alike,
        coalesce(sum(line.paid_minor) FILTER (WHERE o.currency = %(currency)s), 0) AS value
    FROM commerce_order o
    JOIN commerce_orderline line ON line.merchant_id = o.merchant_id AND line.order_id = o.id
    WHERE o.merchant_id = %(merchant)s AND o.email_index = %(shopper)s
    AND o.status <> 'cancelled' AND NOT line.is_removed
) AS bought,
(
    SELECT count(DISTINCT r.id) FILTER (WHERE r.created_at >= %(recent)s) AS recent,
        coalesce(sum(kept.units), 0) AS units,
        coalesce(sum(sold.paid_minor * kept.units / nullif(sold.quantity, 0))
            FILTER (WHERE r.currency = %(currency)s), 0) AS value,
        count(*) FILTER (WHERE kept.is_claim) AS claims,
        count(*) FILTER (WHERE kept.is_claim AND NOT kept.is_shown) AS unproven
    FROM rma_return r
    JOIN rma_returnline l ON l.merchant_id = r.merchant_id AND l.rma_id = r.id
    JOIN commerce_orderline sold ON sold.merchant_id = l.merchant_id AND sold.id = l.order_line_id
    CROSS JOIN LATERAL (
        SELECT l.quantity - l.released_quantity AS units, l.reason = ANY(%(faults)s) AS is_claim,
            EXISTS (
                SELECT FROM rma_photo p
                WHERE p.merchant_id = r.merchant_id AND p.rma_id = r.id
                AND p.return_line_id = l.id
            ) AS is_shown
    ) AS kept
    WHERE r.merchant_id = %(merchant)s AND r.email_index = %(shopper)s
    AND r.status NOT IN ('declined', 'cancelled', 'expired')
    AND r.id IS DISTINCT FROM %(but)s
) AS back
"""


def conduct_of(
    order: Order, policy: Policy, now: datetime, but: UUID | None = None
) -> Conduct | None:
    """Return how the order's shopper returned, by e-mail address; None without one.

    The order itself counts as bought, the return ``but`` not at all. What is a fault, ``policy``
    says. One statement.
    """
    if not order.email_index:
        return None
    row = _row(
        _CONDUCT,
        {
            "merchant": scope.current_merchant_id(),
            "shopper": bytes(order.email_index),
            "currency": order.currency,
            "recent": now - timedelta(days=30),
            "but": but,
            "faults": [reason.key for reason in policy.reasons if reason.fault],
        },
    )
    units, units_alike, value, recent, back, value_back, claims, unproven = map(int, row)
    return Conduct(
        returns_30=recent,
        return_bp=share_of(back, units) if units >= LEAST_UNITS else None,
        value_return_bp=share_of(value_back, value) if units_alike >= LEAST_UNITS else None,
        claims=claims,
        claims_unproven=unproven,
    )


_LINKED = """
WITH sharing AS (
    (
        SELECT 'mailbox' AS kind, o.mailbox_index AS key, o.email_index AS shopper
        FROM commerce_order o
        WHERE o.merchant_id = %(merchant)s
        AND o.mailbox_index = %(mailbox)s AND o.mailbox_index <> ''
        ORDER BY o.placed_at DESC LIMIT %(orders)s
    ) UNION (
        SELECT 'phone' AS kind, o.phone_index AS key, o.email_index AS shopper
        FROM commerce_order o
        WHERE o.merchant_id = %(merchant)s
        AND o.phone_index = %(phone)s AND o.phone_index <> ''
        ORDER BY o.placed_at DESC LIMIT %(orders)s
    ) UNION (
        SELECT 'address' AS kind, o.address_index AS key, o.email_index AS shopper
        FROM commerce_order o
        WHERE o.merchant_id = %(merchant)s
        AND o.address_index = %(address)s AND o.address_index <> ''
        ORDER BY o.placed_at DESC LIMIT %(orders)s
    ) UNION (
        SELECT 'card', other.card_index, o.email_index FROM commerce_payment own
        JOIN commerce_payment other
            ON other.merchant_id = own.merchant_id AND other.card_index = own.card_index
        JOIN commerce_order o ON o.merchant_id = other.merchant_id AND o.id = other.order_id
        WHERE own.merchant_id = %(merchant)s AND own.order_id = %(order)s
        AND own.card_index <> '' AND other.card_index <> ''
        ORDER BY o.placed_at DESC LIMIT %(orders)s
    )
),
others AS (SELECT * FROM sharing WHERE shopper <> '' AND shopper <> %(shopper)s),
near AS (
    SELECT others.kind, others.shopper FROM others
    JOIN (
        SELECT kind, key FROM others GROUP BY kind, key HAVING count(*) <= %(most)s
    ) AS few ON few.kind = others.kind AND few.key = others.key
)
SELECT found.shoppers, found.kinds, back.returns, back.recent, EXISTS (
    SELECT FROM rma_shoppermark m
    WHERE m.merchant_id = %(merchant)s AND m.email_index IN (SELECT shopper FROM near)
    AND m.kind = 'block' AND m.ended_at IS NULL
    AND (m.expires_at IS NULL OR m.expires_at > %(now)s)
)
FROM (
    SELECT count(DISTINCT shopper) AS shoppers,
        coalesce(array_agg(DISTINCT kind ORDER BY kind), '{}') AS kinds
    FROM near
) AS found,
(
    SELECT count(*) AS returns, count(*) FILTER (WHERE r.created_at >= %(recent)s) AS recent
    FROM rma_return r
    WHERE r.merchant_id = %(merchant)s AND r.email_index IN (SELECT shopper FROM near)
    AND r.status NOT IN ('declined', 'cancelled', 'expired')
) AS back
"""


def linked_of(order: Order, now: datetime) -> Linked:
    """Return who shares a mailbox, phone number, address or card with the order. One statement.

    A shopper is an e-mail address. Something that more than :data:`MOST_SHARING` others share
    links nobody.
    """
    row = _row(
        _LINKED,
        {
            "merchant": scope.current_merchant_id(),
            "order": order.pk,
            "orders": _MOST_ORDERS,
            "most": MOST_SHARING,
            "shopper": bytes(order.email_index),
            "mailbox": bytes(order.mailbox_index),
            "phone": bytes(order.phone_index),
            "address": bytes(order.address_index),
            "recent": now - timedelta(days=90),
            "now": now,
        },
    )
    shoppers, kinds, returns, recent, blocked = row
    return Linked(shoppers, tuple(kinds), returns, recent, blocked)


def _row(statement: str, values: dict[str, Any]) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return tuple(cursor.fetchone())
