"""The embedded default and the demo: wiring, imported by nobody."""

from __future__ import annotations

from django.apps import AppConfig


class LocalConfig(AppConfig):
    name = "returns_portal.local"
    label = "local"
