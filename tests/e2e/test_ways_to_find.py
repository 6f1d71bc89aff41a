"""The ways to an order besides its number, at a browser: by mailed link, by signed link."""

from __future__ import annotations

import re

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from notifications.models import Message
from returns_portal.tenancy.models import Merchant
from tests import flows
from tests.e2e.browsing import DESKTOP, PHONE, SMALLEST, look, overflow
from tests.e2e.conftest import Visit

pytestmark = pytest.mark.browser


def mailed_path() -> str:
    flows.drain()
    with transaction.atomic():
        message = Message.objects.get(kind="order_link")
    found = re.search(r"/r/northloom/link/[\w-]+", message.text)
    assert found is not None
    return found[0]


def seen(page: Page, scripts: bool) -> list[str]:
    """Return what is wrong with a page; axe itself is a script."""
    return look(page) if scripts else overflow(page, [PHONE, SMALLEST])


@pytest.mark.parametrize(
    ("width", "scripts", "dark"),
    [(DESKTOP, True, False), (SMALLEST, True, True), (PHONE, False, False)],
)
def test_shopper_without_a_number_gets_a_link_and_starts(
    visit: Visit, shop: Merchant, width: int, scripts: bool, dark: bool
) -> None:
    flows.order(prices=(8550, 11700))
    flows.request(flows.order(number="NL-1002"))
    visitor = visit(width=width, scripts=scripts, dark=dark)
    page = visitor.open(f"/r/{shop.slug}/")
    page.get_by_role("link", name=re.compile("No order number")).click()
    found = seen(page, scripts)

    page.get_by_role("button", name="Send me the link").click()
    expect(page.get_by_role("alert")).to_contain_text("Write the e-mail you ordered with")
    found += seen(page, scripts)
    page.get_by_label("E-mail you ordered with").fill("maya@example.com")
    page.get_by_role("button", name="Send me the link").click()
    expect(page.get_by_text("If we know that address, a link is on its way.")).to_be_visible()
    found += seen(page, scripts)

    path = mailed_path()
    visitor.open(path)
    found += seen(page, scripts)
    page.get_by_role("button", name="Show my orders").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your orders")
    found += seen(page, scripts)
    page.get_by_role("button", name="Start a return").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What would you like to return?")

    visitor.open(path)
    expect(page.get_by_role("heading", level=1)).to_have_text("This link is spent")
    found += seen(page, scripts)
    assert found == []


@pytest.mark.parametrize(("width", "dark"), [(DESKTOP, False), (SMALLEST, True)])
def test_first_page_offers_the_mailed_link_after_misses_and_a_spent_signed_link(
    visit: Visit, shop: Merchant, width: int, dark: bool
) -> None:
    page = visit(width=width, dark=dark).open(f"/r/{shop.slug}/?t=forged")
    expect(page.get_by_text("This link has run out or isn’t whole")).to_be_visible()
    found = look(page)

    for number in ("NL-1", "NL-2", "NL-3"):
        page.get_by_label("Order number").fill(number)
        page.get_by_label("E-mail, phone or delivery postcode").fill("maya@example.com")
        page.get_by_role("button", name="Find my order").click()
        expect(page.get_by_label("Order number")).to_have_value(number)
    found += look(page)
    page.get_by_role("link", name="Get a link by e-mail", exact=True).click()
    expect(page.get_by_label("E-mail you ordered with")).to_be_visible()
    assert found == []


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_staff_copy_the_link_of_an_order(staff: Visit, shop: Merchant, width: int) -> None:
    order = flows.order()
    visitor = staff("agent", width=width)
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = visitor.open(f"/app/{shop.slug}/orders/{order.pk}/")
    found = look(page)

    page.get_by_role("button", name="Copy link").click()
    expect(page.locator("#live")).to_have_text("The link is copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert found == []
    page = visitor.open(copied)
    expect(page.get_by_role("heading", level=1)).to_have_text("What would you like to return?")


@pytest.mark.parametrize(
    ("width", "scripts", "dark"),
    [(DESKTOP, True, False), (SMALLEST, True, True), (PHONE, False, False)],
)
def test_gift_is_returned_by_its_code(
    staff: Visit, visit: Visit, shop: Merchant, width: int, scripts: bool, dark: bool
) -> None:
    order = flows.order(prices=(8550,))
    desk = staff("agent").open(f"/app/{shop.slug}/orders/{order.pk}/")
    desk.get_by_role("button", name="Make a gift code").click()
    code = desk.get_by_label("Write it down now: it is shown this once").input_value()
    found = look(desk)

    page = visit(width=width, scripts=scripts, dark=dark).open(f"/r/{shop.slug}/")
    page.get_by_role("link", name=re.compile("Was it a gift")).click()
    page.get_by_role("button", name="Show my gift").click()
    expect(page.get_by_role("alert")).to_contain_text("Write the gift code")
    found += seen(page, scripts)
    page.get_by_label("Gift code").fill(code)
    page.get_by_label("Your name").fill("Ola Nordmann")
    page.get_by_label("Your e-mail").fill("ola@example.org")
    page.get_by_role("button", name="Show my gift").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What would you like to return?")
    page.get_by_role("radio", name="Changed my mind").check()
    found += seen(page, scripts)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("radio", name=re.compile("Store credit"))).to_be_checked()
    expect(page.get_by_role("radio", name=re.compile("Refund"))).to_have_count(0)
    found += seen(page, scripts)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("radio", name=re.compile("Print a label")).check()
    found += seen(page, scripts)
    page.get_by_role("button", name="Confirm return").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Approved. Your label is on its way.")
    expect(page.get_by_text("NL-1001")).to_have_count(0)
    found += seen(page, scripts)
    assert found == []
