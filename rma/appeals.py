"""What of a return may be objected to, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db.models import Max

from returns_portal.core.clock import today
from rma.models import Appeal, Inspection, Return
from rma.policy.days import local_day
from rma.states import ReturnStatus

APPEAL_DAYS = 14
# Appeals are counted up to here, like the stages of the queue.
_COUNT_CAP = 300


def appeals_of(rma: Return) -> list[Appeal]:
    """Return the appeals against decisions on ``rma``, oldest first."""
    return list(Appeal.objects.filter(rma=rma).order_by("created_at", "pk"))


def open_appeals() -> int:
    """Count the appeals that wait for a person, up to 300."""
    return Appeal.objects.filter(status=Appeal.Status.OPEN).values("pk")[:_COUNT_CAP].count()


def appeal_until(rma: Return, appeals: Sequence[Appeal]) -> date | None:
    """Return the last day, in the merchant's zone, to object; None when nothing is to object to.

    Objected to are a declined return and units not accepted at the bench, once each: what a person
    has upheld stays. At most one statement; ``rma.merchant`` is loaded.
    """
    if any(one.status != Appeal.Status.GRANTED for one in appeals):
        return None
    decided = _decided_at(rma)
    if decided is None or any(one.created_at > decided for one in appeals):
        return None
    zone = rma.merchant.time_zone
    last = local_day(decided, zone) + timedelta(days=APPEAL_DAYS)
    return last if today(zone) <= last else None


def _decided_at(rma: Return) -> datetime | None:
    if rma.status == ReturnStatus.DECLINED:
        return rma.decided_at
    if rma.received_at is None or rma.status not in (ReturnStatus.OPEN, ReturnStatus.CLOSED):
        return None
    refused = Inspection.objects.filter(rma=rma, is_accepted=False)
    found: datetime | None = refused.aggregate(last=Max("inspected_at"))["last"]
    return found
