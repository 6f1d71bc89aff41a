"""The periodic tasks of returns; each finds its own work, for every merchant."""

from __future__ import annotations

from celery import shared_task

from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.drafts import discard_expired_drafts
from rma.actions.review import expire_due_returns
from rma.polling import poll_tracking as poll


@shared_task(name="rma.expire_returns")
def expire_returns() -> int:
    """Let returns run out, and throw away drafts that nobody finished."""
    expired = 0
    for merchant in Merchant.objects.filter(status=Merchant.Status.ACTIVE):
        with merchant_scope(merchant.pk):
            expired += expire_due_returns()
            discard_expired_drafts()
    return expired


@shared_task(name="rma.poll_tracking")
def poll_tracking() -> int:
    return poll()
