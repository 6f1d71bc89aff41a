"""What holds for every test: no network, a clean cache, a browser only where there is one."""

from __future__ import annotations

import os

import pytest
from django.conf import settings
from django.core.cache import cache

from tests import network_ban

network_ban.ban()


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
