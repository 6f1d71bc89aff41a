"""Inspecting: one decision per unit, one movement, and the last one settles the return."""

from __future__ import annotations

import pytest

from inventory.models import StockMovement
from refunds.models import Refund
from returns_portal.activity.models import Event, StaffTask
from returns_portal.core.actor import SYSTEM, Actor, ActorKind
from returns_portal.core.db import attempt
from returns_portal.core.errors import Conflict, InvalidInput, NotFound, PolicyRefused
from returns_portal.core.ids import new_id
from returns_portal.core.invariants import problems_of
from rma.actions.inspection import inspect_unit
from rma.actions.receiving import ReceivedUnits
from rma.models import Inspection, Resolution
from rma.states import ReceiptLineStatus as Found
from tests import flows
from tests.inventory.stock import make_variant, stock_of
from tests.rma.test_receiving import line_of, receive

pytestmark = pytest.mark.usefixtures("shop")
BENCH = Actor(ActorKind.MEMBER, id="1", name="Wes Bench")
OTHER = Actor(ActorKind.MEMBER, id="2", name="Ada Bench")


@pytest.fixture
def rma():
    """A received return of two units of one line."""
    placed = flows.order(quantity=2)
    wish = flows.wish(flows.lines_of(placed)[0], quantity=2)
    return flows.received(flows.request(placed, wish, method="own"))


def look(unit, **changes):
    return inspect_unit(
        unit.pk,
        **{
            "grade": "A",
            "disposition": "restock",
            "accepted": True,
            "actor": BENCH,
            "expected_version": unit.version,
            **changes,
        },
    )


def test_inspect_unit_moves_it_off_hold_by_one_movement(rma, shop):
    unit = Inspection.objects.order_by("pk")[0]

    after = look(unit, note="Fine", checklist={"clean": True})

    assert (after.status, after.suggested, after.version) == ("disposed", "restock", 2)
    assert stock_of(unit.variant) == {"on_hold": 1, "sellable": 1}
    movement = StockMovement.objects.get(key=f"inspection:{unit.pk}")
    assert (movement.from_bucket, movement.to_bucket, movement.quantity) == (
        "on_hold", "sellable", 1,
    )  # fmt: skip
    event = Event.objects.get(kind="unit.inspected")
    assert (event.about_id, event.actor_name) == (rma.pk, "Wes Bench")
    assert flows.fresh(rma).stage == "inspecting"
    assert Resolution.objects.count() == 0
    assert problems_of(shop.pk) == []


@pytest.mark.parametrize(
    ("disposition", "bucket"),
    [
        ("restock", "sellable"),
        ("repair", "repair"),
        ("recycle", "recycle"),
        ("dispose", "disposed"),
    ],
)
def test_inspect_unit_puts_each_disposition_where_it_belongs(rma, disposition, bucket):
    unit = Inspection.objects.order_by("pk")[0]

    look(unit, grade="B", disposition=disposition)

    assert stock_of(unit.variant) == {"on_hold": 1, bucket: 1}


def test_inspect_unit_same_decision_twice_changes_nothing(rma):
    unit = Inspection.objects.order_by("pk")[0]

    first, second = look(unit), look(unit)

    assert (first.version, second.version) == (2, 2)
    assert stock_of(unit.variant) == {"on_hold": 1, "sellable": 1}
    assert Event.objects.filter(kind="unit.inspected").count() == 1


def test_inspect_unit_by_a_second_person_is_a_conflict_and_moves_nothing(rma):
    unit = Inspection.objects.order_by("pk")[0]
    look(unit)

    with pytest.raises(Conflict, match="Wes Bench"), attempt():
        look(unit, grade="C", disposition="repair", actor=OTHER)

    assert stock_of(unit.variant) == {"on_hold": 1, "sellable": 1}
    unit.refresh_from_db()
    assert (unit.grade, unit.inspected_by) == ("A", "Wes Bench")


def test_inspect_unit_last_one_settles_the_return_by_itself(rma, shop):
    for unit in Inspection.objects.order_by("pk"):
        look(unit)

    resolution = Resolution.objects.get()
    assert (resolution.kind, resolution.status) == ("refund", "executing")
    assert resolution.units == {str(line_of(rma).pk): 2}
    assert resolution.amount_minor == Refund.objects.get().amount_minor == rma.expected_minor
    assert resolution.decided_by == SYSTEM.name
    assert flows.fresh(rma).stage == "payout"
    assert problems_of(shop.pk) == []


def test_inspect_unit_rejected_waits_for_a_person_and_pays_nothing(rma, shop):
    first, second = Inspection.objects.order_by("pk")
    look(first)

    look(second, grade="D", disposition="dispose", accepted=False, rejection="Washed and worn")

    assert Refund.objects.count() == 0
    task = StaffTask.objects.get()
    assert (task.kind, task.about_id) == ("settle_return", rma.pk)
    assert flows.fresh(rma).stage == "partial"
    assert problems_of(shop.pk) == []


def test_inspect_unit_rejected_without_a_reason_is_refused(rma):
    unit = Inspection.objects.order_by("pk")[0]

    with pytest.raises(InvalidInput) as refusal, attempt():
        look(unit, accepted=False)

    assert refusal.value.field == "rejection"
    assert stock_of(unit.variant) == {"on_hold": 2}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"grade": "Z"}, "grade"),
        ({"disposition": "sell"}, "disposition"),
        ({"checklist": {"smell": True}}, "checklist"),
        ({"checklist": {"clean": "yes"}}, "checklist"),
    ],
)
def test_inspect_unit_with_words_it_does_not_know_is_refused(rma, changes, field):
    with pytest.raises(InvalidInput) as refusal, attempt():
        look(Inspection.objects.order_by("pk")[0], **changes)

    assert refusal.value.field == field
    assert Event.objects.filter(kind="unit.inspected").count() == 0


def test_inspect_unit_unsafe_goods_can_not_be_restocked(rma):
    unit = Inspection.objects.order_by("pk")[0]

    with pytest.raises(PolicyRefused, match="Not safe") as refusal, attempt():
        look(unit, checklist={"safe": False})

    assert refusal.value.field == "disposition"
    assert stock_of(unit.variant) == {"on_hold": 2}


def test_inspect_unit_unknown_is_not_found():
    with pytest.raises(NotFound):
        inspect_unit(
            new_id(), grade="A", disposition="restock", accepted=True, actor=BENCH,
            expected_version=1,
        )  # fmt: skip


def test_inspect_unit_extra_item_is_disposed_but_never_paid(shop):
    mug = make_variant("MUG")
    rma = flows.request(flows.order(), method="own")
    receive(
        rma,
        ReceivedUnits(line_of(rma).pk, 1, Found.RECEIVED),
        ReceivedUnits(None, 1, Found.EXTRA, variant_id=mug.pk),
    )
    own = Inspection.objects.get(return_line__isnull=False)
    extra = Inspection.objects.get(return_line__isnull=True)
    look(own)
    flows.drain()
    assert flows.fresh(rma).status == "open"

    after = look(extra)

    assert after.is_accepted is False
    assert stock_of(mug) == {"sellable": 1}
    assert Resolution.objects.get().units == {str(line_of(rma).pk): 1}
    assert flows.fresh(rma).status == "closed"
    assert problems_of(shop.pk) == []
