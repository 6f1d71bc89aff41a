"""When the money moves: each moment pays once, and what comes later never pays again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from inventory.models import Location
from refunds.actions.request import cancel_refund
from refunds.models import BuiltinGatewayRefund, Refund, StoreCreditEntry
from returns_portal.activity.models import Event, StaffTask
from returns_portal.core.actor import SYSTEM, Actor, ActorKind
from returns_portal.core.clock import now, shifted, today
from returns_portal.core.crashpoints import armed
from returns_portal.core.errors import Conflict, InvalidTransition
from returns_portal.core.ids import new_token
from returns_portal.core.invariants import problems_of
from returns_portal.tenancy.models import Merchant
from rma.actions.early import pay_ahead
from rma.actions.inspection import inspect_unit
from rma.actions.policy import publish_policy, save_draft
from rma.actions.receiving import ReceivedUnits, receive_parcel
from rma.actions.resolution import commit_resolution
from rma.actions.review import cancel_return, expire_due_returns
from rma.actions.shipping import set_own_tracking
from rma.actions.tracking import record_scans
from rma.carriers.base import TrackingScan, TrackingStatus
from rma.models import Exchange, Inspection, Promise, Resolution, Return, Shipment
from rma.policy.document import default_policy
from rma.states import ReceiptLineStatus
from tests import flows
from tests.rma.policy.test_own_rules import do, rule, when

pytestmark = pytest.mark.django_db(transaction=True)

Found = ReceiptLineStatus
OWNER = Actor(ActorKind.MEMBER, "u1", "Olga", frozenset({"refunds:grant", "refunds:send"}))
INSPECTION = {"refund": "inspection", "store_credit": "inspection", "exchange": "inspection"}


@pytest.fixture
def shop(scoped: Merchant) -> Merchant:
    return flows.open_for_business(scoped)


def publish(*rules: dict[str, Any], risk: dict[str, Any] | None = None, **moments: str) -> None:
    document = default_policy("EUR")
    document["rules"] = list(rules)
    if moments:
        document["processing"] = INSPECTION | moments
    if risk:
        document["risk"] = risk
    with transaction.atomic():
        save_draft(document, actor=SYSTEM)
        publish_policy(actor=SYSTEM)


def refunds(rma: Return) -> list[tuple[int, str]]:
    with transaction.atomic():
        rows = Refund.objects.filter(about_id=rma.pk).order_by("pk")
        return list(rows.values_list("amount_minor", "status"))


def tasks() -> list[tuple[str, str]]:
    with transaction.atomic():
        return list(StaffTask.objects.order_by("pk").values_list("kind", "title"))


def receive(rma: Return, *units: tuple[int, Found]) -> None:
    with transaction.atomic():
        line = rma.lines.get()
        receive_parcel(
            rma.pk,
            location_id=Location.objects.get(is_default=True).pk,
            units=[ReceivedUnits(line.pk, quantity, found) for quantity, found in units],
            operation_id=new_token(),
            actor=SYSTEM,
        )


def refuse(rma: Return) -> None:
    """Refuse one waiting unit at the bench."""
    with transaction.atomic():
        unit = Inspection.objects.filter(rma=rma, status="pending").order_by("pk")[0]
        inspect_unit(
            unit.pk,
            grade="D",
            disposition="dispose",
            accepted=False,
            actor=SYSTEM,
            expected_version=unit.version,
            rejection="Worn on the street",
        )


def at_approval(placed: Any) -> Return:
    return flows.approved(placed)


def at_scan(placed: Any) -> Return:
    rma = flows.approved(placed)
    assert refunds(rma) == []
    return flows.moved(rma, 1)


def at_delivery(placed: Any) -> Return:
    rma = flows.moved(flows.approved(placed), 1)
    assert (rma.stage, refunds(rma)) == ("transit", [])
    return flows.moved(rma, 4)


@pytest.mark.parametrize(
    ("moment", "until", "stage"),
    [
        ("approval", at_approval, "label"),
        ("first_scan", at_scan, "transit"),
        ("delivery", at_delivery, "received"),
    ],
)
def test_each_moment_pays_once_and_inspection_pays_nothing_more(
    shop: Merchant, moment: str, until: Callable[[Any], Return], stage: str
) -> None:
    publish(refund=moment)

    rma = until(flows.order())

    assert rma.processing == {"refund": moment}
    assert (rma.status, rma.stage, rma.part_settled) == ("open", stage, True)
    assert refunds(rma) == [(4005, "succeeded")]
    assert problems_of(shop.pk) == []
    rma = flows.inspected(flows.received(rma))
    flows.drain()
    rma = flows.fresh(rma)
    assert (rma.status, rma.stage, rma.part_settled) == ("closed", "refunded", False)
    assert refunds(rma) == [(4005, "succeeded")]
    with transaction.atomic():
        assert Resolution.objects.filter(rma=rma).count() == 1
        facts = list(
            Event.objects.filter(about_id=rma.pk, kind="resolution.committed")
            .order_by("pk")
            .values_list("facts", flat=True)
        )
    assert [one.get("ahead") for one in facts] == [{"refund": moment}, None]
    assert facts[1]["amounts"] == {}
    assert tasks() == []
    assert problems_of(shop.pk) == []


def test_default_waits_for_the_inspection_and_records_nothing_new(shop: Merchant) -> None:
    rma = flows.moved(flows.approved(flows.order()), 5)

    assert (rma.processing, rma.part_settled, refunds(rma)) == ({}, False, [])
    assert not [one for one in rma.decision["rules_spoken"] if one["key"] == "processing"]


def test_receipt_pays_what_the_carrier_never_scanned(shop: Merchant) -> None:
    publish(refund="first_scan")
    rma = flows.approved(flows.order(), method="own")
    with transaction.atomic():
        set_own_tracking(rma.pk, actor=SYSTEM, carrier="Post", tracking_code="XX12345678")
    assert refunds(rma) == []

    rma = flows.received(rma)

    assert refunds(rma) == [(4500, "approved")]
    assert rma.part_settled


def test_wrong_item_is_not_paid_before_somebody_accepts_it(shop: Merchant) -> None:
    publish(refund="delivery")
    rma = flows.approved(flows.order(), method="own")

    receive(rma, (1, Found.WRONG_ITEM))
    assert refunds(rma) == []
    flows.inspected(rma)

    assert refunds(rma) == [(4500, "approved")]


def test_short_parcel_is_left_to_the_inspection(shop: Merchant) -> None:
    publish(refund="delivery")
    placed = flows.order(quantity=2)
    rma = flows.approved(placed, flows.wish(flows.lines_of(placed)[0], quantity=2), method="own")

    receive(rma, (1, Found.RECEIVED), (1, Found.SHORT))

    assert refunds(rma) == []
    flows.inspected(rma)
    assert refunds(rma) == []
    assert ("settle_return", f"{rma.number} is inspected and waits to be settled") in tasks()


@pytest.mark.parametrize("by", ["missing", "refused"])
def test_units_paid_too_early_are_a_task_with_the_amount(shop: Merchant, by: str) -> None:
    publish(refund="first_scan")
    placed = flows.order(quantity=2)
    rma = flows.approved(placed, flows.wish(flows.lines_of(placed)[0], quantity=2))
    rma = flows.moved(rma, 1)
    assert refunds(rma) == [(8505, "succeeded")]

    if by == "missing":
        receive(rma, (1, Found.RECEIVED), (1, Found.SHORT))
    else:
        receive(rma, (2, Found.RECEIVED))
        refuse(rma)
    flows.inspected(rma)
    flows.drain()

    assert refunds(rma) == [(8505, "succeeded")]
    assert flows.fresh(rma).status == "closed"
    with transaction.atomic():
        task = StaffTask.objects.get(kind="paid_early")
    assert task.title == f"{rma.number}: €45.00 paid at the first carrier scan too early"
    missing, refused = (1, 0) if by == "missing" else (0, 1)
    assert task.detail.startswith(
        f"Of the units paid for ahead, {missing} did not come and {refused} were not accepted."
    )
    # What was paid for can't be sent back, and paid, a second time.
    assert flows.lines_of(placed)[0].claimed_quantity == 2
    assert problems_of(shop.pk) == []


def test_empty_parcel_ends_a_return_that_was_paid(shop: Merchant) -> None:
    publish(refund="first_scan")
    rma = flows.moved(flows.approved(flows.order()), 1)

    receive(rma, (1, Found.SHORT))

    assert flows.fresh(rma).status == "closed"
    assert refunds(rma) == [(4005, "succeeded")]
    assert ("paid_early", f"{rma.number}: €40.05 paid at the first carrier scan too early") in [
        *tasks()
    ]
    assert problems_of(shop.pk) == []


def test_kinds_move_at_their_own_moments_and_share_one_fee(shop: Merchant) -> None:
    publish(refund="first_scan")
    placed = flows.order(prices=(4500, 3000))
    first, second = flows.lines_of(placed)
    rma = flows.approved(placed, flows.wish(first), flows.wish(second, wanted="store_credit"))
    assert rma.expected_minor == 7005

    rma = flows.moved(rma, 1)

    assert refunds(rma) == [(4005, "succeeded")]
    with transaction.atomic():
        assert not StoreCreditEntry.objects.exists()
        assert not Promise.objects.filter(step="kept").exists()
    rma = flows.inspected(flows.received(rma))
    flows.drain()
    assert refunds(rma) == [(4005, "succeeded")]
    with transaction.atomic():
        assert StoreCreditEntry.objects.get().amount_minor == 3000
        assert Promise.objects.filter(step="kept").count() == 1
    assert flows.fresh(rma).status == "closed"
    assert problems_of(shop.pk) == []


def test_exchange_is_released_at_the_scan_for_the_units_approved(shop: Merchant) -> None:
    publish(exchange="first_scan")
    placed = flows.order()
    line = flows.lines_of(placed)[0]
    flows.stock(line, 3)
    swap = flows.wish(line, wanted="exchange", variant_id=line.variant_id)
    rma = flows.approved(placed, swap)
    with transaction.atomic():
        assert Exchange.objects.get().status == "reserved"

    flows.moved(rma, 1)

    with transaction.atomic():
        assert Exchange.objects.get().status == "released"
    assert problems_of(shop.pk) == []


def test_rule_never_releases_an_exchange_at_approval(shop: Merchant) -> None:
    publish(rule(None, do("process_at", "approval")))
    placed = flows.order()
    line = flows.lines_of(placed)[0]
    flows.stock(line, 3)

    rma = flows.approved(placed, flows.wish(line, wanted="exchange", variant_id=line.variant_id))

    assert rma.processing == {}
    with transaction.atomic():
        assert Exchange.objects.get().status == "reserved"


def test_most_cautious_item_says_when(shop: Merchant) -> None:
    slow = rule(when("item.title", "matches", ["*runner 2"]), do("process_at", "inspection"))
    publish(slow, refund="approval")
    placed = flows.order(prices=(4500, 3000))

    rma = flows.approved(placed, *(flows.wish(line) for line in flows.lines_of(placed)))

    assert (rma.processing, refunds(rma)) == ({}, [])


@pytest.mark.parametrize(("shadow", "paid"), [(False, []), (True, [(4005, "succeeded")])])
def test_risk_holds_what_would_be_paid_at_once_but_not_in_shadow(
    shop: Merchant, shadow: bool, paid: list[tuple[int, str]]
) -> None:
    publish(
        rule(None, do("risk_points", 40), name="Watched"),
        risk={"review_at": 70, "hold_at": 40, "shadow": shadow},
        refund="approval",
    )

    rma = flows.approved(flows.order())

    assert refunds(rma) == paid
    said = next(one for one in rma.decision["rules_spoken"] if one["key"] == "processing")
    assert said["facts"]["held"] is not shadow
    assert said["staff"] == (
        "Refund at approval. Would be held, risk score 40 of 40. Only noted."
        if shadow
        else "Refund after the inspection. Held until the inspection: risk score 40 of 40."
    )


def test_paid_return_is_neither_cancelled_nor_does_it_run_out(shop: Merchant) -> None:
    publish(refund="approval")
    placed = flows.order()
    rma = flows.approved(placed)
    before = refunds(rma)

    with transaction.atomic(), pytest.raises(InvalidTransition) as refusal:
        cancel_return(rma.pk, actor=SYSTEM)

    assert refusal.value.code == "paid_early"
    with shifted(timedelta(days=20)):
        assert expire_due_returns() == 0
        assert expire_due_returns() == 0
    rma = flows.fresh(rma)
    assert (rma.status, rma.expires_at, refunds(rma)) == ("open", None, before)
    assert (
        "paid_early",
        f"{rma.number}: €40.05 was paid, and the goods were not sent in time",
    ) in [*tasks()]
    assert flows.lines_of(placed)[0].claimed_quantity == 1


def test_promise_counts_from_the_moment(shop: Merchant) -> None:
    publish(refund="approval")
    rma = flows.approved(flows.order())
    day = today(shop.time_zone)

    assert rma.refund_promised_on == day + timedelta(days=5)
    with transaction.atomic():
        steps = list(Promise.objects.order_by("pk").values_list("step", "rule"))
    assert steps == [("made", "approval"), ("kept", "")]

    publish(refund="first_scan")
    rma = flows.approved(flows.order(number="NL-1002"))
    assert rma.refund_promised_on == day + timedelta(days=19)
    rma = flows.moved(rma, 1)
    assert rma.refund_promised_on == day + timedelta(days=5)
    with transaction.atomic():
        steps = list(Promise.objects.filter(rma=rma).order_by("pk").values_list("step", "rule"))
    assert steps == [("made", "send_window"), ("changed", "scan"), ("kept", "")]


def test_by_hand_waits_for_a_person_before_and_after_the_goods(shop: Merchant) -> None:
    publish(refund="hand")
    rma = flows.inspected(flows.received(flows.approved(flows.order())))
    assert refunds(rma) == []
    assert tasks() == [("settle_return", f"{rma.number} is inspected and waits to be settled")]

    with transaction.atomic():
        commit_resolution(rma.pk, actor=SYSTEM)
        commit_resolution(rma.pk, actor=SYSTEM)

    assert refunds(rma) == [(4005, "approved")]
    other = flows.approved(flows.order(number="NL-1002"))
    with transaction.atomic():
        pay_ahead(other.pk, actor=SYSTEM)
        pay_ahead(other.pk, actor=SYSTEM)
    assert refunds(other) == [(4005, "approved")]
    assert flows.fresh(other).part_settled


def test_pay_ahead_is_refused_once_goods_have_come(shop: Merchant) -> None:
    publish(refund="hand")
    rma = flows.received(flows.approved(flows.order()))

    with transaction.atomic(), pytest.raises(Conflict) as refusal:
        pay_ahead(rma.pk, actor=SYSTEM)

    assert refusal.value.code == "goods_came"
    assert refunds(rma) == []


def test_refund_taken_back_is_not_paid_again_by_the_next_scan(shop: Merchant) -> None:
    with transaction.atomic():
        Merchant.objects.filter(pk=shop.pk).update(second_person_above_minor=1000)
    publish(refund="approval")
    rma = flows.approved(flows.order())
    assert refunds(rma) == [(4005, "requested")]
    with transaction.atomic():
        cancel_refund(Refund.objects.get().pk, actor=OWNER)
    flows.drain()
    assert not flows.fresh(rma).part_settled

    rma = flows.moved(rma, 5)

    assert refunds(rma) == [(4005, "cancelled")]
    rma = flows.inspected(flows.received(rma))
    assert refunds(rma) == [(4005, "cancelled"), (4005, "requested")]
    assert problems_of(shop.pk) == []


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


@pytest.mark.parametrize(
    "point", ["call.before_claim", "call.claimed", "call.answered", "call.finished"]
)
def test_worker_killed_after_the_scan_leaves_one_refund(shop: Merchant, point: str) -> None:
    publish(refund="first_scan")
    rma = flows.approved(flows.order())
    with transaction.atomic():
        shipment = Shipment.objects.get(rma=rma)
        scan = TrackingScan(TrackingStatus.IN_TRANSIT, now())
        record_scans(shipment.pk, [scan], actor=SYSTEM)
    assert refunds(rma) == [(4005, "approved")]

    def die() -> None:
        connection.close()
        raise Killed

    armed[point] = die
    with pytest.raises(Killed):
        flows.drain()
    armed.clear()
    for minutes in (4, 9, 20, 60, 130):
        with shifted(timedelta(minutes=minutes)):
            flows.drain()

    assert refunds(rma) == [(4005, "succeeded")]
    with transaction.atomic():
        paid = BuiltinGatewayRefund.objects.values_list("amount_minor", flat=True)
        assert list(paid) == [4005]
    assert problems_of(shop.pk) == []


@pytest.mark.parametrize(("moment", "at"), [("first_scan", "first_scan"), ("hand", "inspection")])
def test_withdrawal_follows_the_policy_only_where_that_pays_sooner(
    shop: Merchant, moment: str, at: str
) -> None:
    publish(rule(None, do("process_at", "approval")), refund=moment)

    rma = flows.withdrawn(flows.order()).rma

    assert rma is not None
    said = next(one for one in rma.decision["rules_spoken"] if one["key"] == "processing")
    assert said["facts"] == {"at": {"refund": at}, "held": False}
    flows.drain()
    assert refunds(rma) == []
    flows.moved(rma, 1)
    assert [status for _, status in refunds(rma)] == (["succeeded"] if moment != "hand" else [])
