"""What a server loads before it forks is shared by its children."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from django.urls import clear_url_caches, get_resolver

from returns_portal.core.memory import share_with_children


@pytest.fixture(autouse=True)
def _collected_again() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_share_with_children_loads_the_faces_and_frees_the_collector_of_them() -> None:
    clear_url_caches()
    frozen = gc.get_freeze_count()

    share_with_children()

    assert "url_patterns" in vars(get_resolver())
    assert gc.get_freeze_count() > frozen + 10_000
