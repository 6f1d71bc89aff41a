"""Today: what waits, for whom, and what moved last."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from refunds.selectors import refund_counts
from returns_portal.activity.models import Event, StaffTask
from returns_portal.backoffice.base import may, page, staff_view
from returns_portal.backoffice.event_words import history
from returns_portal.core.clock import now
from returns_portal.tenancy.permissions import Permission
from rma.models import Return
from rma.selectors import stage_counts
from rma.states import ReturnStatus

_SILENT = ("stock.moved", "message.sent", "order.imported", "order.updated")


@staff_view(permission=Permission.RETURNS_VIEW)
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show the figures of the moment, what is overdue, and the last things that happened."""
    counts = stage_counts()
    overdue = Return.objects.filter(status=ReturnStatus.REQUESTED, due_at__lt=now())
    events = list(Event.objects.exclude(kind__in=_SILENT).order_by("-id")[:20])
    numbers = dict(
        Return.objects.filter(pk__in={event.about_id for event in events if event.about_id})
        .values_list("pk", "number")
    )  # fmt: skip
    entries = [
        {**entry, "number": numbers.get(event.about_id, "")}
        for event, entry in zip(events, history(events), strict=True)
    ]
    context = {
        "figures": _figures(request, counts.of_view),
        "overdue": overdue.order_by("due_at", "pk")[:10],
        "tasks": StaffTask.objects.filter(status="open").order_by("opened_at", "pk")[:6],
        "entries": entries,
        "now": now(),
    }
    return page(request, "backoffice/dashboard.html", "dashboard", context)


def _figures(request: HttpRequest, of_view: Callable[[str], int]) -> list[dict[str, object]]:
    """Return the tiles: what waits at each place, with where to go for it."""
    queue = reverse("returns")
    tiles: list[dict[str, object]] = [
        {"label": label, "value": of_view(view), "url": f"{queue}?view={view}", "icon": icon}
        for view, label, icon in (
            ("review", "Need review", "eye"),
            ("waiting", "Wait for the shopper", "question"),
            ("on_the_way", "On the way", "truck"),
            ("to_inspect", "To inspect", "search"),
            ("trouble", "In trouble", "alert"),
        )
    ]
    if may(request, Permission.REFUNDS_VIEW):
        tiles.append(
            {
                "label": "Refunds to approve",
                "value": refund_counts()["requested"],
                "url": f"{reverse('refunds')}?status=requested",
                "icon": "card",
            }
        )
    return tiles
