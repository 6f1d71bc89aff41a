"""The page that tells the life of a return names functions and events that exist."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from returns_portal.activity.kinds import EventKind

PAGE = Path(__file__).resolve().parents[2] / "docs" / "life-of-a-return.md"
FIRST_PARTY = r"(?:returns_portal|rma|inventory|refunds|notifications|analytics)"
NAMES = sorted(set(re.findall(rf"`({FIRST_PARTY}(?:\.\w+)+)`", PAGE.read_text())))
EVENTS = sorted(set(re.findall(r"\b[A-Z]+_[A-Z_]+\b", PAGE.read_text())) - {"CELERY_BEAT_SCHEDULE"})


def resolve(name: str) -> object:
    """Import the longest module in ``name`` and walk the rest as attributes."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        path = ".".join(parts[:length])
        try:
            found: object = importlib.import_module(path)
        except ModuleNotFoundError as error:
            if error.name is None or not path.startswith(error.name):
                raise
            continue
        for attribute in parts[length:]:
            found = getattr(found, attribute)
        return found
    raise ModuleNotFoundError(name)


@pytest.mark.parametrize("name", NAMES)
def test_name_on_the_page_exists(name: str) -> None:
    resolve(name)


@pytest.mark.parametrize("event", EVENTS)
def test_event_on_the_page_exists(event: str) -> None:
    assert event in EventKind.__members__


def test_page_is_read_at_all() -> None:
    assert len(NAMES) > 70
    assert len(EVENTS) > 15
    assert [int(step) for step in re.findall(r"^## (\d+)\.", PAGE.read_text(), re.MULTILINE)] == [
        *range(1, 14)
    ]


@pytest.mark.parametrize("name", ["rma.actions.review.approve", "rma.nowhere.function"])
def test_name_that_is_wrong_is_noticed(name: str) -> None:
    with pytest.raises((AttributeError, ModuleNotFoundError)):
        resolve(name)
