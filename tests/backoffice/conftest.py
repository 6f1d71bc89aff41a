"""A shop that is open, its members signed in, and returns at hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from returns_portal.commerce.models import Order
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.models import Return
from tests import flows
from tests.factories import make_member

HOME = "/app/northloom/"
SignIn = Callable[..., Client]


@pytest.fixture
def shop(merchant: Merchant, settings: object, tmp_path: Path) -> Merchant:
    """Return a merchant with policy, location, built-in gateway and carrier."""
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    return flows.open_for_business(merchant)


@pytest.fixture
def sign_in(shop: Merchant) -> SignIn:
    """Return a way to sign in as a new member of a role; ``.user`` is the member."""

    def arrive(role: str, email: str = "") -> Client:
        client = Client()
        client.user = make_member(shop, role, email)  # type: ignore[attr-defined]
        client.force_login(client.user)  # type: ignore[attr-defined]
        return client

    return arrive


@pytest.fixture
def owner(sign_in: SignIn) -> Client:
    return sign_in("owner")


@pytest.fixture
def order(shop: Merchant) -> Order:
    with merchant_scope(shop.pk):
        return flows.order(number="NL-1001", prices=(4500, 2500))


@pytest.fixture
def waiting(shop: Merchant) -> Return:
    """Return a return that policy put before a person: dearer than it decides by itself."""
    return wait_for_review(shop, "NL-2001")


def wait_for_review(shop: Merchant, number: str) -> Return:
    with merchant_scope(shop.pk):
        placed = flows.order(number=number, prices=(30_000,), email=f"{number}@example.com")
        return flows.request(placed)


def at_bench(shop: Merchant, number: str = "NL-3001", quantity: int = 1) -> Return:
    """Return an approved return whose parcel is expected."""
    with merchant_scope(shop.pk):
        placed = flows.order(number=number, quantity=quantity)
        line = flows.lines_of(placed)[0]
        return flows.request(placed, flows.wish(line, quantity=quantity), method="own")


def queries(client: Client, address: str) -> int:
    """Return the statements of one page, after a first call has warmed what is kept."""
    client.get(address)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address).status_code == 200
    return len(seen)
