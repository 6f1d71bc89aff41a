"""The built-in gateway's own books: an independent witness of what was refunded.

Only this module touches the table. Refund code must not read it; tests and ``check_invariants``
compare it with our records.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from refunds.models.gateway import BuiltinGatewayRefund
from refunds.providers.base import RefundOrder
from returns_portal.core import db
from returns_portal.core.money import Money

PREFIX = "bgr_"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One refund as the gateway booked it."""

    refund_id: str
    operation_id: str
    payment_reference: str
    amount: Money
    status: str

    def agrees_with(self, order: RefundOrder) -> bool:
        """Tell whether the entry is this order's and not another one under the same key."""
        return (self.operation_id, self.payment_reference, self.amount) == (
            order.operation_id,
            order.payment_reference,
            order.amount,
        )


def record(key: str, order: RefundOrder, status: str) -> tuple[LedgerEntry, bool]:
    """Return the entry under ``key`` and whether this call made it. The unique key decides."""
    with db.durable():
        row, made_now = BuiltinGatewayRefund.objects.get_or_create(
            idempotency_key=key,
            defaults={
                "operation_id": order.operation_id,
                "payment_reference": order.payment_reference,
                "amount_minor": order.amount.minor,
                "currency": order.amount.currency,
                "status": status,
            },
        )
    return _entry(row), made_now


def by_operation(operation_id: str) -> LedgerEntry | None:
    """Return the entry of an operation, or None."""
    with transaction.atomic():
        row = BuiltinGatewayRefund.objects.filter(operation_id=operation_id).first()
    return _entry(row) if row else None


def by_refund_id(refund_id: str) -> LedgerEntry | None:
    """Return the entry with the gateway's own refund id, or None."""
    with transaction.atomic():
        row = _rows(refund_id).first()
    return _entry(row) if row else None


def move(refund_id: str, status: str) -> bool:
    """Let the bank settle or bounce a refund later, as banks do; return whether it exists."""
    with db.durable():
        return _rows(refund_id).update(status=status) == 1


def entries() -> list[LedgerEntry]:
    """Return the whole ledger of the merchant in scope, oldest first: the witness statement."""
    with transaction.atomic():
        return [_entry(row) for row in BuiltinGatewayRefund.objects.order_by("created_at", "pk")]


def _rows(refund_id: str) -> QuerySet[BuiltinGatewayRefund]:
    try:
        key = UUID(refund_id.removeprefix(PREFIX))
    except ValueError:
        return BuiltinGatewayRefund.objects.none()
    return BuiltinGatewayRefund.objects.filter(pk=key)


def _entry(row: BuiltinGatewayRefund) -> LedgerEntry:
    return LedgerEntry(
        refund_id=f"{PREFIX}{row.pk.hex}",
        operation_id=row.operation_id,
        payment_reference=row.payment_reference,
        amount=Money(row.amount_minor, row.currency),
        status=row.status,
    )
