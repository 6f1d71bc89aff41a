"""Changing a return before its parcel moves: units, outcomes, parcel, promise, and one mail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from inventory.models import Reservation
from notifications.models import Message
from refunds.models import Refund
from returns_portal.activity.models import Event
from returns_portal.commerce.models import Order, OrderLine
from returns_portal.core.actor import SHOPPER, SYSTEM
from returns_portal.core.clock import now, shifted
from returns_portal.core.errors import Conflict, DomainError, InvalidTransition, PolicyRefused
from returns_portal.core.ids import new_token
from returns_portal.core.invariants import problems_of
from returns_portal.tenancy.models import Merchant
from rma.actions.changing import change_return, open_change
from rma.actions.review import ask_for_information, cancel_return
from rma.actions.shipping import set_own_tracking
from rma.models import Exchange, Promise, Return, ReturnChange, ReturnLine, Shipment
from rma.replaying import replayed_returns
from tests import flows
from tests.portal.conftest import publish, sizes

AT_APPROVAL = {"refund": "approval", "store_credit": "inspection", "exchange": "inspection"}


@pytest.fixture
def order(shop: Merchant) -> Order:
    return flows.order(prices=(8550, 11700), quantity=2)


@pytest.fixture
def lines(order: Order) -> list[OrderLine]:
    return flows.lines_of(order)


@pytest.fixture
def rma(order: Order, lines: list[OrderLine]) -> Return:
    """Return an approved return of one unit of the first item, its label made."""
    return flows.approved(order, flows.wish(lines[0]))


def change(rma: Return, *wishes: Any, **options: Any) -> Return:
    with transaction.atomic():
        known = {
            "method": rma.method,
            "revision": ReturnChange.objects.filter(rma=rma).count(),
            "operation_id": new_token(),
            "actor": SHOPPER,
        }
        return change_return(rma.pk, lines=list(wishes), **{**known, **options})


def claimed(order: Order) -> list[int]:
    return [line.claimed_quantity for line in flows.lines_of(order)]


def rows(rma: Return) -> list[tuple[str, int, str, str]]:
    found = ReturnLine.objects.filter(rma=rma).order_by("position")
    return [(one.order_line.title, one.quantity, one.reason, one.wanted) for one in found]


def kinds(rma: Return) -> list[str]:
    return list(Event.objects.filter(about_id=rma.pk).order_by("pk").values_list("kind", flat=True))


def everything(rma: Return) -> list[Any]:
    """Return all rows that a change could touch."""
    return [
        Return.objects.filter(pk=rma.pk).values().get(),
        list(ReturnLine.objects.filter(rma=rma).order_by("pk").values()),
        list(Shipment.objects.filter(rma=rma).order_by("pk").values()),
        list(Exchange.objects.filter(return_line__rma=rma).order_by("pk").values()),
        list(Promise.objects.filter(rma=rma).order_by("pk").values()),
        list(ReturnChange.objects.filter(rma=rma).values()),
        claimed(rma.order),
        kinds(rma),
    ]


def test_change_adds_and_drops_items_and_moves_exactly_their_units(
    shop: Merchant, order: Order, lines: list[OrderLine], rma: Return
) -> None:
    changed = change(rma, flows.wish(lines[1], quantity=2, reason="too_small"))
    flows.drain()

    assert changed.status == "open"
    assert claimed(order) == [0, 2]
    assert rows(rma) == [("Trail Runner 2", 2, "too_small", "refund")]
    assert changed.expected_minor == 2 * 11700 - changed.fee_minor
    [kept] = ReturnChange.objects.filter(rma=rma)
    assert (kept.revision, kept.changed_by) == (1, SHOPPER.name)
    assert kept.before["lines"] == {
        str(lines[0].pk): {
            "quantity": 1,
            "reason": "changed_mind",
            "comment": "",
            "wanted": "refund",
            "exchange_variant": None,
            "answers": {},
        }
    }
    assert kinds(rma).count("return.changed") == 1
    assert problems_of(shop.pk) == []


def test_change_keeps_the_label_where_the_way_stays_and_tells_it_in_one_mail(
    lines: list[OrderLine], rma: Return
) -> None:
    before = Shipment.objects.get(rma=rma)
    change(rma, flows.wish(lines[0], quantity=2))
    flows.drain()

    after = Shipment.objects.get(rma=rma)
    assert (after.pk, after.status, after.tracking_code) == (
        before.pk,
        "ready",
        before.tracking_code,
    )
    told = Message.objects.filter(rma=rma).order_by("created_at").values_list("kind", flat=True)
    assert list(told) == ["approved", "changed"]
    text = Message.objects.get(kind="changed").text
    assert "Your label stays the same." in text


def test_change_of_the_way_voids_the_label_and_back_again_buys_one_anew(
    shop: Merchant, lines: list[OrderLine], rma: Return
) -> None:
    wish = flows.wish(lines[0])
    change(rma, wish, method="own")
    flows.drain()
    assert [one.status for one in Shipment.objects.filter(rma=rma)] == ["void"]
    assert flows.fresh(rma).stage == "approved"

    change(rma, wish, method="label")
    flows.drain()
    statuses = Shipment.objects.filter(rma=rma).order_by("created_at")
    assert [one.status for one in statuses] == ["void", "ready"]
    assert flows.fresh(rma).stage == "label"
    told = Message.objects.filter(rma=rma).order_by("created_at").values_list("kind", flat=True)
    assert list(told) == ["approved", "changed", "approved"]
    assert problems_of(shop.pk) == []


def test_change_sent_twice_is_one_change(order: Order, lines: list[OrderLine], rma: Return) -> None:
    asked: dict[str, Any] = {"operation_id": "twice", "revision": 0}
    change(rma, flows.wish(lines[0], quantity=2), **asked)
    before = everything(rma)
    change(rma, flows.wish(lines[0], quantity=2), **asked)

    assert everything(rma) == before
    assert claimed(order) == [2, 0]


def test_change_from_a_page_that_is_older_than_another_change_is_refused(
    lines: list[OrderLine], rma: Return
) -> None:
    change(rma, flows.wish(lines[0], quantity=2), revision=0)
    before = everything(rma)

    with pytest.raises(Conflict) as refused:
        change(rma, flows.wish(lines[1]), revision=0)
    assert refused.value.code == "changed_meanwhile"
    assert everything(rma) == before


def test_change_once_the_parcel_moves_is_refused_and_changes_nothing(
    lines: list[OrderLine], rma: Return
) -> None:
    flows.moved(rma)
    before = everything(rma)

    with pytest.raises(InvalidTransition) as refused:
        change(rma, flows.wish(lines[1]))
    assert refused.value.code == "parcel_moving"
    with pytest.raises(InvalidTransition), transaction.atomic():
        open_change(rma.pk, actor=SHOPPER)
    assert everything(rma) == before


def test_change_of_a_parcel_the_shopper_sent_themselves_is_refused(
    order: Order, lines: list[OrderLine]
) -> None:
    rma = flows.approved(order, flows.wish(lines[0]), method="own")
    with transaction.atomic():
        set_own_tracking(rma.pk, actor=SHOPPER, carrier="An Post", tracking_code="RR1234")

    with pytest.raises(InvalidTransition):
        change(rma, flows.wish(lines[0], quantity=2))
    assert claimed(order) == [1, 0]


def test_change_of_a_return_that_is_over_or_asked_about_is_refused(
    lines: list[OrderLine],
) -> None:
    for number, stop in (
        ("NL-2", lambda rma: cancel_return(rma.pk, actor=SHOPPER)),
        ("NL-3", lambda rma: ask_for_information(rma.pk, actor=SYSTEM, question="Which one?")),
    ):
        rma = flows.request(flows.order(number=number, prices=[30000]))
        with transaction.atomic():
            stop(rma)
        before = everything(rma)
        with pytest.raises(InvalidTransition):
            change(rma, flows.wish(lines[1]))
        assert everything(rma) == before


def test_change_of_a_return_that_is_paid_ahead_is_refused(
    order: Order, lines: list[OrderLine]
) -> None:
    publish(processing=AT_APPROVAL)
    rma = flows.request(order, flows.wish(lines[0]))
    assert rma.part_settled
    before = everything(rma)

    with pytest.raises(InvalidTransition) as refused:
        change(rma, flows.wish(lines[1]))
    assert refused.value.code == "paid_early"
    assert everything(rma) == before


def test_change_to_what_is_paid_at_approval_pays_it_once(
    order: Order, lines: list[OrderLine], rma: Return
) -> None:
    publish(processing=AT_APPROVAL)
    changed = change(rma, flows.wish(lines[1]))
    flows.drain()

    assert flows.fresh(changed).part_settled
    [refund] = Refund.objects.all()
    assert refund.amount_minor == changed.expected_minor


def test_change_of_a_withdrawal_is_refused(order: Order, lines: list[OrderLine]) -> None:
    rma = flows.withdrawn(order).rma
    assert rma is not None
    before = everything(rma)

    with pytest.raises(InvalidTransition):
        change(rma, flows.wish(lines[0]))
    assert everything(rma) == before


def test_change_that_the_policy_refuses_changes_nothing(
    order: Order, lines: list[OrderLine], rma: Return
) -> None:
    OrderLine.objects.filter(pk=lines[1].pk).update(is_final_sale=True)
    before = everything(rma)

    with pytest.raises(PolicyRefused) as refused:
        change(rma, flows.wish(lines[0]), flows.wish(lines[1]))
    assert "final sale" in refused.value.message
    assert everything(rma) == before


def test_change_that_wants_more_units_than_are_left_changes_nothing(
    order: Order, lines: list[OrderLine], rma: Return
) -> None:
    flows.request(order, flows.wish(lines[0]))
    before = everything(rma)

    with pytest.raises(DomainError):
        change(rma, flows.wish(lines[0], quantity=2))
    assert everything(rma) == before


def test_change_after_the_window_may_take_away_but_not_add(
    order: Order, lines: list[OrderLine]
) -> None:
    rma = flows.approved(order, flows.wish(lines[0], quantity=2), method="own")
    Return.objects.filter(pk=rma.pk).update(expires_at=now() + timedelta(days=60))
    with shifted(timedelta(days=40)):
        changed = change(rma, flows.wish(lines[0], quantity=1, wanted="store_credit"))
        assert rows(rma) == [("Trail Runner 1", 1, "changed_mind", "store_credit")]
        assert changed.status == "open"
        with pytest.raises(PolicyRefused):
            change(rma, flows.wish(lines[0]), flows.wish(lines[1]))


def test_change_to_what_a_person_decides_waits_and_holds_no_label(
    shop: Merchant, order: Order, lines: list[OrderLine], rma: Return
) -> None:
    publish(approval__max_value_minor=20_000)
    changed = change(rma, flows.wish(lines[1], quantity=2))
    flows.drain()

    assert (changed.status, flows.fresh(rma).stage) == ("requested", "review")
    assert (changed.expires_at, changed.refund_promised_on) == (None, None)
    assert changed.due_at is not None
    assert [one.status for one in Shipment.objects.filter(rma=rma)] == ["void"]
    assert "Send nothing until then." in Message.objects.get(kind="changed").text

    back = change(rma, flows.wish(lines[0]))
    flows.drain()
    assert (back.status, flows.fresh(rma).stage) == ("open", "label")
    statuses = Shipment.objects.filter(rma=rma).order_by("created_at")
    assert [one.status for one in statuses] == ["void", "ready"]
    assert kinds(rma).count("return.approved") == 2
    assert Message.objects.filter(kind="changed").count() == 1
    assert problems_of(shop.pk) == []


def test_change_of_an_exchange_holds_the_new_size_and_frees_the_old(
    shop: Merchant, order: Order, lines: list[OrderLine]
) -> None:
    made = sizes(lines[0], M=1, L=1)
    rma = flows.approved(order, flows.wish(lines[0], wanted="exchange", variant_id=made["M"].pk))
    change(rma, flows.wish(lines[0], wanted="exchange", variant_id=made["L"].pk))

    held = Exchange.objects.order_by("created_at").values_list("variant__title", "status")
    assert list(held) == [("M", "cancelled"), ("L", "reserved")]
    change(rma, flows.wish(lines[0]))
    assert {one.status for one in Exchange.objects.all()} == {"cancelled"}
    change(rma, flows.wish(lines[1]))
    assert not Exchange.objects.exists()
    assert {one.status for one in Reservation.objects.all()} == {"cancelled"}
    assert problems_of(shop.pk) == []


def test_change_to_an_exchange_that_is_sold_out_changes_nothing(
    order: Order, lines: list[OrderLine], rma: Return
) -> None:
    made = sizes(lines[0], M=0)
    before = everything(rma)

    with pytest.raises(Conflict):
        change(rma, flows.wish(lines[0], wanted="exchange", variant_id=made["M"].pk))
    assert everything(rma) == before


def test_change_renews_the_promise_and_replays(
    shop: Merchant, lines: list[OrderLine], rma: Return
) -> None:
    with shifted(timedelta(days=2)):
        changed = change(rma, flows.wish(lines[0], quantity=2))

    steps = Promise.objects.filter(rma=rma).order_by("recorded_at")
    assert [one.step for one in steps] == ["made", "changed"]
    assert steps[1].promised_on == changed.refund_promised_on
    assert steps[1].promised_on - steps[0].promised_on == timedelta(days=2)
    assert [one.differences for page in replayed_returns() for one in page] == [()]


def test_change_from_then_on_is_received_and_paid_as_changed(
    shop: Merchant, order: Order, lines: list[OrderLine], rma: Return
) -> None:
    change(rma, flows.wish(lines[0]), flows.wish(lines[1]))
    paid = flows.inspected(flows.received(rma))
    flows.drain()

    assert flows.fresh(paid).stage == "refunded"
    assert claimed(order) == [1, 1]
    assert problems_of(shop.pk) == []


def test_open_change_begins_with_what_the_return_asks_for(
    order: Order, lines: list[OrderLine], rma: Return
) -> None:
    with transaction.atomic():
        draft = open_change(rma.pk, actor=SHOPPER)

    assert (draft.changes_id, draft.revision) == (rma.pk, 0)
    assert draft.content["method"] == "label"
    assert list(draft.content["lines"]) == [str(lines[0].pk)]
    assert everything(rma)[5] == []


def test_what_was_before_a_change_is_never_rewritten(lines: list[OrderLine], rma: Return) -> None:
    change(rma, flows.wish(lines[0], quantity=2))

    with pytest.raises(Exception, match="append"), transaction.atomic(), connection.cursor() as sql:
        sql.execute("UPDATE rma_returnchange SET revision = 9")
