"""The conductor of a return, from request to close."""

from __future__ import annotations

from django.apps import AppConfig


class RmaConfig(AppConfig):
    name = "rma"
    label = "rma"
