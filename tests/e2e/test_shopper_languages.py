"""The shopper's way in German, and in Arabic from right to left."""

from __future__ import annotations

import re

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from returns_portal.tenancy.models import Merchant
from rma.models import Return
from tests import flows
from tests.e2e.browsing import DESKTOP, PHONE, SMALLEST, look
from tests.e2e.conftest import Visit
from tests.e2e.test_shopper_path import sell

pytestmark = pytest.mark.browser
WORDS = {
    "de": {
        "menu": "Deutsch",
        "order": "Bestellnummer",
        "who": "E-Mail-Adresse, Telefonnummer oder Postleitzahl der Lieferung",
        "find": "Bestellung suchen",
        "items": "Was möchten Sie zurückgeben?",
        "reason": "Zu klein",
        "onward": "Weiter",
        "refund": "Erstattung auf Visa mit Endziffern 4242",
        "label": "Etikett ausdrucken",
        "confirm": "Rücksendung bestätigen",
        "approved": "Genehmigt. Ihr Etikett ist unterwegs.",
        "money": "85,50\xa0€",
    },
    "ar": {
        "menu": "العربية",
        "order": "رقم الطلب",
        "who": "البريد الإلكتروني أو الهاتف أو الرمز البريدي للتوصيل",
        "find": "ابحث عن طلبي",
        "items": "ماذا تريد أن ترجع؟",
        "reason": "صغير جدًا",
        "onward": "متابعة",
        "refund": "استرداد إلى Visa المنتهية بـ 4242",
        "label": "طباعة ملصق",
        "confirm": "تأكيد الإرجاع",
        "approved": "تمت الموافقة. ملصقك في الطريق.",
        "money": "85.50\xa0€",
    },
}


def heading(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


@pytest.mark.parametrize(
    ("language", "width"),
    [("de", DESKTOP), ("de", SMALLEST), ("ar", DESKTOP), ("ar", PHONE)],
)
def test_return_in_another_language(
    visit: Visit, shop: Merchant, language: str, width: int
) -> None:
    words = WORDS[language]
    sell(sizes={"M": 2})
    page = visit(width=width).open(f"/r/{shop.slug}/")

    page.get_by_label("Language").select_option(label=words["menu"])
    page.wait_for_url(re.compile(f"language={language}"))
    expect(page.locator("html")).to_have_attribute("dir", "rtl" if language == "ar" else "ltr")
    found = look(page)

    page.get_by_label(words["order"]).fill("NL-1001")
    page.get_by_label(words["who"]).fill("maya@example.com")
    page.get_by_role("button", name=words["find"]).click()
    heading(page, words["items"])
    page.get_by_role("checkbox", name=re.compile("Trail Runner 1")).check()
    page.get_by_role("radio", name=words["reason"]).check()
    expect(page.locator(".p-bar")).to_contain_text(words["money"])
    found += look(page)
    page.get_by_role("button", name=words["onward"]).click()

    page.get_by_role("radio", name=re.compile(re.escape(words["refund"]))).check()
    found += look(page)
    page.get_by_role("button", name=words["onward"]).click()

    page.get_by_role("radio", name=re.compile(words["label"])).check()
    found += look(page)
    page.get_by_role("button", name=words["confirm"]).click()

    heading(page, words["approved"])
    flows.drain()
    page.reload()
    found += look(page)
    assert found == []
    with transaction.atomic():
        assert Return.objects.get().locale == language


def test_language_is_changed_without_scripts(visit: Visit, shop: Merchant) -> None:
    page = visit(scripts=False).open(f"/r/{shop.slug}/help")

    page.get_by_label("Language").select_option("de")
    page.get_by_role("button", name="Change").click()

    heading(page, "Wie können wir helfen?")
    page.get_by_role("link", name="Alle Regeln lesen").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
