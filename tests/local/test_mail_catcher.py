from __future__ import annotations

import http.client
import json
import smtplib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest

from returns_portal.local import ports
from returns_portal.local.children import Child
from returns_portal.local.environment import inherited
from returns_portal.local.layout import CHECKOUT
from returns_portal.local.stack import http_answers

pytestmark = pytest.mark.services


@dataclass
class Catcher:
    smtp_port: int
    page_port: int

    def send(self, message: EmailMessage) -> None:
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=10) as client:
            client.send_message(message)

    def get(self, path: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.page_port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def messages(self) -> list[dict[str, object]]:
        return json.loads(self.get("/messages.json")[2])["messages"]


@pytest.fixture(scope="module")
def catcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catcher]:
    folder = tmp_path_factory.mktemp("mail")
    found = Catcher(ports.any_free(), ports.any_free())
    command = [sys.executable, "-m", "returns_portal.local.mail_catcher"]
    command += ["--folder", str(folder), "--smtp-port", str(found.smtp_port)]
    command += ["--page-port", str(found.page_port)]
    child = Child("The mail catcher", command, folder / "log", inherited(), folder=CHECKOUT)
    child.start()
    child.wait_until(lambda: http_answers(found.page_port, "/"), seconds=30)
    yield found
    child.stop()


def letter(subject: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Northloom <returns@northloom.example>"
    message["To"] = "ada@example.com"
    message["Subject"] = subject
    message.set_content("Your return is approved: 5 €.")
    message.add_alternative(
        '<p>Your return is <b>approved</b></p><img src="cid:logo">', subtype="html"
    )
    html = message.get_payload()[1]
    html.add_related(b"\x89PNG picture", "image", "png", cid="<logo>", filename="logo.png")
    message.add_attachment(
        b"%PDF-1.7 label", maintype="application", subtype="pdf", filename="label & slip.pdf"
    )
    return message


def test_message_is_listed_and_read_in_all_its_forms(catcher: Catcher) -> None:
    catcher.send(letter("Return <approved> & ready"))

    found = catcher.messages()[0]
    listing = catcher.get("/")[2].decode()
    page = catcher.get(f"/messages/{found['key']}")[2].decode()
    text = catcher.get(str(found["text"]))

    assert found["to"] == "ada@example.com"
    assert "Return &lt;approved&gt; &amp; ready" in listing
    assert "<approved>" not in listing + page
    assert f'sandbox="allow-popups" src="/messages/{found["key"]}/html"' in page
    assert "Your return is approved: 5 €." in text[2].decode()


def test_html_runs_nothing_and_shows_its_own_pictures(catcher: Catcher) -> None:
    catcher.send(letter("Pictures"))
    found = catcher.messages()[0]

    status, headers, body = catcher.get(str(found["html"]))
    picture = body.decode().split('src="')[1].split('"')[0]

    assert status == 200
    assert headers["Content-Security-Policy"].startswith("sandbox allow-popups; default-src 'none'")
    assert catcher.get(picture)[2] == b"\x89PNG picture"


def test_attachment_downloads_byte_for_byte(catcher: Catcher) -> None:
    catcher.send(letter("With label"))
    label = next(a for a in catcher.messages()[0]["attachments"] if a["kind"] == "application/pdf")

    status, headers, body = catcher.get(label["path"])

    assert (status, body) == (200, b"%PDF-1.7 label")
    assert headers["Content-Disposition"].endswith("label%20%26%20slip.pdf")


def test_attached_page_is_a_download_and_never_a_page(catcher: Catcher) -> None:
    message = EmailMessage()
    message["To"] = "ada@example.com"
    message.set_content("see attached")
    message.add_attachment("<script>alert(1)</script>", subtype="html", filename="x.html")
    catcher.send(message)

    headers = catcher.get(catcher.messages()[0]["attachments"][0]["path"])[1]

    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "path", ["/messages/../log", "/messages/%2e%2e", "/messages/1700000000000-deadbeef", "/other"]
)
def test_unknown_address_is_not_found(catcher: Catcher, path: str) -> None:
    assert catcher.get(path)[0] == 404


def test_subject_is_missing_still_reads(catcher: Catcher) -> None:
    message = EmailMessage()
    message["To"] = "ada@example.com"
    message.set_content("plain")
    catcher.send(message)

    found = catcher.messages()[0]

    assert (found["subject"], found["html"]) == ("(no subject)", None)
    assert b"plain" in catcher.get(f"/messages/{found['key']}?view=html")[2]


def test_store_survives_a_restart(tmp_path: Path) -> None:
    from returns_portal.local.mail_store import MailStore

    key = MailStore(tmp_path).keep(letter("Kept").as_bytes())

    again = MailStore(tmp_path)

    assert again.keys() == [key]
    assert again.clear() == 1
    assert again.keys() == []
