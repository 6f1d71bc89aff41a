"""The acknowledgement of a withdrawal: to whom, with what attached, and what can't stop it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from zoneinfo import ZoneInfo

from notifications.models import Message, MessageTemplate
from notifications.selectors import acknowledgement_of
from returns_portal.tenancy.models import Merchant
from tests import flows, programs
from tests.simulators.mail import MailServer

KIND = "withdrawal_received"


def words(paper: Path) -> str:
    pdftotext = programs.required("pdftotext", package="poppler-utils")
    command = [pdftotext, "-layout", str(paper), "-"]
    return " ".join(
        subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()
    )


def test_acknowledgement_carries_the_statement_as_pdf(
    shop: Merchant, mail_server: MailServer, media: Path
) -> None:
    kept = flows.withdrawn(flows.order(prices=[4500, 11700], shipping=590))
    flows.drain()

    assert kept.rma is not None
    (mail,) = [one for one in mail_server.taken if "withdrawal" in one["Subject"]]
    assert mail["Subject"] == f"We’ve received your withdrawal ({kept.rma.number})"
    (file,) = list(mail.iter_attachments())
    assert (file.get_filename(), file.get_content_type()) == (
        "withdrawal-NL1001.pdf",
        "application/pdf",
    )
    paper = media / f"withdrawals/{kept.token[:2]}/{kept.token}.pdf"
    assert file.get_content() == paper.read_bytes()
    text = words(paper)
    local = kept.declared_at.astimezone(ZoneInfo(shop.time_zone))
    for told in (
        "Northloom",
        "14 Drury Street, Dublin 2",
        f"Received on {local.day} {local:%B} {local.year}, {local:%H:%M:%S} {local.tzname()}",
        "From Maya Lindqvist",
        "E-mail maya@example.com",
        "Order NL-1001",
        f"Return {kept.rma.number}",
        "I withdraw from order NL-1001.",
        "Trail Runner 1 1 Withdrawn in time.",
        "Trail Runner 2 1 Withdrawn in time.",
        "Your refund goes out by",
    ):
        assert told in text, told
    assert acknowledgement_of(kept.event_id) == Message.objects.get(kind=KIND)


def test_acknowledgement_without_a_return_goes_to_the_address_of_the_order(
    shop: Merchant, mail_server: MailServer
) -> None:
    kept = flows.withdrawn(flows.order(delivered_days_ago=60))
    flows.drain()

    (mail,) = mail_server.taken
    assert mail["To"] == "maya@example.com"
    assert mail["Subject"] == "We’ve received your withdrawal from order NL-1001"
    body = mail.get_body(("plain",))
    assert body is not None
    text = " ".join(body.get_content().split())
    assert "A person looks at your statement and answers you." in text
    assert "ended on" in text
    assert f"/withdraw/{kept.token}" in text
    assert Message.objects.get().rma is None


def test_nothing_is_sent_where_no_order_is_proved(shop: Merchant, mail_server: MailServer) -> None:
    flows.withdrawn(flows.order(), known=False)
    flows.drain()

    assert mail_server.taken == []
    assert Message.objects.count() == 0


def test_a_merchant_can_word_the_acknowledgement_but_not_switch_it_off(
    shop: Merchant, mail_server: MailServer
) -> None:
    MessageTemplate.objects.create(
        kind=KIND, is_enabled=False, subject="Widerruf {order_number}", note="Bis bald."
    )
    flows.withdrawn(flows.order())
    flows.drain()

    (mail,) = [one for one in mail_server.taken if "Widerruf" in one["Subject"]]
    assert mail["Subject"] == "Widerruf NL-1001"
    body = mail.get_body(("plain",))
    assert body is not None
    assert "Bis bald." in body.get_content()


def test_acknowledgement_is_sent_once_for_a_page_sent_twice(
    shop: Merchant, mail_server: MailServer
) -> None:
    placed = flows.order()
    for _ in range(2):
        flows.withdrawn(placed, operation_id="the-same-operation-id")
    flows.drain()

    assert Message.objects.filter(kind=KIND).count() == 1
