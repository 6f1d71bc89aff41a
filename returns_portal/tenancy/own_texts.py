"""A merchant's own texts: loaded once for each version, and spoken wherever shoppers are told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from uuid import UUID

from django.utils import translation

from returns_portal.core.own_texts import NONE, OwnTexts, own_wording
from returns_portal.core.text_checks import faults_of, usable
from returns_portal.core.text_entries import form_count, text_entries
from returns_portal.tenancy.models import Merchant, OwnText


def own_texts_of(merchant: Merchant) -> OwnTexts:
    """Return what the merchant in scope says otherwise; takes no statement while that is nothing.

    A version is read once in each process. The change that makes a version writes its texts in the
    same transaction, so whoever sees the number finds at least those.
    """
    return _loaded(merchant.pk, merchant.texts_version) if merchant.texts_version else NONE


@contextmanager
def speaking_for(merchant: Merchant, language: str) -> Iterator[None]:
    """Speak ``language`` with the own texts of the merchant in scope inside the block."""
    with own_wording(own_texts_of(merchant)), translation.override(language):
        yield


@lru_cache(maxsize=256)
def _loaded(_merchant_id: UUID, _version: int) -> OwnTexts:
    """The merchant is part of the key, so that a cached text never crosses to another one."""
    entries = text_entries()
    loaded: dict[str, dict[str, tuple[str, ...]]] = {}
    for row in OwnText.objects.only("language", "key", "forms"):
        entry = entries.get(row.key)
        # What the product says no more, or has come to ask more of, is not spoken.
        if entry is None or len(row.forms) != form_count(entry, row.language):
            continue
        if not faults_of(entry, row.forms):
            forms = tuple(usable(entry, form) for form in row.forms)
            loaded.setdefault(row.language, {})[entry.gettext_key] = forms
    return loaded
