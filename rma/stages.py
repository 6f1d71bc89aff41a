"""Derive and store the one stage that people see, at the end of every action on a return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    Aggregate,
    Case,
    Count,
    Exists,
    IntegerField,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, JSONObject

from rma.models import Inspection, Resolution, Return, ReturnLine, Shipment
from rma.states import (
    KEPT,
    InspectionStatus,
    ResolutionFact,
    ShipmentStatus,
    StageFacts,
    stage_of,
)

_DONE = (InspectionStatus.INSPECTED, InspectionStatus.DISPOSED)


def refresh_stage(
    rma: Return, facts: StageFacts | None = None, *, saving: Sequence[str] = ()
) -> str:
    """Store the stage of a locked return and return it.

    ``facts`` are what the action has left behind, but for what stands on ``rma``, where it knows
    them; else they are read in one statement. ``saving`` names columns of ``rma`` that the action
    changed and that go with the same UPDATE.
    """
    if facts is None:
        facts = stage_facts(rma)
    else:
        facts = replace(facts, status=rma.status, part_settled=rma.part_settled)
    stage = stage_of(facts).key
    changed = list(saving)
    if stage != rma.stage:
        rma.stage = stage
        changed.append("stage")
    if changed:
        rma.save(update_fields=changed)
    return stage


def stage_facts(rma: Return) -> StageFacts:
    """Read what decides the stage: the parcel, the units and the resolutions."""
    return facts_on(Return.objects.only("pk").annotate(**fact_columns(rma)).get(pk=rma.pk), rma)


def fact_columns(rma: Return) -> dict[str, Combinable]:
    """Return what :func:`facts_on` needs as columns, to ride along with any read of rows.

    None of them depends on the row, so that PostgreSQL evaluates each once for a statement.
    """
    units = Inspection.objects.filter(rma=rma)
    done = Q(status__in=_DONE)
    owed = Resolution.objects.filter(rma=rma).values_list(JSONObject(kind="kind", status="status"))
    return {
        "fact_shipment": Subquery(_shipment(rma).values("status")[:1]),
        "fact_expected": _total(ReturnLine.objects.filter(rma=rma), Sum("quantity")),
        "fact_received": _total(units, Count("pk")),
        "fact_inspected": _total(units.filter(done), Count("pk")),
        "fact_rejected": _total(
            units.filter(done, return_line__isnull=False, is_accepted=False), Count("pk")
        ),
        "fact_held": _total(units.filter(status=InspectionStatus.ON_HOLD), Count("pk")),
        "fact_owed": ArraySubquery(owed),
        "fact_sent": Exists(ReturnLine.objects.filter(rma=rma).exclude(wanted__in=KEPT)),
    }


def facts_on(row: Any, rma: Return) -> StageFacts:
    """Return the facts of ``rma`` from a row that was read with :func:`fact_columns`."""
    return StageFacts(
        status=rma.status,
        shipment=row.fact_shipment,
        goods_kept=not row.fact_sent,
        units_expected=row.fact_expected,
        units_received=row.fact_received,
        units_inspected=row.fact_inspected,
        units_rejected=row.fact_rejected,
        units_on_hold=row.fact_held,
        part_settled=rma.part_settled,
        resolutions=tuple(ResolutionFact(one["kind"], one["status"]) for one in row.fact_owed),
    )


def _shipment(rma: Return) -> QuerySet[Shipment]:
    """The living parcel if there is one, else the last that failed or was cancelled."""
    gone = Q(status__in=[ShipmentStatus.FAILED, ShipmentStatus.VOID])
    return Shipment.objects.filter(rma=rma).order_by(
        Case(When(gone, then=Value(1)), default=Value(0)), "-created_at", "-pk"
    )


def _total(rows: QuerySet[Any], figure: Aggregate) -> Coalesce:
    summed = rows.values("rma").annotate(n=figure)
    return Coalesce(Subquery(summed.values("n"), output_field=IntegerField()), 0)
