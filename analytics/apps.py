"""Why things come back and what it costs."""

from __future__ import annotations

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"
    label = "analytics"

    def ready(self) -> None:
        from analytics import handlers, invariants, tasks  # noqa: F401  (registers them)
