"""Provider accounts, calls to providers with intent and outcome, webhooks from them."""

from __future__ import annotations

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    name = "returns_portal.integrations"
    label = "integrations"

    def ready(self) -> None:
        from returns_portal.integrations import invariants, tasks  # noqa: F401  (registers them)
