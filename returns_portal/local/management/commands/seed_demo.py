"""Fill an empty database with the demo merchant and some weeks of its life."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from analytics.rollups import mark_all_days, refresh_dirty_days
from inventory.actions import set_sellable
from inventory.models import Location
from returns_portal.commerce.actions import upsert_order
from returns_portal.commerce.catalogue import upsert_products
from returns_portal.commerce.models import Order
from returns_portal.core.actor import SYSTEM, Actor
from returns_portal.core.clock import now
from returns_portal.core.scope import merchant_scope
from returns_portal.local.demo_catalogue import products
from returns_portal.local.demo_orders import orders
from returns_portal.local.demo_returns import actor_for, fresh_plans, live_through, plans
from returns_portal.tenancy.models import Merchant
from returns_portal.tenancy.permissions import Role
from rma.actions.setup import add_member, create_merchant

PASSWORD = "northloom-demo"  # noqa: S105 - printed on the terminal of a demo
PEOPLE = {
    Role.OWNER: "Nora Lind",
    Role.MANAGER: "Sara Keane",
    Role.AGENT: "Jonas Weber",
    Role.WAREHOUSE: "Priya Nair",
    Role.FINANCE: "Luca Ferri",
    Role.ANALYST: "Ida Holm",
}
ADDRESS = {
    "name": "Northloom Returns",
    "street1": "14 Drury Street",
    "city": "Dublin",
    "zip": "D02 XY45",
    "country": "IE",
    "phone": "+35315550100",
}
# Left for the newcomer to try; no past return touches them.
TO_TRY = (
    ("NL-48213", "five items, one of them final sale"),
    ("Sofie Nygaard", "six items in two sizes"),
    ("Haruka Tanaka", "paid in yen"),
)


class Command(BaseCommand):
    """Seed the demo; writes what to try to the path in RP_DEMO_FACTS."""

    help = "Create the demo merchant Northloom with orders, stock and returns at every stage."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--returns", type=int, default=30, help="past returns at most")

    def handle(self, *args: Any, **options: Any) -> None:
        if Merchant.objects.filter(slug="northloom").exists():
            raise CommandError("Northloom is here already. ./run --reset starts over.")
        merchant, team = self._merchant()
        self._shop(merchant)
        self._history(merchant, team, options["returns"])
        self._figures(merchant)
        self._write_facts(merchant)
        self.stdout.write("The demo is ready.")

    def _merchant(self) -> tuple[Merchant, dict[str, Actor]]:
        merchant = create_merchant(
            slug="northloom",
            name="Northloom",
            owner_email="owner@northloom.example",
            owner_name=PEOPLE[Role.OWNER],
            password=PASSWORD,
            demo=True,
            legal_name="Northloom Ltd",
            time_zone="Europe/Dublin",
            country="IE",
            currency="EUR",
            support_email="help@northloom.example",
            postal_address="14 Drury Street, Dublin 2",
            return_address=ADDRESS,
            logo_path="img/demo/northloom.svg",
            brand_color="#1f5c4d",
        )
        team = {}
        for role, name in PEOPLE.items():
            user = add_member(
                merchant.pk,
                email=f"{role}@northloom.example",
                name=name,
                role=role,
                password=PASSWORD,
            )
            team[str(role)] = actor_for(user.pk, name, role)
        return merchant, team

    def _shop(self, merchant: Merchant) -> None:
        self.stdout.write("Filling the shelves and importing orders ...")
        catalogue = products()
        shelf = {
            variant.external_id: variant.available or 0
            for product in catalogue
            for variant in product.variants
        }
        with merchant_scope(merchant.pk):
            with transaction.atomic():
                variants = upsert_products(catalogue, actor=SYSTEM)
                place = Location.objects.get(is_default=True)
                counts = {one.pk: shelf[one.external_id] for one in variants}
                set_sellable(location_id=place.pk, counts=counts, actor=SYSTEM)
            for record in orders(now()):
                with transaction.atomic():
                    upsert_order(record, actor=SYSTEM)

    def _history(self, merchant: Merchant, team: dict[str, Actor], limit: int) -> None:
        moment = now()
        with merchant_scope(merchant.pk), transaction.atomic():
            past = Order.objects.prefetch_related("lines").order_by("placed_at", "pk")
            names = [name for name, _ in TO_TRY]
            free = list(past.exclude(number__in=names).exclude(shopper_name__in=names))
        # The newest ones matter most: they fill the queue.
        drawn = plans(moment, free)
        told = [*drawn[-limit:], *fresh_plans(moment, free, drawn)]
        for place, plan in enumerate(told, start=1):
            live_through(plan, merchant.pk, moment, team)
            if place % 10 == 0 or place == len(told):
                self.stdout.write(f"Living through past returns: {place} of {len(told)}")

    def _figures(self, merchant: Merchant) -> None:
        """Count what happened, so that the first look at the report shows it."""
        with merchant_scope(merchant.pk):
            with transaction.atomic():
                mark_all_days()
            refresh_dirty_days()

    def _write_facts(self, merchant: Merchant) -> None:
        path = os.environ.get("RP_DEMO_FACTS")
        if not path:
            return
        with merchant_scope(merchant.pk), transaction.atomic():
            shown = [self._to_try(name, words) for name, words in TO_TRY]
        members = [
            {"role": str(role), "email": f"{role}@northloom.example", "password": PASSWORD}
            for role in PEOPLE
        ]
        facts = {"name": merchant.name, "slug": merchant.slug, "orders": shown, "members": members}
        Path(path).write_text(json.dumps({"merchants": [facts]}, indent=1), encoding="utf-8")

    @staticmethod
    def _to_try(name: str, words: str) -> dict[str, str]:
        rows = Order.objects.order_by("-placed_at")
        order = rows.filter(number=name).first() or rows.filter(shopper_name=name).first()
        if order is None:
            raise CommandError(f"The demo has no order {name!r}.")
        return {"number": order.number, "email": order.email, "what": words}
