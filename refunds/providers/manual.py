"""Refunds that a person pays outside the product: bank transfer, cash, another system.

Nothing is called. The refund waits until a member of staff records that it was paid, which ends in
the same settlement as a provider's answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from refunds.providers.base import (
    Capabilities,
    RefundAnswer,
    RefundOrder,
    RefundProvider,
    RefundStatus,
)
from returns_portal.integrations.outcomes import Declined

_PREFIX = "manual-"


class ManualRefunds(RefundProvider):
    """Needs no credentials."""

    name: ClassVar[str] = "manual"
    label: ClassVar[str] = "Paid by hand"
    capabilities: ClassVar[Capabilities] = Capabilities(
        partial=True, idempotent=True, webhook=False, settled_by_hand=True
    )

    def __init__(self, credentials: Mapping[str, object]) -> None:
        """Accept and ignore the credentials: there is no account."""

    def send(self, order: RefundOrder, *, key: str) -> RefundAnswer:
        """Answer that a person has to act. The id follows from the operation, so repeats agree."""
        return RefundAnswer(
            provider_refund_id=_PREFIX + order.operation_id,
            status=RefundStatus.REQUIRES_ACTION,
            amount=order.amount,
            operation_id=order.operation_id,
            payment_reference=order.payment_reference,
        )

    def find(self, order: RefundOrder, *, key: str) -> RefundAnswer | None:
        """Return None: nothing exists outside our own records, so sending again is always right."""
        return None

    def read(self, provider_refund_id: str) -> RefundAnswer:
        """Refuse: there is nobody to ask. Only staff can say whether the money was paid."""
        raise Declined(
            "not_readable", "This refund is paid by hand. Record the payment once it is made."
        )
