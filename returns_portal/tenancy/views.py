"""What a proxy in front asks before it gets a certificate."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.views.decorators.http import require_safe

from returns_portal.tenancy.domains import merchant_at


@require_safe
def known_domain(request: HttpRequest) -> HttpResponse:
    """Answer 200 where ``?domain=`` is a merchant's verified domain, else 404: nothing is told that
    a visit to the domain would not show."""
    # Anything that is no host comes out empty.
    host, _port = split_domain_port(request.GET.get("domain", ""))
    found = bool(host) and merchant_at(host.rstrip(".")) is not None
    return HttpResponse(
        "Known.\n" if found else "Not known.\n", "text/plain", status=200 if found else 404
    )
