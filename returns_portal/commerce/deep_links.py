"""Signed links that lead a shopper straight to the items of one order, for a shop's own e-mails.

Whoever has such a link has proved to know the order. Nothing is stored: the order and the last
second are in the link, signed for one merchant.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.core import signing

from returns_portal.commerce.models import Order
from returns_portal.core import scope
from returns_portal.core.clock import now
from returns_portal.tenancy.links import portal_link
from returns_portal.tenancy.models import Merchant

LIFE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class DeepLink:
    """The absolute ``url`` of a link and the moment after which it opens nothing."""

    url: str
    expires_at: datetime


def deep_link(merchant: Merchant, order: Order, *, life: timedelta = LIFE) -> DeepLink:
    """Return a link that skips the first page of the portal for ``order``."""
    expires_at = (now() + life).replace(microsecond=0)
    told = [order.pk.hex, int(expires_at.timestamp())]
    query = urlencode({"t": signing.dumps(told, salt=_salt())})
    return DeepLink(f"{portal_link(merchant, 'find')}?{query}", expires_at)


def order_of_deep_link(signed: str) -> Order | None:
    """Return the order of a link of the merchant in scope; None if it is forged, late or cancelled.

    At most one statement.
    """
    try:
        order_id, until = signing.loads(signed, salt=_salt())
    except signing.BadSignature:
        return None
    if now().timestamp() >= until:
        return None
    return Order.objects.filter(pk=UUID(order_id), status=Order.Status.OPEN).first()


def _salt() -> str:
    return f"commerce.deep_link:{scope.current_merchant_id()}"
