"""Reading a return that is being put together: the draft, its answers and its photos."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from returns_portal.core.clock import now
from returns_portal.core.errors import NotFound
from rma.actions.requested import RequestedLine
from rma.models import Photo, Return, ReturnChange, ReturnDraft


@dataclass(frozen=True, slots=True)
class Answer:
    """What the shopper said about one order line. ``wanted`` is empty until it is chosen."""

    order_line_id: UUID
    quantity: int
    reason: str
    comment: str = ""
    wanted: str = ""
    exchange_variant_id: UUID | None = None
    answers: Mapping[str, str] = field(default_factory=dict, hash=False)


def draft_by_token(token: str) -> ReturnDraft:
    """Return a draft that has not run out, with the ``return_token`` of what it became.

    That is the return it was confirmed as, or the one it changed. Raises NotFound. One statement.
    """
    draft = _with_return().filter(token=token, expires_at__gt=now()).first()
    if draft is None:
        raise NotFound(
            _("This return was not finished in time. Find your order again to start over."),
            code="draft_gone",
        )
    return draft


def open_drafts(
    order_id: UUID, tokens: Iterable[str], *, receiver_id: UUID | None = None
) -> list[ReturnDraft]:
    """Return those of ``tokens`` that are unfinished drafts of new returns, newest first."""
    drafts = _with_return().filter(
        order_id=order_id,
        token__in=list(tokens),
        expires_at__gt=now(),
        changes__isnull=True,
        receiver_id=receiver_id,
        return_token__isnull=True,
    )
    return list(drafts.order_by("-created_at"))


def _with_return() -> Any:
    became = Return.objects.filter(operation_id=OuterRef("operation_id"))
    changed = ReturnChange.objects.filter(operation_id=OuterRef("operation_id"))
    return ReturnDraft.objects.annotate(
        return_token=Coalesce(
            Subquery(became.values("token")[:1]), Subquery(changed.values("rma__token")[:1])
        )
    )


def answers_of(draft: ReturnDraft) -> dict[UUID, Answer]:
    """Return the answers so far, by order line."""
    stored: Mapping[str, Mapping[str, Any]] = draft.content.get("lines", {})
    return {UUID(key): _answer(UUID(key), told) for key, told in stored.items()}


def _answer(order_line_id: UUID, told: Mapping[str, Any]) -> Answer:
    variant = told.get("exchange_variant")
    return Answer(
        order_line_id=order_line_id,
        quantity=told["quantity"],
        reason=told["reason"],
        comment=told.get("comment", ""),
        wanted=told.get("wanted", ""),
        exchange_variant_id=UUID(variant) if variant else None,
        answers=told.get("answers", {}),
    )


def photos_of(draft: ReturnDraft) -> dict[UUID, list[Photo]]:
    """Return the photos added so far, by order line, oldest first. One statement."""
    photos: dict[UUID, list[Photo]] = defaultdict(list)
    for photo in Photo.objects.filter(draft=draft, rma__isnull=True).order_by("created_at", "pk"):
        if photo.draft_line_id is not None:
            photos[photo.draft_line_id].append(photo)
    return dict(photos)


def requested_lines(
    answers: Sequence[Answer], photos: Mapping[UUID, Sequence[Photo]]
) -> list[RequestedLine]:
    """Return the answers as the request that they are."""
    return [
        RequestedLine(
            order_line_id=answer.order_line_id,
            quantity=answer.quantity,
            reason=answer.reason,
            wanted=answer.wanted,
            comment=answer.comment,
            answers=dict(answer.answers),
            exchange_variant_id=answer.exchange_variant_id if answer.wanted == "exchange" else None,
            photo_ids=tuple(photo.pk for photo in photos.get(answer.order_line_id, ())),
        )
        for answer in answers
    ]
