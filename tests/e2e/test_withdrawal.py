"""Withdrawing from a contract at a browser: small and large, with scripts and without."""

from __future__ import annotations

import re

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from returns_portal.tenancy.models import Merchant
from rma.models import Withdrawal
from tests import flows
from tests.e2e.browsing import DESKTOP, PHONE, SMALLEST, look
from tests.e2e.conftest import Visit

pytestmark = pytest.mark.browser


def state(page: Page, *, email: str = "maya@example.com", scope: str = "The whole order") -> None:
    page.get_by_label("Your name").fill("Maya Lindqvist")
    page.get_by_label("Order number").fill("NL-1001")
    page.get_by_label("E-mail of the order").fill(email)
    page.get_by_role("radio", name=scope).check()
    page.get_by_role("button", name="Continue").click()


def the_statement() -> Withdrawal:
    with transaction.atomic():
        return Withdrawal.objects.select_related("rma").get()


@pytest.mark.parametrize(
    ("width", "scripts"), [(DESKTOP, True), (PHONE, True), (SMALLEST, True), (PHONE, False)]
)
def test_whole_order_from_the_foot_of_the_page_to_the_receipt(
    visit: Visit, shop: Merchant, width: int, scripts: bool
) -> None:
    flows.order(prices=(8550, 11700), shipping=590)
    page = visit(width=width, scripts=scripts).open(f"/r/{shop.slug}/")
    page.get_by_role("link", name="Withdraw from contract here").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Withdraw from contract")
    found = look(page) if scripts else []

    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("Write your name")
    found += look(page) if scripts else []
    state(page)

    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm your withdrawal")
    expect(page.get_by_text("for the whole order NL-1001")).to_be_visible()
    found += look(page) if scripts else []
    page.get_by_role("button", name="Confirm withdrawal").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("We’ve received your withdrawal")
    expect(
        page.get_by_text(re.compile(r"Received on \d+ \w+ \d{4}, \d\d:\d\d:\d\d"))
    ).to_be_visible()
    found += look(page) if scripts else []
    rma = the_statement().rma
    assert rma is not None
    page.get_by_role("link", name="Send the goods back").click()
    expect(page.get_by_text(rma.number).first).to_be_visible()
    expect(page.get_by_text("You withdrew from the contract")).to_be_visible()
    assert found == []


@pytest.mark.parametrize("width", [DESKTOP, PHONE, SMALLEST])
def test_some_items_then_again_without_proof(visit: Visit, shop: Merchant, width: int) -> None:
    flows.order(prices=(8550, 11700), quantity=2)
    page = visit(width=width).open(f"/r/{shop.slug}/withdraw")
    state(page, scope="Some items of it")
    expect(page.get_by_role("heading", level=1)).to_have_text("Which items do you withdraw from?")
    page.get_by_role("checkbox", name=re.compile("Trail Runner 2")).check()
    page.get_by_label("How many of Trail Runner 2?").fill("1")
    found = look(page)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("1 × Trail Runner 2")).to_be_visible()
    page.get_by_role("button", name="Confirm withdrawal").click()
    expect(page.get_by_text(re.compile("Trail Runner 2: Withdrawn in time"))).to_be_visible()
    found += look(page)

    page.get_by_role("link", name="Withdraw from contract here").click()
    state(page, email="eve@example.com", scope="Some items of it")
    page.get_by_label("Which items, and how many of each?").fill("The blue shoes")
    found += look(page)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Confirm withdrawal").click()
    expect(page.get_by_text("Download your copy now")).to_be_visible()
    found += look(page)
    assert found == []
