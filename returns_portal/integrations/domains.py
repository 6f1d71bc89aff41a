"""A merchant's own domain: entered, proved by a DNS record, watched, given up.

Only a proved domain serves a portal. Whoever can set a TXT record beside a host rules it, so the
record holds a token of ours. A record that goes missing is told to the team at once and costs the
domain only after a grace period; a DNS that does not answer proves nothing either way.
"""

from __future__ import annotations

import logging
import re
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.models import StaffTask
from returns_portal.activity.record import record_event
from returns_portal.activity.staff_tasks import close_task, open_task
from returns_portal.core.actor import SYSTEM, Actor
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction, assert_no_transaction, claim, durable
from returns_portal.core.dns import NoAnswer, txt_records
from returns_portal.core.errors import Conflict, InvalidInput, NotFound
from returns_portal.core.http import is_address
from returns_portal.core.queue import wake
from returns_portal.core.scope import current_merchant_id, merchant_scope, system_scope
from returns_portal.tenancy.models import Merchant, PortalDomain

logger = logging.getLogger(__name__)

JOB = "integrations.check_domains"
PREFIX = "_returns-portal"
GRACE = timedelta(days=7)
EVERY, SOON = timedelta(days=1), timedelta(hours=1)
LEASE = timedelta(minutes=2)
Outcome = PortalDomain.Outcome
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def record_name(domain: PortalDomain) -> str:
    """Return the name whose TXT record proves the domain."""
    return f"{PREFIX}.{domain.host}"


def record_text(domain: PortalDomain) -> str:
    """Return what the TXT record has to say."""
    return f"returns-portal={domain.token}"


def normal_host(text: str) -> str:
    """Return a host as the DNS writes it. Raises InvalidInput for what no portal can stand at."""
    try:
        host = text.strip().rstrip(".").lower().encode("idna").decode("ascii")
    except UnicodeError:
        host = ""
    labels = host.split(".")
    if len(host) > 253 - len(PREFIX) or len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)):
        raise InvalidInput("Write the host alone, such as returns.example.com.", field="host")
    if is_address(host) or labels[-1].isdigit():
        raise InvalidInput("Write a name, not a number, such as returns.example.com.", field="host")
    ours = urlsplit(settings.PUBLIC_URL).hostname or ""
    if host == ours or host.endswith(f".{ours}") or labels[-1] in ("local", "internal"):
        raise InvalidInput("Use a domain of your own, such as returns.example.com.", field="host")
    return host


def enter_domain(host: str, *, actor: Actor) -> PortalDomain:
    """Note the host that the merchant in scope wants; it serves nothing before it is proved.

    Raises InvalidInput for no usable host, Conflict where the merchant has one or another shop has
    proved this one.
    """
    wanted = normal_host(host)
    with system_scope(), transaction.atomic():
        proved = PortalDomain.all_tenants.filter(host=wanted, verified_at__isnull=False).first()
    with action_transaction():
        merchant = Merchant.objects.select_for_update().get(pk=current_merchant_id())
        if PortalDomain.objects.exists():
            raise Conflict("Remove your present domain first.", field="host")
        if proved is not None:
            raise Conflict("Another shop uses this domain. Choose another one.", field="host")
        domain = PortalDomain(host=wanted)
        domain.save(force_insert=True)
        _record(merchant, actor, host=wanted)
    return domain


def ask_check(domain_id: UUID, *, actor: Actor) -> PortalDomain:
    """Have a worker look at the DNS soon. Raises NotFound for a domain that is not here."""
    with action_transaction():
        domain = PortalDomain.objects.select_for_update().filter(pk=domain_id).first()
        if domain is None:
            raise NotFound("This domain isn’t here.")
        domain.due_at, domain.is_asked = now(), True
        domain.save(update_fields=["due_at", "is_asked"])
        wake(JOB)
    return domain


def remove_domain(domain_id: UUID, *, actor: Actor) -> None:
    """Give a domain up: the portal no longer answers there, from the next request on."""
    with action_transaction():
        merchant = Merchant.objects.select_for_update().get(pk=current_merchant_id())
        domain = PortalDomain.objects.filter(pk=domain_id).first()
        if domain is None:
            raise NotFound("This domain isn’t here.")
        _close_task(domain, actor, "Removed")
        domain.delete()
        _serve_at(merchant, "")
        _record(merchant, actor, host="")


