"""Every news reaches the shopper once, in words and sums that are right, in both parts."""

from __future__ import annotations

import re
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest
from django.template import engines

from notifications.catalogue import BESIDE_RETURNS, ON_EVENT, TITLES, MessageKind
from notifications.models import Message
from returns_portal.activity.models import Delivery
from returns_portal.core.invariants import problems_of
from returns_portal.tenancy.models import Merchant
from tests.notifications.stories import STORIES
from tests.simulators.mail import MailServer

MISSING = "(missing variable)"
NUMBER = r"R-\w{4}-\w{4}-\w{2}"
AMOUNT = re.compile(r" \.{2,} (−?)€([\d,]+\.\d\d)$", re.MULTILINE)
_WORD = re.compile(r"[\w€.,’-]*\w")
DAY = r"(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day \d{1,2} \w+"

# What each mail has to say, besides what all of them say.
SAYS: dict[str, list[str]] = {
    "asked": [rf"answer by {DAY}", rf"Your return number is {NUMBER}", "€295.05"],
    "approved": [
        "return request for order NL-1001 has been approved",
        rf"send your 2 items by {DAY}",
        rf"Your return number: {NUMBER}",
        "with the original packaging and all accessories, and seal the parcel",
        r"http://\S+/s/\S+/label",
        r"Follow your parcel: RB\d+",
        rf"Your refund goes out by {DAY} at the latest",
        "€157.05",
    ],
    "approved_paid_at_scan": [
        "We pay you back as soon as the carrier has scanned your parcel.",
        rf"Your refund goes out by {DAY} at the latest",
    ],
    "approved_own_carrier": [
        "return slip inside",
        "enter its tracking number on your return’s page",
        "Northloom Returns, 14 Drury Street, D02 XY45 Dublin, Ireland",
        r"http://\S+/s/\S+/slip\.pdf",
    ],
    "approved_by_jonas": [r"Jonas from Northloom wrote: \"Thanks for the clear photos\."],
    "approved_free_of_charge": ["Return shipping is free", "€45.00"],
    "approved_before_its_label": ["Your label comes in a separate e-mail"],
    "approved_exchange": ["Exchange for Slate / EU 39", rf"Your exchange leaves us by {DAY}"],
    "approved_credit": [rf"Your store credit is ready by {DAY}", r"Store credit \.+ €"],
    "rejected_by_policy": ["here is why: Returns were open for 30 days", "within 14 days"],
    "rejected_by_jonas": ["here is why: The soles are worn and the box is missing. If"],
    "withdrawn": [
        r"for order NL-1001 on \d+ \w+ \d{4}, \d\d:\d\d:\d\d (GMT|IST)",
        "Your statement: I withdraw from order NL-1001",
        "Trail Runner 2 Withdrawn in time. Open until",
        rf"Your refund goes out by {DAY} at the latest",
        r"http://\S+/withdraw/\S+",
        "A copy as PDF is attached",
    ],
    "objected": ["a person looks at your return"],
    "objected_in_vain": ["stay with our decision: The soles show stones from the street"],
    "objected_with_success": ["we changed our decision: You are right"],
    "questioned": ["Can you send a photo of the sole?", rf"Please answer by {DAY}"],
    "written_to": [r"Jonas from Northloom wrote: \"The carrier is on strike on Monday"],
    "scanned": ["Parcel Test has scanned your parcel", r"Tracking number: RB\d+", "Your refund"],
    "sent_by_own_carrier": ["Tracking number: CX 123 456 789 IE"],
    "arrived": ["your return is with us", rf"Your refund goes out by {DAY} at the latest"],
    "nothing_accepted": ["1 not accepted: Worn outdoors", "within 14 days"],
    "refunded": ["refunded €162.00 to Visa ending 4242", "3 to 5 working days", "Reference: bgr_"],
    "refunded_in_part": ["€45.00", "1 not accepted: Worn outdoors, the soles are dirty"],
    "refunded_at_scan": ["refunded €157.05 to Visa", "paid. Now we wait for your parcel"],
    "paid_by_hand": ["sent €162.00 back to you", "Reference: SEPA 2026-11-22"],
    "refund_came_back": ["your bank returned €162.00", "You don’t need to do anything"],
    "credited": ["added €45.00 to your store credit", "You now have €45.00"],
    "exchanged": ["Trail Runner 1, Slate / EU 39 has left our warehouse", "AP777"],
    "changed": [
        "is changed as you asked",
        "Your label stays the same",
        rf"send Trail Runner 1 by {DAY}",
        rf"Your refund goes out by {DAY} at the latest",
    ],
    "changed_to_own_carrier": ["it no longer works", "€45.00"],
    "changed_to_what_a_person_decides": [rf"answer by {DAY}. Send nothing until then"],
    "cancelled": ["Its label no longer works", "start a new return"],
    "cancelled_own_carrier": ["is cancelled", "start a new return"],
    "reminded": [
        rf"still waiting for your 2 items. Send your parcel by {DAY}",
        "If you keep everything, cancel it",
        r"http://\S+/s/\S+/label",
    ],
    "never_sent": ["get your parcel in time", "we’ll take it in"],
    "never_answered": ["hear back from you in time", "start again"],
}
NEVER_SAYS: dict[str, list[str]] = {
    "approved_own_carrier": ["label"],
    "approved_before_its_label": ["Download"],
    "approved_exchange": ["€", "refund"],
    "approved_credit": ["Your refund"],
    "rejected_by_policy": ["€"],
    "withdrawn": ["€", "label"],
    "nothing_accepted": ["€"],
    "objected_in_vain": ["changed"],
    "objected_with_success": ["stay with"],
    "refunded": ["not accepted", "everything", "wait for your parcel"],
    "refunded_at_scan": ["not accepted", "everything", "not in the parcel"],
    "approved_paid_at_scan": ["We check your parcel when it is here"],
    "paid_by_hand": ["Visa"],
    "changed": ["Trail Runner 2"],
    "changed_to_what_a_person_decides": ["goes out by"],
    "cancelled_own_carrier": ["label"],
    "never_answered": ["parcel"],
}


