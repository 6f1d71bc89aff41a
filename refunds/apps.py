"""Money back: refunds, store credit and the books; knows no return."""

from __future__ import annotations

from django.apps import AppConfig


class RefundsConfig(AppConfig):
    name = "refunds"
    label = "refunds"

    def ready(self) -> None:
        from refunds import invariants, tasks, webhooks  # noqa: F401  (registers them)
        from refunds.actions import execute  # noqa: F401  (registers the calls)
