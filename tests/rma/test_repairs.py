"""Repairs: the shopper's own goods come in, are mended and go back; no money moves."""

from __future__ import annotations

import pytest
from django.db import transaction

from notifications.models import Message
from refunds.models import Refund
from returns_portal.activity.models import Event
from returns_portal.commerce.models import OrderLine
from returns_portal.core.actor import Actor, ActorKind
from returns_portal.core.db import attempt
from returns_portal.core.errors import (
    Conflict,
    InvalidInput,
    InvalidTransition,
    NotFound,
    PolicyRefused,
)
from returns_portal.core.ids import new_id
from returns_portal.core.invariants import problems_of
from returns_portal.tenancy.models import Merchant
from rma.actions.exchange import ship_exchange
from rma.actions.inspection import inspect_unit
from rma.actions.instead import give_up_repair
from rma.actions.repairs import send_back, start_repair
from rma.models import Exchange, Inspection, PolicyVersion, Repair, Resolution, Return, ReturnLine
from tests import flows
from tests.inventory.stock import stock_of
from tests.portal.conftest import publish

pytestmark = pytest.mark.usefixtures("shop")
CLERK = Actor(ActorKind.MEMBER, id="3", name="Cleo Clerk")


@pytest.fixture
def line(shop: Merchant) -> OrderLine:
    """Return a line of two units, bought at 45.00 each, that may be repaired or replaced."""
    live = PolicyVersion.objects.get(status="live").document
    wanted = ["repair", "replacement", "refund"]
    reasons = [
        {**one, "resolutions": wanted} if one["key"] == "wrong_item" else one
        for one in live["reasons"]
    ]
    publish(reasons=reasons)
    [found] = flows.lines_of(flows.order(quantity=2))
    return found


def to_repair(line: OrderLine, *, quantity: int = 1) -> Return:
    wish = flows.wish(line, quantity=quantity, wanted="repair", reason="wrong_item")
    return flows.request(line.order, wish, method="own")


def waiting(line: OrderLine, *, quantity: int = 1) -> Repair:
    """Return the repair of accepted units."""
    flows.inspected(
        flows.received(to_repair(line, quantity=quantity)), grade="D", disposition="repair"
    )
    return Repair.objects.get()


def test_repair_goes_in_and_back_without_money_or_stock(shop: Merchant, line: OrderLine) -> None:
    rma = to_repair(line, quantity=2)
    assert (rma.status, rma.expected_minor, rma.fee_minor) == ("open", 0, 0)
    assert Exchange.objects.count() == 0
    rma = flows.inspected(flows.received(rma), grade="D", disposition="repair")
    repair, resolution = Repair.objects.get(), Resolution.objects.get()
    assert (rma.stage, repair.status, repair.quantity) == ("repair", "waiting", 2)
    assert (resolution.kind, resolution.status, resolution.breakdown) == ("repair", "executing", {})
    assert stock_of(line.variant) == {"repair": 2}

    start_repair(repair.pk, actor=CLERK)
    start_repair(repair.pk, actor=CLERK)
    assert Event.objects.filter(kind="repair.started").count() == 1
    send_back(repair.pk, tracking_code=" T1 ", actor=CLERK)
    send_back(repair.pk, tracking_code="T2", actor=CLERK)
    flows.drain()

    repair.refresh_from_db()
    after = flows.fresh(rma)
    assert (repair.status, repair.tracking_code) == ("sent_back", "T1")
    assert (after.status, after.stage) == ("closed", "repaired")
    assert stock_of(line.variant) == {"shipped": 2}
    assert Refund.objects.count() == 0
    message = Message.objects.get(kind="exchange_sent")
    assert message.subject == f"Your repaired item is on its way back ({rma.number})"
    assert "T1" in message.text
    assert problems_of(shop.pk) == []


def test_repaired_item_can_be_returned_again(shop: Merchant, line: OrderLine) -> None:
    send_back(waiting(line, quantity=2).pk, tracking_code="", actor=CLERK)
    assert OrderLine.objects.get().claimed_quantity == 0

    again = flows.request(line.order, flows.wish(line, quantity=2), method="own")

    assert again.expected_minor == 9000
    assert problems_of(shop.pk) == []


def test_item_in_repair_is_not_returned_at_the_same_time(line: OrderLine) -> None:
    waiting(line, quantity=2)

    with pytest.raises((Conflict, PolicyRefused)), attempt():
        flows.request(line.order, flows.wish(line), method="own")


