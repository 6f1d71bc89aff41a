"""The sweep that remakes the marked days of every merchant."""

from __future__ import annotations

from celery import shared_task

from analytics.rollups import refresh_dirty_days
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant


@shared_task(name="analytics.refresh_rollups")
def refresh_rollups() -> int:
    """Return the number of days remade: zero when every figure is level with the facts."""
    refreshed = 0
    for merchant_id in Merchant.objects.filter(status=Merchant.Status.ACTIVE).values_list(
        "pk", flat=True
    ):
        with merchant_scope(merchant_id):
            refreshed += refresh_dirty_days()
    return refreshed
