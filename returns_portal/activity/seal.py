"""The hash chain over a merchant's events: shows later that none was changed or taken out."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from returns_portal.activity.models import Event, EventSeal
from returns_portal.core.clock import now
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant

# Events are sealed in id order. An id is made before its transaction commits, so the newest ones
# wait until no older one can still appear.
SETTLE = timedelta(minutes=2)
_BATCH = 2000


def digest_of(previous: bytes, event: Event) -> bytes:
    """Return the SHA-256 that binds ``event`` to the one before it."""
    body = json.dumps(
        [
            str(event.pk),
            event.kind,
            event.subject_kind,
            str(event.subject_id),
            str(event.about_id or ""),
            event.actor_kind,
            event.actor_id,
            event.actor_name,
            event.facts,
            event.occurred_at.isoformat(),
        ],
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(previous + body.encode()).digest()


def seal_all() -> int:
    """Seal the settled events of every merchant; return how many."""
    return sum(seal_merchant(pk) for pk in Merchant.objects.values_list("pk", flat=True))


def seal_merchant(merchant_id: UUID) -> int:
    """Append this merchant's settled events to its chain, one writer at a time."""
    sealed = 0
    while True:
        with merchant_scope(merchant_id), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"seal:{merchant_id}"]
                )
            rows = _seal_batch()
        sealed += rows
        if rows < _BATCH:
            return sealed


def _seal_batch() -> int:
    last = EventSeal.objects.order_by("-position").first()
    position, digest = (last.position, bytes(last.digest)) if last else (0, b"\0" * 32)
    unsealed = (
        Event.objects.filter(occurred_at__lt=now() - SETTLE)
        .filter(~Exists(EventSeal.objects.filter(event_id=OuterRef("pk"))))
        .order_by("id")[:_BATCH]
    )
    seals = []
    for event in unsealed:
        position += 1
        digest = digest_of(digest, event)
        seals.append(EventSeal(event=event, position=position, digest=digest))
    EventSeal.objects.bulk_create(seals)
    return len(seals)


def broken_seals(merchant_id: UUID) -> list[str]:
    """Recompute the chain; return one sentence for each place where it does not hold."""
    problems = []
    digest, expected = b"\0" * 32, 0
    with merchant_scope(merchant_id), transaction.atomic():
        for seal in EventSeal.objects.select_related("event").order_by("position").iterator(500):
            expected += 1
            digest = digest_of(digest, seal.event)
            if seal.position != expected:
                problems.append(f"seal {expected} is missing")
                expected = seal.position
            if bytes(seal.digest) != digest:
                problems.append(f"event {seal.event_id} does not match its seal {seal.position}")
                digest = bytes(seal.digest)
    return problems
