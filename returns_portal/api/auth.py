"""API keys: who calls, for which merchant, and what they may do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, MethodNotAllowed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from returns_portal.core.actor import Actor, ActorKind
from returns_portal.core.clock import now
from returns_portal.tenancy.api_tokens import Token, read_token
from returns_portal.tenancy.models import ApiKey

_STALE = timedelta(minutes=10)


def bearer(header: str) -> Token | None:
    """Return the token of an ``Authorization: Bearer rp_...`` header, or None."""
    scheme, _, text = header.partition(" ")
    return read_token(text) if scheme.lower() == "bearer" else None


def touch(key: ApiKey) -> None:
    """Note that a key is in use, every ten minutes at most: reads should not write each time."""
    if key.last_used_at is None or key.last_used_at < now() - _STALE:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now())


def actor_of(key: ApiKey) -> Actor:
    """Return the actor an API key is; its scopes are its permissions."""
    return Actor(ActorKind.API_KEY, str(key.pk), key.name, frozenset(key.scopes))


class ApiKeyAuthentication(BaseAuthentication):
    """Take over the key that the view has found already; 401 with the scheme when there is none."""

    def authenticate(self, request: Request) -> tuple[Any, ApiKey] | None:
        key = getattr(request._request, "api_key", None)
        if key is None:
            raise AuthenticationFailed(
                "Send a valid API key: Authorization: Bearer rp_… Keys are made in the settings."
            )
        return None, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="returns-portal"'


class HasScope(BasePermission):
    """Let a key do only what its scopes name; each view says what it needs per method."""

    def has_permission(self, request: Request, view: Any) -> bool:
        needed = view.scopes.get("GET" if request.method == "HEAD" else request.method)
        if needed is None:
            raise MethodNotAllowed(str(request.method))
        self.message = f"This key lacks the scope {needed}. Make one that has it in the settings."
        return needed in request.auth.scopes
