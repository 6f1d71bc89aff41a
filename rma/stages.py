"""Derive and store the one stage that people see, at the end of every action on a return."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    Case,
    Count,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, JSONObject

from rma.models import Inspection, Resolution, Return, ReturnLine, Shipment
from rma.states import (
    InspectionStatus,
    ResolutionFact,
    ShipmentStatus,
    StageFacts,
    stage_of,
)

_DONE = (InspectionStatus.INSPECTED, InspectionStatus.DISPOSED)


def refresh_stage(rma: Return, *, saving: Sequence[str] = ()) -> str:
    """Store the stage of a locked return, read afresh in one statement; return it.

    ``saving`` names columns of ``rma`` that the action changed and that go with the same UPDATE.
    """
    stage = stage_of(stage_facts(rma)).key
    changed = list(saving)
    if stage != rma.stage:
        rma.stage = stage
        changed.append("stage")
    if changed:
        rma.save(update_fields=changed)
    return stage


def stage_facts(rma: Return) -> StageFacts:
    """Return what decides the stage: the parcel, the units and the resolutions."""
    row = (
        Return.objects.filter(pk=rma.pk)
        .values("pk")
        .annotate(
            shipment=Subquery(_shipment().values("status")[:1]),
            expected=_units(ReturnLine.objects.filter(rma=OuterRef("pk")), "quantity"),
            received=_count(Inspection.objects.all()),
            inspected=_count(Inspection.objects.filter(status__in=_DONE)),
            rejected=_count(
                Inspection.objects.filter(
                    status__in=_DONE, return_line__isnull=False, is_accepted=False
                )
            ),
            held=_count(Inspection.objects.filter(status=InspectionStatus.ON_HOLD)),
            owed=ArraySubquery(
                Resolution.objects.filter(rma=OuterRef("pk")).values_list(
                    JSONObject(kind="kind", status="status")
                )
            ),
        )
        .get()
    )
    return StageFacts(
        status=rma.status,
        shipment=row["shipment"],
        units_expected=row["expected"],
        units_received=row["received"],
        units_inspected=row["inspected"],
        units_rejected=row["rejected"],
        units_on_hold=row["held"],
        resolutions=tuple(ResolutionFact(one["kind"], one["status"]) for one in row["owed"]),
    )


def _shipment() -> QuerySet[Shipment]:
    """The living parcel if there is one, else the last that failed or was cancelled."""
    gone = Q(status__in=[ShipmentStatus.FAILED, ShipmentStatus.VOID])
    return Shipment.objects.filter(rma=OuterRef("pk")).order_by(
        Case(When(gone, then=Value(1)), default=Value(0)), "-created_at", "-pk"
    )


def _count(inspections: QuerySet[Inspection]) -> Coalesce:
    counted = inspections.filter(rma=OuterRef("pk")).values("rma").annotate(n=Count("pk"))
    return Coalesce(Subquery(counted.values("n"), output_field=IntegerField()), 0)


def _units(lines: QuerySet[ReturnLine], column: str) -> Coalesce:
    summed = lines.values("rma").annotate(n=Sum(column))
    return Coalesce(Subquery(summed.values("n"), output_field=IntegerField()), 0)
