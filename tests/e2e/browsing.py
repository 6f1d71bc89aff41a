"""A person at a browser, and what we hold every page to: no complaint, no barrier, no overflow."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urljoin, urlparse

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Response

WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
DESKTOP, TABLET, PHONE, SMALLEST = 1440, 820, 390, 320
HEIGHTS = {DESKTOP: 900, TABLET: 1180, PHONE: 844, SMALLEST: 568}
_AXE = Axe().axe_script
# A form that is refused answers so by design, and Chromium mentions it.
_REFUSAL = re.compile(r"status of (400|409|410|422) ")


class Visitor:
    """A browser context of its own. ``complaints`` collects what the console and the server say."""

    def __init__(
        self,
        browser: Browser,
        base: str,
        *,
        width: int = DESKTOP,
        scripts: bool = True,
        dark: bool = False,
    ) -> None:
        self.base = base
        self.complaints: list[str] = []
        self.context = browser.new_context(
            viewport={"width": width, "height": HEIGHTS[width]},
            java_script_enabled=scripts,
            has_touch=width < DESKTOP,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            locale="en-GB",
        )
        self.context.set_default_timeout(20_000)
        self.page = self.context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("response", self._see)

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning") and not _REFUSAL.search(said.text):
            self.complaints.append(f"{said.type}: {said.text} ({self.page.url})")

    def _see(self, response: Response) -> None:
        if response.status >= 500:
            self.complaints.append(f"{response.status} {response.request.method} {response.url}")

    def open(self, path: str) -> Page:
        """Go to a path of the live server, or to a link of the product wherever it points."""
        told = urlparse(path)
        local = told._replace(scheme="", netloc="").geturl()
        self.page.goto(urljoin(self.base, local))
        return self.page

    def carry(self, cookie: str, value: str) -> None:
        """Carry a cookie from now on."""
        self.context.add_cookies([{"name": cookie, "value": value, "url": self.base}])


def barriers(
    page: Page, *, only: Iterable[str] = (), but: Iterable[str] = (), outside: str = ""
) -> list[str]:
    """Return what axe finds at WCAG 2.2 AA, one line a node, by some rules or all but some.

    What matches the selector ``outside`` is left out.
    """
    options: dict[str, Any] = {
        "runOnly": {"type": "rule", "values": list(only)} if only else list(WCAG),
        "rules": {rule: {"enabled": False} for rule in but},
        "resultTypes": ["violations"],
        # Frames hold e-mails and previews; they are looked at where they are pages of their own.
        "iframes": False,
        "preload": False,
    }
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(_AXE)
    context = {"exclude": [[outside]]} if outside else {}
    run = "([context, options]) => axe.run(context.exclude ? context : document, options)"
    found = page.evaluate(run, [context, options])["violations"]
    return [
        f"{urlparse(page.url).path}: {rule['id']} at {node['target']}: {node['html'][:160]}"
        for rule in found
        for node in rule["nodes"]
    ]


def overflow(page: Page, widths: Iterable[int] = (PHONE, SMALLEST)) -> list[str]:
    """Return the widths at which the page scrolls sideways, with what sticks out."""
    before = page.viewport_size or {"width": DESKTOP, "height": 900}
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        wide = page.evaluate(
            """() => {
              const room = document.documentElement.clientWidth;
              if (document.documentElement.scrollWidth <= room) return null;
              const inside = (e) => {
                while ((e = e.parentElement) && e !== document.body)
                  if (getComputedStyle(e).overflowX !== "visible") return true;
                return false;
              };
              return [...document.querySelectorAll("body *")]
                .filter((e) => e.getBoundingClientRect().right > room + 1)
                .filter((e) => e.checkVisibility() && !inside(e))
                .slice(-3).map((e) => e.outerHTML.slice(0, 120)).join(" | ") || "something";
            }"""
        )
        if wide is not None:
            found.append(f"{urlparse(page.url).path} at {width}: {wide}")
    page.set_viewport_size(before)
    return found


def look(page: Page, *, outside: str = "") -> list[str]:
    """Return every barrier, and every width at which the page is too wide.

    Contrast is the dearest rule; it is looked at on a desktop, in light and in dark, and not again
    on a phone, which shows the same colours.
    """
    width = page.viewport_size["width"] if page.viewport_size else DESKTOP
    if width != DESKTOP:
        return barriers(page, but=["color-contrast"]) + overflow(page, [width])
    found = barriers(page, outside=outside)
    page.emulate_media(color_scheme="dark")
    dark = barriers(page, only=["color-contrast"], outside=outside)
    found += [f"dark: {line}" for line in dark]
    page.emulate_media(color_scheme="light")
    return found + overflow(page)
