"""Somebody tries a draft on past returns in a browser: runs it, watches it, looks into a return."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import expect

from returns_portal.core.actor import SYSTEM
from returns_portal.tenancy.models import Merchant
from rma.actions.policy import save_draft
from rma.actions.rehearsal_parts import rehearse_part
from rma.models import Rehearsal
from rma.policy.document import default_policy
from tests import flows
from tests.e2e.browsing import DESKTOP, PHONE, look
from tests.e2e.conftest import Visit

pytestmark = pytest.mark.browser


def past() -> None:
    """Leave five returns behind: two easy, two too dear and one too late."""
    for number, options in enumerate(
        ({}, {}, {"prices": (30_000,)}, {"prices": (41_000,)}, {"delivered_days_ago": 60})
    ):
        record: dict[str, Any] = {"number": f"NL-{number}", "email": f"{number}@example.com"}
        flows.request(flows.order(**record, **options))


def draft(**approval: Any) -> None:
    document = default_policy("EUR")
    document["approval"] |= approval
    document["window"]["days"] = 90
    with transaction.atomic():
        save_draft(document, actor=SYSTEM)


def work() -> None:
    while rehearse_part():
        pass


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_draft_is_rehearsed_watched_and_looked_into(
    shop: Merchant, staff: Visit, width: int
) -> None:
    past()
    draft(max_value_minor=35_000)
    page = staff("manager", width=width).open(f"/app/{shop.slug}/policies/")
    page.get_by_label("Past returns of").select_option(label="A year")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("Draft v2 waits for its turn")).to_be_visible()
    assert look(page) == []
    page.get_by_role("button", name="Cancel", exact=True).focus()
    work()
    expect(page.get_by_text("stay the same")).to_be_visible()
    expect(page.locator("#live")).to_have_text("2 of 5 decisions would change.")
    assert look(page) == []
    page.get_by_role("link", name="Show the changed returns").click()
    expect(page.get_by_role("table", name="Changed returns")).to_contain_text("Approved")
    assert look(page) == []
    page.get_by_role("table", name="Changed returns").get_by_role("link").first.click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("both decisions")
    assert look(page) == []
    page.go_back()
    page.get_by_role("link", name="Back to the policy").click()
    expect(page.get_by_text("stay the same")).to_be_visible()
    assert look(page) == []


def test_rehearsal_is_cancelled_from_the_page_that_watches_it(shop: Merchant, staff: Visit) -> None:
    past()
    draft()
    page = staff("manager").open(f"/app/{shop.slug}/policies/")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("button", name="Cancel", exact=True).click()

    expect(page.get_by_text("The rehearsal is cancelled. Nothing was changed.")).to_be_visible()
    with transaction.atomic():
        assert Rehearsal.objects.get().status == "cancelled"


def test_rehearsal_without_javascript_is_refreshed_by_a_link(shop: Merchant, staff: Visit) -> None:
    past()
    draft(max_value_minor=None)
    page = staff("manager", scripts=False).open(f"/app/{shop.slug}/policies/")
    page.get_by_role("button", name="Run", exact=True).click()
    work()
    page.get_by_role("link", name="Refresh").click()

    expect(page.get_by_text("stay the same")).to_be_visible()
    expect(page.get_by_role("table", name="Changed returns")).to_be_visible()
