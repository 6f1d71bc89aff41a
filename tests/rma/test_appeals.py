"""Objecting: it reaches a person once, within 14 days, and is answered one way or the other."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError

from notifications.models import Message
from refunds.models import Refund
from returns_portal.activity.models import Event, StaffTask
from returns_portal.core.actor import SHOPPER, SYSTEM, Actor, ActorKind
from returns_portal.core.clock import shifted
from returns_portal.core.db import attempt
from returns_portal.core.errors import Conflict, InvalidInput, InvalidTransition
from returns_portal.core.invariants import problems_of
from returns_portal.tenancy.models import Merchant
from rma.actions.appeals import grant_appeal, open_appeal, uphold_decision
from rma.actions.inspection import inspect_unit
from rma.actions.resolution import commit_resolution
from rma.actions.review import approve_return, decline_return
from rma.models import Appeal, Inspection, Promise, Resolution, Return, Shipment
from tests import flows

pytestmark = pytest.mark.usefixtures("shop")
JONAS = Actor(ActorKind.MEMBER, "u1", "Jonas", frozenset({"returns:decide"}))
DEAR = 30000


def declined() -> Return:
    """Return a request that Jonas declined."""
    rma = flows.request(flows.order(prices=[DEAR]))
    decline_return(rma.pk, actor=JONAS, reason="The soles are worn.")
    return flows.fresh(rma)


def refused_by_policy() -> Return:
    return flows.request(flows.order(delivered_days_ago=90))


def refused_at_bench() -> Return:
    """Return a settled return of which nothing was accepted."""
    rma = flows.received(flows.approved(flows.order()))
    refuse_one(rma)
    commit_resolution(rma.pk, actor=JONAS)
    return flows.fresh(rma)


def refuse_one(rma: Return) -> None:
    unit = Inspection.objects.filter(rma=rma, status="pending").order_by("pk")[0]
    inspect_unit(
        unit.pk,
        grade="D",
        disposition="dispose",
        accepted=False,
        rejection="Worn outdoors",
        actor=JONAS,
        expected_version=unit.version,
    )


def kinds(rma: Return) -> list[str]:
    rows = Event.objects.filter(about_id=rma.pk, kind__startswith="appeal.").order_by("id")
    return list(rows.values_list("kind", flat=True))


@pytest.mark.parametrize("story", [declined, refused_by_policy, refused_at_bench])
def test_open_appeal_reaches_a_person_and_the_shopper_is_told(story) -> None:
    rma = story()

    appeal = open_appeal(rma.pk, actor=SHOPPER, words=" Never worn. ")
    flows.drain()

    assert (appeal.status, appeal.words, appeal.decision) == (
        "open", "Never worn.", rma.decline_reason,
    )  # fmt: skip
    task = StaffTask.objects.get(kind="appeal")
    assert (task.status, task.about_id, task.detail) == ("open", rma.pk, "Never worn.")
    assert kinds(rma) == ["appeal.opened"]
    assert Message.objects.filter(rma=rma, kind="appeal_received").count() == 1
    assert flows.fresh(rma).status == rma.status


def test_open_appeal_twice_is_refused_and_the_database_keeps_one() -> None:
    rma = declined()
    open_appeal(rma.pk, actor=SHOPPER, words="Never worn.")

    with pytest.raises(Conflict) as refused, attempt():
        open_appeal(rma.pk, actor=SHOPPER, words="Never worn.")
    with pytest.raises(IntegrityError), attempt():
        Appeal(rma=rma, words="Beside the action").save(force_insert=True)

    assert refused.value.code == "appeal_open"
    assert (Appeal.objects.count(), StaffTask.objects.count()) == (1, 1)
    assert kinds(rma) == ["appeal.opened"]


def test_open_appeal_on_the_last_day_is_taken_and_a_day_later_refused() -> None:
    rma = declined()

    with shifted(timedelta(days=15)), pytest.raises(Conflict) as refused, attempt():
        open_appeal(rma.pk, actor=SHOPPER, words="Never worn.")
    assert refused.value.code == "appeal_closed"
    assert not Appeal.objects.exists()
    with shifted(timedelta(days=14)):
        open_appeal(rma.pk, actor=SHOPPER, words="Never worn.")
    assert Appeal.objects.count() == 1


@pytest.mark.parametrize("words", ["", "  ", "\x00", "x" * 4001])
def test_open_appeal_needs_words(words: str) -> None:
    rma = declined()

    with pytest.raises(InvalidInput) as refused:
        open_appeal(rma.pk, actor=SHOPPER, words=words)

    assert refused.value.field == "words"
    assert not Appeal.objects.exists()


def test_open_appeal_against_an_approval_is_refused() -> None:
    rma = flows.approved(flows.order())

    with pytest.raises(Conflict), attempt():
        open_appeal(rma.pk, actor=SHOPPER, words="More, please.")

    assert not Appeal.objects.exists()


def test_uphold_decision_tells_the_reason_and_ends_it() -> None:
    rma = declined()
    open_appeal(rma.pk, actor=SHOPPER, words="Never worn.")

    uphold_decision(rma.pk, actor=JONAS, answer="There are stones in the soles.")
    flows.drain()

    appeal = Appeal.objects.get()
    assert (appeal.status, appeal.answered_by) == ("upheld", "Jonas")
    assert appeal.answer == "There are stones in the soles."
    assert StaffTask.objects.get(kind="appeal").status == "done"
    assert kinds(rma) == ["appeal.opened", "appeal.answered"]
    message = Message.objects.get(rma=rma, kind="appeal_answered")
    assert "stones in the soles" in message.text
    assert flows.fresh(rma).status == "declined"
    with pytest.raises(Conflict), attempt():
        open_appeal(rma.pk, actor=SHOPPER, words="Once more.")
    with pytest.raises(Conflict), attempt():
        uphold_decision(rma.pk, actor=JONAS, answer="Once more.")


@pytest.mark.parametrize(("story", "price"), [(declined, DEAR), (refused_by_policy, 4500)])
def test_grant_appeal_opens_the_return_with_units_money_promise_and_label(
    shop: Merchant, story, price: int
) -> None:
    rma = story()
    assert flows.lines_of(rma.order)[0].claimed_quantity == 0
    open_appeal(rma.pk, actor=SHOPPER, words="Never worn.")

    grant_appeal(rma.pk, actor=JONAS, answer="You are right.")
    flows.drain()

    rma = flows.fresh(rma)
    assert (rma.status, rma.stage, rma.decline_reason, rma.decided_by) == (
        "open", "label", "", "Jonas",
    )  # fmt: skip
    assert flows.lines_of(rma.order)[0].claimed_quantity == 1
    assert rma.expected_minor + rma.fee_minor == price == rma.lines.get().expected_minor
    assert Promise.objects.get(rma=rma).promised_on == rma.refund_promised_on
    assert Shipment.objects.get(rma=rma).status == "ready"
    assert Appeal.objects.get().status == "granted"
    assert Message.objects.filter(rma=rma, kind="appeal_answered").count() == 1
    assert problems_of(shop.pk) == []


def test_grant_appeal_whose_units_are_in_another_return_changes_nothing() -> None:
    rma = declined()
    flows.request(rma.order)
    open_appeal(rma.pk, actor=SHOPPER, words="Never worn.")

    with pytest.raises(Conflict), attempt():
        grant_appeal(rma.pk, actor=JONAS, answer="You are right.")

    assert flows.fresh(rma).status == "declined"
    assert Appeal.objects.get().status == "open"
    assert flows.lines_of(rma.order)[0].claimed_quantity == 1


def paid(rma: Return) -> list[tuple[str, int, int]]:
    """Return the settlements of a return: kind, minor units, units."""
    rows = Resolution.objects.filter(rma=rma).order_by("created_at", "pk")
    return [(one.kind, one.amount_minor, sum(one.units.values())) for one in rows]


def test_grant_appeal_after_inspection_pays_what_was_refused_once(shop: Merchant) -> None:
    rma = refused_at_bench()
    open_appeal(rma.pk, actor=SHOPPER, words="Never worn.")

    grant_appeal(rma.pk, actor=JONAS, answer="You are right.")
    with pytest.raises(Conflict), attempt():
        grant_appeal(rma.pk, actor=JONAS, answer="You are right.")
    flows.drain()

    assert paid(rma) == [("refund", 4005, 1)]
    assert Resolution.objects.get().appeal == Appeal.objects.get()
    assert Refund.objects.get().status == "succeeded"
    assert flows.fresh(rma).status == "closed"
    assert not StaffTask.objects.filter(kind="appeal_owed").exists()
    assert StaffTask.objects.get(kind="appeal").status == "done"
    assert Message.objects.filter(rma=rma, kind="refunded").count() == 1
    assert problems_of(shop.pk) == []


def test_grant_appeal_pays_only_the_units_that_nobody_was_paid_for(shop: Merchant) -> None:
    placed = flows.order(quantity=2)
    wish = flows.wish(flows.lines_of(placed)[0], quantity=2)
    rma = flows.received(flows.approved(placed, wish))
    refuse_one(rma)
    flows.inspected(rma)
    commit_resolution(rma.pk, actor=JONAS)
    flows.drain()
    assert paid(rma) == [("refund", 4005, 1)]
    open_appeal(rma.pk, actor=SHOPPER, words="Never worn.")

    grant_appeal(rma.pk, actor=JONAS, answer="You are right.")
    flows.drain()

    # The fee for the way back was taken off the first of them.
    assert paid(rma) == [("refund", 4005, 1), ("refund", 4500, 1)]
    told = Message.objects.filter(rma=rma, kind="refunded").order_by("pk")
    assert [any(sum_ in one.text for one in told) for sum_ in ("€40.05", "€45.00")] == [True, True]
    assert flows.fresh(rma).status == "closed"
    assert problems_of(shop.pk) == []


def test_grant_appeal_before_the_return_is_settled_settles_it_whole(shop: Merchant) -> None:
    placed = flows.order(quantity=2)
    wish = flows.wish(flows.lines_of(placed)[0], quantity=2)
    rma = flows.received(flows.approved(placed, wish))
    refuse_one(rma)
    flows.inspected(rma)
    assert StaffTask.objects.get(kind="settle_return").status == "open"
    open_appeal(rma.pk, actor=SHOPPER, words="Never worn.")

    grant_appeal(rma.pk, actor=JONAS, answer="You are right.")
    flows.drain()

    assert paid(rma) == [("refund", 8505, 2)]
    assert StaffTask.objects.get(kind="settle_return").status == "done"
    assert flows.fresh(rma).status == "closed"
    assert problems_of(shop.pk) == []


def test_grant_appeal_above_the_limit_waits_for_somebody_else(shop: Merchant) -> None:
    Merchant.objects.filter(pk=shop.pk).update(second_person_above_minor=1000)
    rma = refused_at_bench()
    open_appeal(rma.pk, actor=SHOPPER, words="Never worn.")

    grant_appeal(rma.pk, actor=JONAS, answer="You are right.")

    refund = Refund.objects.get()
    assert (refund.status, refund.requested_by_id) == ("requested", "u1")
    assert flows.fresh(rma).status == "open"


def test_grant_appeal_that_cannot_be_paid_is_left_to_a_person(shop: Merchant) -> None:
    placed = flows.order()
    line = flows.lines_of(placed)[0]
    flows.stock(line, 1)
    swap = flows.wish(line, wanted="exchange", variant_id=line.variant_id)
    rma = flows.received(flows.approved(placed, swap))
    refuse_one(rma)
    commit_resolution(rma.pk, actor=JONAS)
    flows.stock(line, 0)
    open_appeal(rma.pk, actor=SHOPPER, words="Never worn.")

    grant_appeal(rma.pk, actor=JONAS, answer="You are right.")

    owed = StaffTask.objects.get(kind="appeal_owed")
    assert (owed.status, owed.about_id) == ("open", rma.pk)
    assert "You are right." in owed.detail
    assert (flows.fresh(rma).status, paid(rma)) == ("closed", [])
    assert Appeal.objects.get().status == "granted"
    assert problems_of(shop.pk) == []


def test_approve_return_does_not_open_a_declined_one() -> None:
    rma = declined()

    with pytest.raises(InvalidTransition), attempt():
        approve_return(rma.pk, actor=SYSTEM)

    assert flows.fresh(rma).status == "declined"
