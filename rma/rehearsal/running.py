"""Rehearsals of all merchants, a few seconds at a time, so that other work gets its turn."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from returns_portal.core.clock import now
from returns_portal.core.queue import wake
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.rehearsal_parts import has_rehearsals_to_do, rehearse_part
from rma.actions.rehearsing import TASK, forget_old_rehearsals

# What one run takes before it queues up again behind labels and mails.
TURN = timedelta(seconds=5)


def rehearse_due(*, with_help: bool = False) -> int:
    """Do parts of waiting and running rehearsals, merchants in turn; return how many were done.

    ``with_help`` wakes another worker once there is a first part, so that idle ones join in.
    """
    busy = _merchants_to_do()
    until, done = now() + TURN, 0
    while busy and now() < until:
        for merchant_id in list(busy):
            with merchant_scope(merchant_id):
                if not rehearse_part():
                    busy.remove(merchant_id)
                    forget_old_rehearsals()
                    continue
            done += 1
            if with_help and done == 1:
                wake(TASK)
    if busy:
        wake(TASK)
    return done


def _merchants_to_do() -> list[UUID]:
    active = Merchant.objects.filter(status=Merchant.Status.ACTIVE).order_by("pk")
    found = []
    for merchant_id in active.values_list("pk", flat=True):
        with merchant_scope(merchant_id):
            if has_rehearsals_to_do():
                found.append(merchant_id)
    return found
