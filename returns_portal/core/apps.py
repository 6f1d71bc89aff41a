"""The foundation app: no models, but template tags, checks and commands."""

from __future__ import annotations

from django.apps import AppConfig
from django.conf import settings

from returns_portal.core import own_texts
from returns_portal.core.crashpoints import arm_from_environment


class CoreConfig(AppConfig):
    name = "returns_portal.core"
    label = "core"

    def ready(self) -> None:
        from returns_portal.core import checks  # noqa: F401  (registers itself)

        own_texts.install()
        if settings.DEBUG:
            arm_from_environment()
