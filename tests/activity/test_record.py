"""Recording events: one statement for all of them, and none of what was undone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from returns_portal.activity import record
from returns_portal.activity.kinds import EventKind
from returns_portal.activity.models import Delivery, Event
from returns_portal.activity.record import handles, record_event, recorded_together
from returns_portal.core.actor import SHOPPER, SYSTEM, Actor
from returns_portal.core.db import attempt
from returns_portal.core.errors import Conflict, ScopeError
from returns_portal.core.ids import new_id
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.managers import insert_together
from returns_portal.tenancy.models import Merchant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]


@pytest.fixture(autouse=True)
def _listeners(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two handlers of notes and none of anything else."""
    monkeypatch.setattr(record, "_handlers", {})
    monkeypatch.setattr(record, "_by_kind", record.defaultdict(list))
    for name in ("test.first", "test.second"):
        handles(EventKind.NOTE_ADDED, name=name)(lambda event: None)


def sent_by(work: Callable[[], object]) -> list[str]:
    """Return the statements of ``work``, but for the one that tells the database the scope."""
    with CaptureQueriesContext(connection) as sent:
        work()
    return [query["sql"] for query in sent if "set_config" not in query["sql"]]


def note(text: str, actor: Actor = SYSTEM) -> Event:
    return record_event(
        EventKind.NOTE_ADDED, subject_kind="return", subject_id=new_id(), actor=actor, text=text
    )


def told() -> list[tuple[str, str]]:
    rows = Event.objects.order_by("pk").values_list("facts__text", "actor_kind")
    return [(text, kind) for text, kind in rows]


def test_record_event_writes_event_and_deliveries_by_one_statement() -> None:
    sent = sent_by(lambda: note("one"))

    assert len(sent) == 1, sent
    event = Event.objects.get()
    assert sorted(Delivery.objects.values_list("handler", "event_id")) == [
        ("test.first", event.pk),
        ("test.second", event.pk),
    ]


def test_record_event_nobody_handles_is_kept() -> None:
    sent = sent_by(
        lambda: record_event(
            EventKind.RETURN_CLOSED, subject_kind="return", subject_id=new_id(), actor=SYSTEM
        )
    )

    assert len(sent) == 1, sent
    assert (Event.objects.count(), Delivery.objects.count()) == (1, 0)


def test_record_event_that_is_no_news_to_a_handler_is_not_delivered_to_it() -> None:
    handles(EventKind.NOTE_ADDED, name="test.picky", when=lambda e: e.facts["text"] == "big")(
        lambda event: None
    )
    note("small")
    big = note("big")

    assert [one.event for one in Delivery.objects.filter(handler="test.picky")] == [big]


def test_recorded_together_writes_all_at_the_end_in_order() -> None:
    def act() -> None:
        with recorded_together():
            note("one", SHOPPER)
            with recorded_together():
                note("two")
            note("three")

    sent = sent_by(act)

    assert len(sent) == 1, sent
    assert told() == [("one", "shopper"), ("two", "system"), ("three", "system")]
    assert Delivery.objects.count() == 6


def test_recorded_together_without_an_event_sends_nothing() -> None:
    def act() -> None:
        with recorded_together():
            pass

    assert sent_by(act) == []


def test_recorded_together_drops_what_a_failed_attempt_recorded() -> None:
    with recorded_together():
        note("before")
        with pytest.raises(Conflict), attempt():
            note("undone")
            raise Conflict("No.")
        with attempt():
            note("after")

    assert [text for text, _ in told()] == ["before", "after"]


def test_recorded_together_that_fails_writes_nothing() -> None:
    with pytest.raises(Conflict), attempt(), recorded_together():
        note("undone")
        raise Conflict("No.")
    note("later")

    assert [text for text, _ in told()] == ["later"]


def test_insert_together_refuses_a_row_of_another_merchant(other_merchant: Merchant) -> None:
    event = note("one")
    with merchant_scope(other_merchant.pk), pytest.raises(ScopeError):
        insert_together([event])
