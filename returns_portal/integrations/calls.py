"""Asking a provider to change something, exactly once, whatever dies in between.

(A, durable) claim the row with a lease and say it is being sent. (B) one adapter call, no
transaction open. (C, durable) lock, keep the answer, apply the outcome. A row found with its lease
run out was cut off somewhere between A and C: whether the provider acted is unknown, so it is
settled by reading, as is an answer that never came.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from returns_portal.activity.deliver import backoff
from returns_portal.activity.staff_tasks import open_task
from returns_portal.core.clock import now
from returns_portal.core.crashpoints import crashpoint
from returns_portal.core.db import assert_no_transaction, claim, durable
from returns_portal.core.queue import wake
from returns_portal.core.scope import merchant_scope, system_scope
from returns_portal.integrations.models import ProviderCall
from returns_portal.integrations.outcomes import Declined, Unavailable, Unknown

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=3)
MAX_ATTEMPTS = 12
Status = ProviderCall.Status
Answer = dict[str, object]


class Operation(ABC):
    """What one kind of call does at the provider and to our rows.

    ``send`` and ``find`` talk to the provider and touch no model but through the arguments; the
    ``apply_*`` methods change our rows inside phase C's transaction and must be safe to run twice.
    """

    kind: str

    @abstractmethod
    def send(self, call: ProviderCall) -> Answer:
        """Ask the provider, under ``call.key``. Raises Declined, Unavailable or Unknown."""

    @abstractmethod
    def find(self, call: ProviderCall) -> Answer | None:
        """Read at the provider whether the call took effect: its answer, or None for certainly not.

        Raises Unavailable or Unknown when that cannot be told now.
        """

    @abstractmethod
    def apply_done(self, call: ProviderCall, answer: Answer) -> None:
        """Write the success into our rows."""

    @abstractmethod
    def apply_declined(self, call: ProviderCall, code: str, message: str) -> None:
        """Write the certain refusal into our rows."""

    def apply_unknown(self, call: ProviderCall) -> None:  # noqa: B027 - most need nothing here
        """Show, where it matters, that the outcome is being found out."""

    def may_resend(self, call: ProviderCall) -> bool:
        """Tell whether, after ``find`` proved that nothing happened, ``send`` is safe again."""
        return True


_operations: dict[str, Operation] = {}


def register(operation: Operation) -> None:
    """Make ``operation`` the one for its kind; done once per kind at start-up."""
    if operation.kind in _operations:
        raise ValueError(f"two operations of kind {operation.kind!r}")
    _operations[operation.kind] = operation


def plan_call(
    kind: str,
    *,
    key: str,
    subject_id: UUID,
    account_id: UUID | None = None,
    about_id: UUID | None = None,
    params: dict[str, object] | None = None,
) -> ProviderCall:
    """Store the intent in the caller's transaction and wake a worker. Equal keys are one call."""
    call = ProviderCall(
        kind=kind,
        key=key,
        subject_id=subject_id,
        account_id=account_id,
        about_id=about_id,
        params=params or {},
        due_at=now(),
    )
    ProviderCall.objects.bulk_create([call], ignore_conflicts=True)
    wake("integrations.run_calls")
    return call


def cancel_call(subject_id: UUID, kind: str) -> bool:
    """Take back a call that was not sent yet; False when it is too late for that."""
    return bool(
        ProviderCall.objects.filter(
            subject_id=subject_id, kind=kind, status=Status.PLANNED, lease_until__isnull=True
        ).update(status=Status.CANCELLED, finished_at=now())
    )


def due() -> Q:
    moment = now()
    waiting = Q(status__in=[Status.PLANNED, Status.UNKNOWN], due_at__lte=moment)
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=moment)
    return (waiting & free) | Q(status=Status.SENDING, lease_until__lt=moment)


def run_due_calls(limit: int = 50) -> int:
    """Run the calls that are due, across merchants, one after the other; return how many."""
    for ran in range(limit):
        claimed = _claim_next()
        if claimed is None:
            return ran
        call, in_doubt = claimed
        _run(call, in_doubt=in_doubt)
    return limit


