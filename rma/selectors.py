"""Reading returns: the queue (from ``rma.queue``), one return for staff, one for its shopper."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, prefetch_related_objects
from django.utils.translation import gettext as _

from returns_portal.activity.models import Event
from returns_portal.activity.timeline import timeline_of
from returns_portal.core.errors import InvalidInput, NotFound
from returns_portal.core.money import Money
from rma.appeals import appeal_until, appeals_of
from rma.changes import why_unchangeable
from rma.fees import LabelCost
from rma.models import (
    Appeal,
    Exchange,
    Inspection,
    Note,
    Photo,
    Promise,
    Receipt,
    Repair,
    Resolution,
    Return,
    ReturnLine,
    Shipment,
)
from rma.numbers import parse_rma_number
from rma.policy.document import Policy
from rma.policy.live import policy_of
from rma.policy.types import Decision, from_json
from rma.queue import (
    VIEWS,
    Page,
    QueueFilters,
    StageCounts,
    mine_count,
    queue,
    search,
    stage_counts,
)
from rma.states import (
    STAGES,
    ResolutionKind,
    ResolutionStatus,
    ReturnStatus,
    ShipmentStatus,
    Stage,
    nothing_is_sent,
)

__all__ = [
    "VIEWS",
    "Page",
    "QueueFilters",
    "ReturnDetail",
    "ShopperStatus",
    "StageCounts",
    "mine_count",
    "queue",
    "return_detail",
    "returns_of_order",
    "search",
    "stage_counts",
    "status_by_token",
]

_GONE = (ShipmentStatus.VOID, ShipmentStatus.FAILED)


@dataclass(frozen=True, slots=True)
class ReturnDetail:
    """One return with everything its page shows. ``rma.order`` and the lines are loaded."""

    rma: Return
    stage: Stage
    decision: Decision | None
    policy: Policy
    lines: list[ReturnLine]
    shipments: list[Shipment]
    receipts: list[Receipt]
    inspections: list[Inspection]
    resolutions: list[Resolution]
    notes: list[Note]
    photos: list[Photo]
    promises: list[Promise]
    appeals: list[Appeal]
    events: list[Event]

    @property
    def shipment(self) -> Shipment | None:
        """The living parcel, else the last one there was."""
        alive = [one for one in self.shipments if one.status not in _GONE]
        return next(iter([*alive, *self.shipments]), None)

    def photos_of(self, line: ReturnLine) -> list[Photo]:
        return [photo for photo in self.photos if photo.return_line_id == line.pk]


@dataclass(frozen=True, slots=True)
class ShopperStatus:
    """One return as its shopper may see it: no internal notes, no bench remarks of other lines."""

    rma: Return
    stage: Stage
    policy: Policy
    lines: list[ReturnLine]
    shipment: Shipment | None
    resolutions: list[Resolution]
    messages: list[Note]
    photos: list[Photo]
    promises: list[Promise]
    appeals: list[Appeal]
    appeal_until: date | None
    events: list[Event]
    may_cancel: bool
    may_change: bool
    may_answer: bool

    @property
    def nothing_is_sent(self) -> bool:
        """Whether all items stay with the shopper, so that no parcel comes."""
        return nothing_is_sent(line.wanted for line in self.lines)


def return_detail(number: str) -> ReturnDetail:
    """Return one return by its number, as typed. Raises NotFound. Constant number of statements."""
    rma = (
        Return.objects.filter(number=_number(number))
        .select_related("order", "policy_version", "assignee", "merchant")
        .first()
    )
    if rma is None:
        raise _unknown()
    inspections = Inspection.objects.filter(rma=rma).select_related("variant", "location")
    receipts = Receipt.objects.filter(rma=rma).select_related("location")
    return ReturnDetail(
        rma=rma,
        stage=STAGES[rma.stage],
        decision=from_json(Decision, rma.decision) if rma.decision else None,
        policy=policy_of(rma.policy_version_id),
        lines=_lines(rma),
        shipments=_shipments(rma),
        receipts=list(receipts.prefetch_related("lines").order_by("received_at", "pk")),
        inspections=list(inspections.order_by("pk")),
        resolutions=_resolutions(rma),
        notes=list(Note.objects.filter(rma=rma).order_by("created_at", "pk")),
        photos=list(Photo.objects.filter(rma=rma).order_by("created_at", "pk")),
        promises=_promises(rma),
        appeals=appeals_of(rma),
        events=list(timeline_of(rma.pk)),
    )


def status_by_token(token: str) -> ShopperStatus:
    """Return the return that a status link opens. Raises NotFound. Constant statements."""
    rma = (
        Return.objects.filter(token=token[:48].replace("\x00", ""))
        .select_related("order", "merchant")
        .defer("facts", "decision")
        .first()
    )
    if rma is None:
        raise NotFound(
            _(
                "This page isn't here. If you came from an e-mail, the link may be old. "
                "Find your order again to get a new one."
            )
        )
    appeals = appeals_of(rma)
    shipments = [one for one in _shipments(rma) if one.status != ShipmentStatus.VOID]
    lines = _lines(rma)
    messages = Note.objects.filter(rma=rma).exclude(kind=Note.Kind.INTERNAL)
    own_photos = Photo.objects.filter(rma=rma, inspection__isnull=True)
    resolutions = _resolutions(rma)
    return ShopperStatus(
        rma=rma,
        stage=STAGES[rma.stage],
        policy=policy_of(rma.policy_version_id),
        lines=lines,
        shipment=next(iter(shipments), None),
        resolutions=resolutions,
        messages=list(messages.order_by("created_at", "pk")),
        photos=list(own_photos.order_by("created_at", "pk")),
        promises=_promises(rma),
        appeals=appeals,
        appeal_until=appeal_until(rma, appeals),
        events=list(timeline_of(rma.pk)),
        may_cancel=_may_cancel(rma, shipments, resolutions),
        may_change=why_unchangeable(rma, lines, shipments) is None,
        may_answer=rma.status == ReturnStatus.NEEDS_INFO,
    )


def returns_of_order(order_id: Any) -> list[Return]:
    """Return what the buyer returns of one order, newest first, with their lines."""
    return returns_of_orders([order_id])


def returns_of_orders(order_ids: list[Any]) -> list[Return]:
    """Return what the buyer returns of several orders, newest first, with their lines.

    Not what others were given of it and return: the buyer is not told. Three statements.
    """
    lines = ReturnLine.objects.select_related("order_line").order_by("position", "pk")
    return list(
        Return.objects.filter(order_id__in=order_ids, receiver__isnull=True)
        .defer("facts", "decision", "quote")
        .prefetch_related(Prefetch("lines", lines))
        .order_by("-created_at", "-pk")
    )


def _may_cancel(rma: Return, shipments: list[Shipment], resolutions: list[Resolution]) -> bool:
    """Mirror what ``cancel_return`` would say, for showing the button."""
    if rma.status in (ReturnStatus.REQUESTED, ReturnStatus.NEEDS_INFO):
        return True
    still = (ShipmentStatus.PENDING, ShipmentStatus.READY, ShipmentStatus.FAILED)
    unmoved = all(one.status in still for one in shipments)
    unused = rma.received_at is None and not rma.part_settled
    paying = any(one.status != ResolutionStatus.CANCELLED for one in resolutions)
    return rma.status == ReturnStatus.OPEN and unused and unmoved and not paying


def _lines(rma: Return) -> list[ReturnLine]:
    exchanges = (
        Exchange.objects.select_related("variant__product")
        .exclude(status=Exchange.Status.CANCELLED)
        .order_by("created_at", "pk")
    )
    lines = list(
        ReturnLine.objects.filter(rma=rma)
        .select_related("order_line", "order_line__variant", "exchange_variant__product")
        .prefetch_related(Prefetch("exchanges", exchanges))
        .order_by("position", "pk")
    )
    repaired = [line for line in lines if line.wanted == ResolutionKind.REPAIR]
    if repaired:
        prefetch_related_objects(repaired, Prefetch("repairs", Repair.objects.order_by("pk")))
    return lines


def _shipments(rma: Return) -> list[Shipment]:
    """Return the parcels, newest first, each with its scans."""
    shipments = Shipment.objects.filter(rma=rma).prefetch_related("scans")
    return list(shipments.order_by("-created_at", "-pk"))


def _resolutions(rma: Return) -> list[Resolution]:
    resolutions = Resolution.objects.filter(rma=rma).select_related("refund", "credit_entry")
    return list(resolutions.order_by("created_at", "pk"))


def _promises(rma: Return) -> list[Promise]:
    return list(Promise.objects.filter(rma=rma).order_by("recorded_at", "pk"))


def _number(text: str) -> str:
    """Read a number from an address or a form; a wrong one is simply not found."""
    try:
        return parse_rma_number(text)
    except InvalidInput as error:
        raise _unknown() from error


def _unknown() -> NotFound:
    return NotFound("We can't find this return. Check the number or search for the shopper.")


def goods_moved(rma: Return) -> bool:
    """Say whether the carrier or the bench has seen the goods, or they are said to be sent."""
    moving = Shipment.objects.filter(rma=rma, status__in=_ON_ITS_WAY)
    return moving.exists() or Inspection.objects.filter(rma=rma).exists()


_ON_ITS_WAY = (
    ShipmentStatus.IN_TRANSIT,
    ShipmentStatus.DELIVERED,
    ShipmentStatus.RETURNED_TO_SENDER,
    ShipmentStatus.LOST,
)


def label_cost_of(rma_id: UUID) -> LabelCost:
    """Return what the living label of a return cost; None inside it where nobody knows."""
    bought = (
        Shipment.objects.filter(rma_id=rma_id, cost_minor__isnull=False)
        .exclude(status__in=[ShipmentStatus.VOID, ShipmentStatus.FAILED])
        .values_list("cost_minor", "currency")
        .first()
    )
    return LabelCost(Money(*bought) if bought is not None else None)
