"""One message stands for all that follow until a worker takes it; a lost broker loses nothing."""

from __future__ import annotations

import pytest
from celery import current_app
from django.conf import LazySettings

from returns_portal.core import queue


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the messages instead of sending them."""
    messages: list[str] = []
    task = current_app.tasks["activity.deliver"]
    monkeypatch.setattr(task, "apply_async", lambda **_: messages.append(task.name))
    return messages


def test_wake_sends_one_message_until_a_worker_has_taken_it(sent: list[str]) -> None:
    queue._send("activity.deliver")
    queue._send("activity.deliver")
    assert sent == ["activity.deliver"]

    queue.taken("activity.deliver")
    queue._send("activity.deliver")

    assert sent == ["activity.deliver"] * 2


def test_wake_without_a_broker_is_silent(sent: list[str], settings: LazySettings) -> None:
    # Nothing listens on port 1.
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1"}}

    queue._send("activity.deliver")
    queue.taken("activity.deliver")

    assert sent == []


def test_wake_of_an_unknown_task_is_a_mistake() -> None:
    with pytest.raises(LookupError):
        queue._send("activity.unheard_of")
