"""The shopper's face."""

from __future__ import annotations

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "returns_portal.portal"
    label = "portal"
