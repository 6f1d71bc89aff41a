"""Row locks of refunds and payments, always taken after the lock of their order."""

from __future__ import annotations

from uuid import UUID

from refunds.models import Refund, RefundAllocation
from returns_portal.commerce.locks import lock_order
from returns_portal.commerce.models import Payment
from returns_portal.core.errors import NotFound


def lock_refund(refund_id: UUID) -> Refund:
    """Lock a refund and its order until the transaction ends. Raises NotFound."""
    order_id = Refund.objects.filter(pk=refund_id).values_list("order_id", flat=True).first()
    if order_id is None:
        raise NotFound("This refund does not exist.")
    lock_order(order_id)
    return Refund.objects.select_for_update(of=("self",)).select_related("order").get(pk=refund_id)


def lock_allocation(allocation_id: UUID) -> tuple[Refund, RefundAllocation]:
    """Lock one part of a refund, with the refund and its order. Raises NotFound."""
    order_id = (
        RefundAllocation.objects.filter(pk=allocation_id)
        .values_list("refund__order_id", flat=True)
        .first()
    )
    if order_id is None:
        raise NotFound("This part of a refund does not exist.")
    order = lock_order(order_id)
    part = (
        RefundAllocation.objects.select_for_update(of=("self", "refund"))
        .select_related("refund", "payment", "account")
        .get(pk=allocation_id)
    )
    part.refund.order = order
    return part.refund, part


def lock_payments(order_id: UUID) -> list[Payment]:
    """Lock an order's payments and return them in the order they were taken."""
    rows = Payment.objects.select_for_update(of=("self",)).filter(order_id=order_id).order_by("pk")
    return sorted(rows, key=lambda row: (row.captured_at is not None, row.captured_at, row.pk))
