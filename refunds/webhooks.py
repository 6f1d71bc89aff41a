"""Refund providers' webhooks: verified hints. What they speak of is read again at the provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from refunds.actions.execute import READ
from refunds.models import RefundAllocation
from refunds.providers.base import NoticeKind, ProviderNotice
from refunds.providers.registry import PROVIDERS, build
from returns_portal.commerce.models import Payment
from returns_portal.integrations import answers
from returns_portal.integrations.calls import plan_call
from returns_portal.integrations.inbox import Parsed, register
from returns_portal.integrations.models import InboundWebhook, ProviderAccount


def parse(account: ProviderAccount, body: bytes, headers: Mapping[str, str]) -> Parsed:
    """Verify a webhook on its raw bytes. Raises BadSignature."""
    notices = build(account.provider, account.credentials).parse_webhook(body, headers)
    first = notices[0] if notices else None
    return Parsed(
        external_id=first.event_id if first else "",
        topic=first.event_type if first else "",
        notices=[_to_json(notice) for notice in notices],
    )


def _to_json(notice: ProviderNotice) -> dict[str, object]:
    return {
        "kind": notice.kind.value,
        "event_type": notice.event_type,
        "provider_refund_id": notice.provider_refund_id,
        "payment_references": list(notice.payment_references),
        "operation_id": notice.operation_id,
        "live": notice.live,
        "dispute_status": _dispute_status(notice),
    }


def _dispute_status(notice: ProviderNotice) -> str | None:
    if notice.kind is not NoticeKind.DISPUTE:
        return None
    return answers.text(notice.raw, "data", "object", "status")


def take(row: InboundWebhook) -> str | None:
    """Follow up a stored webhook; return why it was ignored, or None."""
    reasons = [_take_one(row, notice) for notice in row.notices]
    if reasons and None not in reasons:
        return reasons[0]
    return None if reasons else "says nothing"


def _take_one(row: InboundWebhook, notice: Mapping[str, Any]) -> str | None:
    if not notice["live"] and _is_live(row.account):
        return "test mode"
    if notice["kind"] == NoticeKind.DISPUTE:
        return _mark_dispute(notice)
    if notice["kind"] not in (NoticeKind.REFUND, NoticeKind.PAYMENT):
        return "not about a refund"
    parts = _parts(row.account, notice)
    if not parts:
        return "not a refund of ours"
    for part, provider_refund_id in parts:
        plan_call(
            READ,
            key=f"webhook-{row.pk.hex}-{part.pk.hex}",
            subject_id=part.pk,
            account_id=part.account_id,
            about_id=part.refund.about_id,
            params={"provider_refund_id": provider_refund_id, "refund_id": str(part.refund_id)},
        )
    return None


def _is_live(account: ProviderAccount) -> bool:
    key = account.credentials.get("api_key")
    return isinstance(key, str) and "_live_" in key


def _parts(
    account: ProviderAccount, notice: Mapping[str, Any]
) -> list[tuple[RefundAllocation, str]]:
    """Return the parts a notice is about, each with the provider's id to read.

    A webhook can overtake the answer to our call; our operation id in it then finds the part.
    """
    rows = RefundAllocation.objects.filter(account=account).select_related("refund")
    refund_id = notice["provider_refund_id"]
    if refund_id:
        found = rows.filter(provider_refund_id=refund_id).first()
        if found is None and notice["operation_id"]:
            found = rows.filter(pk=_uuid(notice["operation_id"])).first()
        return [(found, refund_id)] if found else []
    named = rows.filter(payment__reference__in=notice["payment_references"])
    return [(part, part.provider_refund_id) for part in named.exclude(provider_refund_id="")]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _mark_dispute(notice: Mapping[str, Any]) -> str | None:
    """Stop automatic refunds of a disputed payment; a dispute that was won frees it again."""
    references = [name for name in notice["payment_references"] if name]
    open_ = notice["dispute_status"] not in ("won", "warning_closed")
    changed = Payment.objects.filter(reference__in=references).update(is_disputed=open_)
    return None if changed else "not a payment of ours"


for _name, _provider in PROVIDERS.items():
    if _provider.capabilities.webhook:
        register("refunds", _name, parse, take)
