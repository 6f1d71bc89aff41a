"""Merchants, their members, and whose rows may be seen."""

from __future__ import annotations

from django.apps import AppConfig


class TenancyConfig(AppConfig):
    name = "returns_portal.tenancy"
    label = "tenancy"