@pytest.fixture(autouse=True)
def _missing_variables_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines["django"].engine, "string_if_invalid", MISSING)


@pytest.mark.parametrize("name", STORIES)
def test_story_reaches_the_shopper_once_and_complete(
    shop: Merchant, mail_server: MailServer, name: str
) -> None:
    kind, story = STORIES[name]
    rma = story()

    message = Message.objects.get(rma=rma, kind=kind)
    assert (message.status, message.recipient) == ("sent", "maya@example.com")
    received = [mail for mail in mail_server.taken if mail["Subject"] == message.subject]
    assert len(received) == 1
    text, page = _part(received[0], "plain"), _part(received[0], "html")
    _check_words(name, message.subject, text)
    assert MISSING not in message.subject + text + page
    assert "None" not in text
    assert all(len(line) <= 72 or line.startswith("http") for line in text.splitlines())
    assert len(page.encode()) < 80_000
    _check_sums(text)
    _check_twin(text, page)
    assert (
        Delivery.objects.filter(handler="notifications.email").exclude(status="done").count() == 0
    )
    assert problems_of(shop.pk) == []


def _part(mail: EmailMessage, subtype: str) -> str:
    body = mail.get_body((subtype,))
    assert body is not None
    return body.get_content().replace("\r\n", "\n")


def _check_words(name: str, subject: str, text: str) -> None:
    flat = " ".join(text.split())
    assert re.search(NUMBER, subject)
    assert "NL-1001" in flat
    assert re.search(r"http://localhost:8000/r/northloom/s/[\w-]+", flat)
    assert "help@northloom.example" in flat
    for words in SAYS[name]:
        assert re.search(words, flat), words
    for words in NEVER_SAYS.get(name, []):
        assert words not in flat, words


def _check_sums(text: str) -> None:
    """What is listed adds up to the last figure of the list."""
    cents = [
        int(f"{sign and '-'}{figure.replace('.', '')}") for sign, figure in AMOUNT.findall(text)
    ]
    if cents:
        assert sum(cents[:-1]) in (cents[-1], 0), cents
        assert cents[-1] > 0


class _Words(HTMLParser):
    """Collects the words and links of an HTML part below its hidden preheader."""

    def __init__(self) -> None:
        super().__init__()
        self.words: set[str] = set()
        self.links: set[str] = set()
        self._shown = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._shown = self._shown or dict(attrs).get("role") == "article"
        link = dict(attrs).get("href")
        if link:
            self.links.add(link)

    def handle_data(self, data: str) -> None:
        if self._shown:
            self.words |= set(_WORD.findall(data.casefold()))


def _check_twin(text: str, page: str) -> None:
    reader = _Words()
    reader.feed(page)
    assert {link for link in reader.links if link not in text} == set()
    said = set(_WORD.findall(text.casefold()))
    # The labels of small links, which stand bare in the text part.
    assert reader.words - said <= {"see", "your", "return", "also", "for", "pdf"}


def test_every_kind_has_a_story_a_title_and_an_event() -> None:
    told = {kind for kind, _ in STORIES.values()}
    assert told == set(MessageKind) - BESIDE_RETURNS
    assert set(TITLES) == set(MessageKind)
    assert set(ON_EVENT.values()) == told
    assert set(SAYS) == set(STORIES)
