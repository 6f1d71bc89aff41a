"""A headless Chromium for browser tests: Debian's own, driven by Playwright.

Use the `browser` fixture and mark the test `browser`; what happens without one is in
`tests.programs`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from playwright._impl._driver import compute_driver_executable
from playwright.sync_api import Browser, sync_playwright

from tests import programs

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Whatever a page asks for, nothing but this machine is reached.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, "
    "EXCLUDE 127.0.0.1",
]


def find_chromium() -> str | None:
    """Return the path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def what_is_missing() -> str | None:
    """Name what keeps the browser tests from running, with what to install."""
    if find_chromium() is None:
        return "Chromium is missing (Debian: apt-get install chromium)"
    driver, _ = compute_driver_executable()
    started = subprocess.run([driver, "--version"], capture_output=True, text=True, check=False)
    if started.returncode != 0:
        return (
            f"Playwright's driver does not start: {started.stderr.strip()} "
            "(Debian: apt-get install libatomic1)"
        )
    return None


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Launch one Chromium for the whole run; give each test a context of its own."""
    reason = what_is_missing()
    if reason:
        programs.skip_or_fail(reason)
    # Playwright's loop lives in this thread, which Django takes for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=find_chromium(), args=OPTIONS)
        yield launched
        launched.close()
