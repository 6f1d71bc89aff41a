"""Caught e-mails: one file each, newest first, read back as parts."""

from __future__ import annotations

import email
import email.policy
import re
import secrets
import time
from dataclasses import dataclass
from email.message import EmailMessage, MIMEPart
from pathlib import Path

NAME = re.compile(r"^[0-9]{13}-[0-9a-f]{8}$")


@dataclass(frozen=True)
class Attachment:
    """One part that is neither the text nor the HTML body."""

    name: str
    kind: str
    content: bytes
    content_id: str


@dataclass(frozen=True)
class Caught:
    """One e-mail as it came in over SMTP."""

    key: str
    sender: str
    recipients: str
    subject: str
    date: str
    text: str
    html: str
    attachments: tuple[Attachment, ...]
    headers: tuple[tuple[str, str], ...]
    size: int

    @property
    def received(self) -> str:
        """Return when it was caught, in this machine's time: the sender's clock may be off."""
        seconds = int(self.key.partition("-")[0]) / 1000
        return time.strftime("%d %b %Y, %H:%M:%S", time.localtime(seconds))


class MailStore:
    """A folder of messages, each under a sortable key that is safe in an address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, content: bytes) -> str:
        """Write a message whole or not at all, and return its key."""
        key = f"{time.time_ns() // 1_000_000:013d}-{secrets.token_hex(4)}"
        draft = self.folder / f"{key}.new"
        draft.write_bytes(content)
        draft.rename(self.folder / f"{key}.eml")
        return key

    def keys(self) -> list[str]:
        """Return the keys, newest first."""
        found = (path.stem for path in self.folder.glob("*.eml"))
        return sorted((key for key in found if NAME.match(key)), reverse=True)

    def raw(self, key: str) -> bytes | None:
        """Return a message's bytes, or None when there is no such key."""
        if not NAME.match(key):
            return None
        try:
            return (self.folder / f"{key}.eml").read_bytes()
        except FileNotFoundError:
            return None

    def read(self, key: str) -> Caught | None:
        """Return a message in parts, or None when there is no such key."""
        content = self.raw(key)
        return None if content is None else parse(key, content)

    def clear(self) -> int:
        """Delete every message and return how many there were."""
        keys = self.keys()
        for key in keys:
            (self.folder / f"{key}.eml").unlink(missing_ok=True)
        return len(keys)


def parse(key: str, content: bytes) -> Caught:
    """Split a message into what a reader needs."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    text = message.get_body(("plain",))
    html = message.get_body(("html",))
    bodies = {id(part) for part in (text, html) if part is not None}
    attachments = [
        attachment(part, position)
        for position, part in enumerate(message.walk())
        if not part.is_multipart() and id(part) not in bodies
    ]
    return Caught(
        key=key,
        sender=str(message.get("From", "")),
        recipients=str(message.get("To", "")),
        subject=str(message.get("Subject", "")) or "(no subject)",
        date=str(message.get("Date", "")),
        text=body_text(text),
        html=body_text(html),
        attachments=tuple(attachments),
        headers=tuple((name, str(value)) for name, value in message.items()),
        size=len(content),
    )


def body_text(part: MIMEPart | None) -> str:
    """Return a body as text; an unknown charset shows replacement characters, not an error."""
    if part is None:
        return ""
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    try:
        return content.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:
        return content.decode("utf-8", "replace")


def attachment(part: EmailMessage, position: int) -> Attachment:
    """Return a part as an attachment with a name."""
    content = part.get_payload(decode=True)
    return Attachment(
        name=part.get_filename() or f"part-{position}",
        kind=part.get_content_type(),
        content=content if isinstance(content, bytes) else b"",
        content_id=str(part.get("Content-ID", "")).strip("<>"),
    )
