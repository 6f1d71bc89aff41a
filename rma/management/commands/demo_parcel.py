"""Play the postman: move a parcel of the built-in carrier and let the product hear of it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.carriers import builtin_parcels
from rma.carriers.base import TrackingStatus
from rma.models import Shipment
from rma.polling import poll_parcel
from rma.scanning import ScanKind, find_by_scan

_STEPS = {
    "accept": (TrackingStatus.IN_TRANSIT, "Handed in", "Counter"),
    "transit": (TrackingStatus.IN_TRANSIT, "Arrived at the sorting centre", "Sorting centre"),
    "out": (TrackingStatus.OUT_FOR_DELIVERY, "Out for delivery", "Depot"),
    "deliver": (TrackingStatus.DELIVERED, "Delivered to the warehouse", "Warehouse"),
    "back": (TrackingStatus.RETURN_TO_SENDER, "On its way back to the sender", ""),
    "lose": (TrackingStatus.FAILURE, "Lost or damaged", ""),
}


class Command(BaseCommand):
    """Accept, move, deliver, send back or lose one parcel. ``next`` takes the usual next step."""

    help = "Move a parcel of the built-in carrier, by return or tracking number."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", help="a return number or a tracking number")
        parser.add_argument("step", choices=[*_STEPS, "next"], help="what the postman does")
        parser.add_argument("--merchant", required=True, help="the slug of the merchant")

    def handle(self, *args: Any, **options: Any) -> None:
        merchant = Merchant.objects.filter(slug=options["merchant"]).first()
        if merchant is None:
            raise CommandError(f"No merchant is called {options['merchant']!r}.")
        with merchant_scope(merchant.pk):
            shipment = self._shipment(options["number"])
            if options["step"] == "next":
                builtin_parcels.advance(shipment.tracking_code)
            else:
                builtin_parcels.move(shipment.tracking_code, *_STEPS[options["step"]])
            poll_parcel(shipment.pk)
            with transaction.atomic():
                shipment.refresh_from_db()
        self.stdout.write(f"{shipment.tracking_code}: {shipment.get_status_display().lower()}")

    def _shipment(self, number: str) -> Shipment:
        with transaction.atomic():
            hit = find_by_scan(number)
            if hit.kind not in (ScanKind.RETURN, ScanKind.PARCEL) or hit.rma is None:
                raise CommandError(f"{number} is neither a return nor a parcel of this merchant.")
            shipment = hit.shipment or (
                Shipment.objects.filter(rma=hit.rma).order_by("-created_at").first()
            )
        if shipment is None or shipment.carrier_driver != "builtin" or not shipment.tracking_code:
            raise CommandError(f"{number} has no label of the built-in carrier.")
        return shipment
