"""The work of a rehearsal, in parts that several workers share.

Planning cuts the returns into ranges of ids. A worker claims one with a lease, decides its returns
again and writes results and "done" in one transaction, if nobody else has claimed it meanwhile.
So a part whose worker was killed is taken again, and no part counts twice.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, Window
from django.db.models.functions import Mod, RowNumber

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import record_event
from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import now
from returns_portal.core.crashpoints import crashpoint
from returns_portal.core.db import claim, durable
from returns_portal.core.errors import InvalidInput
from returns_portal.core.ids import new_id
from rma.models import Rehearsal, RehearsalPart, RehearsedReturn
from rma.rehearsal import totals
from rma.rehearsal.comparing import Rehearsed, UnreadableError, rehearse
from rma.rehearsal.selectors import (
    accepted_too_easily,
    past_returns,
    policy_rehearsed,
    requested_between,
)

logger = logging.getLogger(__name__)

# A few hundred milliseconds of work under the largest policy.
PART_SIZE = 500
LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 3
_GIVEN_UP = "It stopped several times at the same place. Run it again; if it stops again, tell us."

Status = Rehearsal.Status
PartStatus = RehearsalPart.Status


def has_rehearsals_to_do() -> bool:
    """Say whether a rehearsal of the merchant in scope waits or runs."""
    with transaction.atomic():
        return Rehearsal.objects.filter(status__in=[Status.WAITING, Status.RUNNING]).exists()


def rehearse_part() -> bool:
    """Do one piece of the merchant's rehearsal; return False when there is none to do now.

    Opens its transactions itself. An error is kept with the part, which is tried again.
    """
    if _plan():
        return True
    part = _claim()
    if part is None:
        return False
    try:
        _work(part)
    except Exception:
        # Whatever is wrong with one part must not stop the worker; the attempts are counted.
        logger.exception("rehearsal.part_failed", extra={"part": str(part.pk)})
        _give_back(part)
    return True


def _plan() -> bool:
    """Cut a waiting rehearsal into parts; return whether there was one."""
    with durable():
        waiting = (
            Rehearsal.objects.select_for_update(skip_locked=True)
            .filter(status=Status.WAITING)
            .first()
        )
        if waiting is None:
            return False
        bounds = _bounds(waiting)
        RehearsalPart.objects.bulk_create(
            RehearsalPart(rehearsal=waiting, position=place, after_id=after, last_id=last)
            for place, (after, last) in enumerate(
                zip([None, *bounds], [*bounds, None], strict=True)
            )
        )
        waiting.total = requested_between(waiting.since, waiting.until).count()
        waiting.status = Status.RUNNING
        waiting.save(update_fields=["total", "status"])
        return True


def _bounds(rehearsal: Rehearsal) -> list[UUID]:
    """Return every PART_SIZE-th id of the returns to be decided again."""
    numbered = requested_between(rehearsal.since, rehearsal.until).annotate(
        rest=Mod(Window(RowNumber(), order_by="pk"), PART_SIZE)
    )
    return list(numbered.filter(rest=0).order_by("pk").values_list("pk", flat=True))


def _claim() -> RehearsalPart | None:
    """Take a part that nobody works on, with its rehearsal; other workers do not wait for it."""
    moment = now()
    free = Q(status=PartStatus.WAITING) | Q(status=PartStatus.RUNNING, lease_until__lt=moment)
    with durable():
        part = (
            RehearsalPart.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("rehearsal")
            .filter(free, rehearsal__status=Status.RUNNING)
            .order_by("position")
            .first()
        )
        if part is None:
            return None
        if part.attempts >= MAX_ATTEMPTS:
            _end(part.rehearsal, Status.FAILED, error=_GIVEN_UP)
            return None
        part.status, part.claim_id, part.attempts = PartStatus.RUNNING, new_id(), part.attempts + 1
        part.lease_until = moment + LEASE
        part.save(update_fields=["status", "claim_id", "attempts", "lease_until"])
    crashpoint("rehearsal.claimed")
    return part


def _give_back(part: RehearsalPart) -> None:
    with durable():
        mine = RehearsalPart.objects.filter(pk=part.pk, claim_id=part.claim_id)
        mine.update(status=PartStatus.WAITING, claim_id=None, lease_until=None)


def _work(part: RehearsalPart) -> None:
    """Decide the part's returns again and keep what came out, unless somebody else has."""
    rehearsal = part.rehearsal
    with transaction.atomic():
        past = past_returns(rehearsal, part)
    try:
        policy = policy_rehearsed(rehearsal.pk)
    except InvalidInput as mistake:
        with durable():
            _end(rehearsal, Status.FAILED, error=f"The policy can’t be read: {mistake.message}")
        return
    judged: list[Rehearsed] = []
    unreadable: list[str] = []
    for one in past:
        try:
            judged.append(rehearse(one, policy))
        except UnreadableError:
            unreadable.append(one.number)
    crashpoint("rehearsal.decided")
    _keep(part, judged, totals.count(judged, unreadable))


