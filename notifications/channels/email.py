"""E-mail over SMTP, telling apart what certainly was not taken and what may have been."""

from __future__ import annotations

import smtplib
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, parseaddr

from django.conf import settings

from notifications.channels.base import Channel, Letter
from returns_portal.integrations.outcomes import Declined, Unavailable, Unknown


class EmailChannel(Channel):
    """The SMTP server of the settings. A connection per letter: sending is the workers' job."""

    def send(self, letter: Letter) -> None:
        mail = build(letter)
        server = self._connect()
        try:
            _hand_over(server, letter, mail)
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
        except (OSError, smtplib.SMTPException) as error:
            raise Unavailable("no_mail_server", f"The mail server does not answer: {error}") from (
                error
            )
        return server


def _hand_over(server: smtplib.SMTP, letter: Letter, mail: EmailMessage) -> None:
    _, sender = parseaddr(letter.sender)
    try:
        server.send_message(mail, from_addr=sender, to_addrs=[letter.recipient])
    except smtplib.SMTPRecipientsRefused as refused:
        code, words = next(iter(refused.recipients.values()))
        raise _refusal(code, words) from refused
    except smtplib.SMTPResponseException as answer:
        raise _refusal(answer.smtp_code, answer.smtp_error) from answer
    except (smtplib.SMTPException, OSError) as error:
        # Cut off between the first byte and the last answer: it may have been taken.
        raise Unknown("cut_off", f"The mail server broke off: {error}") from error


def _refusal(code: int, words: bytes | str) -> Declined | Unavailable:
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    if 400 <= code < 500:
        return Unavailable(str(code), text)
    return Declined(str(code), text)


def _goodbye(server: smtplib.SMTP) -> None:
    """Close politely. The letter's fate is decided by now, whatever the server says to this."""
    try:
        server.quit()
    except (smtplib.SMTPException, OSError):
        server.close()


def build(letter: Letter) -> EmailMessage:
    """Return the MIME message: text and HTML side by side, then the attachments."""
    mail = EmailMessage()
    mail["Subject"] = letter.subject
    name, address = parseaddr(letter.sender)
    mail["From"] = Address(name, addr_spec=address)
    mail["To"] = letter.recipient
    if letter.reply_to:
        mail["Reply-To"] = letter.reply_to
    mail["Date"] = formatdate(localtime=False)
    mail["Message-ID"] = f"<{letter.message_id}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(letter.text)
    mail.add_alternative(letter.html, subtype="html")
    for file in letter.attachments:
        kind, _, subtype = file.content_type.partition("/")
        mail.add_attachment(file.content, maintype=kind, subtype=subtype, filename=file.name)
    return mail
