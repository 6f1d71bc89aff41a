"""Which merchant's portal answers at a host."""

from __future__ import annotations

from django.db import transaction

from returns_portal.core.scope import system_scope
from returns_portal.tenancy.models import Merchant, PortalDomain


def merchant_at(host: str) -> Merchant | None:
    """Return the active merchant whose verified domain ``host`` is, written as the DNS does."""
    with system_scope(), transaction.atomic():
        domain = (
            PortalDomain.all_tenants.filter(host=host, verified_at__isnull=False)
            .select_related("merchant")
            .first()
        )
    if domain is None or domain.merchant.status != Merchant.Status.ACTIVE:
        return None
    return domain.merchant
