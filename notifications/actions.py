"""Queueing messages with the facts they tell, and sending them at most once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from notifications.catalogue import BESIDE_RETURNS, OWED, MessageKind
from notifications.channels.base import Channel
from notifications.channels.email import EmailChannel
from notifications.context import context_for
from notifications.letters import letter_of
from notifications.models import Message, MessageTemplate, Suppression
from notifications.render import render_message, speaking
from returns_portal.activity.deliver import backoff
from returns_portal.activity.kinds import EventKind
from returns_portal.activity.models import Event, StaffTask
from returns_portal.activity.record import record_event
from returns_portal.activity.staff_tasks import close_task, open_task
from returns_portal.core.actor import SYSTEM, Actor
from returns_portal.core.clock import now
from returns_portal.core.crashpoints import crashpoint
from returns_portal.core.crypto import blind_index
from returns_portal.core.db import action_transaction, claim, durable
from returns_portal.core.errors import Conflict
from returns_portal.core.queue import wake
from returns_portal.core.scope import merchant_scope, system_scope
from returns_portal.integrations.outcomes import Declined, Unavailable, Unknown
from returns_portal.tenancy.languages import spoken
from returns_portal.tenancy.models import Merchant
from rma.models import Return

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=3)
MAX_ATTEMPTS = 8
Status = Message.Status


@dataclass(frozen=True, slots=True)
class Reader:
    """Who a message is for, and in which language; an empty ``locale`` is the merchant's."""

    merchant: Merchant
    address: str
    locale: str


def queue_message(
    kind: MessageKind,
    rma: Return,
    event: Event,
    *,
    attachments: list[dict[str, str]] | None = None,
) -> Message | None:
    """Render and store one message in the caller's transaction; None when nothing is to be sent.

    Nothing is sent where the shopper gave no address or the merchant switched the kind off. The
    same event, kind and address make one message. A suppressed address is kept, not written to.
    """
    reader = Reader(rma.merchant, rma.contact_email, rma.locale)
    return queue_letter(
        kind, reader, event, lambda: context_for(kind, rma, event), rma=rma, attachments=attachments
    )


def queue_letter(
    kind: MessageKind,
    reader: Reader,
    event: Event,
    context: Callable[[], dict[str, Any]],
    *,
    rma: Return | None = None,
    attachments: list[dict[str, str]] | None = None,
) -> Message | None:
    """Do as :func:`queue_message` for a reader who may have no return (yet).

    ``context`` is called in the reader's language and the merchant's time zone.
    """
    address, merchant = reader.address.strip(), reader.merchant
    own = MessageTemplate.objects.filter(kind=kind).first()
    is_off = own is not None and not own.is_enabled and kind not in OWED | BESIDE_RETURNS
    if not address or is_off:
        return None
    index = blind_index(address, merchant_id=merchant.pk, purpose="email")
    with speaking(merchant, spoken(merchant, reader.locale)):
        rendered = render_message(
            kind,
            context(),
            subject=own.subject if own else "",
            note=own.note if own else "",
        )
    suppressed = _is_suppressed(index)
    message = Message(
        rma=rma,
        event_id=event.pk,
        kind=kind,
        recipient=address,
        recipient_index=index,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        attachments=attachments or [],
        status=Status.SUPPRESSED if suppressed else Status.QUEUED,
        due_at=now(),
    )
    Message.objects.bulk_create([message], ignore_conflicts=True)
    wake("notifications.send_messages")
    return message


def send_due_messages(limit: int = 200, channel: Channel | None = None) -> int:
    """Send what is due, oldest first, across merchants; return how many were tried."""
    carrier = channel or EmailChannel()
    for sent in range(limit):
        message = _claim_next()
        if message is None:
            return sent
        if message.status == Status.QUEUED:
            _send(message, carrier)
        else:
            _cut_off(message)
    return limit


def due() -> Q:
    moment = now()
    return Q(status=Status.QUEUED, due_at__lte=moment) | Q(
        status=Status.SENDING, lease_until__lt=moment
    )


