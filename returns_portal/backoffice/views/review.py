"""Deciding on returns: each view is one POST that ends in one action."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.timesince import timesince

from returns_portal.backoffice.base import actor_of, page, staff_view
from returns_portal.backoffice.filters import uuid_or_none
from returns_portal.backoffice.forms.returns import AskForm, DeclineForm, NoteForm, TrackingForm
from returns_portal.backoffice.views.returns import show_return
from returns_portal.core.clock import now
from returns_portal.core.db import attempt
from returns_portal.core.errors import Conflict, DomainError, InvalidInput
from returns_portal.tenancy.permissions import Permission
from rma.actions import review, shipping
from rma.actions.notes import add_note
from rma.models import Note, Return
from rma.selectors import return_detail
from rma.states import ReturnStatus

DECIDE = Permission.RETURNS_DECIDE
MOST_AT_ONCE = 200


def _found(request: HttpRequest, number: str) -> Return:
    """Return the return an action is for, unless it moved on since the page was shown.

    Raises NotFound, and Conflict naming who was first.
    """
    rma = return_detail(number).rma
    seen = request.POST.get("seen", "")
    if seen and seen != rma.status:
        raise Conflict(f"{_who_and_when(rma)} Nothing changed.", code="moved_on")
    return rma


def _who_and_when(rma: Return) -> str:
    verbs = {ReturnStatus.OPEN: "approved", ReturnStatus.DECLINED: "declined"}
    verb = verbs.get(ReturnStatus(rma.status))
    if verb is None or rma.decided_at is None:
        return f"This return is {rma.get_status_display().lower()} by now."
    return f"{rma.decided_by} {verb} this {timesince(rma.decided_at, now())} ago."


def _back(request: HttpRequest, rma: Return, text: str) -> HttpResponse:
    """Say what happened and go back to the queue or to the return, where the form was."""
    messages.success(request, text)
    if request.POST.get("back") == "queue":
        query = request.POST.get("query", "")
        tail = f"?{query.lstrip('?')}" if query else ""
        return HttpResponseRedirect(reverse("returns") + tail)
    return HttpResponseRedirect(reverse("return_detail", args=[rma.number]))


@staff_view(permission=DECIDE, methods=["POST"], refused=show_return)
def approve(request: HttpRequest, number: str) -> HttpResponse:
    """Approve a return."""
    rma = review.approve_return(_found(request, number).pk, actor=actor_of(request))
    return _back(request, rma, f"{rma.number} approved.")


@staff_view(permission=DECIDE, methods=["GET", "POST"], refused=show_return)
def decline(request: HttpRequest, number: str) -> HttpResponse:
    """Decline a return with what the shopper reads."""
    form = DeclineForm(request.POST or None)
    if not form.is_valid():
        return _ask_words(request, number, form, "decline")
    rma = review.decline_return(
        _found(request, number).pk, actor=actor_of(request), reason=form.cleaned_data["reason"]
    )
    return _back(request, rma, f"{rma.number} declined.")


@staff_view(permission=DECIDE, methods=["GET", "POST"], refused=show_return)
def ask(request: HttpRequest, number: str) -> HttpResponse:
    """Ask the shopper for one thing."""
    form = AskForm(request.POST or None)
    if not form.is_valid():
        return _ask_words(request, number, form, "ask")
    rma = review.ask_for_information(
        _found(request, number).pk, actor=actor_of(request), question=form.cleaned_data["question"]
    )
    return _back(request, rma, f"We asked {rma.shopper_name or 'the shopper'}.")


def _ask_words(
    request: HttpRequest, number: str, form: DeclineForm | AskForm, what: str
) -> HttpResponse:
    context = {"rma": return_detail(number).rma, "form": form, "what": what}
    status = 422 if form.is_bound else 200
    return page(request, "backoffice/decide.html", "returns", context, status=status)


@staff_view(permission=DECIDE, methods=["GET", "POST"], refused=show_return)
def cancel(request: HttpRequest, number: str) -> HttpResponse:
    """Cancel a return, after asking once."""
    if request.method != "POST":
        context = {"rma": return_detail(number).rma, "what": "cancel"}
        return page(request, "backoffice/decide.html", "returns", context)
    rma = review.cancel_return(_found(request, number).pk, actor=actor_of(request))
    return _back(request, rma, f"{rma.number} cancelled.")


@staff_view(permission=DECIDE, methods=["POST"], refused=show_return)
def reopen(request: HttpRequest, number: str) -> HttpResponse:
    """Open an expired return again."""
    rma = review.reopen_return(_found(request, number).pk, actor=actor_of(request))
    return _back(request, rma, f"{rma.number} is open again.")


@staff_view(permission=Permission.RETURNS_NOTE, methods=["POST"], refused=show_return)
def assign(request: HttpRequest, number: str) -> HttpResponse:
    """Give a return to a member of the team, or to nobody."""
    user_id = uuid_or_none(request.POST.get("user"))
    rma = review.assign_return(_found(request, number).pk, actor=actor_of(request), user_id=user_id)
    return _back(request, rma, "Assigned." if user_id else "Nobody looks after it now.")


@staff_view(permission=Permission.RETURNS_NOTE, methods=["POST"], refused=show_return)
def note(request: HttpRequest, number: str) -> HttpResponse:
    """Write an internal note, or a message to the shopper."""
    form = NoteForm(request.POST)
    if not form.is_valid():
        raise InvalidInput("Write something first.", field="body")
    kind = Note.Kind(form.cleaned_data["kind"])
    rma = _found(request, number)
    add_note(rma.pk, actor=actor_of(request), body=form.cleaned_data["body"], kind=kind)
    tab = "notes" if kind == Note.Kind.INTERNAL else "messages"
    messages.success(request, "Note kept." if tab == "notes" else "Message kept.")
    return HttpResponseRedirect(f"{reverse('return_detail', args=[rma.number])}?tab={tab}#talk")


@staff_view(permission=DECIDE, methods=["POST"], refused=show_return)
def retry_label(request: HttpRequest, number: str) -> HttpResponse:
    """Ask the carrier for the label once more."""
    rma = _found(request, number)
    shipping.retry_label(rma.pk, actor=actor_of(request))
    return _back(request, rma, "The label is asked for again.")


@staff_view(permission=DECIDE, methods=["POST"], refused=show_return)
def track(request: HttpRequest, number: str) -> HttpResponse:
    """Enter how the shopper sent the parcel."""
    form = TrackingForm(request.POST)
    if not form.is_valid():
        raise InvalidInput("Enter the carrier and the tracking number.", field="tracking_code")
    rma = _found(request, number)
    shipping.set_own_tracking(rma.pk, actor=actor_of(request), **form.cleaned_data)
    return _back(request, rma, "We follow the parcel now.")


@staff_view(permission=DECIDE, methods=["POST"])
def bulk(request: HttpRequest) -> HttpResponse:
    """Approve several returns: first say what would happen, then do it."""
    ids = [one for one in map(uuid_or_none, request.POST.getlist("ids")) if one][:MOST_AT_ONCE]
    if not ids:
        messages.error(request, "Choose at least one return.")
        return HttpResponseRedirect(reverse("returns"))
    if request.POST.get("commit") == "1":
        answers = review.approve_returns(ids, actor=actor_of(request))
        fine = sum(error is None for _, error in answers)
        messages.success(request, f"{fine} of {len(answers)} approved.")
        return HttpResponseRedirect(reverse("returns"))
    answers = _dry_run(request, ids)
    context = {
        "fine": [rma for rma, error in answers if rma and error is None],
        "refused": [(rma, error.message) for rma, error in answers if rma and error],
        "total": len(answers),
        "query": request.POST.get("query", ""),
    }
    return page(request, "backoffice/bulk.html", "returns", context)


def _dry_run(
    request: HttpRequest, ids: list[UUID]
) -> list[tuple[Return | None, DomainError | None]]:
    """Approve and take it back: the answer is exact because it is the same code."""
    with attempt():
        answers = review.approve_returns(ids, actor=actor_of(request))
        transaction.set_rollback(True)
    return answers
