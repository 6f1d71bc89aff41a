"""The ways to an order besides its number, at a browser: by mailed link, by signed link."""

from __future__ import annotations

import re

import pytest
from django.db import transaction
from playwright.sync_api import expect

from notifications.models import Message
from returns_portal.tenancy.models import Merchant
from tests import flows
from tests.e2e.browsing import DESKTOP, PHONE, SMALLEST, look
from tests.e2e.conftest import Visit

pytestmark = pytest.mark.browser


def mailed_path() -> str:
    flows.drain()
    with transaction.atomic():
        message = Message.objects.get(kind="order_link")
    found = re.search(r"/r/northloom/link/[\w-]+", message.text)
    assert found is not None
    return found[0]


@pytest.mark.parametrize(
    ("width", "scripts", "dark"),
    [(DESKTOP, True, False), (PHONE, True, True), (SMALLEST, False, False)],
)
def test_shopper_without_a_number_gets_a_link_and_starts(
    visit: Visit, shop: Merchant, width: int, scripts: bool, dark: bool
) -> None:
    flows.order(prices=(8550, 11700))
    flows.request(flows.order(number="NL-1002"))
    visitor = visit(width=width, scripts=scripts, dark=dark)
    page = visitor.open(f"/r/{shop.slug}/")
    page.get_by_role("link", name=re.compile("No order number")).click()
    found = look(page)

    page.get_by_role("button", name="Send me the link").click()
    expect(page.get_by_role("alert")).to_contain_text("Write the e-mail you ordered with")
    found += look(page)
    page.get_by_label("E-mail you ordered with").fill("maya@example.com")
    page.get_by_role("button", name="Send me the link").click()
    expect(page.get_by_text("If we know that address, a link is on its way.")).to_be_visible()
    found += look(page)

    path = mailed_path()
    visitor.open(path)
    found += look(page)
    page.get_by_role("button", name="Show my orders").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your orders")
    found += look(page)
    page.get_by_role("button", name="Start a return").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What would you like to return?")

    visitor.open(path)
    expect(page.get_by_role("heading", level=1)).to_have_text("This link is spent")
    found += look(page)
    assert found == []
