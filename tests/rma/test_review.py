from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from inventory.actions import set_sellable
from inventory.models import Location
from returns_portal.activity.models import Event
from returns_portal.commerce.models import Order, Variant
from returns_portal.core import clock
from returns_portal.core.actor import SHOPPER, Actor, ActorKind
from returns_portal.core.db import attempt
from returns_portal.core.errors import Conflict, InvalidInput, InvalidTransition, NotFound
from returns_portal.tenancy.models import Merchant
from rma.actions import review
from rma.models import Exchange, Return, Shipment
from tests.factories import make_account, make_member
from tests.rma.returning import ask_for, make_order, publish, wish

pytestmark = pytest.mark.usefixtures("scoped")

AGENT = Actor(ActorKind.MEMBER, "u1", "Jonas", frozenset({"returns:decide"}))


def waiting(number: str = "NL-48213") -> Return:
    """Return a request that waits for staff."""
    return ask_for(make_order(number))


def claimed(rma: Return) -> int:
    return Order.objects.get(pk=rma.order_id).lines.get().claimed_quantity


def kinds(rma: Return) -> list[str]:
    return list(Event.objects.filter(about_id=rma.pk).order_by("id").values_list("kind", flat=True))


@pytest.fixture(autouse=True)
def _manual_policy(scoped: Merchant) -> None:
    publish(approval__automatic=False)
    make_account("carrier")


def test_approve_return_opens_it_and_plans_the_label() -> None:
    rma = waiting()

    review.approve_return(rma.pk, actor=AGENT, note="Thanks for the clear photos.")

    rma.refresh_from_db()
    assert (rma.status, rma.stage, rma.decided_by) == ("open", "approved", "Jonas")
    assert (rma.due_at, rma.review_reason) == (None, "")
    assert rma.expires_at is not None
    assert rma.expires_at > clock.now() + timedelta(days=13)
    assert Shipment.objects.get(rma=rma).status == "pending"
    assert rma.notes.get().kind == "to_shopper"
    assert kinds(rma) == ["return.requested", "note.added", "return.approved"]


def test_approve_return_twice_changes_nothing_more() -> None:
    rma = waiting()
    review.approve_return(rma.pk, actor=AGENT)

    review.approve_return(rma.pk, actor=AGENT)

    assert kinds(rma) == ["return.requested", "return.approved"]
    assert Shipment.objects.count() == 1


def test_decline_return_frees_the_units_and_keeps_the_reason() -> None:
    rma = waiting()

    review.decline_return(rma.pk, actor=AGENT, reason="They were worn outdoors.")

    rma.refresh_from_db()
    assert (rma.status, rma.stage) == ("declined", "declined")
    assert rma.decline_reason == "They were worn outdoors."
    assert claimed(rma) == 0
    assert rma.lines.get().released_quantity == 1
    assert kinds(rma) == ["return.requested", "return.declined"]
    review.decline_return(rma.pk, actor=AGENT, reason="Again")
    assert claimed(rma) == 0


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_decline_return_needs_a_short_reason(reason: str) -> None:
    rma = waiting()

    with pytest.raises(InvalidInput) as refused:
        review.decline_return(rma.pk, actor=AGENT, reason=reason)

    assert refused.value.field == "reason"
    assert Return.objects.get(pk=rma.pk).status == "requested"


def test_decline_return_that_is_open_is_refused_and_changes_nothing() -> None:
    rma = waiting()
    review.approve_return(rma.pk, actor=AGENT)

    with pytest.raises(InvalidTransition), attempt():
        review.decline_return(rma.pk, actor=AGENT, reason="Too late")

    assert claimed(rma) == 1
    assert Return.objects.get(pk=rma.pk).status == "open"


