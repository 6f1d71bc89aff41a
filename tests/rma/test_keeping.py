"""Keeping an item for a part of its value, and giving it to charity: nothing is sent back."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from notifications.models import Message
from refunds.models import Refund
from returns_portal.activity.kinds import EventKind
from returns_portal.activity.models import Event, StaffTask
from returns_portal.commerce.models import OrderLine
from returns_portal.core.actor import SYSTEM
from returns_portal.core.errors import Conflict, InvalidTransition, PolicyRefused
from returns_portal.core.invariants import problems_of
from returns_portal.tenancy.models import Merchant
from rma.actions.resolution import commit_resolution
from rma.actions.review import approve_return, cancel_return
from rma.labels import slip_items
from rma.models import Inspection, Resolution, Return, Shipment
from rma.policy.document import default_policy
from rma.rehearsal.comparing import outcome_of_stored
from tests import flows
from tests.rma.policy.test_own_rules import do, rule, when
from tests.rma.returning import publish

OUTCOMES = ["refund", "store_credit", "exchange", "keep_item", "donate"]


def offering(**changes: Any) -> None:
    """Publish a policy under which every reason allows to keep or donate an item."""
    reasons = default_policy("EUR")["reasons"]
    kept = [{**reason, "resolutions": OUTCOMES} for reason in reasons]
    publish(reasons=kept, **changes)


def asked(wanted: str, **changes: Any) -> Return:
    placed = flows.order(**changes)
    return flows.request(placed, flows.wish(flows.lines_of(placed)[0], wanted=wanted))


def read(rma: Return) -> Return:
    with transaction.atomic():
        return Return.objects.get(pk=rma.pk)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("wanted", "share"), [("keep_item", 3000), ("donate", 8000)])
def test_item_that_is_not_sent_back_is_paid_once_approved(
    shop: Merchant, wanted: str, share: int
) -> None:
    offering(keeping={"keep_item_bp": 3000, "donate_bp": 8000})

    rma = asked(wanted)
    flows.drain()

    paid = flows.PRICE * share // 10_000
    with transaction.atomic():
        refund = Refund.objects.get()
        owed = Resolution.objects.get()
        line = OrderLine.objects.get()
        assert (refund.amount_minor, refund.status) == (paid, "succeeded")
        assert (owed.kind, owed.amount_minor, owed.status) == (wanted, paid, "settled")
        assert owed.breakdown["kept_minor"] == flows.PRICE - paid
        assert line.claimed_quantity == 1
        assert not Shipment.objects.exists()
        assert not Inspection.objects.exists()
        assert slip_items(rma) == ()
        kinds = [event.kind for event in Event.objects.order_by("pk")]
        approved = kinds.index(EventKind.RETURN_APPROVED)
        assert approved < kinds.index(EventKind.RESOLUTION_COMMITTED)
    rma = read(rma)
    assert (rma.status, rma.stage) == ("closed", "refunded")
    assert (rma.expected_minor, rma.fee_minor, rma.expires_at) == (paid, 0, None)
    assert problems_of(shop.pk) == []


@pytest.mark.django_db(transaction=True)
def test_kept_units_can_not_be_returned_again(shop: Merchant) -> None:
    offering()
    placed = flows.order()
    line = flows.lines_of(placed)[0]
    flows.request(placed, flows.wish(line, wanted="keep_item"))

    with pytest.raises((PolicyRefused, Conflict)):
        flows.request(placed, flows.wish(line))

    with transaction.atomic():
        assert Return.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_mails_ask_for_no_parcel(shop: Merchant) -> None:
    offering()

    asked("donate")
    flows.drain()

    with transaction.atomic():
        mails = {mail.kind: mail.text for mail in Message.objects.all()}
    assert "Nothing to send." in mails["approved"]
    assert "label" not in mails["approved"]
    assert "slip" not in mails["approved"]
    assert "when it is here" not in mails["approved"]
    assert "€45.00" in mails["refunded"]


@pytest.mark.django_db(transaction=True)
def test_item_to_keep_waits_for_a_person_where_policy_says_so(shop: Merchant) -> None:
    offering(approval__automatic=False)
    rma = asked("keep_item")
    with transaction.atomic():
        assert (rma.status, Refund.objects.count()) == ("requested", 0)

    approve_return(rma.pk, actor=SYSTEM)

    with transaction.atomic():
        assert Refund.objects.get().amount_minor == flows.PRICE // 5
        assert not Shipment.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_paying_return_can_not_be_cancelled(shop: Merchant) -> None:
    offering()
    rma = asked("keep_item")

    with pytest.raises(InvalidTransition):
        cancel_return(rma.pk, actor=SYSTEM)

    with transaction.atomic():
        assert OrderLine.objects.get().claimed_quantity == 1


@pytest.mark.django_db(transaction=True)
def test_kept_item_is_paid_at_once_while_the_other_one_is_awaited(shop: Merchant) -> None:
    offering(keeping={"keep_item_bp": 2500, "donate_bp": 10_000})
    placed = flows.order(prices=(4000, 6000))
    kept, sent = flows.lines_of(placed)

    rma = flows.approved(placed, flows.wish(kept, wanted="keep_item"), flows.wish(sent))
    flows.drain()
    with transaction.atomic():
        assert Refund.objects.get().amount_minor == 1000
        assert Shipment.objects.count() == 1
        assert [item.sku for item in slip_items(rma)] == [sent.sku]
    flows.moved(rma, 3)
    assert (read(rma).status, read(rma).part_settled) == ("open", True)
    flows.inspected(flows.received(rma))
    flows.drain()

    with transaction.atomic():
        paid = dict(Resolution.objects.values_list("kind", "amount_minor"))
        assert paid == {"refund": 6000 - 495, "keep_item": 1000}
        assert sum(paid.values()) == rma.expected_minor
        assert Inspection.objects.count() == 1
    assert read(rma).status == "closed"
    assert problems_of(shop.pk) == []


@pytest.mark.django_db(transaction=True)
def test_rule_sets_the_share_for_its_items_alone(shop: Merchant) -> None:
    cheap = rule(when("item.price", "under", 2000), do("keep_share", 9000), key="cheap")
    offering(rules=[cheap])
    placed = flows.order(prices=(1000, 5000))

    rma = flows.request(
        placed, *(flows.wish(line, wanted="keep_item") for line in flows.lines_of(placed))
    )

    with transaction.atomic():
        assert [line.expected_minor for line in rma.lines.order_by("position")] == [900, 1000]
        assert Resolution.objects.get().amount_minor == 1900


@pytest.mark.django_db(transaction=True)
def test_rules_offer_keeping_only_for_what_is_not_worth_the_way(shop: Merchant) -> None:
    dear = rule(when("item.price", "over", 2000), do("exclude_outcomes", ["keep_item", "donate"]))
    offering(rules=[dear])

    with pytest.raises(PolicyRefused):
        asked("keep_item", prices=(5000,), number="NL-1")
    cheap = asked("keep_item", prices=(1000,), number="NL-2")

    assert outcome_of_stored(cheap.decision).fee_minor == 0


@pytest.mark.django_db(transaction=True)
def test_money_held_by_the_risk_score_waits_for_a_person(shop: Merchant) -> None:
    risky = rule(None, do("risk_points", 60), key="risky")
    processing = dict.fromkeys(("refund", "store_credit", "exchange"), "inspection")
    offering(
        rules=[risky],
        risk={"review_at": 900, "hold_at": 50, "shadow": False},
        processing=processing,
    )

    rma = asked("keep_item")

    with transaction.atomic():
        assert not Refund.objects.exists()
        task = StaffTask.objects.get(kind="settle_return")
        assert task.title == f"{rma.number} waits to be paid, and nothing is sent back"
    commit_resolution(rma.pk, actor=SYSTEM)
    with transaction.atomic():
        assert Refund.objects.get().amount_minor == flows.PRICE // 5


@pytest.mark.django_db(transaction=True)
def test_what_is_kept_is_no_part_of_the_bound_of_fees(shop: Merchant) -> None:
    offering(fee__most_minor=600, fee__amount_minor=495)
    placed = flows.order(prices=(4000, 6000))
    kept, sent = flows.lines_of(placed)

    rma = flows.refunded(placed, flows.wish(kept, wanted="keep_item"), flows.wish(sent))

    with transaction.atomic():
        paid = dict(Resolution.objects.values_list("kind", "amount_minor"))
    assert paid == {"refund": 6000 - 495, "keep_item": 800}
    assert rma.fee_minor == 495
