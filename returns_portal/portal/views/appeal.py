"""Objecting to a decision, from the return's own page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from returns_portal.core.db import attempt
from returns_portal.core.errors import DomainError
from returns_portal.portal.forms.status import AppealForm
from returns_portal.portal.pages import shopper_page
from returns_portal.portal.proof import shopper_of
from returns_portal.portal.views.status import PHOTOS_AT_ONCE, back, found_return, show
from rma.actions.appeals import open_appeal
from rma.evidence import store_photo


@shopper_page("POST")
def appeal(request: HttpRequest, token: str) -> HttpResponse:
    """Take an objection with its photos; sent twice, it is kept once."""
    found = found_return(request, token)
    form = AppealForm(request.POST)
    if not form.is_valid():
        return show(request, found, appeal_form=form, status=422)
    actor = shopper_of(found.rma)
    try:
        with attempt():
            open_appeal(found.rma.pk, actor=actor, words=form.cleaned_data["words"])
            for upload in request.FILES.getlist("photos")[:PHOTOS_AT_ONCE]:
                store_photo(upload, rma=found.rma, actor=actor, field="photos")
    except DomainError as refusal:
        if refusal.code != "appeal_open":
            form.add_error("words", refusal.message)
            return show(request, found, appeal_form=form, status=422)
    messages.success(request, _("Thank you. A person looks at it again and writes to you."))
    return back(found.rma)
