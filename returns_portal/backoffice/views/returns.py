"""Returns: the queue, one return, its trace, its photos and papers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render

from notifications.selectors import acknowledgement_of
from returns_portal.backoffice import filters
from returns_portal.backoffice.base import page, staff_view
from returns_portal.backoffice.decision_words import findings, trace_rows
from returns_portal.backoffice.event_words import history
from returns_portal.backoffice.processing_words import why_paid
from returns_portal.backoffice.return_words import (
    WANTED_WORDS,
    headline,
    money_table,
    payments_of,
    progress,
    queue_rows,
    reason_word,
)
from returns_portal.core.clock import now
from returns_portal.core.errors import Conflict, DomainError, NotFound
from returns_portal.tenancy.links import portal_link
from returns_portal.tenancy.models import Membership
from returns_portal.tenancy.permissions import Permission
from rma.appeals import open_appeals
from rma.evidence import photo_file
from rma.labels import open_label, slip_pdf
from rma.models import Note, Photo
from rma.policy.live import live_policy
from rma.policy.questions import answer_words
from rma.risk import mark_of
from rma.selectors import ReturnDetail, mine_count, queue, return_detail, stage_counts
from rma.states import ResolutionKind, ResolutionStatus, ReturnStatus, ShipmentStatus
from rma.withdrawals import withdrawal_of


@staff_view(permission=Permission.RETURNS_VIEW)
def returns(request: HttpRequest) -> HttpResponse:
    """Show the queue: a view, filters, a search, one page."""
    query = filters.queue_query(request.GET)
    policy = _live_policy()
    found = queue(query.to_filters(request.user.pk, policy))
    fields = filters.selects(query, policy)
    others = {"mine": mine_count(request.user.pk), "appeals": open_appeals()}
    following = request.GET.copy()
    following["after"] = found.next
    context = {
        "rows": queue_rows(found.rows),
        "tabs": filters.tabs(request, query, stage_counts(), others),
        "query": query,
        "fields": fields,
        "chips": filters.chips(request, fields),
        "next_url": f"?{following.urlencode()}" if found.next else "",
        "first_url": f"?view={query.view}" if query.after else "",
        "now": now(),
    }
    return page(request, "backoffice/returns.html", "returns", context)


def _live_policy() -> Any:
    try:
        return live_policy()[1]
    except Conflict:
        return None


@staff_view(permission=Permission.RETURNS_VIEW)
def detail(request: HttpRequest, number: str) -> HttpResponse:
    """Show one return; with ``?peek=1`` the drawer's fragment of it."""
    if request.GET.get("peek") == "1":
        return render(request, "backoffice/_peek.html", _summary(request, return_detail(number)))
    return show_return(request, number)


def show_return(
    request: HttpRequest, number: str, *, error: DomainError | None = None, **_: object
) -> HttpResponse:
    """Show the page of a return, with what was refused when an action on it was."""
    found = return_detail(number)
    members = (
        Membership.objects.filter(is_active=True).select_related("user").order_by("user__name")
    )
    tab = request.GET.get("tab", "messages")
    notes = found.notes
    context = {
        **_summary(request, found),
        "members": members,
        "tab": tab if tab in ("messages", "notes", "history") else "messages",
        "messages_shown": [note for note in notes if note.kind != Note.Kind.INTERNAL],
        "internal_notes": [note for note in notes if note.kind == Note.Kind.INTERNAL],
        "history": history(found.events),
        "mark": mark_of(bytes(found.rma.email_index)),
        **_withdrawal(found),
    }
    return page(request, "backoffice/return.html", "returns", context, error=error)


def _withdrawal(found: ReturnDetail) -> dict[str, Any]:
    """Return the statement that the return came from and its acknowledgement, if there is one."""
    withdrawal = withdrawal_of(found.rma)
    if withdrawal is None:
        return {}
    return {
        "withdrawal": withdrawal,
        "acknowledgement": acknowledgement_of(withdrawal.event_id),
        "receipt_url": portal_link(withdrawal.merchant, "withdrawn", token=withdrawal.token),
    }


def _summary(request: HttpRequest, found: ReturnDetail) -> dict[str, Any]:
    """Return what the page and the drawer both show of a return."""
    rma = found.rma
    payments = payments_of(rma.order)
    tone, title, text = headline(found)
    return {
        "rma": rma,
        "detail": found,
        "headline": {"tone": tone, "title": title, "text": text},
        "findings": findings(found.decision, found.lines) if found.decision else [],
        "items": [_item(found, line) for line in found.lines],
        "money": money_table(found, payments),
        "progress": progress(found),
        "why_paid": why_paid(found),
        "shipment": found.shipment,
        "appeal": next((one for one in found.appeals if one.status == "open"), None),
        "can": _can(request, found),
        "permissions": request.membership.permissions,
        "now": now(),
    }


