"""Which merchants a person works for: asked before any merchant is in scope."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from returns_portal.core.scope import system_scope
from returns_portal.tenancy.models import Membership, Merchant


def memberships_of(user_id: UUID) -> list[Membership]:
    """Return a user's active memberships at active merchants, by the merchants' names."""
    with system_scope(), transaction.atomic():
        return list(
            Membership.all_tenants.filter(
                user_id=user_id, is_active=True, merchant__status=Merchant.Status.ACTIVE
            )
            .select_related("merchant")
            .order_by("merchant__name", "id")
        )
