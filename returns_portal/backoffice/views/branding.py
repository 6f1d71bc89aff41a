"""Branding: the form, what it does to contrast, and a live preview."""

from __future__ import annotations

from pathlib import Path

from csp.decorators import csp_replace, csp_update
from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.clickjacking import xframe_options_sameorigin

from returns_portal.backoffice.actions.settings import change_merchant
from returns_portal.backoffice.base import actor_of, done, page, staff_view
from returns_portal.backoffice.forms.settings import BrandingForm
from returns_portal.backoffice.logos import store_icon, store_logo
from returns_portal.core.brand import (
    ICON_SIZES,
    INK,
    PAGE_LIGHT,
    RADII,
    SURFACE_DARK,
    SURFACE_LIGHT,
    SYSTEM_FONT,
    WHITE,
    BrandTokens,
    brand_css,
    contrast,
    derive_brand,
)
from returns_portal.core.errors import DomainError, InvalidInput
from returns_portal.tenancy.models import Merchant
from returns_portal.tenancy.permissions import Permission


def _show(
    request: HttpRequest,
    *,
    form: BrandingForm | None = None,
    error: DomainError | None = None,
    **_: object,
) -> HttpResponse:
    merchant = request.merchant
    tokens = derive_brand(merchant.brand_color, merchant.brand_radius, merchant.brand_font)
    context = {
        "form": form or BrandingForm(initial=BrandingForm.initial_of(merchant)),
        "merchant": merchant,
        "logo_url": _logo_url(merchant),
        "contrasts": contrast_rows(tokens),
        "preview": _query(tokens),
        "icon_url": reverse("icon") if merchant.icon_path else "",
    }
    status = 422 if form else 200
    return page(
        request, "backoffice/branding.html", "branding", context, error=error, status=status
    )


def _logo_url(merchant: Merchant) -> str:
    """Return the logo's address: the demo's ships with the product, the others are uploads."""
    if not merchant.logo_path:
        return ""
    uploaded = merchant.logo_path.startswith("logos/")
    return reverse("logo") if uploaded else static(merchant.logo_path)


@csp_update({"frame-src": ["'self'"]})
@staff_view(permission=Permission.SETTINGS_EDIT, methods=["GET", "POST"], refused=_show)
def branding(request: HttpRequest) -> HttpResponse:
    """Show and change the merchant's look."""
    if request.method != "POST":
        return _show(request)
    form = BrandingForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, form=form)
    changes = form.changes()
    if form.cleaned_data["logo"]:
        changes["logo_path"] = store_logo(form.cleaned_data["logo"])
    if form.cleaned_data["icon"]:
        changes["icon_path"] = store_icon(form.cleaned_data["icon"])
    change_merchant(changes, actor=actor_of(request))
    return done(request, "Saved. Your portal shows it now.", "branding")


def contrast_rows(tokens: BrandTokens) -> list[dict[str, object]]:
    """Return what each use of the colour becomes and its contrast, for the table."""
    on = {WHITE: "White text", INK: "Dark text"}
    uses = (
        ("Buttons", tokens.fill.light, tokens.fill.light, tokens.on.light, on[tokens.on.light]),
        ("Links", tokens.text.light, PAGE_LIGHT, tokens.text.light, ""),
        ("Links, dark", tokens.text.dark, SURFACE_DARK, tokens.text.dark, ""),
        ("Outlines", tokens.line.light, SURFACE_LIGHT, tokens.line.light, ""),
        ("Outlines, dark", tokens.line.dark, SURFACE_DARK, tokens.line.dark, ""),
    )
    return [
        {
            "use": use,
            "back": back,
            "fore": fore,
            "note": note or ("As it is" if shade == tokens.source else shade.upper()),
            "ratio": f"{contrast(fore, back):.1f}:1",
            "is_same": shade == tokens.source,
        }
        for use, shade, back, fore, note in uses
    ]


def _asked(request: HttpRequest) -> BrandTokens:
    """Return the tokens for the colour, corners and font in the query string."""
    radius = request.GET.get("radius", "12")
    if radius not in {str(known) for known in RADII}:
        raise InvalidInput("Choose corners of 4, 12 or 20 pixels.", field="radius")
    font = request.GET.get("font", SYSTEM_FONT)
    return derive_brand(request.GET.get("color", ""), int(radius), font)


def _query(tokens: BrandTokens) -> str:
    """Return the query string that :func:`_asked` reads."""
    asked = {"color": tokens.source, "radius": tokens.radius, "font": tokens.font}
    return f"?{urlencode(asked)}"


@staff_view(permission=Permission.SETTINGS_EDIT)
def derive(request: HttpRequest) -> HttpResponse:
    """Return the contrast table for a colour that is being tried."""
    context = {"contrasts": contrast_rows(_asked(request))}
    return render(request, "backoffice/_contrast.html", context)


@staff_view(permission=Permission.SETTINGS_EDIT)
def preview_css(request: HttpRequest) -> HttpResponse:
    """Return the stylesheet of a colour that is being tried."""
    return HttpResponse(brand_css(_asked(request)), content_type="text/css")


@xframe_options_sameorigin
@csp_replace({"frame-ancestors": ["'self'"]})
@staff_view(permission=Permission.SETTINGS_EDIT)
def preview(request: HttpRequest) -> HttpResponse:
    """Show a portal page in a look that is being tried, light or dark, for a frame."""
    tokens = _asked(request)
    context = {
        "brand": {
            "name": request.merchant.name,
            "css_url": reverse("branding_css") + _query(tokens),
            "home_url": "#",
            "logo_url": _logo_url(request.merchant),
        },
        "theme": "dark" if request.GET.get("scheme") == "dark" else "light",
        "screen": "choices" if request.GET.get("scheme") == "dark" else "find",
    }
    return render(request, "backoffice/branding_preview.html", context)


@staff_view(permission=None)
def logo(request: HttpRequest) -> FileResponse:
    """Return the merchant's logo."""
    return _picture(request.merchant.logo_path)


@staff_view(permission=None)
def icon(request: HttpRequest) -> FileResponse:
    """Return the merchant's favicon, the small one."""
    kept = request.merchant.icon_path
    return _picture(f"{kept}-{min(ICON_SIZES)}.png" if kept else "")


def _picture(kept: str) -> FileResponse:
    path = Path(settings.MEDIA_ROOT) / kept
    if not kept or not path.is_file():
        raise Http404
    return FileResponse(path.open("rb"), content_type="image/png")
