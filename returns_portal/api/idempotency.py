"""One effect per Idempotency-Key: the first answer is kept and given again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from django.db import connection
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from returns_portal.api.models import IdempotencyRecord
from returns_portal.core.clock import now
from returns_portal.core.errors import DomainError, InvalidInput
from returns_portal.core.ids import new_id, new_token
from returns_portal.core.scope import current_merchant_id

HEADER = "Idempotency-Key"
_INSERT = """
    INSERT INTO api_idempotencyrecord
        (id, merchant_id, api_key_id, key, request_hash, status, created_at)
    VALUES (%s, %s, %s, %s, %s, 0, %s) ON CONFLICT DO NOTHING
"""


KEY_PARAMETER = OpenApiParameter(
    HEADER, str, OpenApiParameter.HEADER, description="Makes a repeat give the first answer"
)


def operation_id(request: Request) -> str:
    """Return the id under which something is made: one per API key and Idempotency-Key."""
    key = request.headers.get(HEADER, "")
    if not key:
        return new_token()
    return hashlib.sha256(f"{request.auth.pk} {key}".encode()).hexdigest()


def run_once(request: Request, act: Callable[[], Response]) -> Response:
    """Run ``act`` under the request's Idempotency-Key, or give its earlier answer again.

    Refuses (422) the key of a different request. Without the header ``act`` simply runs. Errors
    roll the request's transaction back and with it the record: they may be retried as they are.
    """
    key = request.headers.get(HEADER, "")
    if not key:
        return act()
    if len(key) > 128 or not key.isprintable():
        raise InvalidInput("The Idempotency-Key has 1 to 128 printable characters.", field=HEADER)
    digest = _digest(request)
    if not _begin(request, key, digest):
        return _replay(request, key, digest)
    response = act()
    IdempotencyRecord.objects.filter(api_key=request.auth, key=key).update(
        status=response.status_code, answer=response.data
    )
    return response


def _digest(request: Request) -> bytes:
    body = json.dumps(request.data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{request.method} {request.path} {body}".encode()).digest()


def _begin(request: Request, key: str, digest: bytes) -> bool:
    """Insert the record; wait for a running twin, and return False when it committed first."""
    values = [new_id(), current_merchant_id(), request.auth.pk, key, digest, now()]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
        return bool(cursor.rowcount)


def _replay(request: Request, key: str, digest: bytes) -> Response:
    record = IdempotencyRecord.objects.get(api_key=request.auth, key=key)
    if bytes(record.request_hash) != digest:
        raise DomainError(
            "This Idempotency-Key belongs to a different request. Use a new key.",
            code="idempotency_key_reused",
            field=HEADER,
        )
    return Response(record.answer, status=record.status, headers={"Idempotency-Replayed": "true"})
