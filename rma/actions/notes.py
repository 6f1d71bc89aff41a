"""Notes of staff and messages between staff and shopper, on a return."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import record_event
from returns_portal.core.actor import Actor
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import InvalidInput
from rma.locks import lock_return
from rma.models import Note, Return

MAX_LENGTH = 4000
_EVENTS = {
    Note.Kind.INTERNAL: EventKind.NOTE_ADDED,
    Note.Kind.TO_SHOPPER: EventKind.NOTE_ADDED,
    Note.Kind.FROM_SHOPPER: EventKind.MESSAGE_RECEIVED,
}


def add_note(rma_id: UUID, *, actor: Actor, body: str, kind: str = Note.Kind.INTERNAL) -> Note:
    """Write a note on a return, or a message to or from its shopper.

    Raises InvalidInput for an empty or overlong text.
    """
    text = checked(body, field="body")
    with action_transaction():
        rma = lock_return(rma_id)
        return keep_note(rma, actor=actor, text=text, kind=Note.Kind(kind))


def keep_note(rma: Return, *, actor: Actor, text: str, kind: Note.Kind, alone: bool = True) -> Note:
    """Store a checked text on a locked return with its event; the text stays out of the event.

    ``alone`` is false for words that go out with other news: an approval, a question.
    """
    note = Note(
        rma=rma,
        kind=kind,
        body=text,
        author_name=actor.name,
        author_id=actor.id,
    )
    note.save(force_insert=True)
    record_event(
        _EVENTS[kind],
        subject_kind="note",
        subject_id=note.pk,
        about_id=rma.pk,
        actor=actor,
        note_kind=kind.value,
        alone=alone,
    )
    return note


def checked(text: str, *, field: str, longest: int = MAX_LENGTH) -> str:
    """Return ``text`` without surrounding space. Raises InvalidInput if empty or overlong."""
    plain = storable(text)
    if not plain:
        raise InvalidInput(_("Write something first."), field=field, code="empty_text")
    if len(plain) > longest:
        raise InvalidInput(
            f"This is {len(plain) - longest} characters too long. Shorten it.",
            field=field,
            code="text_too_long",
        )
    return plain


def storable(text: str) -> str:
    """Return ``text`` without what PostgreSQL cannot keep: NUL and halves of characters."""
    return text.encode("utf-8", "ignore").decode().replace("\x00", "").strip()
