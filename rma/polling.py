"""Ask carriers where parcels are, in case a webhook was lost or the carrier sends none."""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from returns_portal.core.actor import provider
from returns_portal.core.clock import now
from returns_portal.core.scope import merchant_scope
from returns_portal.integrations.outcomes import ProviderError
from returns_portal.tenancy.models import Merchant
from rma.actions.tracking import record_scans
from rma.carriers.registry import CARRIERS, build
from rma.models import Shipment
from rma.states import ShipmentStatus

logger = logging.getLogger(__name__)

INTERVAL = timedelta(hours=3)
_BATCH = 200


def poll_tracking() -> int:
    """Ask about the parcels of all merchants that are due; return how many had news."""
    news = 0
    for merchant in Merchant.objects.filter(status=Merchant.Status.ACTIVE):
        with merchant_scope(merchant.pk):
            news += sum(poll_parcel(shipment_id) for shipment_id in _due())
    return news


def poll_parcel(shipment_id: UUID) -> bool:
    """Ask the carrier about one parcel of the merchant in scope; return whether it moved."""
    with transaction.atomic():
        shipment = Shipment.objects.select_related("account").get(pk=shipment_id)
        credentials = shipment.account.credentials if shipment.account else {}
        Shipment.objects.filter(pk=shipment_id).update(polled_at=now())
    try:
        carrier = build(shipment.carrier_driver, credentials)
        scans = carrier.track(shipment.tracking_code, shipment.carrier)
    except ProviderError as error:
        logger.warning("rma.poll_failed", extra={"shipment": str(shipment_id), "code": error.code})
        return False
    with transaction.atomic():
        after = record_scans(shipment_id, scans, actor=provider(shipment.carrier_driver))
    return bool(after.status != shipment.status)


def _due() -> list[UUID]:
    """Return parcels under way that nobody asked about lately. Asking the built-in one is free."""
    tracking = [name for name, carrier in CARRIERS.items() if carrier.capabilities.tracks]
    silent = [name for name in tracking if not CARRIERS[name].capabilities.webhook]
    stale = Q(polled_at__isnull=True) | Q(polled_at__lt=now() - INTERVAL)
    with transaction.atomic():
        return list(
            Shipment.objects.filter(
                stale | Q(carrier_driver__in=silent),
                status__in=[ShipmentStatus.READY, ShipmentStatus.IN_TRANSIT],
                carrier_driver__in=tracking,
            )
            .exclude(tracking_code="")
            .order_by("polled_at", "pk")
            .values_list("pk", flat=True)[:_BATCH]
        )
