"""Owners set the shop up in a browser, and read what was sent and what it all amounts to."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django.db import transaction
from playwright.sync_api import expect

from returns_portal.tenancy.models import Membership, Merchant
from rma.models import PolicyVersion
from tests import flows
from tests.e2e.browsing import DESKTOP, PHONE, look
from tests.e2e.conftest import Visit
from tests.pictures import png_bytes
from tests.simulators.dns import name_server
from tests.simulators.mail import MailServer

pytestmark = pytest.mark.browser


def test_message_that_was_sent_is_read_as_the_shopper_got_it(
    shop: Merchant, staff: Visit, settings: LazySettings
) -> None:
    with MailServer() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        rma = flows.refunded(flows.order())
        flows.drain()
    assert "maya@example.com" in server.recipients
    page = staff("agent").open(f"/app/{shop.slug}/messages/")
    page.get_by_role("row").filter(has_text=rma.number).get_by_role("link").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(rma.number)
    page.go_back()
    page.get_by_role("link", name="€40.05 is on its way").click()

    letter = page.frame_locator("iframe")
    expect(letter.get_by_text("€40.05").first).to_be_visible()
    expect(page.get_by_label("Plain text of the e-mail")).to_contain_text("€40.05")
    expect(page.get_by_role("banner").get_by_text("Sent")).to_be_visible()


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_report_shows_figures_charts_and_gives_files(
    shop: Merchant, staff: Visit, width: int
) -> None:
    flows.refunded(flows.order(number="NL-1001"))
    flows.approved(flows.order(number="NL-1002", prices=(9900,)))
    flows.drain()
    page = staff("analyst", width=width).open(f"/app/{shop.slug}/reports/")
    figures = page.get_by_role("region", name="Key figures")
    expect(figures).to_contain_text("100")
    expect(page.get_by_role("img").first).to_be_visible()
    page.get_by_role("combobox", name="Reason").select_option(label="Changed my mind")
    expect(page.get_by_role("link", name="Clear filters")).to_be_visible()
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as caught:
        page.get_by_role("link", name="Reasons", exact=True).click()

    text = caught.value.path().read_text()
    assert "Changed my mind" in text


def test_branding_follows_the_colour_and_is_saved(shop: Merchant, staff: Visit) -> None:
    page = staff().open(f"/app/{shop.slug}/settings/branding/")
    before = page.get_by_role("table").inner_text()
    page.get_by_label("Store name").fill("Northloom Outdoor")
    page.get_by_label("Colour as hex").fill("#b5532f")
    expect(page.get_by_role("table")).not_to_have_text(before)
    preview = page.frame_locator("[data-frame=light]").get_by_role("button", name="Find my order")
    expect(preview).to_have_css("background-color", "rgb(181, 83, 47)")
    page.locator("input[name=logo]").set_input_files(
        {"name": "logo.png", "mimeType": "image/png", "buffer": png_bytes(300, 90)}
    )
    page.get_by_role("button", name="Save and publish").click()

    expect(page.get_by_text("Saved. Your portal shows it now.")).to_be_visible()
    expect(page.get_by_role("img", name="Northloom Outdoor")).to_be_visible()
    with transaction.atomic():
        shop.refresh_from_db()
    assert (shop.name, shop.brand_color) == ("Northloom Outdoor", "#b5532f")
    assert shop.logo_path != ""
    page.get_by_label("Colour as hex").fill("brown")
    page.get_by_role("button", name="Save and publish").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert look(page) == []


def test_invitation_brings_a_colleague_in_with_their_role(
    shop: Merchant, staff: Visit, visit: Visit
) -> None:
    page = staff().open(f"/app/{shop.slug}/settings/team/")
    page.get_by_label("E-mail").fill("ida@example.com")
    page.get_by_label("Role", exact=True).last.select_option("warehouse")
    page.get_by_role("button", name="Invite").click()
    invited = page.get_by_role("region", name="Invited")
    expect(invited).to_contain_text("ida@example.com")
    found = look(page)

    visitor = visit(width=PHONE)
    guest = visitor.open(invited.locator("code").inner_text())
    expect(guest.get_by_role("heading", level=1)).to_have_text(f"Join {shop.name}")
    found += look(guest)
    guest.get_by_label("Your name").fill("Ida Holm")
    guest.get_by_label("Password").fill("correct horse battery")
    guest.get_by_role("button", name="Join").click()
    expect(guest.get_by_role("heading", level=1)).not_to_have_text(f"Join {shop.name}")
    visitor.open(f"/app/{shop.slug}/station/")
    expect(guest.get_by_text("Waiting for scan").or_(guest.locator("#scan"))).to_be_visible()
    with transaction.atomic():
        assert Membership.objects.get(user__email="ida@example.com").role == "warehouse"
    assert found == []


def test_policy_is_drafted_published_and_kept_as_versions(shop: Merchant, staff: Visit) -> None:
    page = staff().open(f"/app/{shop.slug}/policies/")
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Days to return, from delivery").fill("4000")
    page.get_by_role("button", name="Save draft").first.click()
    expect(page.get_by_role("alert")).to_be_visible()
    found = look(page)
    page.get_by_label("Days to return, from delivery").fill("45")
    page.get_by_role("button", name="Save draft").first.click()
    expect(page.get_by_text("v2 draft")).to_be_visible()
    with transaction.atomic():
        assert PolicyVersion.objects.get(status="live").number == 1

    page.get_by_role("banner").get_by_role("button", name="Publish v2").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name of the version").fill("45 days")
    found += look(page)
    dialog.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("v2 live")).to_be_visible()
    expect(page.get_by_text("45 days").first).to_be_visible()
    page.get_by_role("link", name="v1 30 days").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("1")
    with transaction.atomic():
        assert PolicyVersion.objects.get(status="live").document["window"]["days"] == 45
    assert found == []


def test_text_is_previewed_while_it_is_written(shop: Merchant, staff: Visit) -> None:
    page = staff().open(f"/app/{shop.slug}/settings/texts/?language=de")
    page.get_by_label("Search texts").fill("Bestellung suchen")
    page.get_by_label("Search texts").press("Enter")
    page.get_by_role("link", name="Bestellung suchen", exact=True).click()
    field, preview = page.get_by_role("textbox", name="Your text"), page.locator("#preview")
    expect(field).to_have_value("Bestellung suchen")

    for words in ("Meine Bestellung", "Meine Bestellung holen"):
        field.fill(words)
        expect(preview).to_have_text(words)
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_text("Saved. Shoppers read it now.")).to_be_visible()
    assert look(page) == []
    page = staff("manager").open(f"/r/{shop.slug}/?language=de")
    expect(page.get_by_role("button", name="Meine Bestellung holen")).to_be_visible()


def test_domain_page_tells_what_the_dns_said_by_itself(
    shop: Merchant, staff: Visit, settings: LazySettings
) -> None:
    page = staff().open(f"/app/{shop.slug}/settings/domain/")
    page.get_by_role("textbox", name="Domain").fill("returns.northloom.example")
    page.get_by_role("button", name="Go on").click()
    with name_server() as dns:
        settings.DNS_SERVERS = [dns.address]
        page.get_by_role("button", name="Check").click()
        expect(page.get_by_text("We are asking the DNS. This")).to_be_visible()
        found = look(page)
        dns.records[page.locator("#record-name").inner_text()] = [
            page.locator("#record-text").inner_text()
        ]
        flows.drain()
        told = page.locator("#main").get_by_text("Your portal answers at returns.northloom")
        expect(told).to_be_visible()

    assert found + look(page) == []
