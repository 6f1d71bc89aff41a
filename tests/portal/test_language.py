"""Which language a page speaks, and what follows from it: dates, money, sentences, mails, slips."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import transaction
from django.utils.translation import override

from notifications.models import Message
from returns_portal.commerce.models import Order
from returns_portal.core.money import Money, format_money
from returns_portal.core.words import day
from returns_portal.tenancy.languages import default_language, offered, spoken
from returns_portal.tenancy.models import Merchant
from rma.labels import slip_document
from rma.policy import wording
from tests import flows
from tests.portal.conftest import Shopper, text

pytestmark = pytest.mark.django_db
GERMAN = {"HTTP_ACCEPT_LANGUAGE": "de-DE,de;q=0.9"}


def offer(shop: Merchant, *languages: str, default: str = "en") -> None:
    with transaction.atomic():
        Merchant.objects.filter(pk=shop.pk).update(languages=list(languages), locale=default)
    shop.refresh_from_db()


def speaks(response: object) -> str:
    page = text(response)
    return page.partition('<html lang="')[2].partition('"')[0]


def test_link_beats_saved_choice_beats_browser(shopper: Shopper) -> None:
    assert speaks(shopper.get("", **GERMAN)) == "de"
    picked = shopper.get("?language=fr", **GERMAN)

    assert speaks(picked) == "fr"
    assert picked.cookies["rp_language"].value == "fr"
    assert picked.cookies["rp_language"]["path"] == shopper.url()
    assert speaks(shopper.get("help", **GERMAN)) == "fr"
    assert speaks(shopper.get("?language=es", **GERMAN)) == "es"


@pytest.mark.parametrize(
    "nonsense", ["xx", "", "fi", "..%2F", "%00", "de%0d%0aSet-Cookie", "a" * 400]
)
def test_languages_nobody_offers_are_not_picked(shopper: Shopper, nonsense: str) -> None:
    response = shopper.get(f"?language={nonsense}", **GERMAN)

    assert (response.status_code, speaks(response)) == (200, "de")
    assert "rp_language" not in response.cookies


def test_order_beats_browser_until_somebody_picks(shopper: Shopper, shop: Merchant) -> None:
    flows.order()
    with transaction.atomic():
        Order.objects.update(locale="fr-FR")

    shopper.find()
    assert speaks(shopper.step("items", **GERMAN)) == "fr"

    assert speaks(shopper.step("items?language=en", **GERMAN)) == "en"
    assert speaks(shopper.step("items", **GERMAN)) == "en"


def test_only_offered_languages_are_spoken(shopper: Shopper, shop: Merchant) -> None:
    offer(shop, "fr", "es", default="es-ES")

    assert speaks(shopper.get("", **GERMAN)) == "es"
    assert speaks(shopper.get("?language=de")) == "es"
    assert speaks(shopper.get("", HTTP_ACCEPT_LANGUAGE="de, fr;q=0.5")) == "fr"
    menu = text(shopper.get(""))
    assert '<option value="fr" lang="fr">Français</option>' in menu
    assert '<option value="es" lang="es" selected>Español</option>' in menu
    assert "Deutsch" not in menu


def test_a_single_language_needs_no_menu(shopper: Shopper, shop: Merchant) -> None:
    offer(shop, "en")

    assert 'name="language"' not in text(shopper.get(""))


@pytest.mark.parametrize(
    ("languages", "locale", "known", "default"),
    [
        ([], "en", 12, "en"),
        ([], "de-AT", 12, "de"),
        ([], "fi-FI", 12, "en"),
        (["fr", "de"], "en", 2, "de"),
        (["nonsense"], "en", 12, "en"),
    ],
)
def test_a_merchant_always_offers_a_language(
    languages: list[str], locale: str, known: int, default: str
) -> None:
    merchant = Merchant(languages=languages, locale=locale)

    assert (len(offered(merchant)), default_language(merchant)) == (known, default)
    assert spoken(merchant, "xx-YY") == default


def test_arabic_pages_run_from_right_to_left(shopper: Shopper) -> None:
    page = text(shopper.get("?language=ar"))

    assert '<html lang="ar" dir="rtl"' in page
    assert "ابحث عن طلبي" in page


def test_return_asked_for_in_german_is_german_everywhere(shopper: Shopper, shop: Merchant) -> None:
    line = flows.lines_of(flows.order())[0]
    shopper.get("?language=de")

    rma = shopper.ask_for(line, reason="too_small")
    flows.drain()

    assert rma.locale == "de"
    assert rma.decision["rules_spoken"][0]["staff"].isascii()
    anywhere = Shopper(shop)
    shown = text(anywhere.get(f"s/{rma.token}", HTTP_ACCEPT_LANGUAGE="en"))
    assert '<html lang="de"' in shown
    assert "Ihre Rücksendung" in shown
    with transaction.atomic():
        mail = Message.objects.get(rma=rma, kind="approved")
        slip = slip_document(rma)
    assert mail.subject.startswith("Ihre Rücksendung ist genehmigt")
    assert 'lang="de"' in mail.html
    assert (slip.locale, slip.items[0].reason) == ("de", "Zu klein")


def test_a_refused_form_answers_in_the_saved_language(shopper: Shopper) -> None:
    shopper.get("?language=de")

    page = text(shopper.post("", {"order": "NL-9999", "who": "maya@example.com"}))

    assert "Wir finden diese Bestellung nicht" in page


@pytest.mark.parametrize(
    ("language", "money", "when"),
    [
        ("en", "€1,234.50", "Thursday 3 December"),
        ("de", "1.234,50\xa0€", "Donnerstag, 3. Dezember"),
        ("fr", "1\u202f234,50\xa0€", "jeudi 3 décembre"),
        ("es", "1.234,50\xa0€", "jueves, 3 de diciembre"),
        ("nl", "€\xa01.234,50", "donderdag 3 december"),
        ("pt", "1\xa0234,50\xa0€", "quinta-feira, 3 de dezembro"),
        ("ja", "€1,234.50", "12月3日木曜日"),
        ("ar", "\u200f1,234.50\xa0€", "الخميس، 3 ديسمبر"),
    ],
)
def test_money_and_days_are_written_as_in_the_language(
    language: str, money: str, when: str
) -> None:
    with override(language):
        assert format_money(Money(123450, "EUR")) == money
        assert day(date(2026, 12, 3), date(2026, 11, 28)) == when


def test_policy_sentences_follow_the_language_and_staff_stay_english() -> None:
    known = (30, date(2026, 11, 17), date(2026, 10, 18), "delivered", date(2026, 11, 28))
    with override("de"):
        said = wording.window_over(*known, fault=False)
        with wording.for_staff():
            staff = wording.window_over(*known, fault=False)

    assert said == "Die Rückgabe war 30 Tage lang ab Lieferung möglich, bis 17.\xa0November"
    assert staff == "Returns were open for 30 days after delivery, until 17 November"
