"""The two calls made to a refund provider: pay a part, and read how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from refunds import staff
from refunds.actions.settle import apply_declined, apply_provider_status, apply_unknown
from refunds.models import Refund
from refunds.planning import SEND
from refunds.providers.base import RefundAnswer, RefundOrder, RefundProvider, RefundStatus
from refunds.providers.manual import ManualRefunds
from refunds.providers.registry import build
from returns_portal.core.actor import provider
from returns_portal.core.clock import now
from returns_portal.core.money import Money
from returns_portal.integrations.calls import Answer, Operation, register
from returns_portal.integrations.models import ProviderAccount, ProviderCall
from returns_portal.integrations.outcomes import Unavailable

READ = "refund.read"
_PAUSED_SECONDS = 900


def provider_for(call: ProviderCall) -> RefundProvider:
    """Build the call's provider. Raises Unavailable while the merchant has paused the account."""
    account = call.account
    if account is None:
        return ManualRefunds({})
    if account.status == ProviderAccount.Status.PAUSED:
        raise Unavailable(
            "account_paused",
            f"The account {account.name} is paused. {account.paused_reason}".strip(),
            retry_after=_PAUSED_SECONDS,
        )
    return build(account.provider, account.credentials)


def _order_of(params: Mapping[str, Any]) -> RefundOrder:
    return RefundOrder(
        operation_id=params["operation_id"],
        payment_reference=params["payment_reference"],
        amount=Money(params["amount_minor"], params["currency"]),
        reason=params["reason"],
        metadata=params["metadata"],
    )


def answer_to_json(answer: RefundAnswer, provider_name: str) -> Answer:
    """Return an answer as it is kept on the call, the provider's own words included."""
    return {
        "provider": provider_name,
        "provider_refund_id": answer.provider_refund_id,
        "status": answer.status.value,
        "amount_minor": answer.amount.minor,
        "currency": answer.amount.currency,
        "failure_reason": answer.failure_reason,
        "operation_id": answer.operation_id,
        "payment_reference": answer.payment_reference,
        "raw": answer.raw,
    }


def answer_from_json(kept: Mapping[str, Any]) -> RefundAnswer:
    """Return a kept answer without the provider's own words, which our code never reads."""
    return RefundAnswer(
        provider_refund_id=kept["provider_refund_id"],
        status=RefundStatus(kept["status"]),
        amount=Money(kept["amount_minor"], kept["currency"]),
        failure_reason=kept["failure_reason"],
        operation_id=kept["operation_id"],
        payment_reference=kept["payment_reference"],
    )


class SendRefund(Operation):
    """Pay one part of a refund; the subject of the call is the part."""

    kind = SEND

    def send(self, call: ProviderCall) -> Answer:
        driver = provider_for(call)
        return answer_to_json(driver.send(_order_of(call.params), key=call.key), driver.name)

    def find(self, call: ProviderCall) -> Answer | None:
        driver = provider_for(call)
        found = driver.find(_order_of(call.params), key=call.key)
        return answer_to_json(found, driver.name) if found else None

    def may_resend(self, call: ProviderCall) -> bool:
        """Send again under the same key only while the provider still honours that key."""
        capabilities = provider_for(call).capabilities
        if not capabilities.idempotent:
            return False
        if capabilities.key_lifetime is None or call.first_sent_at is None:
            return True
        return now() - call.first_sent_at < capabilities.key_lifetime

    def apply_done(self, call: ProviderCall, answer: Answer) -> None:
        _apply(call, answer)

    def apply_declined(self, call: ProviderCall, code: str, message: str) -> None:
        name = call.account.provider if call.account else ManualRefunds.name
        apply_declined(call.subject_id, code, message, actor=provider(name))

    def apply_unknown(self, call: ProviderCall) -> None:
        apply_unknown(call.subject_id)


class ReadRefund(Operation):
    """Ask how a part stands, after a webhook or because it has been pending for long."""

    kind = READ

    def send(self, call: ProviderCall) -> Answer:
        driver = provider_for(call)
        return answer_to_json(driver.read(call.params["provider_refund_id"]), driver.name)

    def find(self, call: ProviderCall) -> Answer | None:
        """Return None: a read leaves no trace to find and can simply be repeated."""
        return None

    def apply_done(self, call: ProviderCall, answer: Answer) -> None:
        _apply(call, answer)

    def apply_declined(self, call: ProviderCall, code: str, message: str) -> None:
        refund = Refund.objects.get(pk=UUID(call.params["refund_id"]))
        staff.tell_unreadable(refund, message)


def _apply(call: ProviderCall, answer: Answer) -> None:
    apply_provider_status(
        call.subject_id, answer_from_json(answer), actor=provider(str(answer["provider"]))
    )


register(SendRefund())
register(ReadRefund())
