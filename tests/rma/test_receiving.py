"""Receiving: what came is on hold and queued, what is odd is a fact, nothing comes twice."""

from __future__ import annotations

import pytest

from inventory.models import Location, StockMovement
from inventory.selectors import sellable_by_variant
from returns_portal.activity.models import Event, StaffTask
from returns_portal.commerce.models import OrderLine
from returns_portal.core.actor import SHOPPER, SYSTEM
from returns_portal.core.db import attempt
from returns_portal.core.errors import Conflict, InvalidInput, NotFound
from returns_portal.core.ids import new_id, new_token
from returns_portal.core.invariants import problems_of
from rma.actions.receiving import MAX_UNITS, ReceivedUnits, receive_parcel
from rma.actions.review import cancel_return
from rma.models import Inspection, Receipt, ReceiptLine
from rma.states import ReceiptLineStatus as Found
from tests import flows
from tests.inventory.stock import make_variant, stock_of

pytestmark = pytest.mark.usefixtures("shop")


@pytest.fixture
def rma():
    """An open return of two units of one line, on its own way (no label to buy)."""
    placed = flows.order(quantity=2)
    return flows.request(placed, flows.wish(flows.lines_of(placed)[0], quantity=2), method="own")


def line_of(rma):
    return rma.lines.get()


def receive(rma, *units, operation_id=None, **changes):
    return receive_parcel(
        rma.pk,
        **{
            "location_id": Location.objects.get(is_default=True).pk,
            "units": units,
            "operation_id": new_token() if operation_id is None else operation_id,
            "actor": SYSTEM,
            **changes,
        },
    )


def test_receive_parcel_puts_units_on_hold_and_queues_each_for_inspection(rma, shop):
    line = line_of(rma)

    receipt = receive(rma, ReceivedUnits(line.pk, 2, Found.RECEIVED))

    variant = line.order_line.variant
    assert stock_of(variant) == {"on_hold": 2}
    assert sellable_by_variant([variant.pk]) == {variant.pk: 0}
    assert [unit.status for unit in Inspection.objects.all()] == ["pending", "pending"]
    assert StockMovement.objects.get().key == f"receipt_line:{receipt.lines.get().pk}"
    assert Event.objects.get(kind="parcel.received").facts == {"received": 2}
    after = flows.fresh(rma)
    assert (after.stage, after.received_at) == ("received", receipt.received_at)
    assert StaffTask.objects.count() == 0
    assert problems_of(shop.pk) == []


def test_receive_parcel_same_operation_twice_receives_once(rma):
    units = ReceivedUnits(line_of(rma).pk, 2, Found.RECEIVED)

    first = receive(rma, units, operation_id="scan-1")
    second = receive(rma, units, operation_id="scan-1")

    assert first.pk == second.pk
    assert (Receipt.objects.count(), Inspection.objects.count()) == (1, 2)
    assert Event.objects.filter(kind="parcel.received").count() == 1


def test_receive_parcel_operation_of_another_return_is_refused(rma):
    receive(rma, ReceivedUnits(line_of(rma).pk, 1, Found.RECEIVED), operation_id="scan-1")
    other = flows.request(flows.order(number="NL-2"), method="own")

    with pytest.raises(Conflict), attempt():
        receive(other, ReceivedUnits(line_of(other).pk, 1, Found.RECEIVED), operation_id="scan-1")

    assert Receipt.objects.count() == 1


def test_receive_parcel_more_than_asked_for_is_refused_whole(rma):
    line = line_of(rma)

    with pytest.raises(Conflict) as refusal, attempt():
        receive(rma, ReceivedUnits(line.pk, 3, Found.RECEIVED))

    assert refusal.value.facts == {"line": str(line.pk), "awaited": 2}
    assert Receipt.objects.count() == 0
    assert stock_of(line.order_line.variant) == {}


def test_receive_parcel_same_units_by_a_second_desk_is_refused(rma):
    units = ReceivedUnits(line_of(rma).pk, 2, Found.RECEIVED)
    receive(rma, units)

    with pytest.raises(Conflict), attempt():
        receive(rma, units)

    assert Inspection.objects.count() == 2


