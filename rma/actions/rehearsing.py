"""Starting and ending a rehearsal. The work itself is done part by part in ``rehearsal_parts``."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import record_event
from returns_portal.core.actor import Actor
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import Conflict, InvalidInput, NotFound
from returns_portal.core.queue import wake
from rma.models import PolicyVersion, Rehearsal, RehearsalPart, RehearsedReturn

Status = Rehearsal.Status
ACTIVE = (Status.WAITING, Status.RUNNING)
PERIODS = (30, 90, 365)
TASK = "rma.rehearse"
# Every change of a draft may start one; what nobody looks at any more is thrown away.
KEPT = 20


def start_rehearsal(days: int, actor: Actor) -> Rehearsal:
    """Decide the returns of the past ``days`` again under the draft, else under the live policy.

    The document is copied, so that later changes of the draft do not mix in. A rehearsal of the
    same merchant that is still running is cancelled. Raises InvalidInput for other periods than
    PERIODS and Conflict when there is no policy at all.
    """
    if days not in PERIODS:
        raise InvalidInput("Choose 30, 90 or 365 days.", field="days")
    with action_transaction():
        live, draft = _versions()
        subject = draft or live
        if subject is None:
            raise Conflict("There is no policy to rehearse. Write one first.", code="no_policy")
        for running in Rehearsal.objects.select_for_update().filter(status__in=ACTIVE):
            _cancel(running, actor)
        moment = now()
        rehearsal = Rehearsal.objects.create(
            number=subject.number,
            is_draft=draft is not None,
            document=subject.document,
            live_version=live,
            days=days,
            since=moment - timedelta(days=days),
            until=moment,
            started_by=actor.name[:120],
            created_at=moment,
        )
        _record(EventKind.REHEARSAL_STARTED, rehearsal, actor)
        wake(TASK)
        return rehearsal


def _versions() -> tuple[PolicyVersion | None, PolicyVersion | None]:
    """Return the live version and the draft, locked: two starts at once come one by one."""
    rows = PolicyVersion.objects.select_for_update().filter(
        status__in=[PolicyVersion.Status.LIVE, PolicyVersion.Status.DRAFT]
    )
    found = {row.status: row for row in rows.order_by("number")}
    return found.get(PolicyVersion.Status.LIVE), found.get(PolicyVersion.Status.DRAFT)


def cancel_rehearsal(rehearsal_id: UUID, *, actor: Actor) -> Rehearsal:
    """Stop a rehearsal; workers notice at the end of the part they are at, which is not counted.

    One that has ended already stays as it is. Raises NotFound.
    """
    with action_transaction():
        rehearsal = Rehearsal.objects.select_for_update().filter(pk=rehearsal_id).first()
        if rehearsal is None:
            raise NotFound("There is no such rehearsal. Run a new one.")
        if rehearsal.is_active:
            _cancel(rehearsal, actor)
        return rehearsal


def _cancel(rehearsal: Rehearsal, actor: Actor) -> None:
    rehearsal.status, rehearsal.finished_at = Status.CANCELLED, now()
    rehearsal.save(update_fields=["status", "finished_at"])
    _record(EventKind.REHEARSAL_CANCELLED, rehearsal, actor)


def _record(kind: EventKind, rehearsal: Rehearsal, actor: Actor) -> None:
    record_event(
        kind,
        subject_kind="rehearsal",
        subject_id=rehearsal.pk,
        actor=actor,
        number=rehearsal.number,
        days=rehearsal.days,
    )


def forget_old_rehearsals() -> int:
    """Delete all but the newest rehearsals of the merchant in scope; return how many went."""
    with action_transaction():
        ended = Rehearsal.objects.exclude(status__in=ACTIVE).order_by("-created_at", "-id")
        old = list(ended.values_list("pk", flat=True)[KEPT : KEPT + 100])
        if old:
            RehearsedReturn.objects.filter(rehearsal_id__in=old).delete()
            RehearsalPart.objects.filter(rehearsal_id__in=old).delete()
            Rehearsal.objects.filter(pk__in=old).delete()
        return len(old)
