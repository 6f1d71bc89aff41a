"""A merchant that is open for business, with workers that run inside the test's transaction."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import connection

from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from tests import flows


@pytest.fixture(autouse=True)
def media(settings: LazySettings, tmp_path: Path) -> Path:
    """Keep the files of a test in a folder of its own."""
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def shop(merchant: Merchant) -> Iterator[Merchant]:
    """Run the test in the scope of a merchant with location, policy, gateway and carrier.

    Provider calls to the built-in ones may happen inside the test's own transaction.
    """
    flows.open_for_business(merchant)
    connection.testing_inside_atomic = True
    with merchant_scope(merchant.pk):
        yield merchant
    del connection.testing_inside_atomic
