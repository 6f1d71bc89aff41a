"""Reading messages back."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from notifications.catalogue import MessageKind
from notifications.models import Message


def messages_of(rma_id: UUID) -> QuerySet[Message]:
    """Return the messages about one return, oldest first."""
    return Message.objects.filter(rma_id=rma_id).order_by("created_at", "id")


def outbox(status: str = "") -> QuerySet[Message]:
    """Return the merchant's messages with their returns, newest first, of one status or all."""
    rows = Message.objects.select_related("rma").order_by("-created_at", "-id")
    return rows.filter(status=status) if status else rows


def acknowledgement_of(event_id: UUID) -> Message | None:
    """Return the message that acknowledges the withdrawal declared by this event, if any."""
    return Message.objects.filter(event_id=event_id, kind=MessageKind.WITHDRAWAL_RECEIVED).first()
