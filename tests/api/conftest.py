"""A merchant open for business, an API key, and a client that sends it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from returns_portal.core.clock import now
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.api_tokens import new_token
from returns_portal.tenancy.models import ApiKey, Merchant
from returns_portal.tenancy.permissions import Permission
from tests import flows

EVERYTHING = [permission.value for permission in Permission]


def make_key(merchant: Merchant, scopes: list[str]) -> str:
    """Return the text of a new key of ``merchant``."""
    token = new_token(merchant.pk)
    with merchant_scope(merchant.pk), transaction.atomic():
        ApiKey.objects.create(
            name="Test key",
            key_id=token.key_id,
            secret_hash=token.secret_hash,
            scopes=scopes,
            last_used_at=now(),
        )
    return str(token)


@dataclass
class Api:
    """Sends JSON with a key and reads JSON back."""

    token: str
    client: Client = field(default_factory=lambda: Client(raise_request_exception=True))

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if isinstance(body, bytes | str) else json.dumps(body or {})
        return self.client.generic(
            method, f"/api/v1/{path}", content, content_type="application/json", headers=sent
        )

    def get(self, path: str, **headers: str) -> Any:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.call("POST", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.call("DELETE", path, **headers)


@pytest.fixture
def shop(merchant: Merchant) -> Merchant:
    return flows.open_for_business(merchant)


@pytest.fixture
def api(shop: Merchant) -> Api:
    return Api(make_key(shop, EVERYTHING))
