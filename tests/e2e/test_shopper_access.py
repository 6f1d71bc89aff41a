"""The portal for people with other needs: by keys alone, at 400 %, in forced colours."""

from __future__ import annotations

import re

import pytest
from django.db import transaction
from playwright.sync_api import Locator, Page, expect

from returns_portal.core.languages import NAMES
from returns_portal.tenancy.models import Merchant
from rma.models import Return
from tests.e2e.browsing import DESKTOP, SMALLEST, Visitor, barriers
from tests.e2e.conftest import Visit
from tests.e2e.test_shopper_languages import WORDS, heading
from tests.e2e.test_shopper_path import sell

pytestmark = pytest.mark.browser
# A desktop of 1280 x 1024 at 400 %.
ZOOMED = {"width": 320, "height": 256}


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until ``wanted`` has the focus, as somebody without a mouse does."""
    for _ in range(40):
        if wanted.evaluate("(one) => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no way to {wanted} by keys")


def items(page: Page, shop: Merchant, language: str) -> None:
    """Find the order and come to its items."""
    words = WORDS[language]
    page.goto(f"{page.url.partition('/r/')[0]}/r/{shop.slug}/?language={language}")
    page.get_by_label(words["order"]).fill("NL-1001")
    page.get_by_label(words["who"]).fill("maya@example.com")
    page.get_by_role("button", name=words["find"]).click()
    heading(page, words["items"])


@pytest.mark.parametrize("language", ["de", "ar"])
def test_return_by_keys_alone(visit: Visit, shop: Merchant, language: str) -> None:
    words, keys = WORDS[language], None
    sell(sizes={"M": 2})
    page = visit().open(f"/r/{shop.slug}/?language={language}")
    keys = page.keyboard

    tab_to(page, page.get_by_label(words["order"]))
    keys.type("NL-1001")
    tab_to(page, page.get_by_label(words["who"]))
    keys.type("maya@example.com")
    keys.press("Enter")
    heading(page, words["items"])
    tab_to(page, page.get_by_role("checkbox", name=re.compile("Trail Runner 1")))
    keys.press("Space")
    tab_to(page, page.get_by_role("radio", name=words["reason"]))
    keys.press("Space")
    expect(page.locator(".p-bar")).to_contain_text(words["money"])
    tab_to(page, page.get_by_role("button", name=words["onward"]))
    keys.press("Enter")
    refund = page.get_by_role("radio", name=re.compile(re.escape(words["refund"])))
    expect(refund).to_be_visible()
    tab_to(page, page.get_by_role("radio").first)
    while not refund.is_checked():
        keys.press("ArrowDown")
    tab_to(page, page.get_by_role("button", name=words["onward"]))
    keys.press("Enter")
    label = page.get_by_role("radio", name=re.compile(words["label"]))
    expect(label).to_be_visible()
    tab_to(page, label)
    keys.press("Space")
    tab_to(page, page.get_by_role("button", name=words["confirm"]))
    keys.press("Enter")

    heading(page, words["approved"])
    with transaction.atomic():
        assert Return.objects.count() == 1


@pytest.mark.parametrize("language", ["de", "ar"])
def test_nothing_stands_before_the_page_at_400_percent(
    visit: Visit, shop: Merchant, language: str
) -> None:
    sell()
    page = visit(width=SMALLEST).open(f"/r/{shop.slug}/")
    page.set_viewport_size(ZOOMED)
    items(page, shop, language)

    hidden = []
    for _ in range(30):
        page.keyboard.press("Tab")
        hidden += page.evaluate(
            """() => {
              const one = document.activeElement, box = one.getBoundingClientRect();
              if (one === document.body || !box.width) return [];
              const at = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
              const label = one.labels?.[0];
              const own = at && (one.contains(at) || at.contains(one) || label?.contains(at));
              return own ? [] : [one.outerHTML.slice(0, 120)];
            }"""
        )
    assert hidden == []
    assert page.evaluate("document.documentElement.scrollWidth") <= ZOOMED["width"]
    assert barriers(page, but=["color-contrast"]) == []


def test_no_label_is_cut_off_at_400_percent_in_any_language(visit: Visit, shop: Merchant) -> None:
    visitor: Visitor = visit(width=SMALLEST)
    cut = []
    for language in NAMES:
        for path in ("", "track", "link", "help", "policy", "withdraw"):
            page = visitor.open(f"/r/{shop.slug}/{path}?language={language}")
            cut += page.evaluate(
                """() => [...document.querySelectorAll("button, .btn, label:not(.vh), h1, h2")]
                  .filter((one) => one.clientWidth && one.scrollWidth > one.clientWidth + 1)
                  .map((one) => one.outerHTML.slice(0, 120))"""
            )
    assert cut == []


def test_forced_colours_show_what_is_chosen(visit: Visit, shop: Merchant) -> None:
    sell()
    page = visit(width=DESKTOP).open(f"/r/{shop.slug}/")
    page.emulate_media(forced_colors="active")
    items(page, shop, "de")
    box = page.get_by_role("checkbox", name=re.compile("Trail Runner 1"))
    step = page.locator(".steps [aria-current]")
    fill = "(one) => getComputedStyle(one, '::before').backgroundColor"

    # What a system draws itself follows its colours, checked or not.
    assert box.evaluate("(one) => getComputedStyle(one).appearance") == "auto"
    assert box.evaluate("(one) => getComputedStyle(one, '::after').content") == "none"
    assert step.evaluate(fill) != page.locator(".steps li").last.evaluate(fill)
