"""Addresses of the faces, for e-mails and documents that are made without a request."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.urls import get_script_prefix, reverse, set_script_prefix

from returns_portal.tenancy.models import Merchant

PORTAL_URLCONF = "returns_portal.portal.urls"
BACKOFFICE_URLCONF = "returns_portal.backoffice.urls"


def _path(name: str, urlconf: str, prefix: str, kwargs: dict[str, object]) -> str:
    before = get_script_prefix()
    set_script_prefix(prefix)
    try:
        return reverse(name, urlconf=urlconf, kwargs=kwargs)
    finally:
        set_script_prefix(before)


def portal_link(merchant: Merchant, name: str, /, **kwargs: object) -> str:
    """Return the absolute address of a portal page, e.g. ``portal_link(m, "status", token=t)``.

    It is at the merchant's own domain where it has a verified one.
    """
    if merchant.portal_host:
        scheme = urlsplit(settings.PUBLIC_URL).scheme
        return f"{scheme}://{merchant.portal_host}" + _path(name, PORTAL_URLCONF, "/", kwargs)
    return settings.PUBLIC_URL + _path(name, PORTAL_URLCONF, f"/r/{merchant.slug}/", kwargs)


def backoffice_link(merchant: Merchant, name: str, /, **kwargs: object) -> str:
    """Return the absolute address of a back-office page of ``merchant``."""
    return settings.PUBLIC_URL + _path(name, BACKOFFICE_URLCONF, f"/app/{merchant.slug}/", kwargs)
