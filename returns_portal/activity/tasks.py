"""The tasks that move events along. Each drains what is due; losing a message loses nothing."""

from __future__ import annotations

from celery import shared_task

from returns_portal.activity.deliver import deliver_due
from returns_portal.activity.seal import seal_all
from returns_portal.core.queue import taken


@shared_task(name="activity.deliver")
def deliver() -> int:
    taken("activity.deliver")
    return deliver_due()


@shared_task(name="activity.seal")
def seal() -> int:
    return seal_all()
