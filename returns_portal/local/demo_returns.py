"""A shop's past weeks: returns that shoppers really ask for, taken as far as the time allows.

Everything goes through the product's own actions with the clock set back, so that the demo shows
nothing the product could not have done. Drawn from a fixed seed.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from PIL import Image, ImageDraw

from inventory.models import Location
from inventory.selectors import sellable_by_variant
from notifications.actions import send_due_messages
from returns_portal.activity.deliver import deliver_due
from returns_portal.commerce.models import Order, OrderLine, Variant
from returns_portal.core import clock
from returns_portal.core.actor import SHOPPER, Actor, ActorKind
from returns_portal.core.errors import DomainError
from returns_portal.core.ids import new_token
from returns_portal.core.scope import merchant_scope
from returns_portal.integrations.calls import run_due_calls
from returns_portal.tenancy.permissions import Role, permissions_of
from rma.actions.drafts import open_draft
from rma.actions.inspection import inspect_unit
from rma.actions.receiving import ReceivedUnits, receive_parcel
from rma.actions.requesting import RequestedLine, request_return
from rma.actions.resolution import commit_resolution, preview_resolution
from rma.actions.review import approve_return, ask_for_information, decline_return
from rma.carriers import builtin_parcels
from rma.evidence import store_photo
from rma.models import Inspection, Resolution, Return, Shipment
from rma.polling import poll_parcel
from rma.states import ReceiptLineStatus, ReturnStatus

SEED = 1907
REASONS = ("too_small", "too_large", "changed_mind", "not_as_described", "faulty", "wrong_item",
           "arrived_late")  # fmt: skip
WEIGHTS = (26, 16, 22, 10, 14, 7, 5)
FRESH = 7
COMMENTS = {
    "faulty": "It came apart after two days. The photo shows where.",
    "not_as_described": "The colour is much darker than on the page.",
    "wrong_item": "I ordered another size than the one in the parcel.",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """One return to live through: when it is asked for and what the bench will find."""

    order_id: UUID
    asked_at: datetime
    reason: str
    wanted: str
    grade: str
    keep: bool
    decline: bool
    question: bool


def plans(now: datetime, orders: Sequence[Order]) -> list[Plan]:
    """Draw the returns of ``orders`` (with lines loaded), oldest first."""
    draw = random.Random(SEED)
    found = []
    for order in orders:
        delivered = [line.delivered_at for line in order.lines.all() if line.delivered_at]
        if not delivered or draw.random() < 0.42:
            continue
        asked = max(delivered) + timedelta(days=draw.uniform(0.4, 7.5), hours=draw.uniform(0, 9))
        if asked > now:
            asked = now - timedelta(hours=draw.uniform(0.3, 20))
        reason = draw.choices(REASONS, WEIGHTS)[0]
        wants = ("refund", "refund", "refund", "store_credit", "exchange")
        wanted = draw.choice(wants if reason.startswith("too_") else wants[:4])
        found.append(_plan(draw, order, asked, reason, wanted))
    return sorted(found, key=lambda plan: plan.asked_at)


def fresh_plans(now: datetime, orders: Sequence[Order], past: Sequence[Plan]) -> list[Plan]:
    """Draw a few faults of the last hours, which policy puts before a person: today's work."""
    draw = random.Random(SEED + 1)
    taken = {plan.order_id for plan in past}
    free = [
        order
        for order in orders
        if order.pk not in taken and any(line.delivered_at for line in order.lines.all())
    ]
    return [
        _plan(draw, order, now - timedelta(hours=hours, minutes=7 * hours % 60), "faulty", "refund")
        for hours, order in enumerate(free[-FRESH:], start=1)
    ]


def _plan(draw: random.Random, order: Order, asked: datetime, reason: str, wanted: str) -> Plan:
    return Plan(
        order_id=order.pk,
        asked_at=asked,
        reason=reason,
        wanted=wanted,
        grade=draw.choices("AABC")[0],
        keep=draw.random() < 0.93,
        decline=draw.random() < 0.22,
        question=draw.random() < 0.2,
    )


def live_through(plan: Plan, merchant_id: UUID, now: datetime, team: dict[str, Actor]) -> str:
    """Take one return as far as ``now`` allows; return its number, or why it was refused."""
    with merchant_scope(merchant_id):
        try:
            with clock.at(plan.asked_at):
                rma = _ask(plan)
        except DomainError as refused:
            return refused.code
        for wait, step in _steps(plan, team):
            moment = plan.asked_at + wait
            if moment > now:
                break
            with clock.at(moment):
                step(rma.pk)
    return rma.number


def _work() -> None:
    """Do what workers would have done at this moment."""
    deliver_due()
    run_due_calls()
    deliver_due()
    send_due_messages()


def _ask(plan: Plan) -> Return:
    with transaction.atomic():
        order = Order.objects.prefetch_related("lines__variant").get(pk=plan.order_id)
        lines = [line for line in order.lines.all() if line.fulfilled_quantity]
        line = lines[plan.asked_at.minute % len(lines)]
        replacement = _replacement(line) if plan.wanted == "exchange" else None
        wanted = "refund" if plan.wanted == "exchange" and replacement is None else plan.wanted
        photos = _photos(order, line) if plan.reason == "faulty" else ()
        rma = request_return(
            order_id=order.pk,
            lines=[
                RequestedLine(
                    order_line_id=line.pk,
                    quantity=1,
                    reason=plan.reason,
                    wanted=wanted,
                    comment=COMMENTS.get(plan.reason, ""),
                    exchange_variant_id=replacement,
                    photo_ids=photos,
                )
            ],
            method="label",
            channel="portal",
            operation_id=new_token(),
            actor=SHOPPER,
        )
    _work()
    return rma


