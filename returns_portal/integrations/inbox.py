"""Webhooks from providers: verify on the raw body, store once, answer; take them up later."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from returns_portal.activity.deliver import backoff
from returns_portal.activity.staff_tasks import open_task
from returns_portal.core.clock import now
from returns_portal.core.errors import NotFound
from returns_portal.core.queue import wake
from returns_portal.core.scope import merchant_scope, system_scope
from returns_portal.integrations.models import InboundWebhook, ProviderAccount

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
MAX_ATTEMPTS = 12
MAX_BODY = 5 * 1024 * 1024
Status = InboundWebhook.Status
_LONGEST_ID = 120
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,48}")
_UNKNOWN = "No account has this webhook address. Copy it again from the settings."


class NotYet(Exception):
    """The webhook speaks of something we do not know yet; it is tried again later."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A verified webhook: the provider's id of it, its topic, and its facts as plain JSON."""

    external_id: str
    topic: str
    notices: list[dict[str, object]]


Parser = Callable[[ProviderAccount, bytes, Mapping[str, str]], Parsed]
Taker = Callable[[InboundWebhook], str | None]
_drivers: dict[tuple[str, str], tuple[Parser, Taker]] = {}


def register(role: str, provider: str, parse: Parser, take: Taker) -> None:
    """Connect a provider's webhooks: ``parse`` verifies (raises BadSignature) and reads the body;
    ``take`` applies the stored row in a transaction and returns a reason when it ignored it."""
    _drivers[(role, provider)] = (parse, take)


def receive(token: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Verify and store one webhook; return whether it was new.

    Raises NotFound for an unknown address and BadSignature for a body not signed by the account.
    """
    merchant_id = _merchant_of(token)
    if merchant_id is None:
        raise NotFound(_UNKNOWN)
    with merchant_scope(merchant_id), transaction.atomic():
        account = ProviderAccount.objects.get(webhook_token=token)
        known = _drivers.get((account.role, account.provider))
        if known is None:
            # A provider that sends none, such as paying by hand: the address is nobody's.
            raise NotFound(_UNKNOWN)
        parse, _ = known
        parsed = parse(account, body, headers)
        return _store(account, body, parsed)


def _merchant_of(token: str) -> UUID | None:
    if not _TOKEN.fullmatch(token):
        return None
    with system_scope(), transaction.atomic():
        accounts = ProviderAccount.all_tenants.filter(webhook_token=token)
        return accounts.values_list("merchant_id", flat=True).first()


def _store(account: ProviderAccount, body: bytes, parsed: Parsed) -> bool:
    external_id = _storable(parsed.external_id)
    if not 0 < len(external_id) <= _LONGEST_ID:
        external_id = hashlib.sha256(body).hexdigest()
    if InboundWebhook.objects.filter(account=account, external_id=external_id).exists():
        return False
    row = InboundWebhook(
        account=account,
        external_id=external_id,
        topic=_storable(parsed.topic)[:80],
        body=body,
        notices=_storable(parsed.notices),
        due_at=now(),
    )
    InboundWebhook.objects.bulk_create([row], ignore_conflicts=True)
    wake("integrations.take_webhooks")
    return True


def _storable(found: Any) -> Any:
    """Return JSON without what PostgreSQL cannot hold in a text: NUL and lone surrogates."""
    if isinstance(found, str):
        return found.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(found, list):
        return [_storable(one) for one in found]
    if isinstance(found, dict):
        return {_storable(key): _storable(value) for key, value in found.items()}
    return found


def due() -> Q:
    moment = now()
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=moment)
    return Q(status=Status.RECEIVED, due_at__lte=moment) & free


def take_due_webhooks(limit: int = 200) -> int:
    """Apply stored webhooks, oldest first, across merchants; return how many were tried."""
    for taken in range(limit):
        with system_scope(), transaction.atomic():
            row = (
                InboundWebhook.all_tenants.select_for_update(skip_locked=True, of=("self",))
                .filter(due())
                .order_by("due_at", "id")
                .first()
            )
            if row is None:
                return taken
            InboundWebhook.all_tenants.filter(pk=row.pk).update(
                lease_until=now() + LEASE, attempts=F("attempts") + 1
            )
            row.attempts += 1
        _take(row)
    return limit


def _take(row: InboundWebhook) -> None:
    with merchant_scope(row.merchant_id):
        try:
            with transaction.atomic():
                _, take = _drivers[(row.account.role, row.account.provider)]
                reason = take(row)
                InboundWebhook.objects.filter(pk=row.pk).update(
                    status=Status.IGNORED if reason else Status.DONE,
                    reason=(reason or "")[:200],
                    lease_until=None,
                    done_at=now(),
                    error="",
                )
        except Exception as error:
            if not isinstance(error, NotYet):
                logger.exception("integrations.webhook_failed", extra={"webhook": str(row.pk)})
            with transaction.atomic():
                _postpone(row, error)


def _postpone(row: InboundWebhook, error: Exception) -> None:
    last = row.attempts >= MAX_ATTEMPTS
    status = Status.RECEIVED
    if last:
        status = Status.IGNORED if isinstance(error, NotYet) else Status.GIVEN_UP
    InboundWebhook.objects.filter(pk=row.pk).update(
        status=status,
        due_at=now() + backoff(row.attempts),
        lease_until=None,
        reason=str(error)[:200] if status == Status.IGNORED else "",
        error=f"{type(error).__name__}: {error}"[:2000],
    )
    if status == Status.GIVEN_UP:
        open_task(
            kind="webhook_given_up",
            key=f"webhook:{row.pk}",
            subject_kind="webhook",
            subject_id=row.pk,
            title=f"A webhook “{row.topic}” could not be applied",
            detail=f"Tried {row.attempts} times. Last answer: {error}",
        )
