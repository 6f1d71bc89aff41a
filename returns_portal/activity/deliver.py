"""Delivering events to their handlers: claim with a lease, run, back off, hand to a person."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q

from returns_portal.activity.models import Delivery
from returns_portal.activity.record import handler_named
from returns_portal.activity.staff_tasks import open_task
from returns_portal.core.clock import now
from returns_portal.core.crashpoints import crashpoint
from returns_portal.core.scope import merchant_scope, system_scope

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
MAX_ATTEMPTS = 12


def backoff(attempts: int) -> timedelta:
    """Return the wait after the ``attempts``-th failure: 1, 2, 4 ... 60 minutes."""
    return timedelta(minutes=min(2 ** max(attempts - 1, 0), 60))


def deliver_due(limit: int = 200) -> int:
    """Deliver what is due, oldest first, across merchants; return how many were tried."""
    tried = 0
    while tried < limit:
        batch = _claim(min(20, limit - tried))
        if not batch:
            break
        for delivery in batch:
            _deliver(delivery)
        tried += len(batch)
    return tried


def due() -> Q:
    moment = now()
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=moment)
    return Q(status=Delivery.Status.WAITING, due_at__lte=moment) & free


def _claim(size: int) -> list[Delivery]:
    """Take up to ``size`` due rows, with their events; no other worker waits for or sees them."""
    with system_scope(), transaction.atomic():
        rows = list(
            Delivery.all_tenants.select_for_update(skip_locked=True, of=("self",))
            .select_related("event")
            .filter(due())
            .order_by("due_at", "id")[:size]
        )
        if rows:
            Delivery.all_tenants.filter(pk__in=[row.pk for row in rows]).update(
                lease_until=now() + LEASE, attempts=F("attempts") + 1
            )
    for row in rows:
        row.attempts += 1
    if rows:
        crashpoint("delivery.claimed")
    return rows


def _deliver(delivery: Delivery) -> None:
    """Run one handler in its own transaction; its writes and the "done" commit together."""
    handler = handler_named(delivery.handler)
    try:
        with merchant_scope(delivery.merchant_id), transaction.atomic():
            if handler is not None:
                handler(delivery.event)
            crashpoint("delivery.handled")
            Delivery.objects.filter(pk=delivery.pk).update(
                status=Delivery.Status.DONE, done_at=now(), lease_until=None, error=""
            )
    except Exception as error:
        logger.exception("activity.handler_failed", extra={"delivery": str(delivery.pk)})
        _postpone(delivery, error)


def _postpone(delivery: Delivery, error: Exception) -> None:
    given_up = delivery.attempts >= MAX_ATTEMPTS
    with merchant_scope(delivery.merchant_id), transaction.atomic():
        Delivery.objects.filter(pk=delivery.pk).update(
            status=Delivery.Status.GIVEN_UP if given_up else Delivery.Status.WAITING,
            due_at=now() + backoff(delivery.attempts),
            lease_until=None,
            error=f"{type(error).__name__}: {error}"[:2000],
        )
        if given_up:
            event = delivery.event
            open_task(
                kind="delivery_given_up",
                key=f"delivery:{delivery.pk}",
                subject_kind=event.subject_kind,
                subject_id=event.subject_id,
                about_id=event.about_id,
                title=f"“{event.kind}” could not be handled by {delivery.handler}",
                detail=f"Tried {delivery.attempts} times. Last answer: {error}",
            )
