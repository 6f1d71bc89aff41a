"""Agents decide on returns in a browser: the queue, one return, several at once, one by phone."""

from __future__ import annotations

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from returns_portal.core.actor import SYSTEM
from returns_portal.tenancy.models import Merchant
from rma.actions.review import cancel_return
from rma.models import Note, Return
from rma.states import ReturnStatus
from tests import flows
from tests.e2e.browsing import DESKTOP, PHONE, look
from tests.e2e.conftest import Visit

pytestmark = pytest.mark.browser
DEAR = 30_000  # over the 250 limit, so that a person decides


def waiting(number: str) -> Return:
    """Request a return that policy puts before a person."""
    return flows.request(flows.order(number=number, prices=(DEAR,)))


def note_of(rma: Return) -> str:
    with transaction.atomic():
        return Note.objects.filter(rma=rma).latest("created_at").body


def counts(page: Page) -> dict[str, str]:
    """Return what the views of the queue count."""
    tabs = page.get_by_role("navigation", name="Views").get_by_role("link").all_inner_texts()
    words = [text.rsplit("\n", 1) if "\n" in text else text.rsplit(" ", 1) for text in tabs]
    return {pair[0].strip(): pair[1].strip() for pair in words if pair[-1].strip().isdigit()}


def test_queue_by_keyboard_moves_ticks_peeks_and_approves(shop: Merchant, staff: Visit) -> None:
    first, second, third = (waiting(f"NL-100{n}") for n in range(3))
    page = staff("agent").open(f"/app/{shop.slug}/returns/")
    bulk = page.get_by_role("toolbar")
    drawer = page.get_by_role("complementary", name="Return at a glance")
    expect(drawer.get_by_role("heading", level=2)).to_have_text(first.number)
    before = counts(page)

    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(drawer.get_by_role("heading", level=2)).to_have_text(second.number)
    page.keyboard.press("x")
    expect(bulk).to_contain_text("1 selected")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")
    expect(bulk).to_contain_text("2 selected")
    found = look(page)
    page.keyboard.press("k")
    page.keyboard.press("x")
    expect(bulk).to_contain_text("1 selected")
    expect(drawer.get_by_role("heading", level=2)).to_have_text(second.number)
    page.keyboard.press("a")

    expect(page.get_by_text(f"{second.number} approved.")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="R-")).to_have_count(2)
    assert before["Needs review"] == "3"
    assert counts(page)["Needs review"] == "2"
    assert flows.fresh(second).status == ReturnStatus.OPEN
    assert {flows.fresh(one).status for one in (first, third)} == {ReturnStatus.REQUESTED}
    assert found == []


def test_queue_finds_a_return_by_order_name_and_e_mail(shop: Merchant, staff: Visit) -> None:
    waiting("NL-1001")
    other = flows.request(flows.order(number="NL-2002", prices=(DEAR,), email="tomas@example.com"))
    page = staff("agent").open(f"/app/{shop.slug}/returns/?view=all")
    box = page.get_by_role("searchbox", name="Search returns").last

    for text in ("NL-2002", other.number.lower(), "tomas@example.com"):
        box.fill(text)
        box.press("Enter")
        expect(page.get_by_role("row").filter(has_text="R-")).to_have_count(1)
        expect(page.get_by_role("link", name=other.number)).to_be_visible()
    box.fill("NL-9999")
    box.press("Enter")
    expect(page.get_by_role("heading", name="No returns match this")).to_be_visible()
    assert look(page) == []


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_return_page_approves_declines_and_asks(shop: Merchant, staff: Visit, width: int) -> None:
    yes, no, maybe = (waiting(f"NL-100{n}") for n in range(3))
    visitor = staff("agent", width=width)
    page = visitor.open(f"/app/{shop.slug}/returns/{yes.number}/")
    expect(page.get_by_role("region", name="Decision")).to_contain_text("Policy asks for a person")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text(f"{yes.number} approved.")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)

    visitor.open(f"/app/{shop.slug}/returns/{no.number}/")
    page.get_by_role("link", name="Decline").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What the shopper reads").fill("Final sale on 3 November.")
    found = look(page)
    dialog.get_by_role("button", name="Decline return").click()
    expect(page.get_by_text(f"{no.number} declined.")).to_be_visible()

    visitor.open(f"/app/{shop.slug}/returns/{maybe.number}/")
    page.get_by_role("link", name="Ask for info").click()
    page.get_by_role("dialog").get_by_label("What we need").fill("Is the box still there?")
    page.get_by_role("dialog").get_by_role("button", name="Ask").click()
    expect(page.get_by_text("Is the box still there?").first).to_be_visible()

    assert flows.fresh(yes).status == ReturnStatus.OPEN
    assert flows.fresh(no).decline_reason == "Final sale on 3 November."
    assert flows.fresh(maybe).status == ReturnStatus.NEEDS_INFO
    assert note_of(maybe) == "Is the box still there?"
    assert found == []


def test_decision_on_a_return_that_moved_on_names_who_was_first(
    shop: Merchant, staff: Visit
) -> None:
    rma = waiting("NL-1001")
    one = staff("agent").open(f"/app/{shop.slug}/returns/{rma.number}/")
    other = staff("manager").open(f"/app/{shop.slug}/returns/{rma.number}/")
    one.get_by_role("button", name="Approve").click()
    expect(one.get_by_text(f"{rma.number} approved.")).to_be_visible()
    other.get_by_role("button", name="Approve").click()

    expect(other.get_by_text("Agent Person approved this")).to_be_visible()
    assert look(other) == []


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_bulk_approval_says_first_what_would_happen(
    shop: Merchant, staff: Visit, width: int
) -> None:
    ready, gone = waiting("NL-1001"), waiting("NL-1002")
    page = staff("agent", width=width).open(f"/app/{shop.slug}/returns/?view=all")
    for rma in (ready, gone):
        page.get_by_role("checkbox", name=f"Select {rma.number}").check()
    with transaction.atomic():
        cancel_return(gone.pk, actor=SYSTEM)
    page.get_by_role("toolbar").get_by_role("button", name="Approve").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("1 of 2 can be approved")
    assert flows.fresh(ready).status == ReturnStatus.REQUESTED
    found = look(page)
    page.get_by_role("button", name="Approve 1").click()
    expect(page.get_by_text("1 of 1 approved.")).to_be_visible()
    assert flows.fresh(ready).status == ReturnStatus.OPEN
    assert found == []


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_return_by_phone_is_previewed_then_started(
    shop: Merchant, staff: Visit, width: int
) -> None:
    flows.order(number="NL-1001", prices=(4500, 9900))
    page = staff("agent", width=width).open(f"/app/{shop.slug}/returns/new/")
    page.get_by_role("searchbox", name="Order number, e-mail or name").fill("maya@example.com")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="NL-1001").click()
    line = page.get_by_role("group", name="Trail Runner 2")
    line.get_by_label("Units").fill("1")
    line.get_by_label("Reason").select_option("too_small")
    line.get_by_label("Wants").select_option("refund")
    page.get_by_role("button", name="See what happens").click()

    expect(page.get_by_role("region", name="What would happen")).to_contain_text("€94.05")
    with transaction.atomic():
        assert not Return.objects.exists()
    found = look(page)
    page.get_by_role("button", name="Start return").click()
    expect(page.get_by_text("is approved.")).to_be_visible()
    with transaction.atomic():
        rma = Return.objects.get()
    assert (rma.channel, rma.status) == (Return.Channel.STAFF, ReturnStatus.OPEN)
    assert found == []
