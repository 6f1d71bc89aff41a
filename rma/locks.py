"""Row locks of returns. Order: order, return, lines, shipment, refund, stock."""

from __future__ import annotations

from uuid import UUID

from returns_portal.core.errors import NotFound
from rma.models import Return


def lock_return(rma_id: UUID) -> Return:
    """Lock a return and its order until the transaction ends; the order is loaded with it.

    Raises NotFound. One statement: PostgreSQL takes the locks of a joined row in the order of the
    list, the order's first, so that this never crosses a new request, which locks the order.
    """
    rma = (
        Return.objects.select_related("order", "policy_version")
        .select_for_update(of=("order", "self"))
        .filter(pk=rma_id)
        .first()
    )
    if rma is None:
        raise NotFound("This return does not exist. Check the number.")
    return rma
