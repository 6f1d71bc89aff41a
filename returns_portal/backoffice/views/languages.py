"""The languages of the portal: which ones shoppers may read, and which one stands in."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from returns_portal.backoffice.actions.settings import change_merchant
from returns_portal.backoffice.base import actor_of, done, page, staff_view
from returns_portal.backoffice.forms.settings import LanguagesForm
from returns_portal.core.errors import DomainError
from returns_portal.tenancy.permissions import Permission


def _show(
    request: HttpRequest,
    *,
    form: LanguagesForm | None = None,
    error: DomainError | None = None,
    **_: object,
) -> HttpResponse:
    context = {"form": form or LanguagesForm(initial=LanguagesForm.initial_of(request.merchant))}
    status = 422 if form else 200
    return page(
        request, "backoffice/languages.html", "languages", context, error=error, status=status
    )


@staff_view(permission=Permission.SETTINGS_EDIT, methods=["GET", "POST"], refused=_show)
def languages(request: HttpRequest) -> HttpResponse:
    """Show and change the languages shoppers may choose from."""
    if request.method != "POST":
        return _show(request)
    form = LanguagesForm(request.POST)
    if not form.is_valid():
        return _show(request, form=form)
    change_merchant(form.changes(), actor=actor_of(request))
    return done(request, "Saved. Your portal offers them now.", "languages")
