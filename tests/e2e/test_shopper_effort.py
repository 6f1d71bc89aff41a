"""How much a return of one item asks of a shopper: presses, taps and filled fields, counted."""

from __future__ import annotations

import re

import pytest
from django.db import transaction
from playwright.sync_api import Locator, Page, expect

from returns_portal.commerce.deep_links import deep_link
from returns_portal.commerce.models import Order
from returns_portal.tenancy.models import Merchant
from tests.e2e.browsing import DESKTOP, PHONE
from tests.e2e.conftest import Visit
from tests.e2e.test_shopper_path import sell, the_return
from tests.portal.conftest import publish

pytestmark = pytest.mark.browser
MOST = 12
HEADINGS = {
    "items": "What would you like to return?",
    "resolution": "How should we make it right?",
    "method": "How will you send it back?",
}


class Hands:
    """A shopper who counts. Filling one field counts once, as does every press, click or tap."""

    def __init__(self, page: Page, *, by_touch: bool = False) -> None:
        self.page, self.by_touch, self.count = page, by_touch, 0

    def write(self, text: str) -> None:
        self.count += 1
        self.page.keyboard.type(text)

    def press(self, key: str) -> None:
        self.count += 1
        self.page.keyboard.press(key)

    def point(self, at: Locator) -> None:
        self.count += 1
        if self.by_touch:
            at.tap()
        else:
            at.click()

    def fill(self, field: Locator, text: str) -> None:
        """Go into a field and write, which is one thing to do."""
        field.click()
        self.write(text)

    def arrives_at(self, step: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(HEADINGS[step])


@pytest.mark.parametrize("prices", [(8550,), (8550, 11700)])
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_one_item_by_mouse_or_finger_takes_few_moves(
    visit: Visit, shop: Merchant, width: int, prices: tuple[int, ...]
) -> None:
    sell(prices=prices)
    page = visit(width=width).open(f"/r/{shop.slug}/")
    hands = Hands(page, by_touch=width == PHONE)

    hands.fill(page.get_by_label("Order number"), "NL-1001")
    hands.fill(page.get_by_label("E-mail, phone or delivery postcode"), "maya@example.com")
    hands.point(page.get_by_role("button", name="Find my order"))
    hands.arrives_at("items")
    if len(prices) > 1:
        hands.point(page.get_by_role("checkbox", name=re.compile("Trail Runner 1")))
    card = page.locator(".p-item", has_text="Trail Runner 1")
    expect(card.get_by_role("checkbox")).to_be_checked()
    hands.point(card.locator("label", has_text="Changed my mind"))
    hands.point(page.get_by_role("button", name="Continue"))
    hands.arrives_at("resolution")
    hands.point(page.get_by_role("radio", name=re.compile("Refund to")))
    hands.point(page.get_by_role("button", name="Continue"))
    hands.arrives_at("method")
    hands.point(page.get_by_role("radio", name=re.compile("Print a label")))
    hands.point(page.get_by_role("button", name="Confirm return"))

    expect(page.get_by_role("heading", level=1)).to_contain_text("Approved.")
    assert the_return().status == "open"
    assert hands.count == (10 if len(prices) > 1 else 9) <= MOST


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("prices", [(8550,), (8550, 11700)])
def test_one_item_by_keys_alone_takes_few_moves(
    visit: Visit, shop: Merchant, prices: tuple[int, ...], scripts: bool
) -> None:
    sell(prices=prices)
    page = visit(scripts=scripts).open(f"/r/{shop.slug}/")
    hands = Hands(page)

    expect(page.get_by_label("Order number")).to_be_focused()
    hands.write("NL-1001")
    hands.press("Tab")
    hands.write("maya@example.com")
    hands.press("Enter")
    hands.arrives_at("items")
    first = page.locator(".p-item").first
    if len(prices) > 1:
        expect(first.get_by_role("checkbox")).to_be_focused()
        hands.press("Space")
        hands.press("Tab")
    expect(first.get_by_role("radio").first).to_be_focused()
    hands.press("Space")
    hands.press("Enter")
    hands.arrives_at("resolution")
    expect(page.get_by_role("radio").first).to_be_focused()
    hands.press("Space")
    hands.press("Enter")
    hands.arrives_at("method")
    expect(page.get_by_role("radio").first).to_be_focused()
    hands.press("Space")
    hands.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_contain_text("Approved.")
    assert the_return().status == "open"
    assert hands.count == (12 if len(prices) > 1 else 10) <= MOST


def test_link_of_the_shop_asks_nothing_that_is_known(visit: Visit, shop: Merchant) -> None:
    sell(prices=(8550,))
    publish(methods=["label"])
    with transaction.atomic():
        link = deep_link(shop, Order.objects.get()).url
    page = visit(width=PHONE).open(link)
    hands = Hands(page, by_touch=True)

    hands.point(page.locator("label", has_text="Changed my mind"))
    hands.point(page.get_by_role("button", name="Continue"))
    hands.arrives_at("resolution")
    hands.point(page.get_by_role("radio", name=re.compile("Refund to")))
    hands.point(page.get_by_role("button", name="Continue"))
    hands.arrives_at("method")
    hands.point(page.get_by_role("button", name="Confirm return"))

    expect(page.get_by_role("heading", level=1)).to_contain_text("Approved.")
    assert hands.count == 5
