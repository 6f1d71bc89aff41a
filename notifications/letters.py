"""A stored message as the letter that a channel carries."""

from __future__ import annotations

from email.utils import parseaddr
from pathlib import Path

from django.conf import settings

from notifications.channels.base import Attachment, Letter
from notifications.models import Message


def letter_of(message: Message) -> Letter:
    """Return the letter of a message loaded with its merchant.

    The id is the same at each try. All letters about one return refer to one thread.
    """
    merchant = message.merchant
    _, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    host = address.rpartition("@")[2]
    return Letter(
        message_id=f"{message.pk}@{host}",
        thread_id=f"{message.rma_id}@{host}" if message.rma_id else "",
        sender_name=f"{merchant.name} returns",
        sender_address=address,
        reply_to=merchant.support_email,
        recipient=message.recipient,
        subject=message.subject,
        text=message.text,
        html=message.html,
        attachments=_files(message),
    )


def _files(message: Message) -> tuple[Attachment, ...]:
    """Read the attachments. A file that is gone is left out: the mail links to it as well."""
    root = Path(settings.MEDIA_ROOT).resolve()
    found = []
    for entry in message.attachments:
        path = (root / entry["path"]).resolve()
        if path.is_relative_to(root) and path.is_file():
            found.append(Attachment(entry["name"], entry["type"], path.read_bytes()))
    return tuple(found)
