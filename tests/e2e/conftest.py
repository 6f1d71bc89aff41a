"""What browser tests stand on: a merchant open for business behind a live server, and visitors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings, settings
from django.db import transaction
from django.test import Client
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant, User
from tests import factories, flows
from tests.e2e.browsing import DESKTOP, Visitor

Visit = Callable[..., Visitor]
HERE = Path(__file__).parent

# Pages are slow where other tests share the cores; what never comes still fails.
expect.set_options(timeout=15_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run a failed browser test once more; the summary names it as RERUN, to be looked into."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture
def shop(
    live_server: LiveServer, tmp_path: Path, settings: LazySettings, merchant: Merchant
) -> Iterator[Merchant]:
    """Return a merchant that needs no account anywhere to work, and be in its scope."""
    settings.MEDIA_ROOT = tmp_path
    settings.PUBLIC_URL = live_server.url
    flows.open_for_business(merchant)
    with merchant_scope(merchant.pk):
        yield merchant


def colleague(shop: Merchant, role: str) -> User:
    """Return a new member with ``role``: ``owner@northloom.example``, ``a-long-password``."""
    with transaction.atomic():
        return factories.make_member(shop, role)


@pytest.fixture
def visit(browser: Browser, live_server: LiveServer) -> Iterator[Visit]:
    """Open a browser for somebody: ``visit(width=390, scripts=False)``; complaints fail."""
    visitors: list[Visitor] = []

    def arrive(*, width: int = DESKTOP, scripts: bool = True, dark: bool = False) -> Visitor:
        visitors.append(Visitor(browser, live_server.url, width=width, scripts=scripts, dark=dark))
        return visitors[-1]

    yield arrive
    for visitor in visitors:
        visitor.context.close()
    assert [line for visitor in visitors for line in visitor.complaints] == []


@pytest.fixture
def staff(visit: Visit, shop: Merchant) -> Visit:
    """Open a browser that is signed in: ``staff("warehouse", width=820)``."""

    def arrive(role: str = "owner", **options: object) -> Visitor:
        visitor = visit(**options)
        client = Client()
        user = colleague(shop, role)
        with transaction.atomic():
            client.force_login(user)
        cookie = settings.SESSION_COOKIE_NAME
        visitor.carry(cookie, client.cookies[cookie].value)
        return visitor

    return arrive
