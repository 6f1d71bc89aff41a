"""What holds for every test: no network, a clean cache, a browser only where there is one."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.cache import cache
from hypothesis import HealthCheck
from hypothesis import settings as settings_of_hypothesis

from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from tests import factories, network_ban
from tests.browsers import browser

__all__ = ["browser"]

network_ban.ban()

# How long an example takes says something about the machine, not about the product.
settings_of_hypothesis.register_profile(
    "untimed",
    parent=settings_of_hypothesis(),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings_of_hypothesis.load_profile("untimed")


def pytest_configure(config: pytest.Config) -> None:
    """Give each parallel worker a Redis database of its own, because clear() empties it whole."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker:
        base, _, number = settings.REDIS_URL.rpartition("/")
        own = (int(number or 0) + 1 + int(worker.removeprefix("gw"))) % 16
        settings.CACHES["default"]["LOCATION"] = f"{base}/{own}"


@pytest.fixture(autouse=True)
def _clean_cache() -> None:
    """Forget rate limits and cached pages of the test before."""
    cache.clear()


@pytest.fixture
def merchant(db: None) -> Merchant:
    """Return an active merchant with a live policy-free, account-free start."""
    return factories.make_merchant("northloom")


@pytest.fixture
def other_merchant(db: None) -> Merchant:
    """Return a second merchant, whose rows must never be seen from the first."""
    return factories.make_merchant("southpine", currency="USD", country="US")


@pytest.fixture
def scoped(merchant: Merchant) -> Iterator[Merchant]:
    """Run the test in the scope of ``merchant``."""
    with merchant_scope(merchant.pk):
        yield merchant
