"""The base of every API view: key, scope and one transaction around the whole request."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.views import APIView

from returns_portal.api.auth import actor_of, bearer, touch
from returns_portal.core.actor import Actor
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.api_tokens import find_key


class ApiView(APIView):
    """Run in the key's merchant scope and one transaction; an error leaves nothing behind.

    ``scopes`` names, per method, the scope a key must have.
    """

    scopes: ClassVar[dict[str, str]] = {}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        token = bearer(request.headers.get("Authorization", ""))
        request.api_key = None  # type: ignore[attr-defined]
        if token is None:
            return super().dispatch(request, *args, **kwargs)
        with merchant_scope(token.merchant_id), transaction.atomic():
            key = find_key(token)
            if key is not None:
                request.api_key, request.merchant = key, key.merchant  # type: ignore[attr-defined]
                touch(key)
            response = super().dispatch(request, *args, **kwargs)
            if response.status_code >= 400:
                transaction.set_rollback(True)
            return response

    @staticmethod
    def actor(request: Request) -> Actor:
        """Return the calling key as the actor of an action."""
        return actor_of(request.auth)
