"""The periodic tasks of returns; each finds its own work, for every merchant."""

from __future__ import annotations

from celery import Task, shared_task

from returns_portal.core.queue import taken
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.drafts import discard_expired_drafts
from rma.actions.links import discard_expired_links
from rma.actions.policy_versions import publish_due_policy
from rma.actions.promises import miss_due_promises
from rma.actions.rehearsing import TASK
from rma.actions.reminding import remind_due_returns
from rma.actions.review import expire_due_returns
from rma.polling import poll_tracking as poll
from rma.rehearsal.running import rehearse_due


@shared_task(name="rma.expire_returns")
def expire_returns() -> int:
    """Remind, let returns run out, mark missed promises, throw old links and drafts away."""
    expired = 0
    for merchant in Merchant.objects.filter(status=Merchant.Status.ACTIVE):
        with merchant_scope(merchant.pk):
            remind_due_returns()
            expired += expire_due_returns()
            miss_due_promises()
            discard_expired_drafts()
            discard_expired_links()
    return expired


@shared_task(name="rma.publish_policies")
def publish_policies() -> int:
    """Put scheduled policy versions into force whose time has come."""
    published = 0
    for merchant in Merchant.objects.filter(status=Merchant.Status.ACTIVE):
        with merchant_scope(merchant.pk):
            published += publish_due_policy()
    return published


@shared_task(name="rma.poll_tracking")
def poll_tracking() -> int:
    return poll()


@shared_task(name=TASK, bind=True)
def rehearse(self: Task) -> int:
    """Work on rehearsals for a few seconds. Run in place there is nobody else to help."""
    taken(TASK)
    return rehearse_due(with_help=not self.request.is_eager)
