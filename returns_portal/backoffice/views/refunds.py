"""Refunds: what is owed, on its way, paid or stuck, and what a person does about it."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from refunds import selectors
from refunds.actions.request import approve_refund, cancel_refund
from refunds.actions.settle import mark_paid, retry
from refunds.models import Refund, RefundAllocation
from returns_portal.backoffice.base import actor_of, done, page, staff_view
from returns_portal.backoffice.paging import keyset
from returns_portal.core.errors import DomainError, NotFound
from returns_portal.tenancy.permissions import Permission
from rma.models import Return

_GONE = "This refund isn’t here."
TONES = {
    Refund.Status.REQUESTED: ("warning", "eye"),
    Refund.Status.APPROVED: ("info", "clock"),
    Refund.Status.EXECUTING: ("info", "refresh"),
    Refund.Status.SUCCEEDED: ("success", "check-circle"),
    Refund.Status.FAILED: ("danger", "alert"),
    Refund.Status.CANCELLED: ("neutral", "x-circle"),
}


@staff_view(permission=Permission.REFUNDS_VIEW)
def refunds(request: HttpRequest) -> HttpResponse:
    """List refunds by state."""
    status = request.GET.get("status", "")
    status = status if status in Refund.Status.values else ""
    rows = selectors.refund_list(
        selectors.RefundFilters(status=status, search=request.GET.get("q", "")[:60])
    )
    found = keyset(rows, request, order=("-created_at", "-id"))
    counts = selectors.refund_counts()
    tabs: list[dict[str, object]] = [
        {
            "label": label,
            "url": f"?status={value}",
            "current": value == status,
            "count": counts[value],
            "tone": "danger" if value == Refund.Status.FAILED else "",
        }
        for value, label in Refund.Status.choices
    ]
    tabs.insert(0, {"label": "All", "url": "?", "current": not status, "count": None, "tone": ""})
    context = {
        "slice": found,
        "refunds": _with_returns(found.rows),
        "tabs": tabs,
        "q": request.GET.get("q", ""),
    }
    return page(request, "backoffice/refunds.html", "refunds", context)


def _with_returns(rows: list[Refund]) -> list[dict[str, object]]:
    about = [refund.about_id for refund in rows if refund.about_id]
    numbers = dict(Return.objects.filter(pk__in=about).values_list("pk", "number"))
    return [
        {
            "row": refund,
            "number": numbers.get(refund.about_id, ""),
            "tone": TONES[Refund.Status(refund.status)][0],
            "icon": TONES[Refund.Status(refund.status)][1],
        }
        for refund in rows
    ]


def _show(
    request: HttpRequest, refund_id: UUID, *, error: DomainError | None = None, **_: object
) -> HttpResponse:
    found = selectors.refund_detail(refund_id)
    if found is None:
        raise NotFound(_GONE)
    mine = str(request.user.pk) == found.requested_by_id
    context = {
        **_with_returns([found])[0],
        "parts": found.allocations.all(),
        "is_own": mine,
        "by_hand": {part.pk for part in found.allocations.all() if _is_by_hand(part)},
        "failed": found.status == Refund.Status.FAILED,
    }
    return page(request, "backoffice/refund.html", "refunds", context, error=error)


def _is_by_hand(part: RefundAllocation) -> bool:
    """Say whether a person pays this part, and still has to."""
    provider = part.account.provider if part.account else "manual"
    waits = part.status in (RefundAllocation.Status.PLANNED, RefundAllocation.Status.PENDING)
    return waits and provider == "manual"


@staff_view(permission=Permission.REFUNDS_VIEW)
def refund(request: HttpRequest, refund_id: UUID) -> HttpResponse:
    """Show one refund, its parts and what each payment provider said."""
    return _show(request, refund_id)


@staff_view(permission=Permission.REFUNDS_SEND, methods=["POST"], refused=_show)
def approve(request: HttpRequest, refund_id: UUID) -> HttpResponse:
    """Agree to a refund as the second person."""
    found = approve_refund(_known(refund_id), actor=actor_of(request))
    return done(request, f"{found.amount} approved.", "refund", refund_id=refund_id)


@staff_view(permission=Permission.REFUNDS_SEND, methods=["POST"], refused=_show)
def send_again(request: HttpRequest, refund_id: UUID) -> HttpResponse:
    """Pay what a failed refund still owes, the same way or by hand."""
    method = request.POST.get("method") or None
    retry(_known(refund_id), actor=actor_of(request), method=method)
    return done(request, "It is on its way again.", "refund", refund_id=refund_id)


@staff_view(permission=Permission.REFUNDS_SEND, methods=["POST"], refused=_show)
def cancel(request: HttpRequest, refund_id: UUID) -> HttpResponse:
    """Take back a refund that nothing was paid of."""
    reason = request.POST.get("reason", "").strip()[:200]
    cancel_refund(_known(refund_id), actor=actor_of(request), reason=reason)
    return done(request, "The refund is cancelled.", "refund", refund_id=refund_id)


@staff_view(permission=Permission.REFUNDS_SEND, methods=["POST"], refused=_show)
def paid(request: HttpRequest, refund_id: UUID, part_id: UUID) -> HttpResponse:
    """Record that a part was paid by hand."""
    if not RefundAllocation.objects.filter(pk=part_id, refund_id=refund_id).exists():
        raise NotFound(_GONE)
    reference = request.POST.get("reference", "").strip()[:120]
    mark_paid(part_id, actor=actor_of(request), reference=reference)
    return done(request, "Recorded as paid.", "refund", refund_id=refund_id)


def _known(refund_id: UUID) -> UUID:
    if not Refund.objects.filter(pk=refund_id).exists():
        raise NotFound(_GONE)
    return refund_id
