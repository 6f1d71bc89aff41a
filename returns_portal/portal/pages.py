"""What every page of the portal shares: language, time zone, caching, refusals, the frame."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from returns_portal.core.errors import DomainError, NotFound
from returns_portal.core.own_texts import NONE, own_wording
from returns_portal.portal.brand import brand_of
from returns_portal.portal.language import keep_asked, language_for, language_menu
from returns_portal.tenancy.own_texts import own_texts_of
from rma.policy.live import live_terms
from rma.policy.withdrawal_terms import STATUTORY

View = Callable[..., HttpResponse]


def shopper_page(*methods: str, framed: bool = True) -> Callable[[View], View]:
    """Run a view in the merchant's time zone and own words and in the shopper's language.

    A DomainError that escapes becomes a page of its own and leaves nothing behind. Nothing here may
    be stored by browsers or proxies: most pages name a person. What is no page, and is never
    refused with one, is not ``framed``.
    """

    def wrap(view: View) -> View:
        @require_http_methods(list(methods))
        @wraps(view)
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            zone, language = ZoneInfo(request.merchant.time_zone), language_for(request)
            _read_texts(request)
            if framed:
                _read_terms(request)
            with (
                timezone.override(zone),
                own_wording(request.own_texts),
                translation.override(language),
            ):
                try:
                    response = view(request, *args, **kwargs)
                except DomainError as refusal:
                    transaction.set_rollback(True)
                    response = refused(request, refusal)
            response.headers.setdefault("Cache-Control", "no-store")
            keep_asked(request, response)
            return response

        return inner

    return wrap


def _read_texts(request: HttpRequest) -> None:
    """Read the merchant's own texts once; a refused transaction that read none goes without."""
    if not hasattr(request, "own_texts"):
        broken = connection.needs_rollback
        request.own_texts = NONE if broken else own_texts_of(request.merchant)


def _read_terms(request: HttpRequest) -> None:
    """Read what the frame needs before the view, as a refused transaction takes no statement."""
    if not hasattr(request, "terms") and not connection.needs_rollback:
        request.terms = live_terms()


def page(
    request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Draw a page in the merchant's frame."""
    terms = getattr(request, "terms", STATUTORY)
    framed = {
        "brand": brand_of(request.merchant, terms),
        "languages": language_menu(request),
        "language_url": request.path,
        **context,
    }
    return render(request, f"portal/{template}", framed, status=status)


def refused(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    """Say what went wrong and what to do next; a script that asked gets the bare words."""
    if request.headers.get("HX-Request"):
        return HttpResponse(refusal.message, "text/plain; charset=utf-8", status=refusal.status)
    context = {
        "message": refusal.message,
        "is_missing": refusal.status == 404,
        # What was refused may be an address that only takes forms.
        "language_url": reverse("find"),
    }
    return page(request, "refused.html", context, status=refusal.status)


@shopper_page("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
def missing(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer an address that does not exist."""
    words = _(
        "If you came from an e-mail, the link may be over 90 days old. Find your order again to "
        "see its returns."
    )
    return refused(request, NotFound(words))


def steps(now: int, draft_token: str, *, is_gift: bool = False) -> list[dict[str, str]]:
    """Return the four steps for ``components/steps.html``; ``now`` counts from 1."""
    known = {"token": draft_token}
    each = (
        (_("Order"), reverse("find")),
        (_("Items"), reverse("items", kwargs=known)),
        (
            _("Store credit") if is_gift else _("Refund or exchange"),
            reverse("resolution", kwargs=known),
        ),
        (_("Send it back"), ""),
    )
    return [
        {
            "label": label,
            "state": "done" if place < now else "now" if place == now else "todo",
            "url": url if place < now else "",
        }
        for place, (label, url) in enumerate(each, start=1)
    ]
