"""What carriers say about a parcel, from webhooks and polls alike."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.models import Event
from returns_portal.activity.record import record_event
from returns_portal.activity.staff_tasks import open_task
from returns_portal.core.actor import Actor
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import NotFound
from rma.actions.early import pay_what_is_due
from rma.carriers.base import TrackingScan
from rma.locks import lock_return
from rma.models import Return, Shipment, TrackingEvent
from rma.stages import refresh_stage
from rma.states import ReturnStatus, ShipmentStatus
from rma.tracking import fingerprint, fold

_TOLD = {
    ShipmentStatus.IN_TRANSIT: EventKind.PARCEL_IN_TRANSIT,
    ShipmentStatus.DELIVERED: EventKind.PARCEL_DELIVERED,
    ShipmentStatus.RETURNED_TO_SENDER: EventKind.PARCEL_EXCEPTION,
    ShipmentStatus.LOST: EventKind.PARCEL_EXCEPTION,
}
_EXCEPTIONS = {
    ShipmentStatus.RETURNED_TO_SENDER: "The parcel is going back to the shopper",
    ShipmentStatus.LOST: "The carrier lost or damaged the parcel",
}


def record_scans(shipment_id: UUID, scans: Sequence[TrackingScan], *, actor: Actor) -> Shipment:
    """Append what is new of ``scans`` and let the parcel stand where all facts together put it.

    Safe to repeat and in any order: equal scans are one fact. A scan without a time counts as
    the oldest. Each of in transit, delivered, sent back and lost is told once. What the policy pays
    at a scan is settled with it.
    """
    with action_transaction():
        rma_id = Shipment.objects.filter(pk=shipment_id).values_list("rma_id", flat=True).first()
        if rma_id is None:
            raise NotFound("This parcel does not exist.")
        rma = lock_return(rma_id)
        shipment = Shipment.objects.select_for_update(of=("self",)).get(pk=shipment_id)
        if scans:
            TrackingEvent.objects.bulk_create(
                [_event(shipment, scan) for scan in scans], ignore_conflicts=True
            )
        facts = list(
            TrackingEvent.objects.filter(shipment=shipment).values_list("status", "occurred_at")
        )
        if not facts:
            return shipment
        latest = max(moment for _, moment in facts)
        state = fold(_start(shipment), facts)
        if (state, latest) == (shipment.status, shipment.last_scan_at):
            return shipment
        if shipment.status == ShipmentStatus.VOID != state and _has_another(rma, shipment):
            # The one living parcel of the return stays the one; the scans show what happened.
            _warn_voided(rma, shipment)
            state = ShipmentStatus.VOID
        moved = state != shipment.status
        shipment.status, shipment.last_scan_at = state, latest
        shipment.save(update_fields=["status", "last_scan_at"])
        if moved:
            _tell(rma, shipment, actor)
            pay_what_is_due(rma)
            refresh_stage(rma)
    return shipment


def _event(shipment: Shipment, scan: TrackingScan) -> TrackingEvent:
    return TrackingEvent(
        shipment=shipment,
        status=scan.status.value,
        message=(scan.message or scan.detail)[:300],
        place=scan.location[:160],
        occurred_at=scan.occurred_at or shipment.created_at,
        fingerprint=fingerprint(scan),
    )


def _start(shipment: Shipment) -> ShipmentStatus:
    """A voided label that is used moves again; a parcel sent by hand is on its way already."""
    if shipment.status == ShipmentStatus.VOID:
        return ShipmentStatus.VOID
    return ShipmentStatus.READY


def _has_another(rma: Return, shipment: Shipment) -> bool:
    alive = Shipment.objects.filter(rma=rma).exclude(pk=shipment.pk)
    return alive.exclude(status__in=[ShipmentStatus.VOID, ShipmentStatus.FAILED]).exists()


def _tell(rma: Return, shipment: Shipment, actor: Actor) -> None:
    kind = _TOLD.get(ShipmentStatus(shipment.status))
    if kind is None or _was_told(rma, shipment, kind):
        return
    record_event(
        kind,
        subject_kind="shipment",
        subject_id=shipment.pk,
        about_id=rma.pk,
        actor=actor,
        status=str(shipment.status),
    )
    trouble = _EXCEPTIONS.get(ShipmentStatus(shipment.status))
    if trouble is None and rma.status in (ReturnStatus.CANCELLED, ReturnStatus.EXPIRED):
        trouble = f"A parcel is coming for a return that is {rma.status}"
    if trouble:
        open_task(
            kind="parcel_exception",
            key=f"parcel:{shipment.pk}:{shipment.status}",
            subject_kind="shipment",
            subject_id=shipment.pk,
            about_id=rma.pk,
            title=trouble,
            detail=f"Tracking number {shipment.tracking_code}. Write to the shopper or ask "
            "the carrier.",
        )


def _was_told(rma: Return, shipment: Shipment, kind: EventKind) -> bool:
    told = Event.objects.filter(about_id=rma.pk, subject_id=shipment.pk)
    if kind == EventKind.PARCEL_EXCEPTION:
        return told.filter(kind=kind, facts__status=str(shipment.status)).exists()
    if kind == EventKind.PARCEL_IN_TRANSIT:
        # Late news: who has heard "delivered" is not told "on its way" any more.
        kinds = (EventKind.PARCEL_IN_TRANSIT, EventKind.PARCEL_DELIVERED)
        return told.filter(kind__in=kinds).exists()
    return told.filter(kind=kind).exists()


def _warn_voided(rma: Return, shipment: Shipment) -> None:
    open_task(
        kind="voided_label_used",
        key=f"voided:{shipment.pk}",
        subject_kind="shipment",
        subject_id=shipment.pk,
        about_id=rma.pk,
        title="A cancelled label is being used",
        detail=f"The carrier has scanned {shipment.tracking_code}, although another label of this "
        "return is in force. Expect the goods under the old number.",
    )
