"""Reminders before an approval runs out: each once, on its local day, never of a moving parcel."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction

from notifications.models import Message
from returns_portal.activity.models import Event
from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import at, today
from returns_portal.core.crashpoints import armed
from returns_portal.tenancy.models import Merchant
from rma.actions.policy import publish_policy, save_draft
from rma.actions.reminding import remind_due_returns
from rma.actions.review import cancel_return, expire_due_returns, reopen_return
from rma.actions.shipping import set_own_tracking
from rma.models import Return
from rma.policy.document import default_policy
from tests import flows

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(scoped: Merchant) -> Merchant:
    flows.open_for_business(scoped)
    with transaction.atomic():
        save_draft(default_policy("EUR") | {"remind_before_days": [7, 2]}, actor=SYSTEM)
        publish_policy(actor=SYSTEM)
    return scoped


def day_before(shop: Merchant, days: int, hour: int = 10) -> datetime:
    """Return a moment so many local days before the last day of what is approved today."""
    last = today(shop.time_zone) + timedelta(days=14)
    zone = ZoneInfo(shop.time_zone)
    return datetime(*(last - timedelta(days=days)).timetuple()[:3], hour, tzinfo=zone)


def told(rma: Return) -> list[str]:
    with transaction.atomic():
        events = Event.objects.filter(about_id=rma.pk, kind="return.reminded").order_by("pk")
        return [one.facts["last_day"] for one in events]


def mails(rma: Return) -> list[str]:
    with transaction.atomic():
        found = Message.objects.filter(rma=rma, kind="reminder").order_by("pk")
        return list(found.values_list("subject", flat=True))


def test_each_reminder_goes_out_once_on_its_day(shop: Merchant) -> None:
    rma = flows.approved(flows.order())
    last = today(shop.time_zone) + timedelta(days=14)

    counts = []
    for days, hour in ((8, 23), (7, 8), (7, 9), (7, 10), (3, 10), (2, 9), (2, 23), (1, 12)):
        with at(day_before(shop, days, hour)):
            counts.append(remind_due_returns())
            flows.drain()

    assert counts == [0, 0, 1, 0, 0, 1, 0, 0]
    assert told(rma) == [last.isoformat()] * 2
    assert len(mails(rma)) == 2
    assert all(rma.number in one for one in mails(rma))
    assert flows.fresh(rma).remind_at is None


def test_reminders_missed_by_a_sleeping_sweep_are_made_good_once(shop: Merchant) -> None:
    rma = flows.approved(flows.order())

    with at(day_before(shop, 1)):
        assert [remind_due_returns(), remind_due_returns()] == [1, 0]

    assert len(told(rma)) == 1


@pytest.mark.parametrize("how", ["scanned", "own", "cancelled"])
def test_nobody_is_reminded_of_what_was_sent_or_cancelled(shop: Merchant, how: str) -> None:
    rma = flows.approved(flows.order())
    if how == "scanned":
        flows.moved(rma, 1)
    with transaction.atomic():
        if how == "own":
            set_own_tracking(rma.pk, actor=SYSTEM, carrier="Post", tracking_code="XX12345678")
        elif how == "cancelled":
            cancel_return(rma.pk, actor=SYSTEM)

    with at(day_before(shop, 7)):
        assert remind_due_returns() == 0
        flows.drain()

    assert (told(rma), mails(rma)) == ([], [])


def test_mail_stays_silent_if_the_parcel_moved_meanwhile(shop: Merchant) -> None:
    rma = flows.approved(flows.order())
    with at(day_before(shop, 7)):
        remind_due_returns()
        with transaction.atomic():
            set_own_tracking(rma.pk, actor=SYSTEM, carrier="Post", tracking_code="XX12345678")
        flows.drain()

    assert len(told(rma)) == 1
    assert mails(rma) == []


def test_reopened_return_is_reminded_by_its_new_last_day(shop: Merchant) -> None:
    rma = flows.approved(flows.order())
    with at(day_before(shop, -1)):
        assert expire_due_returns() == 1
        with transaction.atomic():
            reopened = reopen_return(rma.pk, actor=SYSTEM)
        first = reopened.remind_at
        assert first is not None
        assert flows.fresh(rma).remind_at == first
    zone = ZoneInfo(shop.time_zone)
    expected = today(shop.time_zone) + timedelta(days=15 + 14 - 7)
    assert first.astimezone(zone).date() == expected


def test_policy_without_reminders_plans_none(scoped: Merchant) -> None:
    flows.open_for_business(scoped)

    assert flows.approved(flows.order()).remind_at is None


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


@pytest.mark.parametrize("point", ["reminder.recorded", "delivery.claimed", "delivery.handled"])
def test_worker_killed_in_the_middle_reminds_once(shop: Merchant, point: str) -> None:
    rma = flows.approved(flows.order())

    def die() -> None:
        connection.close()
        raise Killed

    with at(day_before(shop, 7)):
        armed[point] = die
        with pytest.raises(Killed):
            remind_due_returns()
            flows.drain()
        armed.clear()
        assert len(told(rma)) == (0 if point == "reminder.recorded" else 1)
    with at(day_before(shop, 7, 15)):
        remind_due_returns()
        flows.drain()

    assert len(told(rma)) == 1
    assert len(mails(rma)) == 1
