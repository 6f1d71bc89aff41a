"""Create a merchant with its owner, ready for the first order."""

from __future__ import annotations

import getpass
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from returns_portal.core.errors import DomainError
from rma.actions.setup import create_merchant


class Command(BaseCommand):
    """Ask for the owner's password on the terminal unless ``--password`` gives it."""

    help = "Create a merchant and its owner."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="short name in addresses, e.g. northloom")
        parser.add_argument("--name", required=True)
        parser.add_argument("--owner-email", required=True)
        parser.add_argument("--owner-name", default="Owner")
        parser.add_argument("--password")
        parser.add_argument("--currency", default="EUR")
        parser.add_argument("--country", default="IE")
        parser.add_argument("--time-zone", default="UTC")

    def handle(self, *args: Any, **options: Any) -> None:
        password = options["password"] or getpass.getpass("Password of the owner: ")
        try:
            merchant = create_merchant(
                slug=options["slug"],
                name=options["name"],
                owner_email=options["owner_email"],
                owner_name=options["owner_name"],
                password=password,
                currency=options["currency"],
                country=options["country"],
                time_zone=options["time_zone"],
            )
        except (DomainError, ValidationError) as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"Created {merchant.name}: /r/{merchant.slug}/ and /app/{merchant.slug}/")
