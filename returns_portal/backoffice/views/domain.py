"""Domain: the shop's own host for its portal, entered, proved by a DNS record, given up."""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from returns_portal.backoffice.base import actor_of, done, page, staff_view
from returns_portal.backoffice.forms.domain import DomainForm
from returns_portal.core.errors import DomainError
from returns_portal.integrations.domains import (
    GRACE,
    ask_check,
    enter_domain,
    record_name,
    record_text,
    remove_domain,
)
from returns_portal.tenancy.models import PortalDomain
from returns_portal.tenancy.permissions import Permission

Outcome = PortalDomain.Outcome
_SAID = {
    Outcome.MISSING: (
        "warning",
        "We found no such record. A new one can take an hour to be seen: compare its name with the "
        "one above and check again then.",
    ),
    Outcome.OTHER: (
        "warning",
        "There is a record of this name, and it says something else. Compare its value with the "
        "one above, then check again.",
    ),
    Outcome.NO_ANSWER: (
        "warning",
        "The DNS gave no answer in time, so we know nothing yet. Check again in a few minutes.",
    ),
    Outcome.TAKEN: (
        "danger",
        "Another shop has proved this domain. Remove it here and use another one.",
    ),
}


def _state(domain: PortalDomain | None) -> dict[str, object]:
    """Return what is known of a domain, in words."""
    if domain is None:
        return {"domain": None}
    tone, words = _SAID.get(Outcome(domain.outcome), ("", "")) if domain.outcome else ("", "")
    failing = domain.failing_since
    return {
        "domain": domain,
        "tone": tone,
        "words": words,
        "lost_at": failing + GRACE if failing else None,
    }


def _show(
    request: HttpRequest,
    *,
    form: DomainForm | None = None,
    error: DomainError | None = None,
    **_: object,
) -> HttpResponse:
    domain = PortalDomain.objects.first()
    context = {
        "form": form or DomainForm(),
        "record_name": record_name(domain) if domain else "",
        "record_text": record_text(domain) if domain else "",
        "target": urlsplit(settings.PUBLIC_URL).hostname,
        **_state(domain),
    }
    status = error.status if error else 422 if form else 200
    return page(request, "backoffice/domain.html", "domain", context, status=status)


def _again(request: HttpRequest, *, error: DomainError, **_: object) -> HttpResponse:
    form = DomainForm(request.POST)
    form.add_error("host" if error.field == "host" else None, error.message)
    return _show(request, form=form, error=error)


@staff_view(permission=Permission.SETTINGS_EDIT, methods=["GET", "POST"], refused=_again)
def domain(request: HttpRequest) -> HttpResponse:
    """Show the shop's domain and how to prove it, or enter one."""
    if request.method != "POST":
        return _show(request)
    form = DomainForm(request.POST)
    if not form.is_valid():
        return _show(request, form=form)
    entered = enter_domain(form.cleaned_data["host"], actor=actor_of(request))
    return done(request, f"Noted. Prove now that {entered.host} is yours.", "domain")


@staff_view(permission=Permission.SETTINGS_EDIT)
def domain_state(request: HttpRequest) -> HttpResponse:
    """Return what is known by now, for a page that waits."""
    found = PortalDomain.objects.first()
    answer = render(request, "backoffice/_domain_state.html", _state(found))
    if found is None or not found.is_asked:
        answer["X-Poll"] = "stop"
    return answer


@staff_view(permission=Permission.SETTINGS_EDIT, methods=["POST"])
def domain_check(request: HttpRequest, domain_id: UUID) -> HttpResponse:
    """Have the DNS looked at."""
    ask_check(domain_id, actor=actor_of(request))
    return done(request, "We are asking the DNS now.", "domain")


@staff_view(permission=Permission.SETTINGS_EDIT, methods=["POST"])
def domain_remove(request: HttpRequest, domain_id: UUID) -> HttpResponse:
    """Give the domain up."""
    remove_domain(domain_id, actor=actor_of(request))
    return done(request, "Removed. Your portal answers at our address again.", "domain")
