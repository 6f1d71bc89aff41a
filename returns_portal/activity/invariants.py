"""I21 and I25: no event lost on its way, none changed or taken out."""

from __future__ import annotations

from datetime import timedelta

from returns_portal.activity.models import Delivery
from returns_portal.activity.seal import broken_seals
from returns_portal.core.clock import now
from returns_portal.core.invariants import register
from returns_portal.core.scope import current_merchant_id


def problems() -> list[str]:
    """Return deliveries that nobody took for an hour, and breaks of the hash chain."""
    stale = Delivery.objects.filter(
        status=Delivery.Status.WAITING, attempts=0, due_at__lt=now() - timedelta(hours=1)
    )
    return [
        f"delivery {row.pk} to {row.handler} was never tried" for row in stale[:100]
    ] + broken_seals(current_merchant_id())


register("activity", problems)
