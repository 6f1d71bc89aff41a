"""A later last day for one order: given with a reason, seen by everybody, taken back."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from returns_portal.activity.models import Event
from returns_portal.commerce.models import Order
from returns_portal.core import clock
from returns_portal.core.actor import Actor, ActorKind
from returns_portal.core.clock import now
from returns_portal.core.db import attempt
from returns_portal.core.errors import Conflict, DomainError, InvalidInput, NotFound
from returns_portal.core.ids import new_id, new_token
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.windows import grant_window, withdraw_window
from rma.models import GrantedWindow
from rma.policy.engine import offer
from rma.policy.facts import build
from rma.policy.live import live_policy
from rma.replaying import replayed_returns
from rma.windows import standing_grants
from tests.rma.returning import ask_for, make_order, publish, wish

MARA = Actor(ActorKind.MEMBER, id="7", name="Mara")


@pytest.fixture
def late(scoped: Merchant) -> Order:
    """Return an order of two lines that were open until three weeks ago."""
    publish()
    delivered = now() - timedelta(days=53)
    lines: list[dict[str, Any]] = [{"delivered_at": delivered}, {"delivered_at": delivered}]
    return make_order(lines=lines, placed_at=now() - timedelta(days=60))


def day(ahead: int) -> date:
    return clock.today("Europe/Dublin") + timedelta(days=ahead)


def grant(order: Order, ahead: int = 14, **changes: Any) -> GrantedWindow:
    return grant_window(
        order.pk,
        **{
            "until": day(ahead),
            "reason": "She was in hospital.",
            "actor": MARA,
            "operation_id": new_token(),
            **changes,
        },
    )


def offered(order: Order) -> list[date | None]:
    """Return the last day of each line, None where nothing may come back as usual."""
    policy = live_policy()[1]
    fresh = Order.objects.get(pk=order.pk)
    lines = offer(build(fresh, now(), policy=policy), policy).lines
    return [None if line.fault_only or not line.returnable else line.until for line in lines]


def refused(work: Any) -> DomainError:
    with pytest.raises(DomainError) as refusal, attempt():
        work()
    return refusal.value


def test_granted_day_opens_every_line_and_is_told(late: Order) -> None:
    assert offered(late) == [None, None]

    granted = grant(late)

    assert offered(late) == [day(14), day(14)]
    assert (granted.granted_by, granted.reason) == ("Mara", "She was in hospital.")
    event = Event.objects.get(kind="window.granted")
    assert (event.about_id, event.actor_name) == (late.pk, "Mara")
    assert event.facts == {"number": late.number, "last_day": day(14).isoformat(), "title": ""}


def test_return_under_a_granted_day_keeps_who_gave_it_and_replays(late: Order) -> None:
    grant(late)

    rma = ask_for(late)

    assert rma.status == "open"
    said = next(one for one in rma.decision["rules_spoken"] if one["key"] == "window")
    assert said["staff"].startswith("Granted by Mara until ")
    assert ": She was in hospital. Otherwise 30 days from " in said["staff"]
    assert rma.facts["order"]["lines"][0]["granted"]["by"] == "Mara"
    assert [one.differences for page in replayed_returns() for one in page] == [()]


def test_granted_day_of_one_line_leaves_the_other_closed(late: Order) -> None:
    line = late.lines.get(position=1)

    grant(late, line_id=line.pk)

    assert offered(late) == [None, day(14)]
    assert Event.objects.get(kind="window.granted").facts["title"] == line.title
    assert ask_for(late).status == "declined"
    assert ask_for(late, wish(line)).status == "open"


def test_later_of_two_days_counts_for_a_line(late: Order) -> None:
    grant(late, 14)
    grant(late, 30, line_id=late.lines.get(position=0).pk)

    assert offered(late) == [day(30), day(14)]


def test_grant_for_the_same_items_replaces_the_one_before(late: Order) -> None:
    first = grant(late, 30)

    second = grant(late, 7)

    assert offered(late) == [day(7), day(7)]
    first.refresh_from_db()
    assert (first.withdrawn_by, second.withdrawn_at) == ("Mara", None)
    assert list(standing_grants(late.pk)) == [second]


def test_withdrawn_day_is_over_at_once_and_stays_as_history(late: Order) -> None:
    granted = grant(late)

    withdraw_window(late.pk, granted.pk, actor=MARA)
    again = withdraw_window(late.pk, granted.pk, actor=MARA)

    assert offered(late) == [None, None]
    assert again.withdrawn_by == "Mara"
    assert GrantedWindow.objects.count() == 1
    assert Event.objects.filter(kind="window.withdrawn").count() == 1


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"ahead": -1}, "until", "day_over"),
        ({"ahead": 733}, "until", "too_far_ahead"),
        ({"ahead": 3653}, "until", "too_far_ahead"),
        ({"reason": "  "}, "reason", "empty_text"),
        ({"reason": "x" * 301}, "reason", "text_too_long"),
        ({"reason": "\0"}, "reason", "empty_text"),
        ({"line_id": new_id()}, "order_line", "invalid_input"),
    ],
)
def test_grant_refuses_what_makes_no_sense_and_keeps_nothing(
    late: Order, changes: dict[str, Any], field: str, code: str
) -> None:
    refusal = refused(lambda: grant(late, **changes))

    assert isinstance(refusal, InvalidInput)
    assert (refusal.field, refusal.code) == (field, code)
    assert not GrantedWindow.objects.exists()
    assert not Event.objects.filter(kind="window.granted").exists()


def test_grant_refuses_a_day_that_gives_nothing(scoped: Merchant) -> None:
    publish()
    order = make_order()

    refusal = refused(lambda: grant(order, 26))

    assert (refusal.field, refusal.code) == ("until", "not_later")
    assert grant(order, 27).until == day(27)


def test_grant_twice_under_one_operation_is_one(late: Order) -> None:
    operation = new_token()

    assert grant(late, operation_id=operation) == grant(late, operation_id=operation)
    assert GrantedWindow.objects.count() == 1
    other = make_order("NL-2")
    assert refused(lambda: grant(other, 60, operation_id=operation)).code == "operation_reused"


def test_second_of_two_people_is_told_what_the_first_did(late: Order) -> None:
    shown: set[Any] = set()
    first = grant(late, seen=shown)

    refusal = refused(lambda: grant(late, 20, seen=shown))

    assert isinstance(refusal, Conflict)
    assert refusal.message.startswith("Mara granted ")
    assert offered(late) == [day(14), day(14)]
    withdraw_window(late.pk, first.pk, actor=MARA)
    gone = refused(lambda: grant(late, 20, seen={first.pk}))
    assert gone.message.startswith("A day was taken back meanwhile")


def test_days_of_another_merchant_and_of_another_order_are_not_found(
    late: Order, other_merchant: Merchant
) -> None:
    granted, second = grant(late), make_order("NL-2")

    assert isinstance(refused(lambda: withdraw_window(second.pk, granted.pk, actor=MARA)), NotFound)
    with merchant_scope(other_merchant.pk):
        assert isinstance(refused(lambda: grant(late)), NotFound)
    assert standing_grants(late.pk).count() == 1


def test_grant_costs_a_request_no_statement(late: Order) -> None:
    ask_for(make_order("NL-0"))
    plain = make_order("NL-2")
    other = plain.lines.get()
    with CaptureQueriesContext(connection) as without:
        ask_for(plain, wish(other))
    grant(late)
    line = late.lines.get(position=0)

    with CaptureQueriesContext(connection) as with_grant:
        ask_for(late, wish(line))

    assert len(with_grant) == len(without)
