"""Remake a merchant's figures from the facts."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from analytics.rollups import mark_all_days, refresh_dirty_days
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant


class Command(BaseCommand):
    """Mark every day of the merchant and remake them all; harmless at any time."""

    help = "Recompute the daily figures of one merchant, e.g. after a change of its time zone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--merchant", required=True, metavar="SLUG")

    def handle(self, *args: Any, **options: Any) -> None:
        merchant = Merchant.objects.filter(slug=options["merchant"]).first()
        if merchant is None:
            raise CommandError(f"There is no merchant {options['merchant']!r}.")
        with merchant_scope(merchant.pk):
            with transaction.atomic():
                mark_all_days()
            days = 0
            while done := refresh_dirty_days():
                days += done
        self.stdout.write(f"{days} days recomputed.")
