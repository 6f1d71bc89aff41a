"""The contract between messages and what carries them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """Everything a channel needs. Ids stand without brackets.

    ``message_id`` is stable across tries of the same message, ``thread_id`` is shared by all
    letters about one return.
    """

    message_id: str
    thread_id: str
    sender_name: str
    sender_address: str
    reply_to: str
    recipient: str
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = field(default=())


class Channel(ABC):
    """Carries letters. Raises Declined, Unavailable or Unknown of ``integrations.outcomes``."""

    @abstractmethod
    def send(self, letter: Letter) -> None:
        """Hand the letter over once. Returning means that the next system has taken it."""
