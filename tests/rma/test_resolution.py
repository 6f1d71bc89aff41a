"""Settling: what was accepted is paid once, by one calculation for preview and commit."""

from __future__ import annotations

import pytest
from django.db import transaction

from inventory.models import Location, Reservation
from refunds.actions.request import approve_refund
from refunds.actions.settle import apply_provider_status
from refunds.models import Refund, RefundAllocation, StoreCredit
from refunds.providers.base import RefundAnswer, RefundStatus
from returns_portal.activity.deliver import deliver_due
from returns_portal.activity.models import Event, StaffTask
from returns_portal.commerce.models import OrderLine, Variant
from returns_portal.core.actor import SYSTEM, Actor, ActorKind
from returns_portal.core.db import attempt
from returns_portal.core.errors import Conflict, InvalidTransition, NotFound
from returns_portal.core.ids import new_id
from returns_portal.core.invariants import problems_of
from returns_portal.tenancy.models import Merchant
from rma.actions.exchange import cancel_exchange, reserve_exchange, ship_exchange
from rma.actions.inspection import inspect_unit
from rma.actions.receiving import ReceivedUnits
from rma.actions.resolution import commit_resolution, preview_resolution
from rma.actions.review import cancel_return
from rma.handlers import follow_refund
from rma.models import Exchange, Inspection, Resolution
from rma.states import ReceiptLineStatus as Found
from tests import flows
from tests.inventory.stock import stock_of
from tests.refunds.money import FINANCE
from tests.rma.returning import make_order
from tests.rma.test_receiving import line_of, receive

pytestmark = pytest.mark.usefixtures("shop")
CLERK = Actor(ActorKind.MEMBER, id="3", name="Cleo Clerk")


def asked(*, quantity=2, wanted="refund", variant=None, number="NL-1001"):
    placed = flows.order(quantity=quantity, number=number)
    line = flows.lines_of(placed)[0]
    wish = flows.wish(
        line,
        quantity=quantity,
        wanted=wanted,
        reason="too_small" if variant else "changed_mind",
        variant_id=variant.pk if variant else None,
    )
    return flows.request(placed, wish, method="own")


def look_at(rma, *accepted):
    """Inspect the units in order, accepting or rejecting each."""
    for unit, fine in zip(Inspection.objects.filter(rma=rma).order_by("pk"), accepted, strict=True):
        inspect_unit(
            unit.pk,
            grade="A" if fine else "D",
            disposition="restock" if fine else "dispose",
            accepted=fine,
            rejection="" if fine else "Worn",
            actor=CLERK,
            expected_version=1,
        )
    return flows.fresh(rma)


def provider_says(status):
    part = RefundAllocation.objects.get()
    answer = RefundAnswer(
        provider_refund_id=part.provider_refund_id or "re_1", status=status, amount=part.amount
    )
    apply_provider_status(part.pk, answer, actor=SYSTEM)


def test_preview_and_commit_pay_the_same_for_what_was_accepted(shop):
    rma = look_at(flows.received(asked()), True, False)
    preview = preview_resolution(rma.pk)
    assert (preview.accepted, preview.rejected, preview.blocker) == (1, 1, "")
    assert preview.needs_person

    [resolution] = commit_resolution(rma.pk, actor=CLERK)

    assert resolution.amount == preview.refund == Refund.objects.get().amount
    assert 0 < resolution.amount_minor < rma.expected_minor
    assert resolution.decided_by == "Cleo Clerk"
    assert Refund.objects.get().key == f"resolution:{resolution.pk}"
    assert StaffTask.objects.get(kind="settle_return").status == "done"
    event = Event.objects.get(kind="resolution.committed")
    assert (event.facts["accepted"], event.facts["rejected"]) == (1, 1)
    assert line_of(rma).is_accepted is True
    assert problems_of(shop.pk) == []


def test_commit_twice_pays_once():
    rma = look_at(flows.received(asked()), True, False)

    first = commit_resolution(rma.pk, actor=CLERK)
    second = commit_resolution(rma.pk, actor=CLERK)

    assert [one.pk for one in first] == [one.pk for one in second]
    assert Refund.objects.count() == 1


def test_commit_while_units_wait_at_the_bench_is_refused():
    rma = flows.received(asked())

    with pytest.raises(Conflict, match="2 units wait"), attempt():
        commit_resolution(rma.pk, actor=CLERK)

    assert Resolution.objects.count() == 0


def test_commit_before_anything_came_is_refused():
    rma = asked()

    with pytest.raises(Conflict, match="Nothing has been received"), attempt():
        commit_resolution(rma.pk, actor=CLERK)


def test_commit_of_a_cancelled_return_is_refused():
    rma = asked()
    cancel_return(rma.pk, actor=CLERK)
    look_at(flows.received(rma), True, True)

    with pytest.raises(InvalidTransition), attempt():
        commit_resolution(rma.pk, actor=CLERK)

    assert Resolution.objects.count() == 0


def test_preview_of_an_unknown_return_is_not_found():
    with pytest.raises(NotFound):
        preview_resolution(new_id())


