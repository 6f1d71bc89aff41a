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
    return _known(_locked(pk=rma_id))


def lock_return_of_unit(inspection_id: UUID) -> Return:
    """Lock the return that a unit at the bench belongs to, with its order. Raises NotFound."""
    return _known(_locked(inspections=inspection_id))


def lock_return_of_refund(refund_id: UUID) -> Return | None:
    """Lock the return that a refund pays for, with its order; None when it pays for no return."""
    return _locked(resolutions__refund=refund_id)


def _locked(**which: UUID) -> Return | None:
    return (
        Return.objects.select_related("order", "policy_version", "merchant")
        .select_for_update(of=("order", "self"))
        .filter(**which)
        .first()
    )


def _known(rma: Return | None) -> Return:
    if rma is None:
        raise NotFound("This return does not exist. Check the number.")
    return rma
