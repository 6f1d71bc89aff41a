"""Everything a merchant needs before its first return: location, policy, ways to pay and ship."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from inventory.models import Location
from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import Conflict
from returns_portal.core.ids import new_token
from returns_portal.core.scope import merchant_scope
from returns_portal.integrations.models import ProviderAccount
from returns_portal.tenancy.models import Membership, Merchant, User
from returns_portal.tenancy.permissions import Role
from rma.actions.policy import publish_policy, save_draft
from rma.models import PolicyVersion
from rma.policy.document import default_policy


def create_merchant(
    *,
    slug: str,
    name: str,
    owner_email: str,
    owner_name: str,
    password: str,
    demo: bool = False,
    **columns: Any,
) -> Merchant:
    """Create a merchant ready for its first order, with its owner. Raises Conflict when taken.

    ``columns`` are further columns of the merchant: currency, country, time_zone, return_address.
    An owner who is a user already keeps their password.
    """
    with action_transaction():
        if Merchant.objects.filter(slug=slug).exists():
            raise Conflict(f"{slug!r} is taken. Choose another short name.", field="slug")
        merchant = Merchant(slug=slug, name=name, **columns)
        merchant.full_clean(exclude=["return_address", "legal_name"])
        merchant.save()
        owner = _user(owner_email, owner_name, password)
        with merchant_scope(merchant.pk):
            Membership.objects.create(user=owner, role=Role.OWNER)
            set_up(merchant, demo=demo)
    return merchant


def set_up(merchant: Merchant, *, demo: bool = False) -> None:
    """Give the merchant in scope what is missing: location, live policy, default accounts.

    ``demo`` takes the built-in gateway and carrier, which need no account anywhere; otherwise
    refunds are paid by hand and shoppers use their own carrier until accounts are connected.
    """
    provider = "builtin" if demo else "manual"
    Location.objects.get_or_create(
        is_default=True,
        defaults={"name": "Warehouse", "code": "MAIN", "address": merchant.return_address},
    )
    for role in ProviderAccount.Role:
        ProviderAccount.objects.get_or_create(
            role=role,
            is_default=True,
            defaults={
                "provider": provider,
                "name": f"{role.label}: {provider}",
                "webhook_token": new_token(),
            },
        )
    if not PolicyVersion.objects.filter(status=PolicyVersion.Status.LIVE).exists():
        save_draft(default_policy(merchant.currency), actor=SYSTEM)
        publish_policy(actor=SYSTEM, name="30 days")


def add_member(merchant_id: UUID, *, email: str, name: str, role: str, password: str) -> User:
    """Make a user with ``role`` at a merchant; a member already there gets the role."""
    with action_transaction(), merchant_scope(merchant_id):
        user = _user(email, name, password)
        Membership.objects.update_or_create(
            user=user, defaults={"role": role, "is_active": True, "created_at": now()}
        )
    return user


def _user(email: str, name: str, password: str) -> User:
    user = User.objects.filter(email=email.strip().lower()).first()
    return user or User.objects.create_user(email, password, name=name)