def test_ask_and_answer_move_the_return_to_the_shopper_and_back() -> None:
    rma = waiting()

    review.ask_for_information(rma.pk, actor=AGENT, question="Please show the sole.")

    rma.refresh_from_db()
    assert (rma.status, rma.stage) == ("needs_info", "info")
    assert rma.info_question == "Please show the sole."
    assert rma.expires_at is not None
    assert rma.due_at is None

    review.answer_information(rma.pk, actor=SHOPPER, answer="Here it is.")

    rma.refresh_from_db()
    assert (rma.status, rma.stage, rma.expires_at) == ("requested", "review", None)
    assert rma.due_at is not None
    assert [note.kind for note in rma.notes.order_by("created_at")] == [
        "to_shopper",
        "from_shopper",
    ]
    assert kinds(rma) == [
        "return.requested",
        "note.added",
        "return.info_asked",
        "message.received",
        "return.info_given",
    ]


def test_ask_for_information_same_question_twice_is_asked_once() -> None:
    rma = waiting()

    review.ask_for_information(rma.pk, actor=AGENT, question="Please show the sole.")
    review.ask_for_information(rma.pk, actor=AGENT, question="Please show the sole.")

    assert rma.notes.count() == 1


def test_answer_without_a_question_is_refused() -> None:
    rma = waiting()

    with pytest.raises(InvalidTransition, match="no open question"):
        review.answer_information(rma.pk, actor=SHOPPER, answer="Hello")


def test_cancel_return_gives_back_units_and_label() -> None:
    rma = waiting()
    review.approve_return(rma.pk, actor=AGENT)

    review.cancel_return(rma.pk, actor=SHOPPER)

    rma.refresh_from_db()
    assert (rma.status, rma.stage) == ("cancelled", "cancelled")
    assert claimed(rma) == 0
    assert Shipment.objects.get(rma=rma).status == "void"
    assert rma.closed_at is not None
    assert Event.objects.get(kind="return.cancelled").facts["by"] == "shopper"
    review.cancel_return(rma.pk, actor=SHOPPER)
    assert kinds(rma).count("return.cancelled") == 1


def test_cancel_return_with_the_parcel_moving_is_refused() -> None:
    rma = waiting()
    review.approve_return(rma.pk, actor=AGENT)
    Shipment.objects.filter(rma=rma).update(status="in_transit")

    with pytest.raises(InvalidTransition, match="on its way"), attempt():
        review.cancel_return(rma.pk, actor=SHOPPER)

    assert claimed(rma) == 1


def test_cancelled_units_can_be_returned_again() -> None:
    order = make_order()
    line = order.lines.get()
    first = ask_for(order, wish(line, quantity=2))
    review.cancel_return(first.pk, actor=SHOPPER)

    second = ask_for(order, wish(line, quantity=2))

    assert second.status == "requested"
    assert claimed(second) == 2


def test_approve_returns_each_on_its_own_and_says_what_stood_in_the_way() -> None:
    good, declined = waiting("NL-1"), waiting("NL-2")
    review.decline_return(declined.pk, actor=AGENT, reason="No")
    stranger = uuid4()

    results = review.approve_returns([declined.pk, good.pk, stranger], actor=AGENT)

    assert [rma.pk if rma else None for rma, _ in results] == [declined.pk, good.pk, None]
    assert [type(error) for _, error in results] == [InvalidTransition, type(None), NotFound]
    assert Return.objects.get(pk=good.pk).status == "open"
    assert Return.objects.get(pk=declined.pk).status == "declined"


def test_assign_return_to_a_member_and_back_to_nobody(scoped: Merchant) -> None:
    rma = waiting()
    member = make_member(scoped, "agent")

    review.assign_return(rma.pk, actor=AGENT, user_id=member.pk)
    assert Return.objects.get(pk=rma.pk).assignee_id == member.pk
    review.assign_return(rma.pk, actor=AGENT, user_id=member.pk)
    review.assign_return(rma.pk, actor=AGENT, user_id=None)

    assert Return.objects.get(pk=rma.pk).assignee_id is None
    assert kinds(rma).count("return.assigned") == 2


def test_assign_return_to_a_stranger_is_refused(other_merchant: Merchant) -> None:
    rma = waiting()
    stranger = make_member(other_merchant, "agent")

    with pytest.raises(NotFound):
        review.assign_return(rma.pk, actor=AGENT, user_id=stranger.pk)


