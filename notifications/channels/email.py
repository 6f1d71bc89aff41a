"""E-mail over SMTP, telling apart what certainly was not taken and what may have been."""

from __future__ import annotations

import smtplib
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from notifications.channels.base import Channel, Letter
from returns_portal.integrations.outcomes import Declined, Unavailable, Unknown

# Bodies in seven bits: any server takes them, whatever it says it can do.
_POLICY = SMTP.clone(cte_type="7bit")


class EmailChannel(Channel):
    """The SMTP server of the settings. A connection per letter: sending is the workers' job."""

    def send(self, letter: Letter) -> None:
        recipient = mail_address(letter.recipient)
        content = build(letter, recipient).as_bytes()
        server = self._connect()
        try:
            _hand_over(server, letter.sender_address, recipient, content)
        finally:
            _goodbye(server)

    def _connect(self) -> smtplib.SMTP:
        try:
            server = smtplib.SMTP(
                settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=settings.EMAIL_TIMEOUT
            )
            if settings.EMAIL_USE_TLS:
                server.starttls()
            if settings.EMAIL_HOST_USER:
                server.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
            server.ehlo_or_helo_if_needed()
        except (OSError, smtplib.SMTPException) as error:
            raise Unavailable("no_mail_server", f"The mail server does not answer: {error}") from (
                error
            )
        return server


def mail_address(text: str) -> str:
    """Return one plain address fit for an envelope. Raises Declined for anything else."""
    try:
        validate_email(text)
        local, _, domain = text.rpartition("@")
        local.encode("ascii")
        return f"{local}@{domain.encode('idna').decode()}"
    except (ValidationError, UnicodeError) as error:
        raise Declined("bad_address", "This is not an e-mail address we can write to.") from error


def _hand_over(server: smtplib.SMTP, sender: str, recipient: str, content: bytes) -> None:
    """Go through the dialogue. Until the content is out, a break means: certainly not taken."""
    try:
        _check(*server.mail(sender))
        _check(*server.rcpt(recipient))
    except (smtplib.SMTPException, OSError) as error:
        raise Unavailable("broke_off", f"The mail server broke off: {error}") from error
    try:
        _check(*server.data(content))
    except smtplib.SMTPDataError as refusal:
        _check(refusal.smtp_code, refusal.smtp_error)
    except (smtplib.SMTPException, OSError) as error:
        # Cut off between the first byte and the last answer: it may have been taken.
        raise Unknown("cut_off", f"The mail server broke off: {error}") from error


def _check(code: int, words: bytes | str) -> None:
    """Raise unless the answer is a yes: 4xx is "later", the rest is "no"."""
    if 200 <= code < 300:
        return
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    if 400 <= code < 500:
        raise Unavailable(str(code), text)
    raise Declined(str(code), text)


def _goodbye(server: smtplib.SMTP) -> None:
    """Close politely. The letter's fate is decided by now, whatever the server says to this."""
    try:
        server.quit()
    except (smtplib.SMTPException, OSError):
        server.close()


def build(letter: Letter, recipient: str) -> EmailMessage:
    """Return the MIME message: text and HTML side by side, then the attachments."""
    mail = EmailMessage(policy=_POLICY)
    mail["Subject"] = one_line(letter.subject)
    mail["From"] = Address(one_line(letter.sender_name), addr_spec=letter.sender_address)
    mail["To"] = Address(addr_spec=recipient)
    if letter.reply_to:
        mail["Reply-To"] = Address(addr_spec=one_line(letter.reply_to))
    mail["Date"] = formatdate(localtime=False)
    mail["Message-ID"] = f"<{letter.message_id}>"
    if letter.thread_id:
        mail["References"] = f"<{letter.thread_id}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(letter.text)
    mail.add_alternative(letter.html, subtype="html")
    for file in letter.attachments:
        kind, _, subtype = file.content_type.partition("/")
        name = one_line(file.name)
        mail.add_attachment(file.content, maintype=kind, subtype=subtype, filename=name)
    return mail


def one_line(text: str) -> str:
    """Return text fit for a header: no line breaks, no control characters."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
