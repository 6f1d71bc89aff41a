"""The programs' face: REST v1."""

from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "returns_portal.api"
    label = "api"
