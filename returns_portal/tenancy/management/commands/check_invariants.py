"""State the product's invariants as queries and show whatever breaks one."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from returns_portal.core.invariants import problems_of
from returns_portal.tenancy.models import Merchant


class Command(BaseCommand):
    """Exit 0 when everything holds, 1 with one line per offending row otherwise."""

    help = "Check the invariants of all merchants, or of one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--merchant", help="the slug of one merchant")

    def handle(self, *args: Any, **options: Any) -> None:
        merchants = Merchant.objects.order_by("slug")
        if options["merchant"]:
            merchants = merchants.filter(slug=options["merchant"])
            if not merchants:
                raise CommandError(f"No merchant is called {options['merchant']!r}.")
        broken = 0
        for merchant in merchants:
            for problem in problems_of(merchant.pk):
                broken += 1
                self.stdout.write(f"{merchant.slug}: {problem}")
        if broken:
            raise CommandError(f"{broken} invariants are broken.")
        self.stdout.write(f"All invariants hold for {len(merchants)} merchants.")
