"""Opening and closing the tasks that only a person can settle."""

from __future__ import annotations

from uuid import UUID

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.models import StaffTask
from returns_portal.activity.record import record_event
from returns_portal.core.actor import SYSTEM, Actor
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction


def open_task(
    *,
    kind: str,
    key: str,
    subject_kind: str,
    subject_id: UUID,
    title: str,
    detail: str = "",
    about_id: UUID | None = None,
) -> StaffTask:
    """Put a problem before a person, once per open ``key``."""
    with action_transaction():
        task, created = StaffTask.objects.get_or_create(
            key=key,
            status=StaffTask.Status.OPEN,
            defaults={
                "kind": kind,
                "subject_kind": subject_kind,
                "subject_id": subject_id,
                "about_id": about_id,
                "title": title[:200],
                "detail": detail,
            },
        )
        if created:
            record_event(
                EventKind.TASK_OPENED,
                subject_kind=subject_kind,
                subject_id=subject_id,
                about_id=about_id,
                actor=SYSTEM,
                task=kind,
                title=task.title,
            )
    return task


def close_task(task_id: UUID, *, actor: Actor, note: str = "") -> StaffTask:
    """Mark a task as settled; closing a closed one changes nothing."""
    with action_transaction():
        task = StaffTask.objects.select_for_update().get(pk=task_id)
        if task.status == StaffTask.Status.DONE:
            return task
        task.status = StaffTask.Status.DONE
        task.done_at = now()
        task.done_by = actor.name
        task.done_note = note
        task.save(update_fields=["status", "done_at", "done_by", "done_note"])
        record_event(
            EventKind.TASK_DONE,
            subject_kind=task.subject_kind,
            subject_id=task.subject_id,
            about_id=task.about_id,
            actor=actor,
            task=task.kind,
            note=note[:200],
        )
    return task
