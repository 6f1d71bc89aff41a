"""The warehouse scans, receives and inspects in a browser; finance sees the money arrive."""

from __future__ import annotations

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from inventory.models import StockMovement
from refunds.models import Refund
from returns_portal.tenancy.models import Merchant
from rma.models import Inspection, Photo, Return
from rma.numbers import barcode_form
from rma.states import ReturnStatus
from tests import factories, flows
from tests.e2e.browsing import DESKTOP, PHONE, TABLET, look
from tests.e2e.conftest import Visit
from tests.pictures import png_bytes

pytestmark = pytest.mark.browser
PHOTO = {"name": "toe.png", "mimeType": "image/png", "buffer": png_bytes(640, 480)}


def scan(page: Page, code: str) -> None:
    """Type as a keyboard-wedge scanner does: a burst of keys, wherever focus is, then Enter."""
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def movements() -> list[tuple[str | None, str | None, int]]:
    with transaction.atomic():
        rows = StockMovement.objects.order_by("moved_at", "pk")
        return list(rows.values_list("from_bucket", "to_bucket", "quantity"))


@pytest.mark.parametrize("width", [DESKTOP, TABLET, PHONE])
def test_parcel_is_scanned_received_one_short_inspected_and_settled(
    shop: Merchant, staff: Visit, width: int
) -> None:
    placed = flows.order(number="NL-1001", prices=(4500,), quantity=2)
    rma = flows.approved(placed, flows.wish(flows.lines_of(placed)[0], quantity=2))
    page = staff("warehouse", width=width).open(f"/app/{shop.slug}/station/")
    scan(page, barcode_form(rma.number))
    expect(page.get_by_role("heading", level=1)).to_have_text(rma.number)
    expect(page.get_by_text(f"{rma.number} opened. 1 item.")).to_be_visible()

    page.get_by_label("Came").fill("1")
    page.get_by_label("Missing").fill("1")
    page.get_by_role("button", name="Receive").click()
    expect(page.get_by_role("heading", level=2, name="Trail Runner 1")).to_be_visible()
    assert movements() == [(None, "on_hold", 1)]

    page.get_by_label("Take photo").set_input_files(PHOTO)
    expect(page.get_by_alt_text("Photo from the bench")).to_be_visible()
    scan(page, "TR-1")
    expect(page.get_by_text("Right item. Grade it on the right.")).to_be_visible()
    page.get_by_role("radio", name="Like new").check()
    expect(page.get_by_text("Restock", exact=False).first).to_be_visible()
    found = look(page)
    page.get_by_role("button", name="Save and finish parcel").click()
    expect(page.get_by_role("heading", name="This parcel is done")).to_be_visible()
    assert movements() == [(None, "on_hold", 1), ("on_hold", "sellable", 1)]

    with transaction.atomic():
        unit = Inspection.objects.get()
        assert (unit.grade, unit.disposition, unit.is_accepted) == ("A", "restock", True)
        assert Photo.objects.filter(inspection=unit).count() == 1
        assert not Refund.objects.exists()

    visitor = staff("manager", width=width)
    page = visitor.open(f"/app/{shop.slug}/returns/{rma.number}/")
    page.get_by_role("link", name="Settle", exact=True).click()
    expect(page.get_by_role("table", name="What came")).to_contain_text("Trail Runner 1")
    found += look(page)
    page.get_by_role("button", name="Settle and pay").click()
    expect(page.get_by_text(f"{rma.number} is settled.")).to_be_visible()
    flows.drain()
    page.reload()

    expect(page.get_by_role("banner").get_by_text("Refunded")).to_be_visible()
    page.get_by_role("region", name="Outcome").get_by_role("link", name="€40.05").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("€40.05")
    expect(page.get_by_role("banner").get_by_text("Refunded")).to_be_visible()
    assert flows.fresh(rma).status == ReturnStatus.CLOSED
    assert found == []


def test_bench_by_keyboard_grades_and_saves_without_a_mouse(shop: Merchant, staff: Visit) -> None:
    rma = flows.approved(flows.order())
    page = staff("warehouse").open(f"/app/{shop.slug}/station/{rma.number}/")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=2, name="Trail Runner 1")).to_be_visible()
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("2")
    expect(page.get_by_role("radio", name="Opened, no marks")).to_be_checked()
    page.get_by_label("Scan a parcel").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="This parcel is done")).to_be_visible()
    with transaction.atomic():
        assert Inspection.objects.get().grade == "B"


def test_unknown_code_and_foreign_item_are_said_loudly(shop: Merchant, staff: Visit) -> None:
    rma = flows.approved(flows.order(number="NL-1001"))
    other = flows.order(number="NL-1002", prices=(4500, 9900))
    belongs = flows.approved(other, flows.wish(flows.lines_of(other)[1]))
    page = staff("warehouse").open(f"/app/{shop.slug}/station/{rma.number}/")
    scan(page, "539152400" + "0002")
    expect(page.get_by_text(f"Not in this parcel. Belongs to {belongs.number}?")).to_be_visible()
    scan(page, "XX-UNKNOWN-1")
    expect(page.get_by_text("We don’t know XX-UNKNOWN-1.")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text(rma.number)
    assert look(page) == []


def test_unit_that_is_not_accepted_needs_words_for_the_shopper(
    shop: Merchant, staff: Visit
) -> None:
    rma = flows.received(flows.approved(flows.order()))
    page = staff("warehouse").open(f"/app/{shop.slug}/station/{rma.number}/")
    page.get_by_role("radio", name="Damaged").check()
    page.get_by_text("No, and say why").click()
    page.get_by_role("button", name="Save and finish parcel").click()
    expect(page.get_by_role("alert")).to_be_visible()
    found = look(page)
    page.get_by_role("radio", name="Damaged").check()
    page.get_by_text("No, and say why").click()
    page.get_by_label("Why not").fill("The sole is cut.")
    page.get_by_role("button", name="Save and finish parcel").click()

    expect(page.get_by_role("heading", name="This parcel is done")).to_be_visible()
    with transaction.atomic():
        unit = Inspection.objects.get()
    assert (unit.is_accepted, unit.rejection) == (False, "The sole is cut.")
    assert found == []


def test_refund_by_hand_is_marked_as_paid_by_finance(shop: Merchant, staff: Visit) -> None:
    with transaction.atomic():
        factories.make_account(
            "refunds", "manual", is_default=False, gateways=["bank_transfer"], name="Bank"
        )
    placed = flows.order(gateway="bank_transfer")
    rma = flows.refunded(placed)
    visitor = staff("finance")
    page = visitor.open(f"/app/{shop.slug}/refunds/")
    page.get_by_role("row").filter(has_text="NL-1001").get_by_role("link").first.click()
    page.get_by_label("Reference of the transfer").fill("SEPA 77-1")
    found = look(page)
    page.get_by_role("button", name="Mark as paid").click()
    expect(page.get_by_text("Recorded as paid.")).to_be_visible()
    expect(page.get_by_role("banner").get_by_text("Refunded")).to_be_visible()
    flows.drain()

    with transaction.atomic():
        assert Refund.objects.get().status == Refund.Status.SUCCEEDED
        assert Return.objects.get(pk=rma.pk).stage == "refunded"
    assert found == []
