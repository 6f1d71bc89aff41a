"""What an owner sets about the store: its brand and its accounts at providers."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import record_event
from returns_portal.core.actor import Actor
from returns_portal.core.brand import derive_brand
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import NotFound
from returns_portal.core.ids import new_token
from returns_portal.core.scope import current_merchant_id
from returns_portal.integrations.models import ProviderAccount
from returns_portal.tenancy.models import Merchant


def change_merchant(changes: Mapping[str, object], *, actor: Actor) -> Merchant:
    """Set columns of the merchant in scope; what stays the same is not recorded."""
    with action_transaction():
        merchant = Merchant.objects.select_for_update().get(pk=current_merchant_id())
        changed = sorted(name for name, new in changes.items() if getattr(merchant, name) != new)
        if not changed:
            return merchant
        for name in changed:
            setattr(merchant, name, changes[name])
        tokens = derive_brand(merchant.brand_color, merchant.brand_radius)
        merchant.brand_color = tokens.source
        merchant.save(update_fields=changed)
        record_event(
            EventKind.SETTINGS_CHANGED,
            subject_kind="merchant",
            subject_id=merchant.pk,
            actor=actor,
            changed=changed,
        )
    return merchant


def save_provider_account(
    *,
    account_id: UUID | None,
    role: str,
    provider: str,
    name: str,
    credentials: Mapping[str, object],
    gateways: list[str],
    is_default: bool,
    actor: Actor,
) -> ProviderAccount:
    """Add or change an account at a provider. Credentials left blank keep what was entered."""
    with action_transaction():
        accounts = ProviderAccount.objects.select_for_update().filter(role=role).order_by("pk")
        existing = {account.pk: account for account in accounts}
        if account_id is None:
            account = ProviderAccount(role=role, provider=provider, webhook_token=new_token())
        elif account_id in existing:
            account = existing[account_id]
        else:
            raise NotFound("This account isn’t here.")
        # The first account of a role is the one used.
        account.is_default = is_default or not existing or existing.keys() == {account_id}
        if account.is_default:
            ProviderAccount.objects.filter(role=role, is_default=True).exclude(
                pk=account.pk
            ).update(is_default=False)
        account.name = name.strip()
        account.gateways = gateways
        entered = {key: value for key, value in credentials.items() if value}
        account.credentials = {**(account.credentials or {}), **entered}
        account.save()
        record_event(
            EventKind.SETTINGS_CHANGED,
            subject_kind="provider_account",
            subject_id=account.pk,
            actor=actor,
            changed=["account"],
            provider=account.provider,
        )
    return account


def set_account_status(account_id: UUID, *, status: str, actor: Actor) -> ProviderAccount:
    """Pause an account, or put it to work again."""
    with action_transaction():
        account = ProviderAccount.objects.select_for_update().filter(pk=account_id).first()
        if account is None:
            raise NotFound("This account isn’t here.")
        if account.status == status:
            return account
        account.status = status
        account.paused_reason = "" if status == ProviderAccount.Status.ACTIVE else "Paused by hand"
        account.save(update_fields=["status", "paused_reason"])
        record_event(
            EventKind.SETTINGS_CHANGED,
            subject_kind="provider_account",
            subject_id=account.pk,
            actor=actor,
            changed=["status"],
            status=status,
        )
    return account
