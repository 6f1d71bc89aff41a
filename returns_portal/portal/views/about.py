"""Pages that name nobody: policy, help, the merchant's stylesheet and logo."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from returns_portal.core.brand import ICON_SIZES
from returns_portal.portal.brand import stylesheet
from returns_portal.portal.pages import page, shopper_page
from returns_portal.portal.showing.glance import in_sentences, published_policy

FOR_EVER = "public, max-age=31536000, immutable"


@shopper_page("GET", "HEAD")
def policy(request: HttpRequest) -> HttpResponse:
    """Show the policy in force as sentences."""
    live = published_policy()
    return page(request, "policy.html", {"sections": in_sentences(live) if live else []})


@shopper_page("GET", "HEAD")
def help_page(request: HttpRequest) -> HttpResponse:
    """Answer what shoppers ask most."""
    return page(request, "help.html", {"merchant": request.merchant, "policy": published_policy()})


@shopper_page("GET", "HEAD", framed=False)
def brand_css(request: HttpRequest, version: str) -> HttpResponse:
    """Serve the merchant's stylesheet; an address of another day gets the present one, unkept."""
    merchant = request.merchant
    current, css = stylesheet(merchant.brand_color, merchant.brand_radius, merchant.brand_font)
    response = HttpResponse(css, content_type="text/css; charset=utf-8")
    response["Cache-Control"] = FOR_EVER if version == current else "no-store"
    return response


@shopper_page("GET", "HEAD", framed=False)
def logo(request: HttpRequest, name: str) -> HttpResponse:
    """Serve the merchant's logo; its name holds its digest, so it never changes."""
    return _picture([request.merchant.logo_path], name)


@shopper_page("GET", "HEAD", framed=False)
def icon(request: HttpRequest, name: str) -> HttpResponse:
    """Serve the merchant's favicon in one of its sizes, likewise."""
    kept = request.merchant.icon_path
    return _picture([f"{kept}-{size}.png" for size in ICON_SIZES if kept], name)


def _picture(known: Sequence[str], name: str) -> HttpResponse:
    """Return the one of the ``known`` pictures below MEDIA_ROOT that has this name."""
    kept = next((one for one in known if one and PurePath(one).name == name), "")
    path = Path(settings.MEDIA_ROOT) / kept
    if not kept or not path.is_file():
        raise Http404
    response = HttpResponse(path.read_bytes(), content_type="image/png")
    response["Cache-Control"] = FOR_EVER
    return response
