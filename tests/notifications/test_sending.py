"""A mail goes out at most once, whatever the server does and wherever the worker dies."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import override_settings

from notifications.actions import LEASE, MAX_ATTEMPTS, send_again, send_due_messages
from notifications.models import Message, Suppression
from returns_portal.activity.models import Event, StaffTask
from returns_portal.core import scope
from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import now, shifted
from returns_portal.core.crashpoints import armed
from returns_portal.core.crypto import blind_index
from returns_portal.core.errors import Conflict
from returns_portal.core.ids import new_id
from returns_portal.core.invariants import problems_of
from returns_portal.tenancy.models import Merchant
from tests.simulators import mail
from tests.simulators.mail import MailServer
from tests.simulators.server import closed_port

ADDRESS = "maya@example.com"


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


@pytest.fixture
def waiting(shop: Merchant) -> Message:
    """Return one message that is due."""
    return queue(shop)


def queue(shop: Merchant, **changes: object) -> Message:
    address = str(changes.get("recipient", ADDRESS))
    values = {
        "event_id": new_id(),
        "kind": "approved",
        "recipient": address,
        "recipient_index": blind_index(address, merchant_id=shop.pk, purpose="email"),
        "subject": "Your return is approved",
        "text": "Hello",
        "html": "<p>Hello</p>",
        "due_at": now(),
    }
    return Message.objects.create(**values | changes)


def work(minutes: float = 0) -> int:
    """Let a worker run in ``minutes``, outside any merchant's scope as workers are."""
    token = scope._current.set(scope.NOBODY)
    try:
        with shifted(timedelta(minutes=minutes)):
            return send_due_messages()
    finally:
        scope._current.reset(token)


def state(message: Message) -> tuple[str, int]:
    message.refresh_from_db()
    return message.status, message.attempts


def test_sent_message_is_told_once_and_stays_sent(waiting: Message, mail_server: MailServer):
    assert work() == 1
    assert work(600) == 0

    assert state(waiting) == ("sent", 1)
    assert len(mail_server.taken) == 1
    event = Event.objects.get(kind="message.sent")
    assert (event.subject_id, event.facts) == (waiting.pk, {"message": "approved"})


@pytest.mark.parametrize("fault", [mail.GREYLIST, mail.LATER_CONTENT, mail.HANG_UP_BEFORE])
def test_mail_not_taken_yet_is_tried_again_later(
    waiting: Message, mail_server: MailServer, fault: str
):
    mail_server.fail_next(fault, fault)

    work()
    assert state(waiting) == ("queued", 1)
    assert work() == 0
    work(2)
    assert state(waiting) == ("queued", 2)
    work(10)

    assert state(waiting) == ("sent", 3)
    assert len(mail_server.taken) == 1
    assert StaffTask.objects.count() == 0


def test_server_that_is_away_is_tried_for_hours_then_a_person_is_told(waiting: Message):
    with override_settings(EMAIL_PORT=closed_port()):
        for attempt in range(MAX_ATTEMPTS + 2):
            work(70 * attempt)

    assert state(waiting) == ("failed", MAX_ATTEMPTS)
    task = StaffTask.objects.get()
    assert (task.kind, task.subject_id) == ("message_not_sent", waiting.pk)
    assert "could not be sent" in task.title


@pytest.mark.parametrize("fault", [mail.REFUSE, mail.REFUSE_CONTENT])
def test_refused_mail_fails_at_once_and_a_person_is_told(
    waiting: Message, mail_server: MailServer, fault: str
):
    mail_server.fail_next(fault)

    work()
    work(600)

    assert state(waiting) == ("failed", 1)
    assert mail_server.taken == []
    assert waiting.error.startswith("5.")
    assert StaffTask.objects.get().subject_id == waiting.pk


@pytest.mark.parametrize("fault", [mail.HANG_UP_AFTER, mail.SILENT])
def test_mail_without_an_answer_may_have_been_sent_and_is_not_sent_again(
    waiting: Message, mail_server: MailServer, fault: str
):
    mail_server.fail_next(fault)

    work()
    for minutes in (5, 60, 6000):
        work(minutes)

    assert state(waiting) == ("unknown", 1)
    assert len(mail_server.taken) == 1
    assert "may have been sent" in StaffTask.objects.get().title
    assert Event.objects.filter(kind="message.sent").count() == 0


@pytest.mark.parametrize(("point", "taken"), [("message.claimed", 0), ("message.answered", 1)])
def test_worker_cut_off_leaves_a_message_in_doubt(
    shop: Merchant, waiting: Message, mail_server: MailServer, point: str, taken: int
):
    def die() -> None:
        armed.clear()
        raise Killed

    armed[point] = die
    with pytest.raises(Killed):
        work()
    assert state(waiting)[0] == "sending"
    assert work(LEASE.total_seconds() / 60 - 1) == 0
    work(LEASE.total_seconds() / 60 + 1)
    work(600)

    assert state(waiting)[0] == "unknown"
    assert len(mail_server.taken) == taken
    assert StaffTask.objects.get().subject_id == waiting.pk
    assert problems_of(shop.pk) == []


def test_address_suppressed_while_the_message_waits_gets_nothing(
    shop: Merchant, waiting: Message, mail_server: MailServer
):
    Suppression.objects.create(address_index=bytes(waiting.recipient_index), reason="Bounced")

    work()

    assert state(waiting) == ("suppressed", 1)
    assert mail_server.taken == []
    assert StaffTask.objects.count() == 0
    assert problems_of(shop.pk) == []


@pytest.mark.parametrize(
    "address",
    [
        "maya@example.com\r\nBcc: eve@example.com",
        "maya@example.com, eve@example.com",
        "<maya@example.com> SIZE=1",
        "mäya@example.com",
        "nobody",
    ],
)
def test_address_that_is_none_is_refused_before_any_server_hears_of_it(
    shop: Merchant, mail_server: MailServer, address: str
):
    message = queue(shop, recipient=address)

    work()

    assert state(message) == ("failed", 1)
    assert "not an e-mail address" in message.error
    assert (mail_server.taken, mail_server.recipients) == ([], [])


def test_send_again_sends_what_is_in_doubt_and_closes_the_task(
    waiting: Message, mail_server: MailServer
):
    mail_server.fail_next(mail.HANG_UP_AFTER)
    work()

    send_again(waiting.pk, actor=SYSTEM)
    work()

    assert state(waiting) == ("sent", 1)
    assert len(mail_server.taken) == 2
    assert StaffTask.objects.get().status == "done"
    with pytest.raises(Conflict):
        send_again(waiting.pk, actor=SYSTEM)


def test_one_bad_mail_does_not_keep_the_others(shop: Merchant, mail_server: MailServer):
    first = queue(shop)
    second = queue(shop)
    mail_server.fail_next(mail.REFUSE)

    assert work() == 2

    assert {state(first)[0], state(second)[0]} == {"failed", "sent"}
