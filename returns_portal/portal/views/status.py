"""A return's own page: where it stands, what to do, and what the shopper may change."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from returns_portal.core.db import attempt
from returns_portal.core.errors import DomainError
from returns_portal.portal.forms.status import AnswerForm, AppealForm, MessageForm, TrackingForm
from returns_portal.portal.language import follow_order
from returns_portal.portal.pages import page, shopper_page
from returns_portal.portal.proof import shopper_of
from returns_portal.portal.showing.findings import findings
from returns_portal.portal.showing.photos import return_photos
from returns_portal.portal.showing.promise import promised
from returns_portal.portal.showing.status import headline, money_sentence, read_facts
from returns_portal.portal.showing.sums import documents, parcel, sum_lines, sum_rows
from returns_portal.portal.showing.timeline import timeline
from rma.actions.notes import add_note
from rma.actions.review import answer_information, cancel_return
from rma.actions.shipping import set_own_tracking
from rma.evidence import store_photo
from rma.labels import return_address
from rma.models import Note, Return
from rma.numbers import barcode_form
from rma.selectors import ShopperStatus, status_by_token
from rma.states import SENT, ReturnStatus, ShipmentStatus

PHOTOS_AT_ONCE = 5
_PARTS = {"parcel": "portal/_parcel.html", "timeline": "components/timeline.html"}


@shopper_page("GET", "HEAD")
def status(request: HttpRequest, token: str) -> HttpResponse:
    """Show a return to its shopper."""
    return show(request, found_return(request, token))


@shopper_page("GET", "HEAD")
def live(request: HttpRequest, token: str) -> HttpResponse:
    """Return a part that changes by itself; the page asks for it while it is looked at."""
    context = _context(found_return(request, token))
    part = _PARTS.get(request.GET.get("part", ""), "portal/_live.html")
    if part == _PARTS["parcel"] and context["parcel"] is None:
        part = "portal/_moved_on.html"
    response = render(request, part, {**context, "steps": context["timeline"]})
    waiting = context["parcel"] is not None and context["parcel"]["is_waiting"]
    if context["is_over"] or ("wait" in request.GET and not waiting):
        response["X-Poll"] = "stop"
    return response


@shopper_page("GET", "HEAD", "POST")
def cancel(request: HttpRequest, token: str) -> HttpResponse:
    """Ask once, then cancel."""
    found = found_return(request, token)
    if request.method != "POST":
        context = {"rma": found.rma, "may_cancel": found.may_cancel, "held": _held(found)}
        return page(request, "cancel.html", context)
    try:
        with attempt():
            cancel_return(found.rma.pk, actor=shopper_of(found.rma))
    except DomainError as refusal:
        return show(request, found, error=refusal.message, status=refusal.status)
    messages.success(request, _("Your return is cancelled."))
    return back(found.rma)


@shopper_page("POST")
def message(request: HttpRequest, token: str) -> HttpResponse:
    """Write to staff."""
    found = found_return(request, token)
    form = MessageForm(request.POST)
    if not form.is_valid():
        return show(request, found, message_form=form, status=422)
    body = form.cleaned_data["body"]
    add_note(found.rma.pk, actor=shopper_of(found.rma), body=body, kind=Note.Kind.FROM_SHOPPER)
    messages.success(request, _("Your message is with us. We answer by e-mail and here."))
    return back(found.rma)


@shopper_page("POST")
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """Answer the open question, with photos if they were asked for."""
    found = found_return(request, token)
    uploads = request.FILES.getlist("photos")[:PHOTOS_AT_ONCE]
    form = AnswerForm(request.POST, photos=len(uploads))
    if not form.is_valid():
        return show(request, found, answer_form=form, status=422)
    actor, text = shopper_of(found.rma), form.cleaned_data["answer"]
    try:
        with attempt():
            for upload in uploads:
                store_photo(upload, rma=found.rma, actor=actor, field="photos")
            answer_information(found.rma.pk, actor=actor, answer=text or _photo_words(len(uploads)))
    except DomainError as refusal:
        form.add_error("answer", refusal.message)
        return show(request, found, answer_form=form, status=422)
    messages.success(request, _("Thank you. We look at it and write to you."))
    return back(found.rma)


@shopper_page("POST")
def tracking(request: HttpRequest, token: str) -> HttpResponse:
    """Take the tracking number of a parcel that the shopper sends."""
    found = found_return(request, token)
    form = TrackingForm(request.POST)
    if not form.is_valid():
        return show(request, found, tracking_form=form, status=422)
    try:
        with attempt():
            set_own_tracking(found.rma.pk, actor=shopper_of(found.rma), **form.cleaned_data)
    except DomainError as refusal:
        field = refusal.field if refusal.field in form.fields else None
        form.add_error(field, refusal.message)
        return show(request, found, tracking_form=form, status=422)
    messages.success(request, _("Thank you. We look out for your parcel."))
    return back(found.rma)


def found_return(request: HttpRequest, token: str) -> ShopperStatus:
    """Read a return and go on in the language it was asked for in."""
    found = status_by_token(token)
    follow_order(request, found.rma.locale)
    return found


def back(rma: Return) -> HttpResponse:
    """Go to the page of a return, after a change."""
    return HttpResponseRedirect(reverse("status", kwargs={"token": rma.token}))


def _photo_words(count: int) -> str:
    return ngettext("Sent %(n)d photo.", "Sent %(n)d photos.", count) % {"n": count}


def _held(found: ShopperStatus) -> bool:
    return any(line.wanted in SENT for line in found.lines)


def _may_track(found: ShopperStatus) -> bool:
    is_own = found.rma.method == Return.Method.OWN and found.rma.status == ReturnStatus.OPEN
    arrived = found.shipment is not None and found.shipment.status == ShipmentStatus.DELIVERED
    return is_own and not arrived and found.rma.received_at is None


def _context(found: ShopperStatus) -> dict[str, Any]:
    """Return what page and fragment both show."""
    facts = read_facts(found)
    title, sentence = headline(facts)
    rma = found.rma
    return {
        "rma": rma,
        "stage": found.stage,
        "title": title,
        "sentence": sentence,
        "parcel": parcel(facts),
        "barcode_text": barcode_form(rma.number),
        "timeline": timeline(facts),
        "is_over": rma.status in ("declined", "cancelled", "expired"),
        "lines": sum_lines(facts),
        "rows": sum_rows(facts),
        "findings": findings(found.rma),
        "documents": documents(facts),
        "promise": promised(facts),
        "money_comes": money_sentence(facts),
        "address": return_address(rma.merchant) if rma.method == Return.Method.OWN else None,
    }


def show(
    request: HttpRequest,
    found: ShopperStatus,
    *,
    error: str = "",
    status: int = 200,
    **bound: forms.Form,
) -> HttpResponse:
    """Draw the page; ``bound`` is the form that was refused, under its own name."""
    shipment = found.shipment
    kept = (
        {"carrier": shipment.carrier, "tracking_code": shipment.tracking_code} if shipment else {}
    )
    context = {
        **_context(found),
        "status": found,
        "photos": return_photos(found.rma, found.photos),
        "may_track": _may_track(found),
        "message_form": MessageForm(),
        "answer_form": AnswerForm(),
        "appeal_form": AppealForm(),
        "tracking_form": TrackingForm(initial=kept),
        "error": error,
        "language_url": reverse("status", kwargs={"token": found.rma.token}),
        "bound": next(iter(bound.values()), None),
        **bound,
    }
    return page(request, "status.html", context, status=status)
