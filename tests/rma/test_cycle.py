"""One return from request to close through the real actions, and what it costs in statements."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.models import Location
from refunds.models import Refund
from returns_portal.activity.models import Delivery, Event, StaffTask
from returns_portal.core.actor import SYSTEM
from returns_portal.core.ids import new_token
from returns_portal.core.invariants import problems_of
from rma.actions.inspection import inspect_unit
from rma.actions.receiving import ReceivedUnits, receive_parcel
from rma.models import Inspection, Resolution, Shipment
from rma.states import ReceiptLineStatus, ReturnStatus
from tests import flows


def test_cycle_request_to_refund_closes_the_return(shop):
    rma = flows.approved(flows.order())
    assert rma.stage == "label"
    rma = flows.moved(rma, 1)
    assert rma.stage == "transit"
    rma = flows.moved(rma, 3)
    assert (Shipment.objects.get(rma=rma).status, rma.stage) == ("delivered", "received")
    rma = flows.received(rma)
    assert rma.stage == "received"
    rma = flows.inspected(rma)
    assert rma.stage == "payout"

    flows.drain()

    rma = flows.fresh(rma)
    assert (rma.status, rma.stage) == (ReturnStatus.CLOSED, "refunded")
    assert Resolution.objects.get(rma=rma).status == "settled"
    refund = Refund.objects.get()
    assert (refund.status, refund.about_id) == ("succeeded", rma.pk)
    assert problems_of(shop.pk) == []
    assert StaffTask.objects.filter(status="open").count() == 0
    assert Delivery.objects.filter(handler="rma.on_refund").exclude(status="done").count() == 0
    kinds = list(
        Event.objects.filter(about_id=rma.pk).order_by("pk").values_list("kind", flat=True)
    )
    for kind in (
        "label.ready", "parcel.in_transit", "parcel.delivered", "parcel.received",
        "unit.inspected", "resolution.committed", "refund.succeeded", "return.closed",
    ):  # fmt: skip
        assert kinds.count(kind) == 1, kinds


def statements(work) -> list[str]:
    with CaptureQueriesContext(connection) as sent:
        work()
    return [query["sql"] for query in sent if "SAVEPOINT" not in query["sql"]]


@pytest.mark.parametrize("lines", [1, 5])
def test_receive_and_inspect_stay_within_their_statements(shop, lines):
    placed = flows.order(prices=[4500] * lines)
    rma = flows.approved(placed, *[flows.wish(line) for line in flows.lines_of(placed)])
    units = [ReceivedUnits(one.pk, 1, ReceiptLineStatus.RECEIVED) for one in rma.lines.all()]
    place = Location.objects.get(is_default=True)

    received = statements(
        lambda: receive_parcel(
            rma.pk, location_id=place.pk, units=units, operation_id=new_token(), actor=SYSTEM
        )
    )
    assert len(received) <= 8, received

    inspections = list(Inspection.objects.order_by("pk"))
    assert len(inspections) == lines
    for number, unit in enumerate(inspections, start=1):
        looked = statements(
            lambda pk=unit.pk: inspect_unit(
                pk, grade="A", disposition="restock", accepted=True, actor=SYSTEM,
                expected_version=1,
            )
        )  # fmt: skip
        # The last unit settles the return: its money is calculated, asked for and booked.
        allowed = 19 if number == lines else 9
        assert len(looked) <= allowed, looked
