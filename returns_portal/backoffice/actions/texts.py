"""Changing what the portal and its e-mails say: the merchant's own texts."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import F

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import record_event
from returns_portal.core.actor import Actor
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import InvalidInput, NotFound
from returns_portal.core.languages import NAMES
from returns_portal.core.scope import current_merchant_id
from returns_portal.core.text_checks import faults_of
from returns_portal.core.text_entries import form_count, standard, text_entries
from returns_portal.tenancy.models import Merchant, OwnText

Forms = tuple[str, ...]


def change_texts(language: str, changes: Mapping[str, Forms], *, actor: Actor) -> int:
    """Put own texts of one language in force, by key, and return how many changed.

    No forms at all, or the product's own, go back to the product's text. Raises InvalidInput for a
    text that can't stand where the original stands, NotFound for a language or text we don't have.
    """
    wanted = {key: _checked(language, key, forms) for key, forms in changes.items()}
    with action_transaction():
        merchant = Merchant.objects.select_for_update().get(pk=current_merchant_id())
        rows = {row.key: row for row in OwnText.objects.filter(language=language, key__in=wanted)}
        changed = {
            key: forms
            for key, forms in wanted.items()
            if forms != (tuple(rows[key].forms) if key in rows else ())
        }
        if not changed:
            return 0
        _write(language, changed, actor)
        Merchant.objects.filter(pk=merchant.pk).update(texts_version=F("texts_version") + 1)
        record_event(
            EventKind.SETTINGS_CHANGED,
            subject_kind="merchant",
            subject_id=merchant.pk,
            actor=actor,
            changed=["texts"],
            language=language,
            count=len(changed),
        )
    return len(changed)


def _checked(language: str, key: str, forms: Forms) -> Forms:
    """Return the forms to keep, none for what the product says anyway."""
    entry = text_entries().get(key)
    if language not in NAMES or entry is None:
        raise NotFound("This text isn’t here.")
    if not any(forms) or forms == standard(entry, language):
        return ()
    if len(forms) != form_count(entry, language):
        raise InvalidInput("Write each form of this text.", field="form_0")
    for fault in faults_of(entry, forms):
        raise InvalidInput(fault.message, field=f"form_{fault.form}")
    return forms


def _write(language: str, changed: Mapping[str, Forms], actor: Actor) -> None:
    """Take the old rows away and write the new ones: two statements for any number of texts."""
    OwnText.objects.filter(language=language, key__in=changed).delete()
    moment, entries = now(), text_entries()
    OwnText.objects.bulk_create(
        OwnText(
            language=language,
            key=key,
            original=entries[key].text,
            forms=list(forms),
            changed_at=moment,
            changed_by=actor.name[:120],
        )
        for key, forms in changed.items()
        if forms
    )
