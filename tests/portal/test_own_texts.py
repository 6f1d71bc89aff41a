"""The merchant's own texts where shoppers read them: pages, mails, slips, answers of the policy."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from notifications.models import Message
from returns_portal.backoffice.actions.texts import change_texts
from returns_portal.core.actor import SYSTEM
from returns_portal.core.scope import merchant_scope
from returns_portal.core.text_entries import text_entries
from returns_portal.tenancy.models import Merchant, OwnText
from rma import documents
from rma.labels import slip_document, slip_pdf
from rma.replaying import replayed_returns
from tests import flows
from tests.portal.conftest import Shopper, statements, text

pytestmark = pytest.mark.django_db
FIND = "Find my order"


def say(original: str, *forms: str, language: str = "en") -> None:
    """Change one text of the merchant in scope."""
    key = next(one.key for one in text_entries().values() if one.text == original)
    with transaction.atomic():
        change_texts(language, {key: forms}, actor=SYSTEM)


def test_page_speaks_the_merchants_words_in_that_language_only(shopper: Shopper) -> None:
    say(FIND, "Los geht’s", language="de")

    assert "Los geht’s" in text(shopper.get("?language=de"))
    assert "Find my order" in text(shopper.get("?language=en"))


def test_a_change_is_read_at_once_and_so_is_going_back(shopper: Shopper) -> None:
    for word in ("Go", "Go on"):
        say(FIND, word)
        assert f"{word}<svg" in text(shopper.get())
    say(FIND)

    assert "Find my order" in text(shopper.get())


def test_other_merchants_never_read_it(
    shopper: Shopper, shop: Merchant, other_merchant: Merchant
) -> None:
    flows.open_for_business(other_merchant)
    say(FIND, "Only here")
    with merchant_scope(other_merchant.pk):
        say(FIND, "Only there")

    for _ in range(2):
        here, there = text(shopper.get()), text(Shopper(other_merchant).get())
        assert ("Only here" in here, "Only there" in here) == (True, False)
        assert ("Only here" in there, "Only there" in there) == (False, True)


def test_forms_errors_and_refusals_speak_them_too(shopper: Shopper) -> None:
    say("Order number", "Receipt number")
    say("Write your order number", "Tell us the receipt number")
    say("This page isn’t here", "Nothing at this place")

    assert "Receipt number" in text(shopper.get())
    assert "Tell us the receipt number" in text(shopper.post("", {"order": "", "who": ""}))


def test_mails_and_slips_speak_them(shopper: Shopper, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = "Your return is approved (%(rma_number)s, order %(order_number)s)"
    say(subject, "Passt: %(rma_number)s zu 100% (%(order_number)s)", language="de")
    say("Too small", "Kneift", language="de")
    say("Put this page inside the parcel", "Dieses Blatt zuerst", language="de")
    line = flows.lines_of(flows.order())[0]
    shopper.get("?language=de")

    rma = shopper.ask_for(line, reason="too_small")
    flows.drain()

    drawn: list[str] = []
    monkeypatch.setattr(documents.pdf, "render", lambda html, **_: drawn.append(html) or b"%PDF-")
    with transaction.atomic():
        mail = Message.objects.get(rma=rma, kind="approved")
        reason = slip_document(rma).items[0].reason
        slip_pdf(rma)
    assert mail.subject == f"Passt: {rma.number} zu 100% ({rma.order.number})"
    assert reason == "Kneift"
    assert "Dieses Blatt zuerst" in drawn[0]


def test_staff_and_stored_answers_keep_the_products_words(shopper: Shopper) -> None:
    say("In return %(rma)s since %(day)s", "Taken by %(rma)s %(day)s")
    line = flows.lines_of(flows.order())[0]
    rma = shopper.ask_for(line)

    shopper.find()
    page = text(shopper.step("items"))

    assert f"Taken by {rma.number}" in page
    with transaction.atomic():
        assert all("Taken by" not in said["staff"] for said in rma.decision["rules_spoken"])


@pytest.mark.parametrize("language", ["en", "de"])
def test_stored_decisions_replay_whatever_the_words_were(shopper: Shopper, language: str) -> None:
    shopper.get(f"?language={language}")
    say("Refund", "Money back", language="en")
    say("%(outcomes)s until %(day)s", "%(outcomes)s, %(day)s!", language=language)
    shopper.ask_for(flows.lines_of(flows.order())[0])
    say("%(outcomes)s until %(day)s", language=language)

    [(found,)] = list(replayed_returns())

    assert found.differences == ()


def test_unchanged_texts_cost_nothing_and_changed_ones_are_read_once(shopper: Shopper) -> None:
    shopper.get()
    plain = statements(shopper, "")
    say(FIND, "Go")
    with CaptureQueriesContext(connection) as first:
        shopper.get()

    assert len(first) == plain + 1
    assert statements(shopper, "") == plain


def test_text_that_slipped_past_the_form_is_not_spoken(shopper: Shopper) -> None:
    say(FIND, "Go")
    with transaction.atomic():
        OwnText.objects.update(forms=["<script>xss()</script>"])
        Merchant.objects.update(texts_version=9)

    page = text(shopper.get())

    assert "xss()" not in page
    assert "Find my order" in page
