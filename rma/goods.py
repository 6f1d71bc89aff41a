"""How many units of each line were asked for, came, were missing, and passed the bench."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from rma.models import Inspection, ReceiptLine, Resolution, Return, ReturnLine
from rma.stages import fact_columns, facts_on
from rma.states import (
    KEPT,
    InspectionStatus,
    ReceiptLineStatus,
    ResolutionFact,
    ResolutionStatus,
    StageFacts,
)

INSPECTED = (InspectionStatus.INSPECTED, InspectionStatus.DISPOSED)


@dataclass(frozen=True, slots=True)
class LineGoods:
    """One return line and its units. ``wrong`` came instead of it, ``short`` was said to miss.

    A unit said to miss may still come; then it counts as received.
    """

    line: ReturnLine
    received: int
    wrong: int
    declared_short: int
    pending: int
    accepted: int
    rejected: int
    # Whether what is wanted for the line has a resolution that was not cancelled.
    is_settled: bool

    @property
    def is_kept(self) -> bool:
        return self.line.wanted in KEPT

    @property
    def missing(self) -> int:
        """Units that are not here, whatever became of the claim on them."""
        return self.line.quantity - self.received - self.wrong

    @property
    def short(self) -> int:
        return min(self.declared_short, self.missing)

    @property
    def awaited(self) -> int:
        """Units that nobody has said anything about yet."""
        return self.missing - self.short


@dataclass(frozen=True, slots=True)
class Standing:
    """A locked return as it stands: the units of every line, and what decides its stage."""

    goods: tuple[LineGoods, ...]
    facts: StageFacts

    @property
    def is_settled(self) -> bool:
        """Everything is decided, for what came and what did not."""
        return not self.facts.part_settled and any(one.is_settled for one in self.goods)

    def owing(self, made: Sequence[Resolution]) -> Standing:
        """Return the standing after ``made`` were added to what the return owes."""
        new = tuple(ResolutionFact(one.kind, one.status) for one in made)
        facts = replace(self.facts, resolutions=(*self.facts.resolutions, *new))
        return replace(self, facts=facts)


def standing_of(rma: Return) -> Standing:
    """Read units and facts of a locked return in one statement."""
    lines = list(_lines(rma.pk).annotate(**fact_columns(rma)))
    return Standing(tuple(_goods(line) for line in lines), facts_on(lines[0], rma))


def goods_of(rma_id: UUID) -> list[LineGoods]:
    """Return the units of every line of a return, with order line and variant. One statement."""
    return [_goods(line) for line in _lines(rma_id)]


def _lines(rma_id: UUID) -> QuerySet[ReturnLine]:
    return (
        ReturnLine.objects.filter(rma_id=rma_id)
        .select_related("order_line", "order_line__variant")
        .annotate(
            n_received=_quantity(ReceiptLineStatus.RECEIVED),
            n_wrong=_quantity(ReceiptLineStatus.WRONG_ITEM),
            n_short=_quantity(ReceiptLineStatus.SHORT),
            n_pending=_inspections(~Q(status__in=INSPECTED)),
            n_accepted=_inspections(Q(status__in=INSPECTED, is_accepted=True)),
            n_rejected=_inspections(Q(status__in=INSPECTED, is_accepted=False)),
            settled=Exists(
                Resolution.objects.filter(rma=OuterRef("rma"), kind=OuterRef("wanted")).exclude(
                    status=ResolutionStatus.CANCELLED
                )
            ),
        )
        .order_by("position", "pk")
    )


def _goods(line: Any) -> LineGoods:
    kept = line.wanted in KEPT
    return LineGoods(
        line=line,
        # What stays with the shopper is taken for here and accepted: nothing is waited for.
        received=line.quantity if kept else line.n_received,
        wrong=line.n_wrong,
        declared_short=line.n_short,
        pending=line.n_pending,
        accepted=line.quantity if kept else line.n_accepted,
        rejected=line.n_rejected,
        is_settled=line.settled,
    )


def _quantity(status: ReceiptLineStatus) -> Coalesce:
    rows = (
        ReceiptLine.objects.filter(return_line=OuterRef("pk"), status=status)
        .values("return_line")
        .annotate(n=Sum("quantity"))
    )
    return Coalesce(Subquery(rows.values("n"), output_field=IntegerField()), 0)


def _inspections(condition: Q) -> Coalesce:
    rows = (
        Inspection.objects.filter(condition, return_line=OuterRef("pk"))
        .values("return_line")
        .annotate(n=Count("pk"))
    )
    return Coalesce(Subquery(rows.values("n"), output_field=IntegerField()), 0)