def _keep(part: RehearsalPart, judged: list[Rehearsed], counted: totals.Totals) -> None:
    """Write a part's results and its completion together.

    The rehearsal is locked first: one that was cancelled takes nothing more, and of several
    workers that finish at once the last sees that it is the last.
    """
    changed = [one for one in judged if one.changed]
    with durable():
        running = (
            Rehearsal.objects.select_for_update()
            .filter(pk=part.rehearsal_id, status=Status.RUNNING)
            .first()
        )
        mine = RehearsalPart.objects.filter(
            pk=part.pk, claim_id=part.claim_id, status=PartStatus.RUNNING
        )
        if running is None or not claim(
            mine, status=PartStatus.DONE, totals=counted, lease_until=None
        ):
            return
        RehearsedReturn.objects.bulk_create(_row(part.rehearsal_id, one) for one in changed)
        crashpoint("rehearsal.written")
        Rehearsal.objects.filter(pk=running.pk).update(
            done=F("done") + counted["returns"], changed=F("changed") + len(changed)
        )
        parts = RehearsalPart.objects.filter(rehearsal=running)
        if not parts.exclude(status=PartStatus.DONE).exists():
            _finish(running)


def _row(rehearsal_id: UUID, one: Rehearsed) -> RehearsedReturn:
    return RehearsedReturn(
        rehearsal_id=rehearsal_id,
        rma_id=one.past.rma_id,
        requested_at=one.past.requested_at,
        title=", ".join(one.titles)[:300],
        reason=one.reasons[0] if one.reasons else "",
        currency=one.currency,
        worth_minor=one.worth_minor,
        verdict_before=one.before.verdict,
        verdict_after=one.after.verdict,
        rule_before=one.before.rule,
        rule_after=one.after.rule,
        fee_before_minor=one.before.charged_minor,
        fee_after_minor=one.after.charged_minor,
        changed=list(one.changed),
    )


def _finish(rehearsal: Rehearsal) -> None:
    """Add the parts up, with what was seen later of the returns that would be approved."""
    parts = RehearsalPart.objects.filter(rehearsal=rehearsal).order_by("position")
    rehearsal.totals = totals.together(parts.values_list("totals", flat=True))
    rehearsal.totals["not_accepted_later"] = accepted_too_easily(rehearsal)
    # Counted when it was planned; a return that was under way at that moment may be one more.
    rehearsal.total = rehearsal.totals["returns"]
    rehearsal.save(update_fields=["totals", "total"])
    _end(rehearsal, Status.DONE)


def _end(rehearsal: Rehearsal, status: Rehearsal.Status, *, error: str = "") -> None:
    """End a running rehearsal, by itself; one that was cancelled meanwhile stays cancelled."""
    running = Rehearsal.objects.filter(pk=rehearsal.pk, status=Status.RUNNING)
    if not claim(running, status=status, error=error[:300], finished_at=now()):
        return
    record_event(
        EventKind.REHEARSAL_FINISHED,
        subject_kind="rehearsal",
        subject_id=rehearsal.pk,
        actor=SYSTEM,
        number=rehearsal.number,
        days=rehearsal.days,
        status=status,
        changed=rehearsal.totals.get("changed", 0),
    )
