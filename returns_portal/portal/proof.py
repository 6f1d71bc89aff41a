"""Proof of knowing an order: a signed cookie that names the drafts this browser has opened.

The address of a draft alone opens nothing; whoever has it must also hold the cookie. A second one
names the shopper, by blind index, whose mailed link this browser has opened.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix
from django.utils.translation import gettext as _

from returns_portal.core.actor import Actor, ActorKind
from returns_portal.core.errors import DomainError
from rma.drafts import draft_by_token
from rma.models import Return, ReturnDraft

COOKIE = "rp_drafts"
SHOPPER_COOKIE = "rp_shopper"
MOST = 6
_AGE = timedelta(days=14)


class ProofMissing(DomainError):
    """This browser has not proved that it knows the order. HTTP 403."""

    status = 403
    default_code = "proof_missing"


def proven_tokens(request: HttpRequest) -> list[str]:
    """Return the tokens of the drafts this browser opened at this merchant, newest first."""
    tokens = _signed(request, COOKIE)
    return [one for one in tokens if isinstance(one, str)] if isinstance(tokens, list) else []


def remember(request: HttpRequest, response: HttpResponse, token: str) -> HttpResponse:
    """Let this browser open the draft with ``token``; the oldest of many is forgotten."""
    others = [known for known in proven_tokens(request) if known != token]
    return _set(request, response, COOKIE, [token, *others][:MOST])


def proven_draft(request: HttpRequest, token: str) -> ReturnDraft:
    """Return the draft with ``token``. Raises ProofMissing without the cookie, NotFound if gone."""
    if token not in proven_tokens(request):
        raise ProofMissing(_("Find your order again to go on. This keeps your order private."))
    return draft_by_token(token)


def remember_shopper(request: HttpRequest, response: HttpResponse, index: bytes) -> HttpResponse:
    """Let this browser see the orders of the shopper with this blind index of their e-mail."""
    return _set(request, response, SHOPPER_COOKIE, index.hex())


def proven_shopper(request: HttpRequest) -> bytes:
    """Return the blind index of the shopper whose link was opened here. Raises ProofMissing."""
    index = _signed(request, SHOPPER_COOKIE)
    if not isinstance(index, str):
        raise ProofMissing("Ask for a new link to see your orders. This keeps them private.")
    return bytes.fromhex(index)


def _signed(request: HttpRequest, cookie: str) -> object:
    """Return what a cookie of ours says, or None."""
    try:
        return signing.loads(
            request.COOKIES.get(cookie, ""),
            salt=_salt(request, cookie),
            max_age=_AGE.total_seconds(),
        )
    except signing.BadSignature:
        return None


def _set(request: HttpRequest, response: HttpResponse, cookie: str, told: object) -> HttpResponse:
    response.set_cookie(
        cookie,
        signing.dumps(told, salt=_salt(request, cookie)),
        max_age=_AGE,
        path=get_script_prefix(),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def _salt(request: HttpRequest, cookie: str) -> str:
    purpose = {COOKIE: "drafts", SHOPPER_COOKIE: "shopper"}[cookie]
    return f"portal.{purpose}:{request.merchant.pk}"


def shopper_of(rma: Return) -> Actor:
    """Name whoever holds the link of a return as who acts."""
    return Actor(ActorKind.SHOPPER, name=rma.shopper_name[:120] or _("Shopper"))
