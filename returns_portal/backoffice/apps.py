"""The staff's face."""

from __future__ import annotations

from django.apps import AppConfig


class BackofficeConfig(AppConfig):
    name = "returns_portal.backoffice"
    label = "backoffice"
