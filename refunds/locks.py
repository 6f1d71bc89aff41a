"""Row locks of refunds and payments, always taken after the lock of their order."""

from __future__ import annotations

from uuid import UUID

from refunds.models import Refund, RefundAllocation
from returns_portal.commerce.models import Payment
from returns_portal.core.errors import NotFound


def lock_refund(refund_id: UUID) -> Refund:
    """Lock a refund and its order until the transaction ends. Raises NotFound.

    One statement, here and below: PostgreSQL takes the locks of a joined row in the order of the
    list, the order's first. A row that is only joined is as it was before any wait.
    """
    refund = (
        Refund.objects.select_related("order")
        .select_for_update(of=("order", "self"))
        .filter(pk=refund_id)
        .first()
    )
    if refund is None:
        raise NotFound("This refund does not exist.")
    return refund


def lock_allocation(allocation_id: UUID) -> tuple[Refund, RefundAllocation]:
    """Lock one part of a refund, with the refund and its order. Raises NotFound."""
    part = (
        RefundAllocation.objects.select_related("refund__order", "payment", "account")
        .select_for_update(of=("refund__order", "refund", "self"))
        .filter(pk=allocation_id)
        .first()
    )
    if part is None:
        raise NotFound("This part of a refund does not exist.")
    return part.refund, part


def lock_payments(order_id: UUID) -> list[Payment]:
    """Lock an order's payments and return them in the order they were taken."""
    rows = Payment.objects.select_for_update(of=("self",)).filter(order_id=order_id).order_by("pk")
    return sorted(rows, key=lambda row: (row.captured_at is not None, row.captured_at, row.pk))
