"""Decide every stored return again and show where the answer is another one."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.replaying import Replayed, replayed_returns

LONGEST = 160


class Command(BaseCommand):
    """Exit 0 when every decision is what was stored, 1 with one line per difference otherwise."""

    help = "Replay the stored decisions of all merchants, or of one, and compare them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--merchant", help="the slug of one merchant")

    def handle(self, *args: Any, **options: Any) -> None:
        merchants = Merchant.objects.order_by("slug")
        if options["merchant"]:
            merchants = merchants.filter(slug=options["merchant"])
            if not merchants:
                raise CommandError(f"No merchant is called {options['merchant']!r}.")
        total = differing = 0
        for merchant in merchants:
            count, wrong = self._merchant(merchant)
            total, differing = total + count, differing + wrong
        if differing:
            raise CommandError(f"{differing} of {total} decisions differ from what was stored.")
        self.stdout.write(f"All {total} decisions are what was stored.")

    def _merchant(self, merchant: Merchant) -> tuple[int, int]:
        """Replay one merchant; return how many decisions there are and how many differ."""
        total = differing = 0
        with merchant_scope(merchant.pk):
            for page in replayed_returns():
                total += len(page)
                for one in page:
                    differing += self._tell(merchant.slug, one)
                self.stderr.write(f"{merchant.slug}: {total} replayed")
        self.stdout.write(f"{merchant.slug}: {total} decisions, {differing} differ")
        return total, differing

    def _tell(self, slug: str, one: Replayed) -> int:
        for change in one.differences:
            path = ".".join(change.path) or "decision"
            self.stdout.write(
                f"{slug}: {one.number}: {path}: stored {_short(change.was)}, "
                f"replayed {_short(change.now)}"
            )
        return int(bool(one.differences))


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
