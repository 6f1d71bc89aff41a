"""The stage an action stores is the one that everything it left behind amounts to."""

from __future__ import annotations

import pytest

from returns_portal.core.actor import SYSTEM
from returns_portal.core.invariants import problems_of
from rma.actions.inspection import inspect_unit
from rma.actions.receiving import ReceivedUnits
from rma.actions.resolution import commit_resolution
from rma.models import Inspection
from rma.stages import stage_facts
from rma.states import ReceiptLineStatus as Found
from rma.states import stage_of
from tests import flows
from tests.inventory.stock import make_variant
from tests.rma.test_receiving import line_of, receive

pytestmark = pytest.mark.usefixtures("shop")


def stage(rma):
    """Return the stored stage, which must be the one of the facts."""
    stored = flows.fresh(rma)
    assert stored.stage == stage_of(stage_facts(stored)).key
    return stored.stage


def asked(wanted="refund", quantity=2):
    placed = flows.order(quantity=quantity)
    wish = flows.wish(flows.lines_of(placed)[0], quantity=quantity, wanted=wanted)
    return flows.request(placed, wish, method="own")


def look(rma, accepted=True):
    """Decide on the unit that has waited longest."""
    unit = Inspection.objects.filter(rma=rma, status="pending").order_by("pk")[0]
    inspect_unit(
        unit.pk,
        grade="A" if accepted else "D",
        disposition="restock" if accepted else "dispose",
        accepted=accepted,
        rejection="" if accepted else "Worn",
        actor=SYSTEM,
        expected_version=1,
    )


def test_stage_of_a_parcel_with_odd_units_follows_them(shop):
    rma = asked()
    line = line_of(rma)
    assert stage(rma) == "approved"

    receive(rma, ReceivedUnits(line.pk, 2, Found.SHORT))
    assert stage(rma) == "approved"
    other = make_variant("EXTRA")
    receive(
        rma,
        ReceivedUnits(line.pk, 1, Found.RECEIVED),
        ReceivedUnits(line.pk, 1, Found.WRONG_ITEM, variant_id=other.pk),
        ReceivedUnits(None, 1, Found.EXTRA),
    )
    assert stage(rma) == "received"
    look(rma)
    assert stage(rma) == "inspecting"
    look(rma, accepted=False)
    look(rma)
    assert stage(rma) == "partial"
    commit_resolution(rma.pk, actor=SYSTEM)
    assert stage(rma) == "payout"
    flows.drain()
    assert stage(rma) == "refunded"
    assert problems_of(shop.pk) == []


def test_stage_of_an_extra_unit_keeps_a_paid_return_open_until_it_is_looked_at(shop):
    rma = asked(wanted="store_credit", quantity=1)
    receive(
        rma,
        ReceivedUnits(line_of(rma).pk, 1, Found.RECEIVED),
        ReceivedUnits(None, 1, Found.EXTRA),
    )

    look(rma)
    assert (flows.fresh(rma).status, stage(rma)) == ("open", "credited")
    look(rma)

    assert (flows.fresh(rma).status, stage(rma)) == ("closed", "credited")
    assert problems_of(shop.pk) == []


@pytest.mark.parametrize(("wanted", "last"), [("store_credit", "credited"), ("refund", "refunded")])
def test_stage_of_a_return_that_went_straight_through(wanted, last):
    rma = asked(wanted=wanted)
    flows.inspected(flows.received(rma))
    assert stage(rma) == ("credited" if wanted == "store_credit" else "payout")

    flows.drain()

    assert stage(rma) == last


def test_stage_of_a_return_of_which_nothing_is_accepted_is_closed():
    rma = flows.received(asked())
    look(rma, accepted=False)
    look(rma, accepted=False)
    assert stage(rma) == "partial"

    commit_resolution(rma.pk, actor=SYSTEM)

    assert (flows.fresh(rma).status, stage(rma)) == ("closed", "closed")
