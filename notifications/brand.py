"""The merchant's look in an e-mail."""

from __future__ import annotations

from typing import Any

from returns_portal.core.brand import derive_brand
from returns_portal.tenancy.links import portal_link
from returns_portal.tenancy.models import Merchant


def brand_of(merchant: Merchant) -> dict[str, Any]:
    """Return the merchant's look as the e-mail frame wants it."""
    return {
        "name": merchant.name,
        "imprint": _imprint(merchant),
        "logo_url": _logo(merchant),
        "logo_dark_url": "",
        "policy_url": portal_link(merchant, "policy"),
        "privacy_url": merchant.privacy_url,
        "colors": derive_brand(merchant.brand_color, merchant.brand_radius).colors,
    }


def _imprint(merchant: Merchant) -> str:
    """Return name and postal address, the name once."""
    address = merchant.postal_address.strip()
    if address.casefold().startswith(merchant.name.casefold()):
        return address
    return ", ".join(filter(None, [merchant.legal_name or merchant.name, address]))


def _logo(merchant: Merchant) -> str:
    """Mail programs draw no SVG: without an uploaded picture the name stands in its place."""
    if not merchant.logo_path.endswith(".png"):
        return ""
    return portal_link(merchant, "logo", name=merchant.logo_path.rpartition("/")[2])
