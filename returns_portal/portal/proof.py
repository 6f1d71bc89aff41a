"""Proof of knowing an order: a signed cookie that names the drafts this browser has opened.

The address of a draft alone opens nothing; whoever has it must also hold the cookie.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix
from django.utils.translation import gettext as _

from returns_portal.core.errors import DomainError
from rma.drafts import draft_by_token
from rma.models import ReturnDraft

COOKIE = "rp_drafts"
MOST = 6
_AGE = timedelta(days=14)


class ProofMissing(DomainError):
    """This browser has not proved that it knows the order. HTTP 403."""

    status = 403
    default_code = "proof_missing"


def proven_tokens(request: HttpRequest) -> list[str]:
    """Return the tokens of the drafts this browser opened at this merchant, newest first."""
    try:
        tokens = signing.loads(
            request.COOKIES.get(COOKIE, ""), salt=_salt(request), max_age=_AGE.total_seconds()
        )
    except signing.BadSignature:
        return []
    return [token for token in tokens if isinstance(token, str)]


def remember(request: HttpRequest, response: HttpResponse, token: str) -> HttpResponse:
    """Let this browser open the draft with ``token``; the oldest of many is forgotten."""
    others = [known for known in proven_tokens(request) if known != token]
    response.set_cookie(
        COOKIE,
        signing.dumps([token, *others][:MOST], salt=_salt(request)),
        max_age=_AGE,
        path=get_script_prefix(),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def proven_draft(request: HttpRequest, token: str) -> ReturnDraft:
    """Return the draft with ``token``. Raises ProofMissing without the cookie, NotFound if gone."""
    if token not in proven_tokens(request):
        raise ProofMissing(_("Find your order again to go on. This keeps your order private."))
    return draft_by_token(token)


def _salt(request: HttpRequest) -> str:
    return f"portal.drafts:{request.merchant.pk}"
