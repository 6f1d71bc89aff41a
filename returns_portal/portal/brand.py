"""The merchant's look: what the frame of every page needs to know."""

from __future__ import annotations

from functools import lru_cache
from pathlib import PurePath

from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _

from returns_portal.core.brand import brand_css, brand_css_version, derive_brand
from returns_portal.tenancy.models import Merchant


@lru_cache(maxsize=256)
def stylesheet(color: str, radius: int) -> tuple[str, str]:
    """Return the version and the text of the stylesheet for a colour and a corner radius."""
    tokens = derive_brand(color, radius)
    return brand_css_version(tokens), brand_css(tokens)


def brand_of(merchant: Merchant) -> dict[str, object]:
    """Return the ``brand`` of ``portal/base.html``."""
    version, _css = stylesheet(merchant.brand_color, merchant.brand_radius)
    return {
        "name": merchant.name,
        "logo_url": logo_url(merchant),
        "css_url": reverse("brand_css", kwargs={"version": version}),
        "support_email": merchant.support_email,
        "home_url": reverse("find"),
        "help_url": reverse("help"),
        "links": [{"label": _("Returns policy"), "url": reverse("policy")}],
    }


def logo_url(merchant: Merchant) -> str:
    """Return the logo's address: the demo's ships with the product, the others are uploads."""
    if not merchant.logo_path:
        return ""
    if merchant.logo_path.startswith("logos/"):
        return reverse("logo", kwargs={"name": PurePath(merchant.logo_path).name})
    return static(merchant.logo_path)
