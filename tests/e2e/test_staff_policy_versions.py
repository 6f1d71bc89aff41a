"""Versions of the policy in a browser: by keyboard, without scripts, out to a file and in."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from playwright.sync_api import expect

from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import now
from returns_portal.tenancy.models import Merchant
from rma.actions.policy import save_draft
from rma.models import PolicyVersion
from rma.policy.document import default_policy
from tests.e2e.browsing import DESKTOP, PHONE, look
from tests.e2e.conftest import Visit

pytestmark = pytest.mark.browser


def versions() -> dict[int, str]:
    with transaction.atomic():
        return dict(PolicyVersion.objects.values_list("number", "status"))


def next_week(shop: Merchant) -> datetime:
    day = now().astimezone(ZoneInfo(shop.time_zone)) + timedelta(days=7)
    return day.replace(hour=9, minute=0, second=0, microsecond=0)


def drafted(**changes: object) -> None:
    with transaction.atomic():
        save_draft(default_policy("EUR") | changes, actor=SYSTEM)


def test_version_is_scheduled_in_the_dialog_by_keyboard_and_taken_back(
    shop: Merchant, staff: Visit
) -> None:
    drafted(refund_days=9)
    page = staff().open(f"/app/{shop.slug}/policies/")
    page.get_by_role("banner").get_by_role("button", name="Publish v2").press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name of the version").fill("Peak")
    dialog.get_by_role("radio", name="Now").press("ArrowDown")
    dialog.get_by_label("Day and time").fill(next_week(shop).strftime("%Y-%m-%dT%H:%M"))
    found = look(page)
    dialog.get_by_role("button", name="Publish").press("Enter")
    expect(page.get_by_text("v2 comes into force on")).to_be_visible()
    expect(page.get_by_role("heading", name="Scheduled")).to_be_visible()
    found += look(page)
    assert versions() == {1: "live", 2: "scheduled"}

    page.get_by_role("button", name="Take back to draft").press("Enter")
    expect(page.get_by_text("v2 is the draft again.")).to_be_visible()
    assert versions() == {1: "live", 2: "draft"}
    assert found == []


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_versions_are_compared_exported_imported_and_scheduled_without_javascript(
    shop: Merchant, staff: Visit, tmp_path: Path, width: int
) -> None:
    drafted(refund_days=9)
    page = staff(width=width, scripts=False).open(f"/app/{shop.slug}/policies/")
    page.get_by_role("link", name="Compare with v1 in words").click()
    expect(page.get_by_text("Refunds go out within 9 days of receiving")).to_be_visible()
    page.get_by_role("link", name="The other way round").click()
    expect(page.get_by_label("From")).to_have_value("2")

    page.get_by_role("link", name="Back to all versions").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export v2").click()
    assert download.value.suggested_filename == "policy-v2.yaml"
    file = tmp_path / "policy.yaml"
    text = Path(download.value.path()).read_text("utf-8")

    page.get_by_role("link", name="Import").click()
    file.write_text(text.replace("refund_days: 9", "refund_days: soon"), "utf-8")
    page.get_by_label("Policy file").set_input_files(file)
    page.get_by_role("button", name="Save as draft").click()
    expect(page.get_by_role("list", name="Mistakes in the file")).to_contain_text("refund_days")
    file.write_text(text.replace("refund_days: 9", "refund_days: 12"), "utf-8")
    page.get_by_label("Policy file").set_input_files(file)
    page.get_by_label("Replace the draft").check()
    page.get_by_role("button", name="Save as draft").click()
    expect(page.get_by_text("The file is draft v2. Nothing is live yet.")).to_be_visible()

    page.get_by_role("radio", name="Later").check()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Choose the day and the time.").last).to_be_visible()
    page.get_by_role("textbox", name="Day and time").fill(
        next_week(shop).strftime("%Y-%m-%dT%H:%M")
    )
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("v2 comes into force on")).to_be_visible()
    assert versions() == {1: "live", 2: "scheduled"}


def test_old_version_is_started_from_again(shop: Merchant, staff: Visit) -> None:
    drafted(refund_days=9)
    page = staff().open(f"/app/{shop.slug}/policies/versions/1/")
    page.get_by_role("button", name="Start from this version").click()
    expect(page.get_by_text("The draft v2 has changes.").last).to_be_visible()
    found = look(page)
    page.get_by_label("Replace the draft").check()
    page.get_by_role("button", name="Start from this version").click()
    expect(page.get_by_text("The draft v2 says what v1 said.")).to_be_visible()
    assert found == []
    with transaction.atomic():
        assert PolicyVersion.objects.get(number=2).document["refund_days"] == 5


def test_pages_of_versions_are_free_of_barriers(shop: Merchant, staff: Visit) -> None:
    drafted(refund_days=9, shipping_back="never")
    visitor = staff()
    found: list[str] = []
    for path in ("versions/", "versions/2/", "compare/?from=1&to=2", "import/"):
        page = visitor.open(f"/app/{shop.slug}/policies/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        found += look(page)
    assert found == []
