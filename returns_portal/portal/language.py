"""Which language a page speaks: the link's, the saved one, the order's, the browser's, the shop's.

Only languages the merchant offers count. What was picked is kept in a cookie for each merchant; it
names a language and nothing else, so it needs no signature.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

from returns_portal.core.languages import NAMES, language_of
from returns_portal.tenancy.languages import default_language, offered, spoken

COOKIE = "rp_language"
PARAMETER = "language"
_AGE = timedelta(days=365)


def picked(request: HttpRequest) -> str:
    """Return what the shopper picked, by the link or before; empty while nothing counts."""
    known = offered(request.merchant)
    asked = language_of(request.GET.get(PARAMETER, ""))
    kept = request.COOKIES.get(COOKIE, "")
    return asked if asked in known else kept if kept in known else ""


def language_for(request: HttpRequest) -> str:
    """Return the language of a page that knows no order yet."""
    return picked(request) or _asked_by_browser(request) or default_language(request.merchant)


def follow_order(request: HttpRequest, locale: str) -> str:
    """Go on in the language of an order or return, unless the shopper picked another one.

    Returns the language; the page's own language comes back when the view ends.
    """
    if not picked(request) and language_of(locale) in offered(request.merchant):
        translation.activate(spoken(request.merchant, locale))
    return translation.get_language() or ""


def keep_language(request: HttpRequest, response: HttpResponse, language: str) -> HttpResponse:
    """Save a language for this merchant in this browser."""
    response.set_cookie(
        COOKIE,
        language,
        max_age=_AGE,
        path=get_script_prefix(),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def keep_asked(request: HttpRequest, response: HttpResponse) -> None:
    """Save what the link asked for, if the merchant offers it."""
    asked = language_of(request.GET.get(PARAMETER, ""))
    if asked and asked in offered(request.merchant) and request.COOKIES.get(COOKIE) != asked:
        keep_language(request, response, asked)


def language_menu(request: HttpRequest) -> list[dict[str, object]]:
    """Return the offered languages for the menu, by their own names; one alone is no choice."""
    known, now = offered(request.merchant), language_of(translation.get_language() or "")
    if len(known) < 2:
        return []
    return [{"code": code, "label": NAMES[code], "current": code == now} for code in known]


def _asked_by_browser(request: HttpRequest) -> str:
    known = offered(request.merchant)
    for wanted, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        if language_of(wanted) in known:
            return language_of(wanted)
    return ""
