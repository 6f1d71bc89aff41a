"""The same again for what was faulty or wrong: no money moves, and nobody pays twice."""

from __future__ import annotations

import pytest
from django.db import transaction

from notifications.models import Message
from refunds.models import Refund
from returns_portal.commerce.models import OrderLine
from returns_portal.core.actor import Actor, ActorKind
from returns_portal.core.db import attempt
from returns_portal.core.errors import Conflict, InvalidInput, PolicyRefused
from returns_portal.core.ids import new_id
from returns_portal.core.invariants import problems_of
from returns_portal.tenancy.models import Merchant
from rma.actions.exchange import ship_exchange
from rma.actions.review import cancel_return
from rma.models import Exchange, PolicyVersion, Resolution, Return, ReturnLine
from tests import flows
from tests.inventory.stock import stock_of
from tests.portal.conftest import publish

pytestmark = pytest.mark.usefixtures("shop")
CLERK = Actor(ActorKind.MEMBER, id="3", name="Cleo Clerk")


@pytest.fixture
def line(shop: Merchant) -> OrderLine:
    """Return a line of two units, of which three are in stock, whose faults are replaced."""
    live = PolicyVersion.objects.get(status="live").document
    reasons = [
        {**one, "resolutions": ["replacement", "refund"]} if one["key"] == "wrong_item" else one
        for one in live["reasons"]
    ]
    publish(reasons=reasons)
    [found] = flows.lines_of(flows.order(quantity=2))
    flows.stock(found, 3)
    return found


def replaced(line: OrderLine, *, quantity: int = 1, reason: str = "wrong_item") -> Return:
    wish = flows.wish(line, quantity=quantity, wanted="replacement", reason=reason)
    return flows.request(line.order, wish, method="own")


def test_replacement_sends_the_same_again_and_moves_no_money(
    shop: Merchant, line: OrderLine
) -> None:
    rma = replaced(line, quantity=2)
    exchange, asked = Exchange.objects.get(), ReturnLine.objects.get()
    assert (rma.status, rma.expected_minor, rma.fee_minor) == ("open", 0, 0)
    assert (asked.wanted, asked.exchange_variant_id) == ("replacement", line.variant_id)
    assert (exchange.variant_id, exchange.quantity) == (line.variant_id, 2)
    assert stock_of(line.variant) == {"sellable": 1, "reserved": 2}

    rma = flows.inspected(flows.received(rma), grade="D", disposition="dispose")
    resolution = Resolution.objects.get()
    assert (resolution.kind, resolution.status, resolution.amount_minor) == (
        "replacement", "executing", 0,
    )  # fmt: skip
    ship_exchange(exchange.pk, actor=CLERK, tracking_code="T1")
    flows.drain()

    after = flows.fresh(rma)
    assert (after.status, after.stage) == ("closed", "replaced")
    assert Refund.objects.count() == 0
    assert stock_of(line.variant) == {"sellable": 1, "shipped": 2, "disposed": 2}
    message = Message.objects.get(kind="exchange_sent")
    assert message.subject == f"Your replacement is on its way ({rma.number})"
    assert "Your replacement is on its way" in message.text
    assert problems_of(shop.pk) == []


def test_replaced_units_are_never_refunded_as_well(line: OrderLine) -> None:
    flows.inspected(flows.received(replaced(line)), grade="D", disposition="dispose")

    other = flows.wish(line, quantity=1, reason="wrong_item", wanted="refund")
    assert flows.request(line.order, other, method="own").expected_minor == 4500
    with pytest.raises((Conflict, PolicyRefused)), attempt():
        flows.request(line.order, other, method="own")


def test_replacement_is_freed_when_the_return_is_cancelled(shop: Merchant, line: OrderLine) -> None:
    rma = replaced(line)

    cancel_return(rma.pk, actor=CLERK)

    assert stock_of(line.variant) == {"sellable": 3}
    assert problems_of(shop.pk) == []


def test_replacement_that_is_sold_out_keeps_nothing(line: OrderLine) -> None:
    flows.stock(line, 0)

    with pytest.raises(Conflict, match="sold out"), attempt():
        replaced(line)

    assert Return.objects.count() == 0
    assert OrderLine.objects.get().claimed_quantity == 0


def test_replacement_for_a_reason_that_has_none_is_refused(line: OrderLine) -> None:
    with pytest.raises(PolicyRefused), attempt():
        replaced(line, reason="changed_mind")

    assert Return.objects.count() == 0


def test_replacement_of_what_the_catalogue_does_not_know_is_refused(line: OrderLine) -> None:
    with transaction.atomic():
        OrderLine.objects.filter(pk=line.pk).update(variant=None)

    with pytest.raises(InvalidInput, match="not in the catalogue"), attempt():
        replaced(line)

    assert Return.objects.count() == 0


def test_replacement_ignores_another_variant_that_is_named(line: OrderLine) -> None:
    wish = flows.wish(line, wanted="replacement", reason="wrong_item", variant_id=new_id())

    flows.request(line.order, wish, method="own", channel="api")

    assert Exchange.objects.get().variant_id == line.variant_id
