"""Recording events, and the registry of who is told about which kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from uuid import UUID

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.models import Delivery, Event
from returns_portal.core import scope
from returns_portal.core.actor import Actor
from returns_portal.core.clock import now
from returns_portal.core.db import put_off, written_at_end
from returns_portal.core.ids import new_id
from returns_portal.core.logging import request_id
from returns_portal.core.queue import wake
from returns_portal.tenancy.managers import insert_together

Handler = Callable[[Event], None]

_handlers: dict[str, Handler] = {}
_by_kind: dict[str, list[tuple[str, Callable[[Event], bool]]]] = defaultdict(list)


def handles(
    *kinds: EventKind, name: str, when: Callable[[Event], bool] = lambda event: True
) -> Callable[[Handler], Handler]:
    """Register a function for events of ``kinds`` under a stable ``name`` (it is stored).

    The handler runs in its own transaction in the event's merchant scope; it must be safe to run
    twice and read again whatever it needs. ``when`` tells, as an event is recorded, whether it is
    news to the handler at all.
    """

    def register(handler: Handler) -> Handler:
        if name in _handlers:
            raise ValueError(f"two handlers are called {name!r}")
        _handlers[name] = handler
        for kind in kinds:
            _by_kind[kind].append((name, when))
        return handler

    return register


def handler_named(name: str) -> Handler | None:
    return _handlers.get(name)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event about to be recorded. ``about_id`` names the timeline it belongs to."""

    kind: EventKind
    subject_kind: str
    subject_id: UUID
    about_id: UUID | None = None
    facts: dict[str, object] = field(default_factory=dict)


def record_event(
    kind: EventKind,
    *,
    subject_kind: str,
    subject_id: UUID,
    actor: Actor,
    about_id: UUID | None = None,
    **facts: object,
) -> Event:
    """Record one event with its deliveries in the caller's transaction (one statement)."""
    new = NewEvent(kind, subject_kind, subject_id, about_id, facts)
    return record_events([new], actor=actor)[0]


def record_events(new: Sequence[NewEvent], *, actor: Actor) -> list[Event]:
    """Record several events in order, with all their deliveries, by one statement."""
    moment = now()
    merchant_id = scope.current_merchant_id()
    events = [
        Event(
            id=new_id(),
            merchant_id=merchant_id,
            kind=one.kind,
            subject_kind=one.subject_kind,
            subject_id=one.subject_id,
            about_id=one.about_id,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_name=actor.name,
            facts=one.facts,
            request_id=request_id.get(),
            occurred_at=moment,
        )
        for one in new
    ]
    if not put_off(events):
        _write(events)
    return events


def recorded_together() -> AbstractContextManager[None]:
    """Write the events of all actions called in the block at its end, by one statement.

    To be opened with the transaction of an action that calls others. Only ``core.db.attempt`` may
    undo a part of it: it drops the events of that part too.
    """
    return written_at_end(_write)


def _write(events: Sequence[Event]) -> None:
    deliveries = [
        Delivery(event=event, handler=name, due_at=event.occurred_at)
        for event in events
        for name, when in _by_kind.get(event.kind, ())
        if when(event)
    ]
    insert_together(events, deliveries)
    if deliveries:
        wake("activity.deliver")
