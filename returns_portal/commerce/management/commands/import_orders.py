"""Import orders from files a shop exported."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from returns_portal.commerce.imports import READERS, Tally, import_file
from returns_portal.commerce.platforms.base import RecordError
from returns_portal.core.actor import Actor, ActorKind
from returns_portal.tenancy.models import Merchant

PROGRESS_SECONDS = 1.0


class Command(BaseCommand):
    help = (
        "Import orders from Shopify or WooCommerce JSON, or from the CSV of docs/csv-orders.md. "
        "Bad records are reported one per line, good ones are kept. Importing again is harmless. "
        "Exits 0 when at least one order was kept, 2 when none was."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--merchant", required=True, metavar="SLUG")
        parser.add_argument("--source", required=True, choices=sorted(READERS))
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        merchant = Merchant.objects.filter(slug=options["merchant"]).first()
        if merchant is None:
            raise CommandError(f"There is no merchant {options['merchant']!r}.", returncode=2)
        tally = Tally()
        progress = Progress(sys.stderr)
        for path in options["files"]:
            actor = Actor(ActorKind.SYSTEM, name=f"Import from {options['source']}")
            for found in import_file(
                path,
                merchant_id=merchant.pk,
                source=options["source"],
                actor=actor,
                tally=tally,
            ):
                if isinstance(found, RecordError):
                    progress.clear()
                    self.stdout.write(str(found))
                else:
                    for warning in found.warnings:
                        progress.clear()
                        self.stdout.write(f"{path.name}: order {found.number}: warning: {warning}")
                progress.show(path.name, tally)
        progress.clear()
        self.stdout.write(summary(tally))
        if not tally.kept:
            raise CommandError("No order was imported.", returncode=2)


def summary(tally: Tally) -> str:
    """Say in one line what the import did."""
    noun = "order" if tally.kept == 1 else "orders"
    line = (
        f"{tally.kept} {noun} kept ({tally.created} created, {tally.updated} updated, "
        f"{tally.unchanged} unchanged), {tally.refused} refused"
    )
    return f"{line}, {tally.warned} with warnings." if tally.warned else f"{line}."


class Progress:
    """One line on the terminal, rewritten each second; a line every ten where there is none."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.is_terminal = stream.isatty()
        self.wait = PROGRESS_SECONDS if self.is_terminal else 10 * PROGRESS_SECONDS
        self.shown_at = time.monotonic()
        self.is_dirty = False

    def show(self, name: str, tally: Tally) -> None:
        if time.monotonic() - self.shown_at < self.wait:
            return
        self.shown_at = time.monotonic()
        end = "" if self.is_terminal else "\n"
        start = "\r" if self.is_terminal else ""
        self.stream.write(f"{start}{name}: {tally.kept} kept, {tally.refused} refused{end}")
        self.stream.flush()
        self.is_dirty = self.is_terminal

    def clear(self) -> None:
        if self.is_dirty:
            self.stream.write("\r\x1b[K")
            self.is_dirty = False
