"""Reminding shoppers of an approval before it runs out: each time once, before it is sent."""

from __future__ import annotations

from uuid import UUID

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import record_event
from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import now
from returns_portal.core.crashpoints import crashpoint
from returns_portal.core.db import action_transaction
from rma.locks import lock_return
from rma.models import Return
from rma.policy.days import last_day
from rma.policy.live import policy_of_return
from rma.policy.reminders import next_reminder
from rma.selectors import goods_moved
from rma.states import ReturnStatus


def remind_due_returns(limit: int = 200) -> int:
    """Remind of the approvals of the merchant in scope that are due for it; return how many.

    Each one in a transaction of its own, with its event and the moment of the next reminder: what
    is cut off reminds nobody, and what was done is not done again. Of several moments that passed
    while nobody looked, one is made good.
    """
    with action_transaction():
        due = list(
            Return.objects.filter(status=ReturnStatus.OPEN, remind_at__lte=now())
            .order_by("remind_at", "pk")
            .values_list("pk", flat=True)[:limit]
        )
    return sum(_remind(rma_id) for rma_id in due)


def _remind(rma_id: UUID) -> bool:
    with action_transaction():
        rma = lock_return(rma_id)
        moment, zone = now(), rma.merchant.time_zone
        if rma.remind_at is None or rma.remind_at > moment:
            return False
        expires_at = rma.expires_at
        wanted = rma.status == ReturnStatus.OPEN and expires_at is not None and expires_at > moment
        if expires_at is None or not wanted or goods_moved(rma):
            rma.remind_at = None
            rma.save(update_fields=["remind_at"])
            return False
        days = policy_of_return(rma).remind_before_days
        rma.remind_at = next_reminder(days, expires_at, zone, moment)
        rma.save(update_fields=["remind_at"])
        record_event(
            EventKind.RETURN_REMINDED,
            subject_kind="return",
            subject_id=rma.pk,
            about_id=rma.pk,
            actor=SYSTEM,
            number=rma.number,
            last_day=last_day(expires_at, zone).isoformat(),
        )
        crashpoint("reminder.recorded")
        return True
