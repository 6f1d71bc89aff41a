"""The conductor of a return, from request to close."""

from __future__ import annotations

from django.apps import AppConfig


class RmaConfig(AppConfig):
    name = "rma"
    label = "rma"

    def ready(self) -> None:
        from returns_portal.integrations.calls import register
        from rma import handlers, invariants, tasks, webhooks  # noqa: F401  (registers them)
        from rma.label_calls import BuyLabel, CancelLabel

        register(BuyLabel())
        register(CancelLabel())
