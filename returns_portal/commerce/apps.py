"""Orders, catalogue and payments, as mirrored from the merchant's shop."""

from __future__ import annotations

from django.apps import AppConfig


class CommerceConfig(AppConfig):
    name = "returns_portal.commerce"
    label = "commerce"