def check_due_domains(limit: int = 15) -> int:
    """Look at the DNS for every domain that is due, across merchants; return how many."""
    for done in range(limit):
        domain = _claim_next()
        if domain is None:
            return done
        assert_no_transaction()
        outcome = _outcome(domain)
        with merchant_scope(domain.merchant_id):
            _settle(domain, outcome)
    return limit


def _claim_next() -> PortalDomain | None:
    with system_scope(), durable():
        row = (
            PortalDomain.all_tenants.select_for_update(skip_locked=True)
            .filter(due_at__lte=now())
            .order_by("due_at", "pk")
            .first()
        )
        if row is None:
            return None
        row.due_at = now() + LEASE
        PortalDomain.all_tenants.filter(pk=row.pk).update(due_at=row.due_at)
    return row


def _outcome(domain: PortalDomain) -> str:
    try:
        found = txt_records(record_name(domain))
    except NoAnswer as problem:
        logger.warning("domains.no_answer", extra={"domain": str(domain.pk), "why": str(problem)})
        return Outcome.NO_ANSWER
    if record_text(domain) in (text.strip() for text in found):
        return Outcome.FOUND
    return Outcome.OTHER if found else Outcome.MISSING


def _settle(domain: PortalDomain, outcome: str) -> None:
    """Keep what the DNS said; a domain that was removed or asked for again meanwhile is left."""
    try:
        with durable():
            _keep(domain, outcome)
    except IntegrityError:
        # Another shop proved the same host in between: the first one has it.
        with durable():
            _keep(domain, Outcome.TAKEN)


def _keep(domain: PortalDomain, outcome: str) -> None:
    merchant = Merchant.objects.select_for_update().get(pk=domain.merchant_id)
    mine = PortalDomain.objects.filter(pk=domain.pk, due_at=domain.due_at)
    moment, was_proved = now(), domain.verified_at is not None
    gone = outcome in (Outcome.MISSING, Outcome.OTHER)
    failing = (domain.failing_since or moment) if was_proved and gone else None
    if outcome == Outcome.NO_ANSWER:
        failing = domain.failing_since
    lost = failing is not None and gone and failing + GRACE <= moment
    proved = outcome == Outcome.FOUND or (was_proved and not lost and outcome != Outcome.TAKEN)
    if not claim(
        mine,
        outcome=outcome,
        checked_at=moment,
        is_asked=False,
        verified_at=(domain.verified_at or moment) if proved else None,
        failing_since=failing if proved else None,
        due_at=_next_look(proved, outcome, moment),
    ):
        return
    _serve_at(merchant, domain.host if proved else "")
    _tell(domain, merchant, outcome, was_proved=was_proved, is_proved=proved)


def _next_look(proved: bool, outcome: str, moment: datetime) -> datetime | None:
    if not proved:
        return None
    return moment + (SOON if outcome == Outcome.NO_ANSWER else EVERY)


def _serve_at(merchant: Merchant, host: str) -> None:
    if merchant.portal_host != host:
        merchant.portal_host = host
        merchant.save(update_fields=["portal_host"])


def _tell(
    domain: PortalDomain, merchant: Merchant, outcome: str, *, was_proved: bool, is_proved: bool
) -> None:
    """Record what changed, and put a record that is missing before the team."""
    if was_proved != is_proved:
        _record(merchant, SYSTEM, host=domain.host if is_proved else "")
    if outcome == Outcome.FOUND:
        _close_task(domain, SYSTEM, "The record is back")
    elif was_proved and outcome != Outcome.NO_ANSWER:
        open_task(
            kind="domain.record",
            key=_task_key(domain),
            subject_kind="domain",
            subject_id=domain.pk,
            title=f"The DNS record of {domain.host} is missing",
            detail=f"Set it again. After {GRACE.days} days without it, the portal no longer answers"
            " at this domain. The record stands under Set up, Domain.",
        )


def _task_key(domain: PortalDomain) -> str:
    return f"domain:{domain.pk}"


def _close_task(domain: PortalDomain, actor: Actor, note: str) -> None:
    task = StaffTask.objects.filter(key=_task_key(domain), status=StaffTask.Status.OPEN).first()
    if task is not None:
        close_task(task.pk, actor=actor, note=note)


def _record(merchant: Merchant, actor: Actor, *, host: str) -> None:
    record_event(
        EventKind.SETTINGS_CHANGED,
        subject_kind="merchant",
        subject_id=merchant.pk,
        actor=actor,
        changed=["domain"],
        host=host,
    )
