"""When everything owed is settled and every unit has its place, a return is closed."""

from __future__ import annotations

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import record_event
from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction
from rma.actions.promises import settle_promise
from rma.models import Resolution, Return
from rma.stages import refresh_stage
from rma.states import (
    TRANSITIONS,
    ResolutionStatus,
    ReturnStatus,
    StageFacts,
    check_transition,
)

Status = ResolutionStatus


def close_if_settled(rma: Return, facts: StageFacts) -> bool:
    """Close a locked, open return whose resolutions are all settled; return whether it closed.

    ``facts`` were read in this transaction and count its changes. Units that still lie on the
    bench, extra ones too, keep it open, and so do goods that were paid for ahead and have not
    come. A caller whose return stays open refreshes the stage.
    """
    settle_promise(rma, facts.resolutions)
    live = [owed.status for owed in facts.resolutions if owed.status != Status.CANCELLED]
    if rma.status != ReturnStatus.OPEN or rma.part_settled or not live:
        return False
    if any(status != Status.SETTLED for status in live):
        return False
    return close(rma, facts, outcome="settled")


def close(rma: Return, facts: StageFacts, *, outcome: str) -> bool:
    """Close a locked, open return unless units lie on the bench; return whether it closed."""
    if facts.units_pending:
        return False
    with action_transaction():
        check_transition("return", rma.status, ReturnStatus.CLOSED)
        rma.status = ReturnStatus.CLOSED
        rma.closed_at = now()
        refresh_stage(rma, facts, saving=["status", "closed_at"])
        record_event(
            EventKind.RETURN_CLOSED,
            subject_kind="return",
            subject_id=rma.pk,
            about_id=rma.pk,
            actor=SYSTEM,
            number=rma.number,
            outcome=outcome,
        )
    return True


def open_again(rma: Return) -> bool:
    """Open a locked, closed return because what was settled came undone."""
    if rma.status != ReturnStatus.CLOSED:
        return False
    with action_transaction():
        check_transition("return", rma.status, ReturnStatus.OPEN)
        rma.status = ReturnStatus.OPEN
        rma.closed_at = None
        rma.expires_at = None
        rma.save(update_fields=["status", "closed_at", "expires_at"])
    return True


def take_back_part(rma: Return) -> None:
    """Let a locked return that owes nothing any more be what it was before it was paid early."""
    alive = Resolution.objects.filter(rma=rma).exclude(status=Status.CANCELLED)
    if not alive.exists():
        rma.part_settled = False
        rma.save(update_fields=["part_settled"])


def settle_resolution(resolution: Resolution) -> None:
    """Mark what was owed as settled; saying it twice changes nothing."""
    move_resolution(resolution, Status.SETTLED)


def move_resolution(resolution: Resolution, status: ResolutionStatus) -> bool:
    """Move a resolution of a locked return along its table; return whether it moved.

    News can overtake each other, so the way may lead through states nobody was told about.
    """
    if resolution.status == status:
        return False
    way = _way(resolution.status, status)
    if way is None:
        check_transition("resolution", resolution.status, status)
    resolution.status = status
    resolution.settled_at = now() if status == Status.SETTLED else None
    resolution.save(update_fields=["status", "settled_at"])
    return True


def _way(start: str, end: str) -> list[str] | None:
    """Return the shortest chain of listed moves, or None where there is none."""
    ways = [[start]]
    seen = {start}
    for way in ways:
        if way[-1] == end:
            return way
        for after in sorted(TRANSITIONS["resolution"][way[-1]] - seen):
            seen.add(after)
            ways.append([*way, after])
    return None
