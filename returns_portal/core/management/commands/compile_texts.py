"""Bring the catalogues of shopper texts up to date and compile them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from returns_portal.core import texts


class Command(BaseCommand):
    help = "Find the texts shoppers read, renew locale/*/django.po and compile each to django.mo."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        for language in texts.languages():
            catalog = texts.renew(language)
            path = texts.path_of(language)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(texts.po_bytes(catalog))
            texts.path_of(language, "mo").write_bytes(texts.mo_bytes(catalog))
            wrong = texts.faults(catalog)
            self.stdout.write(f"{language}: {len(catalog)} texts, {len(wrong)} to look at")
            for line in wrong:
                self.stdout.write(f"  {line}")
