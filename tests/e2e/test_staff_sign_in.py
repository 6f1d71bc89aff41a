"""Staff sign in through the product's own page, and see what their role may do."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from returns_portal.tenancy.models import Merchant
from tests.e2e.browsing import DESKTOP, PHONE, look
from tests.e2e.conftest import Visit, colleague

pytestmark = pytest.mark.browser
SEES = {
    "owner": ["Today", "Returns", "Refunds", "Station", "Policies", "Team", "API keys"],
    "agent": ["Today", "Returns", "Messages", "Exceptions", "Orders", "Refunds", "Exchanges"],
    "warehouse": ["Today", "Returns", "Exceptions", "Orders", "Exchanges", "Stock", "Station"],
}


def test_sign_in_by_role_shows_the_menu_of_the_role(visit: Visit, shop: Merchant) -> None:
    for role, entries in SEES.items():
        colleague(shop, role)
        page = visit().open(f"/app/{shop.slug}/")
        page.get_by_label("E-mail").fill(f"{role}@northloom.example")
        page.get_by_label("Password").fill("a-long-password")
        page.get_by_role("button", name="Sign in").click()

        expect(page.get_by_role("heading", level=1)).to_have_text("Today")
        menu = page.get_by_role("navigation", name="Main")
        for entry in entries:
            expect(menu.get_by_role("link", name=re.compile(rf"^{entry}( \d+)?$"))).to_be_visible()
        expect(menu.get_by_role("link", name="Team", exact=True)).to_have_count(
            int(role == "owner")
        )


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_sign_in_with_a_wrong_password_says_so_and_sign_out_ends_it(
    visit: Visit, shop: Merchant, width: int
) -> None:
    colleague(shop, "owner")
    page = visit(width=width).open(f"/app/{shop.slug}/returns/")
    found = look(page)
    page.get_by_label("E-mail").fill("owner@northloom.example")
    page.get_by_label("Password").fill("a wrong password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    found += look(page)

    page.get_by_label("Password").fill("a-long-password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Returns")
    if width == PHONE:
        page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name="Owner Person").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_load_state()
    page.goto(page.url.split("/accounts")[0].split("/app")[0] + f"/app/{shop.slug}/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert found == []
