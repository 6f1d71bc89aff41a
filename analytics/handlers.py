"""Which events put a day's figures behind the facts."""

from __future__ import annotations

from analytics.rollups import mark_days_of
from returns_portal.activity.kinds import EventKind
from returns_portal.activity.models import Event
from returns_portal.activity.record import handles

MARK_DAY = "analytics.mark_day"
_LOST = frozenset({"recycle", "dispose"})


def _changes_figures(event: Event) -> bool:
    """Say whether an event can move a figure: of inspected units only the lost ones do."""
    return event.kind != EventKind.UNIT_INSPECTED or event.facts.get("disposition") in _LOST


@handles(
    EventKind.ORDER_IMPORTED,
    EventKind.ORDER_UPDATED,
    EventKind.RETURN_REQUESTED,
    EventKind.RETURN_DECLINED,
    EventKind.RETURN_CHANGED,
    EventKind.RETURN_CANCELLED,
    EventKind.RETURN_EXPIRED,
    EventKind.RETURN_CLOSED,
    EventKind.LABEL_READY,
    EventKind.LABEL_CANCELLED,
    EventKind.UNIT_INSPECTED,
    EventKind.RESOLUTION_COMMITTED,
    EventKind.REFUND_SUCCEEDED,
    EventKind.REFUND_FAILED,
    EventKind.CREDIT_ISSUED,
    EventKind.CREDIT_REVERSED,
    EventKind.EXCHANGE_SHIPPED,
    EventKind.EXCHANGE_CANCELLED,
    EventKind.REPAIR_SENT,
    EventKind.REPAIR_GIVEN_UP,
    name=MARK_DAY,
    when=_changes_figures,
)
def mark_day(event: Event) -> None:
    """Mark the days of the return or order that the event is about."""
    mark_days_of(event.about_id or event.subject_id)
