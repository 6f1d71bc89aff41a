"""Making and revoking the keys programs use."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import record_event
from returns_portal.core.actor import Actor
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import InvalidInput, NotFound
from returns_portal.core.scope import current_merchant_id
from returns_portal.tenancy.api_tokens import new_token
from returns_portal.tenancy.models import ApiKey
from returns_portal.tenancy.permissions import Permission


def create_api_key(*, name: str, scopes: Sequence[str], actor: Actor) -> tuple[ApiKey, str]:
    """Make a key and return it with its whole text, which is shown once and kept nowhere.

    Nobody can give a key more than they hold themselves.
    """
    unknown = set(scopes) - {permission.value for permission in Permission}
    if not scopes or unknown:
        raise InvalidInput("Choose what the key may do.", field="scopes")
    beyond = sorted(scope for scope in scopes if not actor.may(scope))
    if beyond:
        raise InvalidInput(f"You can’t give a key what you don’t hold: {', '.join(beyond)}.")
    token = new_token(current_merchant_id())
    with action_transaction():
        key = ApiKey.objects.create(
            name=name.strip(),
            key_id=token.key_id,
            secret_hash=token.secret_hash,
            scopes=sorted(scopes),
            created_by_id=UUID(actor.id),
        )
        record_event(
            EventKind.API_KEY_CREATED,
            subject_kind="api_key",
            subject_id=key.pk,
            actor=actor,
            name=key.name,
            scopes=key.scopes,
        )
    return key, str(token)


def revoke_api_key(key_pk: UUID, *, actor: Actor) -> ApiKey:
    """Stop a key for ever; revoking a revoked one changes nothing."""
    with action_transaction():
        key = ApiKey.objects.select_for_update().filter(pk=key_pk).first()
        if key is None:
            raise NotFound("This key isn’t here.")
        if key.revoked_at is not None:
            return key
        key.revoked_at = now()
        key.save(update_fields=["revoked_at"])
        record_event(
            EventKind.API_KEY_REVOKED,
            subject_kind="api_key",
            subject_id=key.pk,
            actor=actor,
            name=key.name,
        )
    return key