def test_receive_parcel_short_unit_stays_claimed_and_may_come_later(rma, shop):
    line = line_of(rma)
    receive(rma, ReceivedUnits(line.pk, 1, Found.RECEIVED), ReceivedUnits(line.pk, 1, Found.SHORT))
    assert OrderLine.objects.get().claimed_quantity == 2
    assert StaffTask.objects.get().kind == "unexpected_goods"
    with pytest.raises(Conflict), attempt():
        receive(rma, ReceivedUnits(line.pk, 1, Found.SHORT))

    receive(rma, ReceivedUnits(line.pk, 1, Found.RECEIVED))

    assert Inspection.objects.count() == 2
    assert stock_of(line.order_line.variant) == {"on_hold": 2}
    assert problems_of(shop.pk) == []


def test_receive_parcel_wrong_item_takes_the_place_of_the_awaited_one(rma, shop):
    line, other = line_of(rma), make_variant("MUG")

    receive(
        rma,
        ReceivedUnits(line.pk, 1, Found.WRONG_ITEM, variant_id=other.pk, note="A mug"),
        ReceivedUnits(line.pk, 1, Found.RECEIVED),
    )

    assert stock_of(other) == {"on_hold": 1}
    assert stock_of(line.order_line.variant) == {"on_hold": 1}
    with pytest.raises(Conflict), attempt():
        receive(rma, ReceivedUnits(line.pk, 1, Found.RECEIVED))
    assert problems_of(shop.pk) == []


def test_receive_parcel_unknown_extra_item_is_inspected_but_never_stock(rma, shop):
    receive(rma, ReceivedUnits(None, 1, Found.EXTRA, code="4006381333931", note="A pen"))

    extra = ReceiptLine.objects.get()
    assert (extra.return_line_id, extra.variant_id, extra.code) == (None, None, "4006381333931")
    assert Inspection.objects.get().return_line_id is None
    assert StockMovement.objects.count() == 0
    assert StaffTask.objects.get().kind == "unexpected_goods"
    assert problems_of(shop.pk) == []


@pytest.mark.parametrize(
    ("units", "field"),
    [
        ([], "units"),
        ([(0, Found.RECEIVED)], "quantity"),
        ([(MAX_UNITS + 1, Found.RECEIVED)], "quantity"),
    ],
)
def test_receive_parcel_with_impossible_units_is_refused(rma, units, field):
    told = [ReceivedUnits(line_of(rma).pk, quantity, status) for quantity, status in units]

    with pytest.raises(InvalidInput) as refusal, attempt():
        receive(rma, *told)

    assert refusal.value.field == field
    assert Receipt.objects.count() == 0


def test_receive_parcel_refuses_lines_and_places_it_does_not_know(rma):
    line = line_of(rma)
    with pytest.raises(InvalidInput), attempt():
        receive(rma, ReceivedUnits(new_id(), 1, Found.RECEIVED))
    with pytest.raises(InvalidInput), attempt():
        receive(rma, ReceivedUnits(line.pk, 1, Found.EXTRA))
    with pytest.raises(InvalidInput), attempt():
        receive(rma, ReceivedUnits(None, 1, Found.EXTRA, variant_id=new_id()))
    with pytest.raises(NotFound), attempt():
        receive(rma, ReceivedUnits(line.pk, 1, Found.RECEIVED), location_id=new_id())
    with pytest.raises(InvalidInput), attempt():
        receive(rma, ReceivedUnits(line.pk, 1, Found.RECEIVED), operation_id="")

    assert Receipt.objects.count() == 0


def test_receive_parcel_of_a_cancelled_return_is_a_fact_and_a_task(rma, shop):
    cancel_return(rma.pk, actor=SHOPPER)

    receive(rma, ReceivedUnits(line_of(rma).pk, 2, Found.RECEIVED))

    after = flows.fresh(rma)
    assert (after.status, after.stage) == ("cancelled", "cancelled")
    assert Inspection.objects.count() == 2
    assert "not open" in StaffTask.objects.get().title
    assert problems_of(shop.pk) == []


def test_receive_parcel_brings_the_promised_day_forward(rma):
    before = rma.refund_promised_on

    receive(rma, ReceivedUnits(line_of(rma).pk, 2, Found.RECEIVED))

    assert flows.fresh(rma).refund_promised_on < before