def test_commit_with_a_missing_unit_pays_the_rest_and_frees_the_claim(shop):
    rma = asked()
    line = line_of(rma)
    receive(rma, ReceivedUnits(line.pk, 1, Found.RECEIVED), ReceivedUnits(line.pk, 1, Found.SHORT))
    look_at(rma, True)
    assert Refund.objects.count() == 0
    assert StaffTask.objects.filter(kind="settle_return").count() == 1

    commit_resolution(rma.pk, actor=CLERK)

    assert OrderLine.objects.get().claimed_quantity == 1
    assert line_of(rma).released_quantity == 1
    assert problems_of(shop.pk) == []


def test_unit_that_comes_after_the_settlement_is_left_to_a_person(shop):
    rma = asked()
    line = line_of(rma)
    receive(rma, ReceivedUnits(line.pk, 1, Found.RECEIVED), ReceivedUnits(line.pk, 1, Found.SHORT))
    look_at(rma, True)
    commit_resolution(rma.pk, actor=CLERK)
    receive(rma, ReceivedUnits(line.pk, 1, Found.RECEIVED))
    flows.drain()
    assert flows.fresh(rma).status == "open"

    late = Inspection.objects.get(status="pending")
    inspect_unit(
        late.pk, grade="A", disposition="restock", accepted=True, actor=CLERK, expected_version=1
    )

    assert flows.fresh(rma).status == "closed"
    assert Refund.objects.count() == 1
    assert (
        "after the return was settled"
        in StaffTask.objects.get(kind="settle_return", status="open").detail
    )
    assert problems_of(shop.pk) == []


def test_commit_with_nothing_accepted_closes_without_money(shop):
    rma = look_at(flows.received(asked()), False, False)

    assert commit_resolution(rma.pk, actor=CLERK) == []

    after = flows.fresh(rma)
    assert (after.status, after.stage) == ("closed", "closed")
    assert Refund.objects.count() == 0
    assert Event.objects.get(kind="return.closed").facts["outcome"] == "not_accepted"
    assert line_of(rma).is_accepted is False
    assert problems_of(shop.pk) == []


def test_store_credit_is_settled_at_once_and_closes_the_return(shop):
    rma = look_at(flows.received(asked(wanted="store_credit")), True, True)

    resolution = Resolution.objects.get()
    assert (resolution.kind, resolution.status) == ("store_credit", "settled")
    assert StoreCredit.objects.get().balance == resolution.amount
    assert resolution.credit_entry.amount_minor == resolution.amount_minor
    assert (rma.status, rma.stage) == ("closed", "credited")
    assert Refund.objects.count() == 0
    assert problems_of(shop.pk) == []


def test_store_credit_without_a_customer_is_left_to_a_person(shop):
    rma = asked(wanted="store_credit")
    type(rma.order).objects.filter(pk=rma.order_id).update(customer=None)

    look_at(flows.received(rma), True, True)

    assert Resolution.objects.count() == 0
    assert "no customer" in StaffTask.objects.get(kind="settle_return").detail
    assert Inspection.objects.filter(status="disposed").count() == 2
    assert problems_of(shop.pk) == []


def test_settling_that_fails_halfway_leaves_neither_money_nor_news_of_it(shop):
    placed = flows.order(prices=[4500, 3000])
    goods, credit = flows.lines_of(placed)
    wishes = (flows.wish(goods), flows.wish(credit, wanted="store_credit"))
    rma = flows.request(placed, *wishes, method="own")
    type(placed).objects.filter(pk=placed.pk).update(customer=None)

    look_at(flows.received(rma), True, True)

    assert (Refund.objects.count(), Resolution.objects.count()) == (0, 0)
    kinds = list(Event.objects.filter(about_id=rma.pk).values_list("kind", flat=True))
    assert kinds.count("unit.inspected") == 2
    assert [kind for kind in kinds if kind.startswith(("refund.", "resolution."))] == []
    assert "no customer" in StaffTask.objects.get(kind="settle_return").detail
    assert problems_of(shop.pk) == []


def test_returns_of_one_order_settled_in_turn_pay_what_the_ones_before_left(shop):
    odd = {"quantity": 3, "unit_price_minor": 334, "net_minor": 1000, "paid_minor": 1000}
    order = make_order(lines=[odd], total_minor=1000)

    for _ in range(3):
        flows.inspected(flows.received(flows.request(order, method="own")))

    paid = Resolution.objects.order_by("created_at").values_list("amount_minor", flat=True)
    assert list(paid) == [333, 334, 333]
    assert problems_of(shop.pk) == []


def test_refund_approved_at_once_is_no_news_to_its_return(shop):
    look_at(flows.received(asked()), True, True)

    approved = Event.objects.get(kind="refund.approved")
    assert approved.facts["at_once"] is True
    assert not approved.deliveries.filter(handler="rma.on_refund").exists()


def test_refund_agreed_to_by_a_second_person_is_under_way(shop):
    Merchant.objects.filter(pk=shop.pk).update(second_person_above_minor=100)
    look_at(flows.received(asked()), True, True)

    approve_refund(Refund.objects.get().pk, actor=FINANCE)
    deliver_due()

    assert Resolution.objects.get().status == "executing"


