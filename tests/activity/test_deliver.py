"""Events reach each handler at least once, back off, and end with a person; never get lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from returns_portal.activity import record
from returns_portal.activity.deliver import MAX_ATTEMPTS, _claim, deliver_due
from returns_portal.activity.kinds import EventKind
from returns_portal.activity.models import Delivery, Event, StaffTask
from returns_portal.activity.record import NewEvent, handles, record_event, record_events
from returns_portal.activity.seal import broken_seals, seal_merchant
from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import shifted
from returns_portal.core.ids import new_id
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant

pytestmark = pytest.mark.django_db


class Listener:
    """A handler that remembers, and fails as often as it is told to."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.failures = 0

    def __call__(self, event: Event) -> None:
        if self.failures:
            self.failures -= 1
            Event.objects.count()
            raise RuntimeError("no luck")
        self.seen.append(str(event.subject_id))


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    one = Listener()
    monkeypatch.setattr(record, "_handlers", {})
    monkeypatch.setattr(record, "_by_kind", record.defaultdict(list))
    handles(EventKind.NOTE_ADDED, name="test.listener")(one)
    return one


def _record(merchant: Merchant) -> Event:
    with merchant_scope(merchant.pk):
        return record_event(
            EventKind.NOTE_ADDED, subject_kind="return", subject_id=new_id(), actor=SYSTEM
        )


def test_delivery_runs_the_handler_once(merchant: Merchant, listener: Listener) -> None:
    event = _record(merchant)

    assert deliver_due() == 1
    assert deliver_due() == 0

    assert listener.seen == [str(event.subject_id)]


def test_event_without_handler_makes_no_delivery(merchant: Merchant, listener: Listener) -> None:
    with merchant_scope(merchant.pk):
        record_event(EventKind.STOCK_MOVED, subject_kind="x", subject_id=new_id(), actor=SYSTEM)
        assert Delivery.objects.count() == 0


def test_failed_handler_is_tried_again_after_its_backoff(
    merchant: Merchant, listener: Listener
) -> None:
    _record(merchant)
    listener.failures = 1
    deliver_due()

    assert deliver_due() == 0
    with shifted(timedelta(seconds=61)):
        assert deliver_due() == 1
    assert len(listener.seen) == 1


def test_handler_that_always_fails_ends_with_a_person(
    merchant: Merchant, listener: Listener
) -> None:
    _record(merchant)
    listener.failures = MAX_ATTEMPTS + 5
    for hour in range(MAX_ATTEMPTS + 5):
        with shifted(timedelta(hours=2 * hour)):
            deliver_due()

    with merchant_scope(merchant.pk):
        delivery = Delivery.objects.get()
        assert (delivery.status, delivery.attempts) == ("given_up", MAX_ATTEMPTS)
        assert StaffTask.objects.get().kind == "delivery_given_up"


def test_delivery_left_by_a_dead_worker_is_found_after_its_lease(
    merchant: Merchant, listener: Listener
) -> None:
    _record(merchant)
    assert len(_claim(10)) == 1

    assert deliver_due() == 0
    with shifted(timedelta(minutes=6)):
        assert deliver_due() == 1
    assert len(listener.seen) == 1


def test_seals_hold_and_show_a_missing_event(merchant: Merchant, listener: Listener) -> None:
    with merchant_scope(merchant.pk):
        record_events(
            [NewEvent(EventKind.NOTE_ADDED, "return", new_id()) for _ in range(5)], actor=SYSTEM
        )
    with shifted(timedelta(minutes=5)):
        assert seal_merchant(merchant.pk) == 5
        assert seal_merchant(merchant.pk) == 0

    assert broken_seals(merchant.pk) == []