def _claim_next() -> tuple[ProviderCall, bool] | None:
    """Phase A for whichever call is due first; with it, whether an earlier try is in doubt.

    The call comes with its account, so that phase B needs no transaction to read it.
    """
    crashpoint("call.before_claim")
    with system_scope(), durable():
        call = (
            ProviderCall.all_tenants.select_for_update(skip_locked=True, of=("self",))
            .select_related("account")
            .filter(due())
            .order_by("due_at", "id")
            .first()
        )
        if call is None:
            return None
        in_doubt = call.status != Status.PLANNED
        call.status = Status.SENDING
        call.attempts += 1
        call.lease_until = now() + LEASE
        call.first_sent_at = call.first_sent_at or now()
        ProviderCall.all_tenants.filter(pk=call.pk).update(
            status=call.status,
            attempts=call.attempts,
            lease_until=call.lease_until,
            first_sent_at=call.first_sent_at,
        )
    crashpoint("call.claimed")
    return call, in_doubt


def _run(call: ProviderCall, *, in_doubt: bool) -> None:
    operation = _operations[call.kind]
    with merchant_scope(call.merchant_id):
        assert_no_transaction()
        write = _outcome(operation, call, in_doubt=in_doubt)
        crashpoint("call.answered")
        with durable():
            write()
    crashpoint("call.finished")


def _outcome(operation: Operation, call: ProviderCall, *, in_doubt: bool) -> Callable[[], object]:
    """Phase B; return what phase C has to write."""
    try:
        answer = _ask(operation, call, in_doubt=in_doubt)
    except Declined as refusal:
        return partial(_declined, operation, call, refusal)
    except Unavailable as absent:
        return partial(_postpone, call, Status.PLANNED, absent)
    except Unknown as doubt:
        return partial(_doubt, operation, call, doubt)
    return partial(_done, operation, call, answer)


def _ask(operation: Operation, call: ProviderCall, *, in_doubt: bool) -> Answer:
    """Phase B. A call in doubt is looked up first, and sent again only when proved absent."""
    if in_doubt:
        try:
            found = operation.find(call)
        except Unavailable as absent:
            raise Unknown(absent.code, absent.message) from absent
        if found is not None:
            return found
        if not operation.may_resend(call):
            raise Unknown(
                "not_found", "nothing was found at the provider; sending again is not safe"
            )
    return operation.send(call)


def _done(operation: Operation, call: ProviderCall, answer: Answer) -> None:
    """Phase C: keep the outcome and apply it, unless somebody else already did."""
    if _store(call, status=Status.DONE, answer=answer, finished_at=now(), error="", error_code=""):
        operation.apply_done(call, answer)


def _declined(operation: Operation, call: ProviderCall, refusal: Declined) -> None:
    if _store(
        call,
        status=Status.DECLINED,
        finished_at=now(),
        error=refusal.message,
        error_code=refusal.code[:60],
    ):
        operation.apply_declined(call, refusal.code, refusal.message)


def _doubt(operation: Operation, call: ProviderCall, doubt: Unknown) -> None:
    if _postpone(call, Status.UNKNOWN, doubt):
        operation.apply_unknown(call)


def _postpone(call: ProviderCall, status: str, error: Unavailable | Unknown) -> bool:
    """Leave the row for a later try; after the last one a person is told and tries go on."""
    wait = backoff(call.attempts)
    if isinstance(error, Unavailable) and error.retry_after is not None:
        wait = timedelta(seconds=max(error.retry_after, 1))
    elif call.attempts == 1:
        wait = timedelta(seconds=5)
    if not _store(call, status=status, due_at=now() + wait, error=str(error), error_code=""):
        return False
    if call.attempts >= MAX_ATTEMPTS:
        open_task(
            kind="provider_call_stuck",
            key=f"call:{call.pk}",
            subject_kind="provider_call",
            subject_id=call.subject_id,
            about_id=call.about_id,
            title=f"No clear answer from the provider ({call.kind})",
            detail=f"Tried {call.attempts} times. Last answer: {error}",
        )
    return True


def _store(call: ProviderCall, **changes: object) -> bool:
    """Keep what came of this try and lock the row; False when a later try has taken it up."""
    ours = ProviderCall.objects.filter(pk=call.pk, status=Status.SENDING, attempts=call.attempts)
    if not claim(ours, lease_until=None, **changes):
        return False
    for name, value in changes.items():
        setattr(call, name, value)
    return True


def release_due(merchant_id: UUID, call_id: UUID) -> None:
    """Make a waiting call due at once, for a person who pressed "Try again"."""
    with merchant_scope(merchant_id), transaction.atomic():
        ProviderCall.objects.filter(pk=call_id, status__in=[Status.PLANNED, Status.UNKNOWN]).update(
            due_at=now()
        )
        wake("integrations.run_calls")
