"""A repair: accepted units are mended and sent back to the shopper, or the repair is given up."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import F

from inventory.actions import move_many
from inventory.ledger import Move
from inventory.models import Bucket
from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import record_event
from returns_portal.commerce.counters import release_units
from returns_portal.core.actor import Actor
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import NotFound
from rma.actions.closing import close_if_settled, settle_resolution
from rma.locks import lock_return
from rma.models import Inspection, Repair, Resolution, Return, ReturnLine
from rma.stages import refresh_stage, stage_facts
from rma.states import RepairStatus, ResolutionKind, ResolutionStatus, check_transition

Status = RepairStatus
ALIVE = (Status.WAITING, Status.IN_REPAIR)


def start_repair(repair_id: UUID, *, actor: Actor) -> Repair:
    """Note that a repair began; saying it twice changes nothing."""
    with action_transaction():
        rma, repair = locked_repair(repair_id)
        if repair.status == Status.IN_REPAIR:
            return repair
        check_transition("repair", repair.status, Status.IN_REPAIR)
        repair.status, repair.started_at = Status.IN_REPAIR, now()
        repair.save(update_fields=["status", "started_at"])
        record_repair(EventKind.REPAIR_STARTED, repair, rma, actor)
    return repair


def send_back(repair_id: UUID, *, tracking_code: str, actor: Actor) -> Repair:
    """Book repaired units as sent to the shopper, once; the last one of a return settles it.

    Their claim on the order ends: what was repaired may be returned again.
    """
    with action_transaction():
        rma, repair = locked_repair(repair_id)
        if repair.status == Status.SENT_BACK:
            return repair
        check_transition("repair", repair.status, Status.SENT_BACK)
        line = repair.return_line
        move_many(_moves(repair, rma), actor=actor)
        release_units({line.order_line_id: repair.quantity})
        ReturnLine.objects.filter(pk=line.pk).update(
            released_quantity=F("released_quantity") + repair.quantity
        )
        repair.status, repair.ended_at = Status.SENT_BACK, now()
        repair.tracking_code = tracking_code.strip()[:80]
        repair.save(update_fields=["status", "ended_at", "tracking_code"])
        record_repair(EventKind.REPAIR_SENT, repair, rma, actor)
        _settle(rma)
        facts = stage_facts(rma)
        close_if_settled(rma, facts)
        refresh_stage(rma, facts)
    return repair


def locked_repair(repair_id: UUID) -> tuple[Return, Repair]:
    """Lock the return of a repair, then the repair; its line is loaded. Raises NotFound."""
    found = Repair.objects.filter(pk=repair_id).values_list("return_line__rma_id", flat=True)
    rma_id = found.first()
    if rma_id is None:
        raise NotFound("This repair does not exist. Reload the page.")
    rma = lock_return(rma_id)
    rows = Repair.objects.select_related("return_line__order_line")
    return rma, rows.select_for_update(of=("self",)).get(pk=repair_id)


def record_repair(kind: EventKind, repair: Repair, rma: Return, actor: Actor) -> None:
    record_event(
        kind,
        subject_kind="repair",
        subject_id=repair.pk,
        about_id=rma.pk,
        actor=actor,
        quantity=repair.quantity,
    )


def _moves(repair: Repair, rma: Return) -> Sequence[Move]:
    """Each unit leaves the shelf it was put on; what we do not know was never in stock."""
    units = Inspection.objects.filter(
        return_line_id=repair.return_line_id,
        is_accepted=True,
        disposition=Bucket.REPAIR,
        variant__isnull=False,
    ).order_by("pk")
    return [
        Move(
            variant_id=unit.variant_id,
            location_id=unit.location_id,
            from_bucket=Bucket.REPAIR,
            to_bucket=Bucket.SHIPPED,
            quantity=1,
            reason="repaired",
            key=f"repair:{repair.pk}:{unit.pk}",
            about_id=rma.pk,
        )
        for unit in units
        if unit.variant_id is not None
    ]


def _settle(rma: Return) -> None:
    if Repair.objects.filter(return_line__rma=rma, status__in=ALIVE).exists():
        return
    owed = Resolution.objects.filter(rma=rma, kind=ResolutionKind.REPAIR).exclude(
        status=ResolutionStatus.CANCELLED
    )
    for resolution in owed:
        settle_resolution(resolution)
