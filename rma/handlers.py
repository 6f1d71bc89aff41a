"""What returns do when an order comes in, and when money was paid, refused or taken back."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from refunds.models import Refund
from returns_portal.activity.kinds import EventKind
from returns_portal.activity.models import Event
from returns_portal.activity.record import handles
from returns_portal.core.db import action_transaction
from rma.actions.closing import close_if_settled, move_resolution, open_again, take_back_part
from rma.actions.windows import keep_promised_windows
from rma.locks import lock_return_of_refund
from rma.models import Resolution
from rma.stages import refresh_stage, stage_facts
from rma.states import ResolutionStatus

_FOLLOWS: Mapping[str, ResolutionStatus] = {
    Refund.Status.APPROVED: ResolutionStatus.EXECUTING,
    Refund.Status.EXECUTING: ResolutionStatus.EXECUTING,
    Refund.Status.SUCCEEDED: ResolutionStatus.SETTLED,
    Refund.Status.FAILED: ResolutionStatus.FAILED,
    Refund.Status.CANCELLED: ResolutionStatus.CANCELLED,
}


@handles(EventKind.ORDER_IMPORTED, EventKind.ORDER_UPDATED, name="rma.keep_windows")
def keep_windows(event: Event) -> None:
    """Keep what the lines of an order were sold with, before a later policy can change it."""
    keep_promised_windows(event.subject_id)


@handles(
    EventKind.REFUND_APPROVED,
    EventKind.REFUND_SUCCEEDED,
    EventKind.REFUND_FAILED,
    EventKind.REFUND_CANCELLED,
    name="rma.on_refund",
    when=lambda event: not event.facts.get("at_once"),
)
def on_refund(event: Event) -> None:
    """Bring the resolution to where its refund stands now, whatever the event said then.

    A refund approved at once, as it was asked for, is no news to whoever asked.
    """
    follow_refund(event.subject_id)


def follow_refund(refund_id: UUID) -> None:
    """Settle, fail or take back what a refund pays for; close the return or open it again.

    The refund is read again under the return's lock: events may come late, twice or crossed.
    """
    with action_transaction():
        rma = lock_return_of_refund(refund_id)
        if rma is None:
            return
        resolution = Resolution.objects.select_related("refund").get(refund_id=refund_id)
        status = _FOLLOWS.get(resolution.refund.status)
        if status is None or status == resolution.status:
            return
        move_resolution(resolution, status)
        if status != ResolutionStatus.SETTLED:
            open_again(rma)
        if status == ResolutionStatus.CANCELLED and rma.part_settled:
            take_back_part(rma)
        facts = stage_facts(rma)
        close_if_settled(rma, facts)
        refresh_stage(rma, facts)