def _claim_next() -> Message | None:
    """Take one message; its ``status`` tells what it was before: QUEUED, or SENDING if cut off."""
    with system_scope(), durable():
        row = (
            Message.all_tenants.select_for_update(skip_locked=True, of=("self",))
            .filter(due())
            .order_by("due_at", "id")
            .first()
        )
        if row is None:
            return None
        Message.all_tenants.filter(pk=row.pk).update(
            status=Status.SENDING, lease_until=now() + LEASE, attempts=row.attempts + 1
        )
        row.attempts += 1
    crashpoint("message.claimed")
    return row


def _is_suppressed(index: bytes) -> bool:
    return Suppression.objects.filter(address_index=index).exists()


def _send(message: Message, carrier: Channel) -> None:
    with merchant_scope(message.merchant_id):
        with transaction.atomic():
            letter = letter_of(Message.objects.select_related("merchant").get(pk=message.pk))
            # It may have been suppressed while the message waited.
            suppressed = _is_suppressed(bytes(message.recipient_index))
        if suppressed:
            _finish(message, Status.SUPPRESSED, "")
            return
        status, error = Status.SENT, ""
        try:
            carrier.send(letter)
        except Declined as refusal:
            status, error = Status.FAILED, refusal.message
        except Unavailable as absent:
            last = message.attempts >= MAX_ATTEMPTS
            status, error = (Status.FAILED if last else Status.QUEUED), absent.message
        except Unknown as doubt:
            status, error = Status.UNKNOWN, doubt.message
        crashpoint("message.answered")
        _finish(message, status, error)


def _cut_off(message: Message) -> None:
    """A worker died while sending: nobody can tell whether the mail went out."""
    with merchant_scope(message.merchant_id):
        _finish(message, Status.UNKNOWN, "The sending was cut off.")


def _finish(message: Message, status: str, error: str) -> None:
    with durable():
        own = Message.objects.filter(
            pk=message.pk, attempts=message.attempts, status=Status.SENDING
        )
        if not claim(
            own,
            status=status,
            error=error[:300],
            lease_until=None,
            due_at=now() + backoff(message.attempts),
            sent_at=now() if status == Status.SENT else None,
        ):
            return
        if status == Status.SENT:
            record_event(
                EventKind.MESSAGE_SENT,
                subject_kind="message",
                subject_id=message.pk,
                about_id=message.rma_id,
                actor=SYSTEM,
                message=message.kind,
            )
        elif status in (Status.FAILED, Status.UNKNOWN):
            _tell_staff(message, status, error)


def _tell_staff(message: Message, status: str, error: str) -> None:
    words = "could not be sent" if status == Status.FAILED else "may have been sent"
    open_task(
        kind="message_not_sent",
        key=_task_key(message),
        subject_kind="message",
        subject_id=message.pk,
        about_id=message.rma_id,
        title=f"An e-mail “{message.subject}” {words}"[:200],
        detail=f"{error} Check the address, then send it again from the messages page.",
    )


def send_again(message_id: UUID, *, actor: Actor) -> Message:
    """Queue a message that failed or is in doubt once more, by a person's decision."""
    with action_transaction():
        message = Message.objects.select_for_update().get(pk=message_id)
        if message.status not in (Status.FAILED, Status.UNKNOWN):
            raise Conflict(f"This message is {message.get_status_display().lower()}.")
        message.status, message.attempts, message.due_at = Status.QUEUED, 0, now()
        message.error = ""
        message.save(update_fields=["status", "attempts", "due_at", "error"])
        _close_task(message, actor)
        wake("notifications.send_messages")
    return message


def _task_key(message: Message) -> str:
    return f"message:{message.pk}"


def _close_task(message: Message, actor: Actor) -> None:
    task = StaffTask.objects.filter(key=_task_key(message), status=StaffTask.Status.OPEN).first()
    if task is not None:
        close_task(task.pk, actor=actor, note="Sent again")
