"""How the mails look: every kind at desktop and phone width, on light and dark.

``RP_SHOTS=<folder>`` keeps the pictures.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from notifications.models import Message
from returns_portal.tenancy.models import Merchant
from tests.notifications.stories import STORIES

pytestmark = pytest.mark.browser

LOOKS = [(720, "light"), (390, "light"), (390, "dark")]
# One story with each part of the frame; the words of all are checked elsewhere.
SHOWN = ["approved_by_jonas", "refunded_in_part", "rejected_by_jonas", "approved_own_carrier"]
# A mail is no page: landmarks and headings are the mail program's.
NOT_FOR_MAIL = {"landmark-one-main", "region", "page-has-heading-one"}


@pytest.mark.parametrize("name", SHOWN)
def test_mail_fits_its_window_and_reads_well(shop: Merchant, browser: Browser, name: str) -> None:
    kind, story = STORIES[name]
    rma = story()
    message = Message.objects.get(rma=rma, kind=kind)

    for width, scheme in LOOKS:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        page = context.new_page()
        page.set_content(message.html)
        _keep(page, f"mail-{name}-{width}-{scheme}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert _faults(page) == []
        context.close()


def _faults(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [rule["id"] for rule in found if rule["id"] not in NOT_FOR_MAIL]


def _keep(page: Page, name: str) -> None:
    folder = os.environ.get("RP_SHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
