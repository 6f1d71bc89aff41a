"""Events: the timeline, the audit trail and the outbox, in the same rows."""

from __future__ import annotations

from django.apps import AppConfig


class ActivityConfig(AppConfig):
    name = "returns_portal.activity"
    label = "activity"

    def ready(self) -> None:
        from returns_portal.activity import invariants, tasks  # noqa: F401  (registers them)
