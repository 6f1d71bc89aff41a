"""Money back: refunds, store credit and the books; knows no return."""

from __future__ import annotations

from django.apps import AppConfig


class RefundsConfig(AppConfig):
    name = "refunds"
    label = "refunds"
