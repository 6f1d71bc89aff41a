"""Let orders imported by an earlier version be found by their phone number."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from returns_portal.commerce.phones import index_phones
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant


class Command(BaseCommand):
    help = (
        "Make the phone indexes of orders that have none, for every merchant. Needed once after an "
        "upgrade from a version without them; again is harmless, and it may be cut off anywhere."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for merchant in Merchant.objects.order_by("slug"):
            self.stdout.write(f"{merchant.slug}: {_index(merchant)} orders indexed")


def _index(merchant: Merchant) -> int:
    with merchant_scope(merchant.pk):
        after, total = index_phones()
        while after is not None:
            after, filled = index_phones(after)
            total += filled
    return total