def test_refund_that_waits_for_a_second_person_is_decided_but_not_under_way(shop):
    Merchant.objects.filter(pk=shop.pk).update(second_person_above_minor=100)

    rma = look_at(flows.received(asked()), True, True)

    assert Refund.objects.get().status == "requested"
    assert Resolution.objects.get().status == "approved"
    assert rma.status == "open"


def test_refund_success_settles_and_closes_and_late_failure_opens_again(shop):
    rma = look_at(flows.received(asked()), True, True)
    flows.drain()
    assert flows.fresh(rma).stage == "refunded"

    provider_says(RefundStatus.FAILED)
    deliver_due()

    after = flows.fresh(rma)
    assert (after.status, after.stage, after.closed_at) == ("open", "failed", None)
    assert Resolution.objects.get().status == "failed"
    assert problems_of(shop.pk) == []


def test_refund_news_twice_and_crossed_ends_the_same(shop):
    rma = look_at(flows.received(asked()), True, True)
    flows.drain()

    follow_refund(Refund.objects.get().pk)
    follow_refund(new_id())

    assert Resolution.objects.get().status == "settled"
    assert Event.objects.filter(about_id=rma.pk, kind="return.closed").count() == 1


@pytest.fixture
def replacement(shop):
    """Another variant of the ordered product, three units on sale."""
    placed = flows.order(number="NL-1000")
    line = flows.lines_of(placed)[0]
    variant = Variant.objects.create(
        product=line.variant.product, source="csv", external_id="V-other", sku="TR-1-40",
        currency="EUR",
    )  # fmt: skip
    flows.stock(_as_line(line, variant), 3)
    return variant


def _as_line(line, variant):
    line.variant = variant
    return line


def test_exchange_is_held_released_and_shipped_once(shop, replacement):
    rma = asked(wanted="exchange", variant=replacement)
    exchange = Exchange.objects.get()
    assert (exchange.status, exchange.quantity) == ("reserved", 2)
    assert stock_of(replacement) == {"reserved": 2, "sellable": 1}
    with pytest.raises(InvalidTransition), attempt():
        ship_exchange(exchange.pk, actor=CLERK, tracking_code="X")

    look_at(flows.received(rma), True, True)
    assert Exchange.objects.get().status == "released"
    assert Resolution.objects.get().status == "executing"

    ship_exchange(exchange.pk, actor=CLERK, tracking_code=" X1 ")
    ship_exchange(exchange.pk, actor=CLERK, tracking_code="X2")

    assert Exchange.objects.get().tracking_code == "X1"
    assert stock_of(replacement) == {"shipped": 2, "sellable": 1}
    after = flows.fresh(rma)
    assert (after.status, after.stage) == ("closed", "exchanged")
    assert Refund.objects.count() == 0
    assert problems_of(shop.pk) == []


def test_exchange_partly_accepted_frees_the_rest(shop, replacement):
    rma = look_at(flows.received(asked(wanted="exchange", variant=replacement)), True, False)

    commit_resolution(rma.pk, actor=CLERK)

    assert Exchange.objects.get().quantity == 1
    assert stock_of(replacement) == {"reserved": 1, "sellable": 2}
    assert problems_of(shop.pk) == []


def test_exchange_not_accepted_is_cancelled(shop, replacement):
    rma = look_at(flows.received(asked(wanted="exchange", variant=replacement)), False, False)

    commit_resolution(rma.pk, actor=CLERK)

    assert Exchange.objects.get().status == "cancelled"
    assert stock_of(replacement) == {"sellable": 3}
    assert flows.fresh(rma).status == "closed"
    assert problems_of(shop.pk) == []


def test_exchange_of_a_cancelled_return_is_freed_once(shop, replacement):
    rma = asked(wanted="exchange", variant=replacement)

    cancel_return(rma.pk, actor=CLERK)
    cancel_exchange(Exchange.objects.get().pk, actor=CLERK)

    assert stock_of(replacement) == {"sellable": 3}
    assert Event.objects.filter(kind="exchange.cancelled").count() == 1
    assert problems_of(shop.pk) == []


def test_exchange_released_can_not_be_cancelled(replacement):
    rma = look_at(flows.received(asked(wanted="exchange", variant=replacement)), True, True)

    with pytest.raises(InvalidTransition), attempt():
        cancel_exchange(Exchange.objects.get().pk, actor=CLERK)

    assert rma.status == "open"


def test_exchange_reserved_twice_for_one_line_is_one(replacement):
    rma = asked(wanted="exchange", variant=replacement)

    again = reserve_exchange(line_of(rma), actor=CLERK)

    assert again.pk == Exchange.objects.get().pk
    assert Reservation.objects.count() == 1


def test_exchange_for_what_is_sold_out_refuses_the_request(shop, replacement):
    with pytest.raises(Conflict, match="sold out"), transaction.atomic():
        asked(quantity=4, wanted="exchange", variant=replacement)

    assert Exchange.objects.count() == 0
    assert Location.objects.count() == 1
    assert problems_of(shop.pk) == []
