"""The merchant's look: what the frame of every page needs to know."""

from __future__ import annotations

from functools import lru_cache
from pathlib import PurePath

from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from returns_portal.core.brand import brand_css, brand_css_version, derive_brand
from returns_portal.tenancy.models import Merchant
from rma.policy.withdrawal_law import COUNTRIES
from rma.policy.withdrawal_terms import STATUTORY, Terms


@lru_cache(maxsize=256)
def stylesheet(color: str, radius: int, font: str) -> tuple[str, str]:
    """Return version and text of the stylesheet for a colour, a corner radius and a font."""
    tokens = derive_brand(color, radius, font)
    return brand_css_version(tokens), brand_css(tokens)


def brand_of(merchant: Merchant, terms: Terms = STATUTORY) -> dict[str, object]:
    """Return the ``brand`` of ``portal/base.html``; ``terms`` are those of the policy in force."""
    version, _css = stylesheet(merchant.brand_color, merchant.brand_radius, merchant.brand_font)
    return {
        "name": merchant.name,
        "logo_url": logo_url(merchant),
        "logo_dark_url": logo_url(merchant, dark=True),
        "icon_url": icon_url(merchant, 32),
        "touch_icon_url": icon_url(merchant, 180),
        "css_url": reverse("brand_css", kwargs={"version": version}),
        "support_email": merchant.support_email,
        "home_url": reverse("find"),
        "help_url": reverse("help"),
        "withdraw": _withdraw_link(merchant, terms),
        "links": [{"label": _("Returns policy"), "url": reverse("policy")}, *_own_links(merchant)],
    }


def _own_links(merchant: Merchant) -> list[dict[str, str]]:
    """Return the pages of the shop that shoppers may look for, as far as it has named them."""
    pages = (
        (_("Help centre"), merchant.help_url),
        (_("Terms and conditions"), merchant.terms_url),
        (_("Privacy"), merchant.privacy_url),
        (_("Imprint"), merchant.imprint_url),
    )
    return [{"label": label, "url": url} for label, url in pages if url]


def _withdraw_link(merchant: Merchant, terms: Terms) -> dict[str, str] | None:
    """Return the way to the withdrawal function, which every page has where shoppers may be EU's.

    Article 11a of Directive 2011/83/EU wants the words "withdraw from contract here" or equally
    clear ones, which the merchant may choose for each language.
    """
    if merchant.country.upper() not in COUNTRIES and not terms.sells_to_eu:
        return None
    own = terms.labels.get((get_language() or "en").split("-")[0])
    return {"label": own or _("Withdraw from contract here"), "url": reverse("withdraw")}


def logo_url(merchant: Merchant, *, dark: bool = False) -> str:
    """Return the logo's address: an upload, or a drawing of the demo, which has a dark twin."""
    path = merchant.logo_path
    if path.startswith("logos/"):
        return "" if dark else reverse("logo", kwargs={"name": PurePath(path).name})
    if not path:
        return ""
    return static(path.replace(".svg", "-dark.svg") if dark else path)


def icon_url(merchant: Merchant, size: int) -> str:
    """Return the address of the shop's favicon in one of its sizes, empty where it has none."""
    if not merchant.icon_path:
        return ""
    return reverse("icon", kwargs={"name": f"{PurePath(merchant.icon_path).name}-{size}.png"})
