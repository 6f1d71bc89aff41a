"""A mail server that keeps its own books and can misbehave at every step of the dialogue."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.simulators.server import closed_port

ACCEPTED = "250 OK"
# What the server may do instead of taking the next mail.
GREYLIST = "greylist"
REFUSE = "refuse"
REFUSE_CONTENT = "refuse content"
LATER_CONTENT = "later content"
HANG_UP_BEFORE = "hang up before content"
HANG_UP_AFTER = "hang up after content"
SILENT = "silent"


@dataclass
class MailServer:
    """``taken`` is the witness: every mail whose content the server has in hand.

    ``faults`` are used up one per mail, oldest first.
    """

    taken: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __enter__(self) -> MailServer:
        self._controller = Controller(self, hostname="127.0.0.1", port=closed_port())
        self._controller.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._controller.stop()

    @property
    def port(self) -> int:
        return int(self._controller.port)

    def fail_next(self, *faults: str) -> None:
        self.faults.extend(faults)

    def to(self, address: str) -> list[EmailMessage]:
        """Return what was taken for one address."""
        pairs = zip(self.recipients, self.taken, strict=True)
        return [mail for recipient, mail in pairs if recipient == address]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        fault = self.faults[0] if self.faults else ""
        if fault in (GREYLIST, REFUSE, HANG_UP_BEFORE):
            self.faults.pop(0)
        if fault == GREYLIST:
            return "451 4.7.1 Greylisted, try again later"
        if fault == REFUSE:
            return "550 5.1.1 No such mailbox"
        if fault == HANG_UP_BEFORE:
            await _hang_up(server)
        envelope.rcpt_tos.append(address)
        return ACCEPTED

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        fault = self.faults.pop(0) if self.faults else ""
        if fault == REFUSE_CONTENT:
            return "554 5.7.1 Message refused"
        if fault == LATER_CONTENT:
            return "452 4.3.1 Out of storage"
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        self.taken.append(message_from_bytes(content, policy=default))
        self.recipients.append(envelope.rcpt_tos[0])
        if fault == HANG_UP_AFTER:
            await _hang_up(server)
        if fault == SILENT:
            await asyncio.sleep(3600)
        return ACCEPTED


async def _hang_up(server: SMTP) -> None:
    """Cut the line; losing the connection ends this dialogue."""
    if server.transport is not None:
        server.transport.abort()
    await asyncio.sleep(3600)
