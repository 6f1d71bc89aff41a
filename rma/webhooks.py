"""Carriers' webhooks: verified, stored by the inbox, then applied as scans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from returns_portal.core.actor import provider
from returns_portal.integrations import answers
from returns_portal.integrations.inbox import NotYet, Parsed, register
from returns_portal.integrations.models import InboundWebhook, ProviderAccount
from rma.actions.shipping import tracking_key
from rma.actions.tracking import record_scans
from rma.carriers.base import TrackingNotice, TrackingScan, TrackingStatus
from rma.carriers.registry import CARRIERS, build
from rma.models import Shipment


def parse(account: ProviderAccount, body: bytes, headers: Mapping[str, str]) -> Parsed:
    """Verify a webhook on its raw bytes. Raises BadSignature."""
    notices = build(account.provider, account.credentials).parse_webhook(body, headers)
    first = notices[0] if notices else None
    return Parsed(
        external_id=first.event_id if first else "",
        topic=first.event_type if first else "",
        notices=[_to_json(notice) for notice in notices if notice.about_parcel],
    )


def take(row: InboundWebhook) -> str | None:
    """Apply a stored webhook; return why it was ignored, or None.

    Raises NotYet for a parcel we do not know: the webhook may be faster than our own commit.
    """
    if not row.notices:
        return "moves no parcel"
    for notice in row.notices:
        shipment = (
            Shipment.objects.filter(
                account=row.account, tracking_key=tracking_key(notice["tracking_code"])
            )
            .order_by("-created_at")
            .first()
        )
        if shipment is None:
            raise NotYet(f"no parcel of ours is tracked as {notice['tracking_code']}")
        scans = [_scan(one) for one in notice["scans"]]
        record_scans(shipment.pk, scans, actor=provider(row.account.provider))
    return None


def _to_json(notice: TrackingNotice) -> dict[str, object]:
    """Keep the facts. A notice with a status but no scans counts as one scan without a time."""
    scans = list(notice.scans)
    if not scans and notice.status is not TrackingStatus.UNKNOWN:
        scans = [TrackingScan(status=notice.status, occurred_at=None)]
    return {
        "tracking_code": notice.tracking_code,
        "carrier": notice.carrier,
        "scans": [
            {
                "status": scan.status.value,
                "at": scan.occurred_at.isoformat() if scan.occurred_at else None,
                "detail": scan.detail,
                "message": scan.message,
                "location": scan.location,
            }
            for scan in scans
        ],
    }


def _scan(kept: Mapping[str, Any]) -> TrackingScan:
    return TrackingScan(
        status=TrackingStatus(kept["status"]),
        occurred_at=answers.instant(kept["at"]),
        detail=kept["detail"],
        message=kept["message"],
        location=kept["location"],
    )


for name, carrier in CARRIERS.items():
    if carrier.capabilities.webhook:
        register(ProviderAccount.Role.CARRIER, name, parse, take)
