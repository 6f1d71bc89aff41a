"""Which merchant a request is for, and the scope and transaction in which its view runs.

``/r/<slug>/...`` is a merchant's portal, ``/app/<slug>/...`` its back office, and a verified
domain is a portal at its root. The prefix is taken off and becomes the script prefix, so that
``{% url %}`` inside a face needs no slug and works the same under a path and under a domain.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlparse

from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.request import split_domain_port
from django.urls import set_script_prefix
from django.utils.http import urlencode
from redis.exceptions import RedisError

from returns_portal.core.errors import DomainError, NotFound, TryLater
from returns_portal.core.scope import merchant_scope
from returns_portal.core.views import refused
from returns_portal.tenancy.domains import merchant_at
from returns_portal.tenancy.links import BACKOFFICE_URLCONF, PORTAL_URLCONF
from returns_portal.tenancy.models import Membership, Merchant

_FACE = re.compile(r"^/(?P<face>r|app)/(?P<slug>[a-z0-9][a-z0-9-]{0,39})(?P<rest>/.*)?$")
_OWN_HOSTS = frozenset(
    {urlparse(settings.PUBLIC_URL).hostname, "localhost", "127.0.0.1", "testserver"}
)
_UNKNOWN = NotFound("This page isn't here. Check the address, or open it from your e-mail again.")


class OwnDomainMiddleware:
    """Find the merchant whose verified domain a request came to: ``request.domain_merchant``.

    Such a host is answered without standing in ALLOWED_HOSTS, which guards all others: the
    addresses of mails are made from the host, so nobody may choose one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = request._get_raw_host()
        name, _port = split_domain_port(asked)
        host = name.rstrip(".")
        known = not host or host in _OWN_HOSTS
        request.domain_merchant = None if known else merchant_at(host)
        if request.domain_merchant is not None:
            request.get_host = lambda: asked  # type: ignore[method-assign]
        return self.get_response(request)


class SessionCookieMiddleware(SessionMiddleware):
    """Keep the staff's session away from the portal: shoppers have none, their proof is signed."""

    def process_request(self, request: HttpRequest) -> None:
        if _is_portal(request):
            request.session = self.SessionStore(None)
        else:
            super().process_request(request)

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if _is_portal(request):
            return response
        return super().process_response(request, response)


def _is_portal(request: HttpRequest) -> bool:
    return request.domain_merchant is not None or request.path.startswith("/r/")


class MerchantMiddleware:
    """Resolve the merchant, check membership for the back office, and run the view in scope."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Nothing but its merchant's portal answers at a domain, whatever the path looks like.
        if request.domain_merchant is not None:
            request.merchant, request.urlconf = request.domain_merchant, PORTAL_URLCONF
            return self._in_scope(request, request.merchant)
        match = _FACE.match(request.path_info)
        if match:
            return self._face(request, match["face"], match["slug"], match["rest"])
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Undo what the view did, and turn a refusal that no view handled into its page.

        Django answers the other exceptions: some as a refusal of its own (an address too long to
        redirect to), which must not keep what was written before it.
        """
        if getattr(request, "is_in_scope", False):
            transaction.set_rollback(True)
        if isinstance(exception, RedisError):
            # Signing in counts its tries there: without the counts nobody may try.
            exception = TryLater("We can’t do this for a moment. Try again in a minute.")
        return refused(request, exception) if isinstance(exception, DomainError) else None

    def _face(self, request: HttpRequest, face: str, slug: str, rest: str | None) -> HttpResponse:
        if rest is None:
            return HttpResponseRedirect(f"{request.path}/")
        merchant = Merchant.objects.filter(slug=slug, status=Merchant.Status.ACTIVE).first()
        if merchant is None:
            return refused(request, _UNKNOWN)
        request.merchant = merchant
        request.membership = None
        if face == "app":
            if not request.user.is_authenticated:
                query = urlencode({"next": request.get_full_path()})
                return HttpResponseRedirect(f"/accounts/login/?{query}")
            request.membership = _membership(request.user.pk, merchant)
            if request.membership is None:
                return refused(request, _UNKNOWN)
        request.urlconf = PORTAL_URLCONF if face == "r" else BACKOFFICE_URLCONF
        request.path_info = rest
        set_script_prefix(f"/{face}/{slug}/")
        return self._in_scope(request, merchant)

    def _in_scope(self, request: HttpRequest, merchant: Merchant) -> HttpResponse:
        """Run the view in one transaction; an answer of 500 or more leaves nothing behind."""
        request.is_in_scope = True
        with merchant_scope(merchant.pk), transaction.atomic():
            response = self.get_response(request)
            if hasattr(response, "render") and not getattr(response, "is_rendered", True):
                response = response.render()
            if response.status_code >= 500:
                transaction.set_rollback(True)
        return response


def _membership(user_id: object, merchant: Merchant) -> Membership | None:
    with merchant_scope(merchant.pk), transaction.atomic():
        return Membership.objects.filter(user_id=user_id, is_active=True).first()
