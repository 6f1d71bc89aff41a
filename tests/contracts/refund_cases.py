"""The refund providers as the contract suite sees them: each with its own witness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from refunds.providers.base import RefundOrder, RefundProvider
from returns_portal.core.money import Money
from tests.simulators.stripe import Payment


@dataclass(frozen=True)
class RefundCase:
    """A provider, a payment to refund and the provider's own books.

    ``paid_out`` returns the operation ids the provider has booked; None where nothing outside our
    records exists (refunds paid by hand).
    """

    provider: RefundProvider
    payment_reference: str
    paid_out: Callable[[], list[str]] | None

    def order(self, operation_id: str, minor: int = 1000, currency: str = "EUR") -> RefundOrder:
        return RefundOrder(
            operation_id=operation_id,
            payment_reference=self.payment_reference,
            amount=Money(minor, currency),
            reason="Too small",
            metadata={"return": "R-7K4P-2M9X-WC"},
        )


def order_for(payment: Payment, operation_id: str = "op-1", minor: int = 1000) -> RefundOrder:
    """Return a refund of a payment at the Stripe simulator."""
    amount = Money(minor, payment.currency.upper())
    return RefundOrder(operation_id, payment.intent, amount, "Too small", {"return": "R-1"})
