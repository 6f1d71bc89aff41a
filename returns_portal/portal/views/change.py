"""Changing a return from its own page: the steps again, with what it asks for now."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from returns_portal.core.db import attempt
from returns_portal.core.errors import DomainError
from returns_portal.portal.pages import shopper_page
from returns_portal.portal.proof import remember, shopper_of
from returns_portal.portal.views.status import found_return, show
from rma.actions.changing import open_change


@shopper_page("POST")
def change(request: HttpRequest, token: str) -> HttpResponse:
    """Begin a change; the return stays as it is until the last step confirms it."""
    found = found_return(request, token)
    try:
        with attempt():
            draft = open_change(found.rma.pk, actor=shopper_of(found.rma))
    except DomainError as refusal:
        return show(request, found, error=refusal.message, status=refusal.status)
    onward = reverse("items", kwargs={"token": draft.token})
    return remember(request, HttpResponseRedirect(onward), draft.token)
