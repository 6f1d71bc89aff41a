"""What the first page weighs on its way to a phone, with everything it asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from PIL import Image

from returns_portal.backoffice.logos import read_logo, store_logo
from returns_portal.core.templatetags import portal_tags
from returns_portal.tenancy.models import Merchant
from tests.portal.conftest import publish

pytestmark = pytest.mark.django_db
LIMIT = 60_000
_REFERENCES = {
    "text/html": r'<(?:link rel="(?:stylesheet|icon)"|script|use|img)[^>]* (?:href|src)="([^"]+)"',
    "text/css": r"url\(['\"]?([^'\")]+)",
    "text/javascript": r'import [^;]*?"([^"]+)"',
}


@pytest.fixture
def built(settings: Any, tmp_path: Path) -> Iterator[None]:
    """Serve static files as the image does: fingerprinted and compressed when it is built."""
    settings.STATIC_ROOT = tmp_path
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = False
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    }
    # Addresses of icons are kept for as long as a process runs.
    portal_tags._icon.cache_clear()
    others = ["fonts", "demo", "admin*", "rest_framework", "drf_spectacular*", "django_htmx"]
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=others)
    yield
    portal_tags._icon.cache_clear()


def wire(client: Client, address: str) -> tuple[int, str, str]:
    """Return what one answer weighs with its head, its kind and its plain text."""
    answer = client.get(address, headers={"Accept-Encoding": "gzip, br"})
    assert answer.status_code == 200, address
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    plain = client.get(address)
    text = b"".join(plain.streaming_content) if plain.streaming else plain.content
    kind = answer["Content-Type"].partition(";")[0]
    head = sum(len(f"{name}: {value}") + 2 for name, value in answer.headers.items())
    return len(body) + head, kind, text.decode() if kind in _REFERENCES else ""


def weigh(address: str) -> dict[str, int]:
    """Return the weight of a page and of everything it asks for, and so on, by address."""
    client, found, waiting = Client(), dict[str, int](), [address]
    while waiting:
        one = waiting.pop()
        if one in found:
            continue
        found[one], kind, text = wire(client, one)
        for reference in re.findall(_REFERENCES.get(kind, r"(?!)"), text):
            if not reference.startswith("data:"):
                waiting.append(urlsplit(urljoin(one, reference)).path)
    return found


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("language", ["en", "ar"])
def test_first_page_weighs_less_than_60_kb_with_all_it_needs(shop: Merchant, language: str) -> None:
    publish(fee__amount_minor=0)
    heavy = BytesIO()
    Image.effect_noise((800, 240), 90).convert("RGB").save(heavy, "PNG")
    with transaction.atomic():
        Merchant.objects.update(logo_path=store_logo(read_logo(heavy.getvalue())))

    found = weigh(f"/r/{shop.slug}/?language={language}")

    kinds = {path.rpartition(".")[2] for path in found}
    assert {"css", "mjs", "svg", "png"} <= kinds
    assert sum(path.endswith(".css") for path in found) == 5
    assert sum(found.values()) < LIMIT, sorted(found.items(), key=lambda one: -one[1])