def _replacement(line: OrderLine) -> UUID | None:
    """Return another variant of the same product that is in stock."""
    if line.variant is None:
        return None
    others = Variant.objects.filter(product_id=line.variant.product_id).exclude(pk=line.variant_id)
    stock = sellable_by_variant([other.pk for other in others])
    return next((pk for pk, units in stock.items() if units > 0), None)


def _photos(order: Order, line: OrderLine) -> tuple[UUID, ...]:
    draft = open_draft(order.pk, actor=SHOPPER)
    photo = store_photo(
        SimpleUploadedFile("toe.jpg", _picture(), "image/jpeg"),
        actor=SHOPPER,
        draft=draft,
        draft_line_id=line.pk,
    )
    return (photo.pk,)


def _picture() -> bytes:
    """Draw a torn seam with a ring round it: enough to look at, nothing borrowed."""
    image = Image.new("RGB", (960, 720), "#d9d4cb")
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 960, 360), fill="#47525f")
    pen.rectangle((0, 360, 960, 720), fill="#5a6673")
    for x in range(0, 960, 36):
        pen.line([(x, 352), (x + 20, 368)], fill="#cbd5e1", width=5)
    pen.polygon([(420, 360), (500, 300), (610, 322), (650, 362), (560, 420)], fill="#e7e2d8")
    for x in range(440, 640, 28):
        pen.line([(x, 330), (x + 9, 400)], fill="#94a3b8", width=3)
    pen.ellipse((370, 250, 700, 470), outline="#c2410c", width=8)
    kept = io.BytesIO()
    image.save(kept, "JPEG", quality=82)
    return kept.getvalue()


def _steps(
    plan: Plan, team: dict[str, Actor]
) -> Iterator[tuple[timedelta, Callable[[UUID], None]]]:
    """Yield how long after the request each thing happens."""
    yield timedelta(hours=22), lambda pk: _decide(pk, plan, team["agent"])
    yield timedelta(days=1.6), lambda pk: _post(pk, 2)
    yield timedelta(days=3.8), lambda pk: _post(pk, 2)
    yield timedelta(days=4.3), lambda pk: _receive(pk, team["warehouse"])
    yield timedelta(days=5.1), lambda pk: _inspect(pk, plan, team["warehouse"], team["agent"])


def _decide(pk: UUID, plan: Plan, agent: Actor) -> None:
    with transaction.atomic():
        rma = Return.objects.get(pk=pk)
        if rma.status != ReturnStatus.REQUESTED:
            return
        if plan.decline:
            decline_return(pk, actor=agent, reason="The photo shows wear from use outdoors.")
        elif plan.question:
            question = "Please send a photo of the inside label with the size."
            ask_for_information(pk, actor=agent, question=question)
        else:
            approve_return(pk, actor=agent)
    _work()


def _post(pk: UUID, scans: int) -> None:
    with transaction.atomic():
        shipment = Shipment.objects.filter(rma_id=pk, status__in=["ready", "in_transit"]).first()
    if shipment is None:
        return
    for _ in range(scans):
        builtin_parcels.advance(shipment.tracking_code)
    poll_parcel(shipment.pk)
    _work()


def _receive(pk: UUID, worker: Actor) -> None:
    with transaction.atomic():
        rma = Return.objects.prefetch_related("lines").get(pk=pk)
        if rma.status != ReturnStatus.OPEN:
            return
        place = Location.objects.get(is_default=True)
        receive_parcel(
            pk,
            location_id=place.pk,
            units=[
                ReceivedUnits(line.pk, line.quantity, ReceiptLineStatus.RECEIVED)
                for line in rma.lines.all()
            ],
            operation_id=new_token(),
            actor=worker,
        )
    _work()


def _inspect(pk: UUID, plan: Plan, worker: Actor, agent: Actor) -> None:
    with transaction.atomic():
        units = list(Inspection.objects.filter(rma_id=pk, status="pending"))
    for unit in units:
        faulty = plan.reason == "faulty"
        with transaction.atomic():
            inspect_unit(
                unit.pk,
                grade="C" if faulty else plan.grade,
                disposition="repair" if faulty or plan.grade == "C" else "restock",
                accepted=plan.keep,
                rejection="" if plan.keep else "Worn outdoors: mud in the tread and a torn lace.",
                actor=worker,
                expected_version=unit.version,
            )
    with transaction.atomic():
        if units and not Resolution.objects.filter(rma_id=pk).exists():
            preview = preview_resolution(pk)
            if preview.needs_person and not preview.blocker:
                commit_resolution(pk, actor=agent)
    _work()


def actor_for(user_id: UUID, name: str, role: Role) -> Actor:
    """Return the demo's member of staff as the actor of what they did."""
    return Actor(ActorKind.MEMBER, str(user_id), name, permissions_of(role))
