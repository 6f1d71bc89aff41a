"""What shoppers are told, as an outbox of messages."""

from __future__ import annotations

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"
    label = "notifications"

    def ready(self) -> None:
        from notifications import handlers, invariants, tasks  # noqa: F401  (registers them)
