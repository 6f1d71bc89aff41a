"""The mail catcher's pages as a person sees them."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.local.test_mail_catcher import Catcher, catcher, letter

__all__ = ["catcher"]
pytestmark = [pytest.mark.browser, pytest.mark.services]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.mark.parametrize("width", [390, 1280])
def test_message_is_found_and_read_at_every_width(
    catcher: Catcher, browser: Browser, width: int
) -> None:
    catcher.send(letter(f"Approved at {width}"))
    address = f"http://127.0.0.1:{catcher.page_port}"

    with browser.new_context(viewport={"width": width, "height": 800}) as context:
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text))
        page.goto(address)
        listing = Axe().run(page, options=RULES)
        page.get_by_role("link", name=f"Approved at {width}").first.click()
        shown = page.frame_locator("iframe").locator("b").inner_text()
        message = Axe().run(page, options=RULES)
        page.get_by_role("link", name="Plain text").click()
        text = page.locator("pre").inner_text()
        overflow = page.evaluate("document.documentElement.scrollWidth > innerWidth")

    assert (shown, overflow) == ("approved", False)
    assert text.startswith("Your return is approved")
    assert (listing.violations_count, message.violations_count) == (0, 0)
    assert complaints == []
