"""What rehearsals read: the past returns, and their own results for the pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet, Sum

from returns_portal.core import scope
from returns_portal.core.errors import NotFound
from rma.models import (
    Inspection,
    PolicyVersion,
    Rehearsal,
    RehearsalPart,
    RehearsedReturn,
    Return,
)
from rma.policy.document import Policy, parse_policy
from rma.policy.live import policy_of
from rma.policy.types import Verdict
from rma.rehearsal.comparing import PastReturn


def policy_rehearsed(rehearsal_id: UUID) -> Policy:
    """Return the policy that is rehearsed, read once: its document never changes.

    Raises InvalidInput where it was kept in a form that can't be read any more.
    """
    return _parsed(scope.current_merchant_id(), rehearsal_id)


@lru_cache(maxsize=64)
def _parsed(_merchant_id: UUID, rehearsal_id: UUID) -> Policy:
    """The merchant is part of the key, so that a cached policy never crosses to another one."""
    with transaction.atomic():
        rehearsal = Rehearsal.objects.only("number", "document").get(pk=rehearsal_id)
    return parse_policy(rehearsal.document, version=rehearsal.number)


def requested_between(since: datetime, until: datetime) -> QuerySet[Return]:
    return Return.objects.filter(created_at__gte=since, created_at__lt=until)


def past_returns(rehearsal: Rehearsal, part: RehearsalPart) -> list[PastReturn]:
    """Return the part's returns in the order of their ids, as they were stored."""
    rows = requested_between(rehearsal.since, rehearsal.until)
    if part.after_id is not None:
        rows = rows.filter(pk__gt=part.after_id)
    if part.last_id is not None:
        rows = rows.filter(pk__lte=part.last_id)
    read = rows.order_by("pk").values_list(
        "pk", "number", "created_at", "expected_minor", "facts", "decision", "policy_version_id"
    )
    return [
        PastReturn(
            rma_id=pk,
            number=number,
            requested_at=requested_at,
            expected_minor=expected_minor,
            facts=facts,
            decision=decision,
            knows_earlier_returns=policy_of(version_id).approval.first_return_only,
        )
        for pk, number, requested_at, expected_minor, facts, decision, version_id in read
    ]


def accepted_too_easily(rehearsal: Rehearsal) -> dict[str, Any]:
    """Tell of the returns that would be approved at once but whose items were not accepted later.

    ``count``, and what they were worth by currency.
    """
    refused = Inspection.objects.filter(rma_id=OuterRef("rma_id"), is_accepted=False)
    rows = (
        RehearsedReturn.objects.filter(
            Exists(refused), rehearsal=rehearsal, verdict_after=Verdict.ALLOW
        )
        .exclude(verdict_before=Verdict.ALLOW)
        .values("currency")
        .annotate(count=Count("pk"), worth=Sum("worth_minor"))
    )
    found = list(rows.order_by("currency"))
    return {
        "count": sum(row["count"] for row in found),
        "worth_minor": {row["currency"]: int(row["worth"]) for row in found},
    }


def rehearsal_of(rehearsal_id: UUID) -> Rehearsal:
    """Return a rehearsal with its live version. Raises NotFound."""
    found = Rehearsal.objects.select_related("live_version").filter(pk=rehearsal_id).first()
    if found is None:
        raise NotFound("There is no such rehearsal. Run a new one under Policies.")
    return found


def latest_rehearsal() -> Rehearsal | None:
    """Return the newest rehearsal that was not cancelled: the one to show."""
    rows = Rehearsal.objects.exclude(status=Rehearsal.Status.CANCELLED)
    return rows.select_related("live_version").order_by("-created_at", "-id").first()


def last_result() -> Rehearsal | None:
    """Return the newest rehearsal with a result, to stand there while another one runs."""
    rows = Rehearsal.objects.filter(status=Rehearsal.Status.DONE)
    return rows.select_related("live_version").order_by("-created_at", "-id").first()


def earlier_results() -> QuerySet[Rehearsal]:
    """Return the finished rehearsals, newest first, without what only one page shows."""
    rows = Rehearsal.objects.filter(status=Rehearsal.Status.DONE).defer("document", "totals")
    return rows.order_by("-created_at", "-id")


def is_stale(rehearsal: Rehearsal, versions: Mapping[str, PolicyVersion]) -> bool:
    """Say whether the policy has changed since it was rehearsed.

    ``versions`` are the live version and the draft by status.
    """
    now = versions.get(PolicyVersion.Status.DRAFT) or versions.get(PolicyVersion.Status.LIVE)
    return now is None or now.document != rehearsal.document


def changed_returns(
    rehearsal: Rehearsal, *, move: tuple[str, str] | None = None, what: str = ""
) -> QuerySet[RehearsedReturn]:
    """Return the changed returns with their return; the page orders them, newest first.

    ``move`` keeps those that go from one verdict to another, ``what`` those that differ in it (one
    of ``comparing.FIELDS``).
    """
    rows = RehearsedReturn.objects.filter(rehearsal=rehearsal)
    if move is not None:
        rows = rows.filter(verdict_before=move[0], verdict_after=move[1])
    if what:
        rows = rows.filter(changed__contains=[what])
    return rows.select_related("rma").only(
        *(field.name for field in RehearsedReturn._meta.concrete_fields), "rma__number"
    )


def changed_return(rehearsal: Rehearsal, row_id: UUID) -> RehearsedReturn:
    """Return one changed return with all of its return. Raises NotFound."""
    rows = RehearsedReturn.objects.select_related("rma__policy_version", "rma__order")
    found = rows.filter(rehearsal=rehearsal, pk=row_id).first()
    if found is None:
        raise NotFound("This return is not in the list. Go back to the rehearsal.")
    return found