def _item(found: ReturnDetail, line: Any) -> dict[str, Any]:
    reason = found.policy.reason(line.reason)
    return {
        "line": line,
        "sold": line.order_line,
        "reason": reason_word(found.policy, line.reason),
        "answers": answer_words(reason, line.answers),
        "wants": WANTED_WORDS[ResolutionKind(line.wanted)],
        "exchange": line.exchange_variant,
        "held": next(iter(line.exchanges.all()), None),
        "photos": found.photos_of(line),
        "photos_of": ", ".join(reason.subjects()) if reason is not None else "",
        "units": [unit for unit in found.inspections if unit.return_line_id == line.pk],
    }


def _can(request: HttpRequest, found: ReturnDetail) -> dict[str, bool]:
    """Return which controls to show: what the role allows and the state leads to."""
    status, allowed = found.rma.status, request.membership.permissions
    decides = Permission.RETURNS_DECIDE in allowed
    waits = status in (ReturnStatus.REQUESTED, ReturnStatus.NEEDS_INFO)
    label_failed = found.shipment is not None and found.shipment.status == ShipmentStatus.FAILED
    alive = [one for one in found.resolutions if one.status != ResolutionStatus.CANCELLED]
    settled = bool(alive) and not found.rma.part_settled
    return {
        "decide": decides and waits,
        "ask": decides and status == ReturnStatus.REQUESTED,
        "cancel": decides
        and (waits or status == ReturnStatus.OPEN)
        and not (found.inspections or found.rma.part_settled or settled),
        "reopen": decides and status == ReturnStatus.EXPIRED,
        "note": Permission.RETURNS_NOTE in allowed,
        "mark": decides and bool(found.rma.email_index),
        "retry_label": decides and status == ReturnStatus.OPEN and label_failed,
        "settle": Permission.REFUNDS_GRANT in allowed
        and status == ReturnStatus.OPEN
        and bool(found.receipts)
        and not settled,
        "pay_ahead": Permission.REFUNDS_GRANT in allowed
        and status == ReturnStatus.OPEN
        and not found.receipts
        and bool(_by_hand(found)),
        "track": decides and status == ReturnStatus.OPEN and not found.receipts,
    }


def _by_hand(found: ReturnDetail) -> set[str]:
    """Return the kinds of outcome that the policy has paid by hand and nobody has paid."""
    known = {one.kind for one in found.resolutions if one.status != ResolutionStatus.CANCELLED}
    return {kind for kind, moment in found.rma.processing.items() if moment == "hand"} - known


@staff_view(permission=Permission.RETURNS_VIEW)
def trace(request: HttpRequest, number: str) -> HttpResponse:
    """Show every rule that ran on a return with the facts it used."""
    found = return_detail(number)
    rows = trace_rows(found.decision, found.lines) if found.decision else []
    context = {"rma": found.rma, "detail": found, "rows": rows}
    return page(request, "backoffice/trace.html", "returns", context)


@staff_view(permission=Permission.RETURNS_VIEW)
def photo(request: HttpRequest, photo_id: UUID) -> FileResponse:
    """Return one evidence photo."""
    found = Photo.objects.filter(pk=photo_id).first()
    if found is None or not photo_file(found).is_file():
        raise NotFound("This photo isn’t here.")
    return FileResponse(photo_file(found).open("rb"), content_type=found.content_type)


@staff_view(permission=Permission.RETURNS_VIEW)
def slip(request: HttpRequest, number: str) -> HttpResponse:
    """Return the slip that lies in the parcel."""
    found = return_detail(number)
    return _pdf(slip_pdf(found.rma), f"slip-{found.rma.number}.pdf")


@staff_view(permission=Permission.RETURNS_VIEW)
def label(request: HttpRequest, number: str) -> HttpResponse:
    """Return the label of the return's parcel."""
    found = return_detail(number)
    if found.shipment is None:
        raise NotFound("This return has no label.")
    file = open_label(found.shipment)
    return _pdf(file.content, file.name, file.content_type)


def _pdf(content: bytes, name: str, kind: str = "application/pdf") -> HttpResponse:
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return HttpResponse(content, content_type=kind, headers=headers)
