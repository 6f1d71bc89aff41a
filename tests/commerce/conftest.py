from __future__ import annotations

import pytest

from returns_portal.commerce.platforms import shopify
from returns_portal.commerce.platforms.base import OrderRecord
from tests.commerce.platforms.payloads import shopify_order


@pytest.fixture
def record() -> OrderRecord:
    """Return a paid and delivered order of two jackets, number #1001, by maya@example.com."""
    [found] = shopify.parse(shopify_order())
    assert isinstance(found, OrderRecord)
    return found