def test_actions_on_an_unknown_return_are_not_found() -> None:
    nobody: UUID = uuid4()

    with pytest.raises(NotFound), attempt():
        review.approve_return(nobody, actor=AGENT)
    with pytest.raises(NotFound), attempt():
        review.cancel_return(nobody, actor=AGENT)


def test_expire_due_returns_lets_unused_approvals_run_out_once() -> None:
    rma = waiting()
    review.approve_return(rma.pk, actor=AGENT)
    assert review.expire_due_returns() == 0

    with clock.shifted(timedelta(days=16)):
        assert review.expire_due_returns() == 1
        assert review.expire_due_returns() == 0

    rma.refresh_from_db()
    assert (rma.status, rma.stage) == ("expired", "expired")
    assert claimed(rma) == 0
    assert kinds(rma)[-2:] == ["label.cancelled", "return.expired"]


def test_expire_due_returns_leaves_a_moving_parcel_to_the_warehouse() -> None:
    rma = waiting()
    review.approve_return(rma.pk, actor=AGENT)
    Shipment.objects.filter(rma=rma).update(status="in_transit")

    with clock.shifted(timedelta(days=16)):
        assert review.expire_due_returns() == 0

    rma.refresh_from_db()
    assert (rma.status, rma.expires_at) == ("open", None)
    assert claimed(rma) == 1


def test_expire_due_returns_closes_unanswered_questions() -> None:
    rma = waiting()
    review.ask_for_information(rma.pk, actor=AGENT, question="Please show the sole.")

    with clock.shifted(timedelta(days=16)):
        assert review.expire_due_returns() == 1

    assert Return.objects.get(pk=rma.pk).status == "expired"


def expired() -> Return:
    rma = waiting()
    review.approve_return(rma.pk, actor=AGENT)
    with clock.shifted(timedelta(days=16)):
        review.expire_due_returns()
    return rma


def test_reopen_return_takes_the_units_again() -> None:
    rma = expired()

    review.reopen_return(rma.pk, actor=AGENT)

    rma.refresh_from_db()
    assert (rma.status, rma.stage, rma.closed_at) == ("open", "approved", None)
    assert claimed(rma) == 1
    assert rma.lines.get().released_quantity == 0


def test_reopen_return_whose_units_are_gone_is_refused() -> None:
    rma = expired()
    ask_for(rma.order, wish(rma.order.lines.get(), quantity=2))

    with pytest.raises(Conflict), attempt():
        review.reopen_return(rma.pk, actor=AGENT)

    assert Return.objects.get(pk=rma.pk).status == "expired"
    assert rma.lines.get().released_quantity == 1


def test_approve_return_that_has_run_out_is_refused() -> None:
    rma = expired()

    with pytest.raises(InvalidTransition, match="Reopen"):
        review.approve_return(rma.pk, actor=AGENT)


def in_stock(variant: Variant, units: int) -> None:
    location = Location.objects.create(name="Main", code="MAIN", is_default=True)
    set_sellable(location_id=location.pk, counts={variant.pk: units}, actor=AGENT)


def test_exchange_is_held_at_approval_and_freed_by_cancelling() -> None:
    order = make_order()
    line = order.lines.get()
    in_stock(line.variant, 1)
    rma = ask_for(order, wish(line, wanted="exchange", exchange_variant_id=line.variant_id))

    review.approve_return(rma.pk, actor=AGENT)
    assert Exchange.objects.get().status == "reserved"
    review.cancel_return(rma.pk, actor=SHOPPER)

    assert Exchange.objects.get().status == "cancelled"
    assert rma.expected_minor == 0


def test_exchange_sold_out_stops_the_approval_and_keeps_the_request() -> None:
    order = make_order()
    line = order.lines.get()
    in_stock(line.variant, 0)
    rma = ask_for(order, wish(line, wanted="exchange", exchange_variant_id=line.variant_id))

    [(same, error)] = review.approve_returns([rma.pk], actor=AGENT)

    assert isinstance(error, Conflict)
    assert same is not None
    assert Return.objects.get(pk=rma.pk).status == "requested"
    assert not Shipment.objects.exists()
