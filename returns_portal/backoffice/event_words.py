"""Events as the history of a return reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.models import Event
from returns_portal.core.actor import ActorKind
from returns_portal.core.money import Money, format_money
from returns_portal.core.words import dated
from rma.policy.processing import moments_words

K = EventKind

_WORDS: Mapping[str, tuple[str, str]] = {
    K.ORDER_IMPORTED: ("imported the order", "package"),
    K.ORDER_UPDATED: ("brought the order up to date", "history"),
    K.WINDOW_GRANTED: ("granted a later last day", "calendar"),
    K.WINDOW_WITHDRAWN: ("took a granted day back", "x-circle"),
    K.LINK_ASKED: ("asked for a link to their orders", "mail"),
    K.GIFT_CODE_MADE: ("made a gift code", "gift"),
    K.RETURN_REQUESTED: ("requested the return", "returns"),
    K.RETURN_APPROVED: ("approved it", "check-circle"),
    K.RETURN_DECLINED: ("declined it", "x-circle"),
    K.RETURN_INFO_ASKED: ("asked the shopper", "question"),
    K.RETURN_INFO_GIVEN: ("answered", "message"),
    K.RETURN_CHANGED: ("changed it", "edit"),
    K.RETURN_CANCELLED: ("cancelled it", "x-circle"),
    K.RETURN_EXPIRED: ("let it run out", "history"),
    K.RETURN_REMINDED: ("reminded the shopper", "mail"),
    K.RETURN_CLOSED: ("closed it", "check"),
    K.RETURN_ASSIGNED: ("changed who looks after it", "user"),
    K.WITHDRAWAL_DECLARED: ("withdrew from the contract", "note"),
    K.APPEAL_OPENED: ("objected", "message"),
    K.APPEAL_ANSWERED: ("answered the objection", "check"),
    K.PROMISE_MISSED: ("saw the promised refund day pass", "alert"),
    K.NOTE_ADDED: ("wrote a note", "note"),
    K.MESSAGE_RECEIVED: ("wrote to us", "message"),
    K.PHOTO_ADDED: ("added a photo", "camera"),
    K.LABEL_READY: ("made the label", "qr"),
    K.LABEL_FAILED: ("could not make the label", "alert"),
    K.LABEL_CANCELLED: ("cancelled the label", "x-circle"),
    K.TRACKING_ADDED: ("entered the tracking number", "truck"),
    K.PARCEL_IN_TRANSIT: ("scanned the parcel", "truck"),
    K.PARCEL_DELIVERED: ("delivered the parcel", "package"),
    K.PARCEL_EXCEPTION: ("reported a problem with the parcel", "alert"),
    K.PARCEL_RECEIVED: ("opened the parcel", "package-open"),
    K.UNIT_INSPECTED: ("inspected a unit", "search"),
    K.STOCK_MOVED: ("moved stock", "layers"),
    K.RESOLUTION_COMMITTED: ("settled it", "check"),
    K.REFUND_REQUESTED: ("asked for a refund", "card"),
    K.REFUND_APPROVED: ("approved the refund", "card"),
    K.REFUND_SENT: ("sent the refund", "card"),
    K.REFUND_SUCCEEDED: ("paid the refund", "check-circle"),
    K.REFUND_FAILED: ("could not pay the refund", "alert"),
    K.REFUND_CANCELLED: ("cancelled the refund", "x-circle"),
    K.CREDIT_ISSUED: ("issued store credit", "gift"),
    K.EXCHANGE_RESERVED: ("held the replacement", "lock"),
    K.EXCHANGE_RELEASED: ("released the replacement", "swap"),
    K.EXCHANGE_SHIPPED: ("sent the replacement", "truck"),
    K.EXCHANGE_CANCELLED: ("gave up the replacement", "x-circle"),
    K.REPAIR_STARTED: ("started the repair", "refresh"),
    K.REPAIR_SENT: ("sent the repaired goods back", "truck"),
    K.REPAIR_GIVEN_UP: ("gave up the repair", "x-circle"),
    K.MESSAGE_SENT: ("e-mailed the shopper", "mail"),
    K.REHEARSAL_STARTED: ("started a rehearsal", "play"),
    K.REHEARSAL_FINISHED: ("finished a rehearsal", "check-circle"),
    K.REHEARSAL_CANCELLED: ("cancelled a rehearsal", "x-circle"),
    K.TASK_OPENED: ("asked for a person", "flag"),
    K.TASK_DONE: ("settled a task", "check"),
}


def history(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Return events as the activity component shows them, oldest first."""
    return [_entry(event) for event in events]


def _entry(event: Event) -> dict[str, Any]:
    words, icon = _WORDS.get(
        event.kind, (event.kind.replace(".", " ").replace("_", " "), "history")
    )
    extra = _detail(event.facts)
    return {
        "actor": _doer(event),
        "text": f"{words}: {extra}" if extra else words,
        "at": event.occurred_at,
        "icon": icon,
    }


# What follows by itself from what a shopper did is not the shopper's doing.
_BY_ITSELF = (K.EXCHANGE_RESERVED, K.EXCHANGE_CANCELLED, K.EXCHANGE_RELEASED, K.STOCK_MOVED)


def _doer(event: Event) -> str:
    if event.facts.get("automatic") and event.kind in (K.RETURN_APPROVED, K.RETURN_DECLINED):
        return "Policy"
    if event.actor_kind == ActorKind.SHOPPER and event.kind in _BY_ITSELF:
        return "Policy"
    return event.actor_name or "Somebody"


def _detail(facts: Mapping[str, Any]) -> str:
    """Return the facts worth a word: an amount, a grade, a title, a reason."""
    parts: list[str] = []
    if isinstance(facts.get("amount_minor"), int) and facts.get("currency"):
        given = facts["amount_minor"] + facts.get("bonus_minor", 0)
        parts.append(format_money(Money(given, facts["currency"])))
    if facts.get("last_day"):
        parts.append(f"until {dated(date.fromisoformat(facts['last_day']))}")
    if facts.get("ahead"):
        parts.append(f"ahead of the goods, {moments_words(facts['ahead'])}")
    if facts.get("grade"):
        parts.append(f"grade {facts['grade']}, {facts.get('disposition', '')}")
    parts += [
        str(facts[name]) for name in ("title", "note", "reason", "carrier") if facts.get(name)
    ]
    return ", ".join(parts)
