"""Stock at locations, moved through append-only movements; knows no return."""

from __future__ import annotations

from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "inventory"
    label = "inventory"

    def ready(self) -> None:
        from inventory import invariants  # noqa: F401  (registers itself)
