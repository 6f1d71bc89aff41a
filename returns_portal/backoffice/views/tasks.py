"""Exceptions: what only a person can settle."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from returns_portal.activity.models import StaffTask
from returns_portal.activity.staff_tasks import close_task
from returns_portal.backoffice.base import actor_of, done, page, staff_view
from returns_portal.backoffice.paging import keyset
from returns_portal.core.errors import DomainError, InvalidInput, NotFound
from returns_portal.tenancy.permissions import Permission
from rma.models import Return


def _show(request: HttpRequest, *, error: DomainError | None = None, **_: object) -> HttpResponse:
    is_done = request.GET.get("show") == "done"
    status = StaffTask.Status.DONE if is_done else StaffTask.Status.OPEN
    rows = StaffTask.objects.filter(status=status)
    found = keyset(rows, request, order=("-opened_at", "id"))
    numbers = dict(
        Return.objects.filter(pk__in=[task.about_id for task in found.rows if task.about_id])
        .values_list("pk", "number")
    )  # fmt: skip
    tasks = [{"row": task, "number": numbers.get(task.about_id, "")} for task in found.rows]
    context = {"slice": found, "tasks": tasks, "is_done": is_done}
    return page(request, "backoffice/tasks.html", "tasks", context, error=error)


@staff_view(permission=Permission.RETURNS_VIEW)
def tasks(request: HttpRequest) -> HttpResponse:
    """List the open tasks, or those settled."""
    return _show(request)


@staff_view(permission=Permission.RETURNS_NOTE, methods=["POST"], refused=_show)
def finish(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Mark a task as settled, with what was done."""
    note = request.POST.get("note", "").strip()
    if not note:
        raise InvalidInput("Write what you did about it.", field="note")
    if not StaffTask.objects.filter(pk=task_id).exists():
        raise NotFound("This task isn’t here.")
    task = close_task(task_id, actor=actor_of(request), note=note[:2000])
    return done(request, f"Settled: {task.title}", "tasks")
