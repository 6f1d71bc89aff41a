"""Putting a return together before it is asked for: begin, answer, throw away.

A draft is the shopper's own sheet of paper. Nothing that others see hangs on it, so it leaves no
events; the request that it becomes does.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from returns_portal.commerce.models import OrderLine
from returns_portal.core.actor import Actor
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import InvalidInput, NotFound
from returns_portal.core.ids import new_token
from rma.drafts import Answer
from rma.models import Photo, Return, ReturnDraft
from rma.policy.questions import LONGEST_ANSWER
from rma.states import ResolutionKind

LIFE = timedelta(days=14)
MAX_COMMENT = 1000


def open_draft(order_id: UUID, *, actor: Actor, receiver_id: UUID | None = None) -> ReturnDraft:
    """Begin a return of an order, or of a gift by its receiver.

    The token of the draft is unguessable and lives 14 days.
    """
    with action_transaction():
        moment = now()
        draft = ReturnDraft(
            order_id=order_id,
            receiver_id=receiver_id,
            token=new_token(),
            operation_id=new_token(),
            created_at=moment,
            expires_at=moment + LIFE,
        )
        draft.save(force_insert=True)
    return draft


def save_answers(
    draft_id: UUID,
    *,
    actor: Actor,
    lines: Mapping[UUID, Answer] | None = None,
    method: str | None = None,
) -> ReturnDraft:
    """Keep answers in a draft: ``lines`` replaces all of them, ``method`` the way to send it back.

    None leaves what is there. Whether policy allows it is decided when the return is asked for.
    Raises NotFound for a draft that is gone, InvalidInput for what is no answer at all.
    """
    with action_transaction():
        draft = ReturnDraft.objects.select_for_update(of=("self",)).filter(pk=draft_id).first()
        if draft is None:
            raise NotFound(
                _("This return was not finished in time. Find your order again to start over.")
            )
        content = dict(draft.content)
        if lines is not None:
            _check(draft.order_id, lines)
            content["lines"] = {str(key): _stored(answer) for key, answer in lines.items()}
        if method is not None:
            if method not in Return.Method.values:
                raise InvalidInput(_("Choose how you send it back."), field="method")
            content["method"] = method
        if content != draft.content:
            draft.content = content
            draft.save(update_fields=["content", "updated_at"])
    return draft


def discard_draft(draft_id: UUID, *, actor: Actor) -> None:
    """Throw a draft away with the photos that no return has taken over; gone already is fine."""
    with action_transaction():
        _discard([draft_id])


def discard_expired_drafts(limit: int = 200) -> int:
    """Throw away drafts of the merchant in scope whose time is over; return how many."""
    with action_transaction():
        due = ReturnDraft.objects.select_for_update(of=("self",), skip_locked=True).filter(
            expires_at__lte=now()
        )
        ids = list(due.order_by("expires_at").values_list("pk", flat=True)[:limit])
        _discard(ids)
    return len(ids)


def _discard(ids: list[UUID]) -> None:
    loose = Photo.objects.filter(draft_id__in=ids, rma__isnull=True)
    paths = list(loose.values_list("path", flat=True))
    loose.delete()
    Photo.objects.filter(draft_id__in=ids).update(draft=None, draft_line_id=None)
    ReturnDraft.objects.filter(pk__in=ids).delete()
    transaction.on_commit(lambda: _forget(paths))


def _forget(paths: list[str]) -> None:
    for path in paths:
        default_storage.delete(path)


def _check(order_id: UUID, lines: Mapping[UUID, Answer]) -> None:
    known = set(OrderLine.objects.filter(order_id=order_id).values_list("pk", flat=True))
    for key, answer in lines.items():
        field = str(key)
        if key not in known or answer.order_line_id != key:
            raise InvalidInput(_("This item is not in the order. Choose one that is."), field=field)
        if type(answer.quantity) is not int or not 1 <= answer.quantity < 2**31:
            raise InvalidInput(_("Choose how many you return."), field=field)
        if answer.wanted and answer.wanted not in set(ResolutionKind):
            raise InvalidInput(_("Choose what you want for this item."), field=field)
        if len(answer.comment) > MAX_COMMENT:
            raise InvalidInput(_("Use up to %(n)d characters.") % {"n": MAX_COMMENT}, field=field)


def _stored(answer: Answer) -> dict[str, object]:
    variant = answer.exchange_variant_id
    return {
        "quantity": answer.quantity,
        "reason": answer.reason[:40].replace("\x00", ""),
        "comment": answer.comment.replace("\x00", "").strip(),
        "wanted": answer.wanted,
        "exchange_variant": str(variant) if variant else None,
        "answers": {
            key[:40]: told.replace("\x00", "").strip()[:LONGEST_ANSWER]
            for key, told in answer.answers.items()
        },
    }
