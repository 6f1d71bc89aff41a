"""Rows that stand at the beginning: merchants, members, accounts. The rest is made by flows."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from returns_portal.core.actor import Actor, ActorKind
from returns_portal.core.ids import new_token
from returns_portal.core.scope import merchant_scope
from returns_portal.integrations.models import ProviderAccount
from returns_portal.tenancy.models import Membership, Merchant, User

WAREHOUSE_ADDRESS = {
    "name": "Northloom Returns",
    "street1": "14 Drury Street",
    "city": "Dublin",
    "zip": "D02 XY45",
    "country": "IE",
    "phone": "+35315550100",
}


def make_merchant(slug: str, **changes: Any) -> Merchant:
    """Return a saved merchant; ``changes`` override its columns."""
    values: dict[str, Any] = {
        "slug": slug,
        "name": slug.title(),
        "time_zone": "Europe/Dublin",
        "country": "IE",
        "currency": "EUR",
        "support_email": f"help@{slug}.example",
        "return_address": WAREHOUSE_ADDRESS,
    }
    return Merchant.objects.create(**values | changes)


def make_member(merchant: Merchant, role: str, email: str = "") -> User:
    """Return a user with ``role`` at ``merchant``; the password is ``a-long-password``."""
    email = email or f"{role}@{merchant.slug}.example"
    user = User.objects.create_user(email, "a-long-password", name=f"{role.title()} Person")
    with merchant_scope(merchant.pk), transaction.atomic():
        Membership.objects.create(user=user, role=role)
    return user


def member_actor(user: User, merchant: Merchant) -> Actor:
    """Return the actor that ``user`` is at ``merchant``."""
    with merchant_scope(merchant.pk), transaction.atomic():
        membership = Membership.objects.get(user=user)
    return Actor(
        ActorKind.MEMBER, id=str(user.pk), name=user.name, permissions=membership.permissions
    )


def make_account(role: str, provider: str = "builtin", **changes: Any) -> ProviderAccount:
    """Return the default provider account of ``role`` for the merchant in scope."""
    values: dict[str, Any] = {
        "role": role,
        "provider": provider,
        "name": provider.title(),
        "is_default": True,
        "webhook_token": new_token(),
    }
    return ProviderAccount.objects.create(**values | changes)
