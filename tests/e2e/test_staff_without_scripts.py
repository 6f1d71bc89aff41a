"""With JavaScript switched off the main steps still work: they are forms and links."""

from __future__ import annotations

import pytest
from django.db import transaction
from playwright.sync_api import expect

from returns_portal.tenancy.models import Merchant
from rma.models import Inspection, Photo
from rma.states import ReturnStatus
from tests import flows
from tests.e2e.browsing import DESKTOP, PHONE
from tests.e2e.conftest import Visit
from tests.pictures import png_bytes

pytestmark = pytest.mark.browser
PHOTO = {"name": "toe.png", "mimeType": "image/png", "buffer": png_bytes(640, 480)}


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_approve_receive_inspect_and_refund_without_javascript(
    shop: Merchant, staff: Visit, width: int
) -> None:
    rma = flows.request(flows.order(prices=(30_000,)))
    visitor = staff("owner", width=width, scripts=False)
    page = visitor.open(f"/app/{shop.slug}/returns/")
    page.get_by_role("link", name=rma.number).click()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text(f"{rma.number} approved.")).to_be_visible()
    flows.drain()

    visitor.open(f"/app/{shop.slug}/station/")
    page.get_by_label("Scan a parcel").fill(rma.number)
    page.get_by_role("button", name="Look up this code").click()
    page.get_by_role("button", name="Receive").click()
    page.locator("input[name=photo]").set_input_files(PHOTO)
    page.get_by_role("button", name="Keep photo").click()
    expect(page.get_by_alt_text("Photo from the bench")).to_be_visible()
    page.get_by_role("radio", name="Like new").check()
    page.get_by_role("button", name="Save and finish parcel").click()
    expect(page.get_by_role("heading", name="This parcel is done")).to_be_visible()
    flows.drain()

    with transaction.atomic():
        assert Inspection.objects.get().disposition == "restock"
        assert Photo.objects.count() == 1
    settled = flows.fresh(rma)
    assert (settled.status, settled.stage) == (ReturnStatus.CLOSED, "refunded")


def test_decline_ask_and_bulk_approval_without_javascript(shop: Merchant, staff: Visit) -> None:
    no, maybe, yes = (
        flows.request(flows.order(number=f"NL-100{n}", prices=(30_000,))) for n in range(3)
    )
    visitor = staff("agent", scripts=False)
    page = visitor.open(f"/app/{shop.slug}/returns/{no.number}/")
    page.get_by_role("link", name="Decline").click()
    page.get_by_role("button", name="Decline return").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("What the shopper reads").fill("Final sale.")
    page.get_by_role("button", name="Decline return").click()
    expect(page.get_by_text(f"{no.number} declined.")).to_be_visible()

    visitor.open(f"/app/{shop.slug}/returns/{maybe.number}/")
    page.get_by_role("link", name="Ask for info").click()
    page.get_by_label("What we need from the shopper").fill("Is the box there?")
    page.get_by_role("button", name="Ask").click()

    visitor.open(f"/app/{shop.slug}/returns/")
    page.get_by_role("checkbox", name=f"Select {yes.number}").check()
    page.get_by_role("toolbar").get_by_role("button", name="Approve").click()
    page.get_by_role("button", name="Approve 1").click()
    expect(page.get_by_text("1 of 1 approved.")).to_be_visible()

    assert [flows.fresh(one).status for one in (no, maybe, yes)] == [
        ReturnStatus.DECLINED,
        ReturnStatus.NEEDS_INFO,
        ReturnStatus.OPEN,
    ]