def test_accepted_item_that_is_to_be_repaired_goes_nowhere_else(line: OrderLine) -> None:
    flows.received(to_repair(line))
    unit = Inspection.objects.get()

    with pytest.raises(PolicyRefused, match="gets this unit back"), attempt():
        inspect_unit(
            unit.pk, grade="A", disposition="restock", accepted=True, actor=CLERK,
            expected_version=unit.version,
        )  # fmt: skip

    unit.refresh_from_db()
    assert unit.status == "pending"


@pytest.mark.parametrize("wanted", ["refund", "store_credit"])
def test_repair_that_can_not_be_done_is_paid(shop: Merchant, line: OrderLine, wanted: str) -> None:
    repair = waiting(line)
    start_repair(repair.pk, actor=CLERK)

    made = give_up_repair(repair.pk, wanted=wanted, note=" Board is dead ", actor=CLERK)
    flows.drain()

    repair.refresh_from_db()
    assert (repair.status, repair.note) == ("given_up", "Board is dead")
    assert (made.kind, made.amount_minor) == (wanted, 4500)
    assert ReturnLine.objects.get().wanted == wanted
    assert Resolution.objects.get(kind="repair").status == "cancelled"
    assert flows.fresh(made.rma).status == "closed"
    assert problems_of(shop.pk) == []


def test_repair_that_can_not_be_done_is_replaced(shop: Merchant, line: OrderLine) -> None:
    repair = waiting(line)
    flows.stock(line, 1)

    give_up_repair(repair.pk, wanted="replacement", note="", actor=CLERK)

    exchange = Exchange.objects.get()
    assert (exchange.status, exchange.variant_id) == ("released", line.variant_id)
    assert Refund.objects.count() == 0
    ship_exchange(exchange.pk, actor=CLERK, tracking_code="")
    assert flows.fresh(Return.objects.get()).stage == "replaced"
    assert problems_of(shop.pk) == []


def test_repair_replaced_by_what_is_sold_out_changes_nothing(line: OrderLine) -> None:
    repair = waiting(line)

    with pytest.raises(Conflict, match="sold out"), attempt():
        give_up_repair(repair.pk, wanted="replacement", note="", actor=CLERK)

    repair.refresh_from_db()
    assert repair.status == "waiting"
    assert Resolution.objects.get().status == "executing"
    assert ReturnLine.objects.get().wanted == "repair"


def test_repair_given_up_beside_a_refund_that_was_paid_says_what_to_choose(
    shop: Merchant, line: OrderLine
) -> None:
    wishes = [
        flows.wish(line, wanted="repair", reason="wrong_item"),
        flows.wish(line, wanted="refund", reason="changed_mind"),
    ]
    flows.received(flows.request(line.order, *wishes, method="own"))
    for unit in Inspection.objects.select_related("return_line"):
        fate = "repair" if unit.return_line and unit.return_line.wanted == "repair" else "restock"
        inspect_unit(
            unit.pk, grade="B", disposition=fate, accepted=True, actor=CLERK,
            expected_version=unit.version,
        )  # fmt: skip
    repair = Repair.objects.get()

    with pytest.raises(Conflict, match="has a refund already"), attempt():
        give_up_repair(repair.pk, wanted="refund", note="", actor=CLERK)
    made = give_up_repair(repair.pk, wanted="store_credit", note="", actor=CLERK)

    assert made.amount_minor == 4500
    assert problems_of(shop.pk) == []


def test_repair_moves_only_along_its_table(line: OrderLine) -> None:
    repair = waiting(line)
    with pytest.raises(InvalidInput, match="Choose a refund"), attempt():
        give_up_repair(repair.pk, wanted="repair", note="", actor=CLERK)
    send_back(repair.pk, tracking_code="", actor=CLERK)

    for move in (
        lambda: start_repair(repair.pk, actor=CLERK),
        lambda: give_up_repair(repair.pk, wanted="refund", note="", actor=CLERK),
    ):
        with pytest.raises(InvalidTransition), attempt():
            move()
    with pytest.raises(NotFound), transaction.atomic():
        start_repair(new_id(), actor=CLERK)
    assert Refund.objects.count() == 0


def test_repair_that_is_not_accepted_is_none(line: OrderLine) -> None:
    flows.received(to_repair(line))
    unit = Inspection.objects.get()
    inspect_unit(
        unit.pk, grade="D", disposition="dispose", accepted=False, rejection="Broken on purpose",
        actor=CLERK, expected_version=unit.version,
    )  # fmt: skip

    assert Repair.objects.count() == 0
