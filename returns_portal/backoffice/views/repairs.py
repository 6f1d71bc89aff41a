"""Repairs: the shopper's own goods that are mended here and go back."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from returns_portal.backoffice.base import actor_of, done, page, staff_view
from returns_portal.backoffice.paging import keyset, status_tabs
from returns_portal.core.errors import DomainError
from returns_portal.tenancy.permissions import Permission
from rma.actions.instead import give_up_repair
from rma.actions.repairs import send_back, start_repair
from rma.models import Repair
from rma.states import RepairStatus

_TABS = (
    (RepairStatus.WAITING, "To repair"),
    (RepairStatus.IN_REPAIR, "In repair"),
    (RepairStatus.SENT_BACK, "Sent back"),
    (RepairStatus.GIVEN_UP, "Given up"),
)
_INSTEAD = (
    ("refund", "Refund"),
    ("store_credit", "Store credit"),
    ("replacement", "The same again, new"),
)


def _show(request: HttpRequest, *, error: DomainError | None = None, **_: object) -> HttpResponse:
    status = request.GET.get("status", RepairStatus.WAITING)
    if status not in set(RepairStatus):
        status = RepairStatus.WAITING
    rows = Repair.objects.filter(status=status).select_related(
        "return_line__rma", "return_line__order_line"
    )
    context = {
        "slice": keyset(rows, request, order=("created_at", "id")),
        "status": status,
        "instead": _INSTEAD,
        "tabs": status_tabs(_TABS, status),
    }
    return page(request, "backoffice/repairs.html", "repairs", context, error=error)


@staff_view(permission=Permission.RETURNS_VIEW)
def repairs(request: HttpRequest) -> HttpResponse:
    """List repairs by state; those that wait first."""
    return _show(request)


@staff_view(permission=Permission.GOODS_INSPECT, methods=["POST"], refused=_show)
def start(request: HttpRequest, repair_id: UUID) -> HttpResponse:
    """Note that a repair began."""
    start_repair(repair_id, actor=actor_of(request))
    return done(request, "The repair has begun.", "repairs")


@staff_view(permission=Permission.GOODS_INSPECT, methods=["POST"], refused=_show)
def send(request: HttpRequest, repair_id: UUID) -> HttpResponse:
    """Book repaired goods as sent back to the shopper."""
    code = request.POST.get("tracking_code", "").replace("\x00", "").strip()[:80]
    send_back(repair_id, tracking_code=code, actor=actor_of(request))
    return done(request, "Booked as sent back.", "repairs")


@staff_view(permission=Permission.REFUNDS_GRANT, methods=["POST"], refused=_show)
def give_up(request: HttpRequest, repair_id: UUID) -> HttpResponse:
    """End a repair that can't be done, and pay or replace the goods."""
    give_up_repair(
        repair_id,
        wanted=request.POST.get("wanted", ""),
        note=request.POST.get("note", "").replace("\x00", ""),
        actor=actor_of(request),
    )
    return done(request, "The repair is given up. The shopper gets the other outcome.", "repairs")
