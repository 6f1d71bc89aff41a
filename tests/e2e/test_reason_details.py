"""A reason that asks what exactly, at a browser: by press, by key, without scripts, at 320 px."""

from __future__ import annotations

import pytest
from django.db import transaction
from playwright.sync_api import Locator, Page, expect

from returns_portal.core.actor import SYSTEM
from returns_portal.tenancy.models import Merchant
from rma.actions.policy import publish_policy, save_draft
from rma.drafts import answers_of
from rma.models import ReturnDraft
from rma.policy.starters import starter_named
from tests.e2e.browsing import DESKTOP, PHONE, SMALLEST, look, overflow
from tests.e2e.conftest import Visit
from tests.e2e.test_shopper_path import sell

pytestmark = pytest.mark.browser


def sell_apparel() -> None:
    starter = starter_named("apparel")
    assert starter is not None
    with transaction.atomic():
        save_draft(starter.document("EUR"), actor=SYSTEM)
        publish_policy(actor=SYSTEM)
    sell(prices=(8550,))


def to_items(page: Page) -> Locator:
    """Look the order up and return the card of its item, chosen."""
    page.locator("input[name=order]").fill("NL-1001")
    page.locator("input[name=who]").fill("maya@example.com")
    page.locator("input[name=who]").press("Enter")
    card = page.locator(".p-item").first
    expect(card).to_be_visible()
    expect(card.locator(".p-item__head input")).to_be_checked()
    return card


def details_of(card: Locator) -> Locator:
    return card.locator(".pills__more")


@pytest.mark.parametrize(("width", "scripts"), [(DESKTOP, True), (PHONE, True), (PHONE, False)])
def test_reason_shows_its_details_and_another_hides_them(
    shop: Merchant, visit: Visit, width: int, scripts: bool
) -> None:
    sell_apparel()
    visitor = visit(width=width, scripts=scripts)
    card = to_items(visitor.open(f"/r/{shop.slug}/"))
    expect(details_of(card)).to_be_hidden()

    card.get_by_text("Does not fit", exact=True).click()
    expect(details_of(card)).to_be_visible()
    card.get_by_text("Too long", exact=True).click()
    expect(card.get_by_role("radio", name="Too long")).to_be_checked()
    expect(details_of(card)).to_be_visible()
    card.get_by_text("Changed my mind", exact=True).click()
    expect(details_of(card)).to_be_hidden()
    expect(card.get_by_role("radio", name="Changed my mind")).to_be_checked()

    assert visitor.complaints == []


def test_detail_is_reached_with_the_arrow_keys_and_kept(shop: Merchant, visit: Visit) -> None:
    sell_apparel()
    page = visit().open(f"/r/{shop.slug}/")
    card = to_items(page)
    card.get_by_role("radio", name="Does not fit").focus()
    page.keyboard.press("Space")
    expect(details_of(card)).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(card.get_by_role("radio", name="Too small")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Does not fit: Too small")).to_be_visible()

    with transaction.atomic():
        (answer,) = answers_of(ReturnDraft.objects.get()).values()
    assert answer.reason == "too_small"


def test_details_fit_the_smallest_phone_from_right_to_left(shop: Merchant, visit: Visit) -> None:
    sell_apparel()
    page = visit(width=SMALLEST).open(f"/r/{shop.slug}/?language=ar")
    card = to_items(page)
    card.get_by_text("المقاس غير مناسب", exact=True).click()
    expect(details_of(card)).to_be_visible()

    assert look(page) == []
    assert overflow(page, [SMALLEST]) == []


@pytest.mark.parametrize(("width", "scripts"), [(DESKTOP, True), (SMALLEST, False)])
def test_photos_are_named_beside_the_upload_of_their_reason_only(
    shop: Merchant, visit: Visit, width: int, scripts: bool
) -> None:
    sell_apparel()
    visitor = visit(width=width, scripts=scripts)
    page = visitor.open(f"/r/{shop.slug}/")
    card = to_items(page)
    note = card.get_by_text("Photos of: the item, the damage close up", exact=True)

    card.get_by_text("Faulty or damaged", exact=True).click()
    expect(note).to_be_visible()
    assert overflow(page) == []
    card.get_by_text("Wrong item sent", exact=True).click()
    expect(card.get_by_text("Add photo", exact=True)).to_be_visible()
    expect(note).to_be_hidden()
