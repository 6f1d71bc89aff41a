"""The task that a return waits for a person to settle it: one per return, whoever asks for it."""

from __future__ import annotations

from returns_portal.activity.models import StaffTask
from returns_portal.activity.staff_tasks import close_task, open_task
from returns_portal.core.actor import Actor
from rma.models import Return


def ask_to_settle(
    rma: Return, why: str, *, waits: str = "is inspected and waits to be settled"
) -> None:
    """Put a return before a person; ``why`` says what to look at. Asking again changes nothing."""
    open_task(
        kind="settle_return",
        key=_key(rma),
        subject_kind="return",
        subject_id=rma.pk,
        about_id=rma.pk,
        title=f"{rma.number} {waits}",
        detail=why,
    )


def close_settle_task(rma: Return, actor: Actor) -> None:
    """Mark the task to settle the return as done, if one is open."""
    task = StaffTask.objects.filter(key=_key(rma), status=StaffTask.Status.OPEN).first()
    if task is not None:
        close_task(task.pk, actor=actor, note="Settled")


def _key(rma: Return) -> str:
    return f"settle:{rma.pk}"
