"""The built-in gateway: a complete provider that needs no account, for the demo and for trying out.

It behaves like a strict payment company and keeps its own ledger, which the rest of the product
never reads, so that it can bear witness against us. A payment reference that ends in one of
:data:`ACCIDENTS` makes that accident happen, as test cards do elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from refunds.providers import builtin_ledger as ledger
from refunds.providers.base import (
    Capabilities,
    RefundAnswer,
    RefundOrder,
    RefundProvider,
    RefundStatus,
)
from returns_portal.integrations.outcomes import Declined, Unavailable, Unknown

ACCIDENTS: Mapping[str, str] = {
    "-declined": "the refund is refused",
    "-busy": "the gateway is too busy; nothing happens",
    "-lost": "the refund is made and its answer is lost, once",
    "-pending": "the refund stays on its way",
    "-fails": "the refund is accepted and fails at the bank",
}


@dataclass(frozen=True, slots=True)
class _Script:
    """What a payment reference makes the gateway do."""

    status: RefundStatus = RefundStatus.SUCCEEDED
    lose_answer: bool = False


_SCRIPTS: Mapping[str, _Script] = {
    "-lost": _Script(lose_answer=True),
    "-pending": _Script(RefundStatus.PENDING),
    "-fails": _Script(RefundStatus.FAILED),
}


class BuiltinRefunds(RefundProvider):
    """Needs no credentials; works for the merchant in scope."""

    name: ClassVar[str] = "builtin"
    label: ClassVar[str] = "Built-in test gateway"
    capabilities: ClassVar[Capabilities] = Capabilities(
        partial=True, idempotent=True, webhook=False
    )

    def __init__(self, credentials: Mapping[str, object]) -> None:
        """Accept and ignore the credentials: the gateway trusts the merchant in scope."""

    def send(self, order: RefundOrder, *, key: str) -> RefundAnswer:
        """Record the refund once per key; a repeat with other parameters is refused as Unknown."""
        reference = order.payment_reference
        if order.amount.minor <= 0:
            raise Declined(
                "amount_not_possible", "The amount must be more than zero.", field="amount"
            )
        if reference.endswith("-declined"):
            raise Declined("declined", "The card is closed. Offer another way to be paid.")
        if reference.endswith("-busy"):
            raise Unavailable("busy", "The gateway is busy.", retry_after=30)
        script = next((s for end, s in _SCRIPTS.items() if reference.endswith(end)), _Script())
        entry, made_now = ledger.record(key, order, script.status)
        if not entry.agrees_with(order):
            raise Unknown("key_reused", "This key was used for another refund.")
        if made_now and script.lose_answer:
            raise Unknown("no_answer", "The gateway did not answer.")
        return _answer(entry)

    def find(self, order: RefundOrder, *, key: str) -> RefundAnswer | None:
        entry = ledger.by_operation(order.operation_id)
        return _answer(entry) if entry else None

    def read(self, provider_refund_id: str) -> RefundAnswer:
        entry = ledger.by_refund_id(provider_refund_id)
        if entry is None:
            raise Declined("resource_missing", "The gateway knows no such refund.")
        return _answer(entry)


def _answer(entry: ledger.LedgerEntry) -> RefundAnswer:
    status = RefundStatus(entry.status)
    return RefundAnswer(
        provider_refund_id=entry.refund_id,
        status=status,
        amount=entry.amount,
        failure_reason="declined" if status is RefundStatus.FAILED else None,
        operation_id=entry.operation_id,
        payment_reference=entry.payment_reference,
        raw={"id": entry.refund_id, "status": entry.status},
    )
