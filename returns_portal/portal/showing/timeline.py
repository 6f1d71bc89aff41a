"""The timeline of the status page: what happened from the events, what comes from the stage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.models import Event
from returns_portal.core.actor import ActorKind
from returns_portal.core.money import Money, format_money
from returns_portal.portal.showing.status import Facts, kinds_left
from rma.models import Return
from rma.states import REFUNDING, ResolutionKind

K = EventKind
Step = dict[str, Any]

_WORDS = {
    K.WITHDRAWAL_DECLARED: gettext_lazy("You withdrew from the contract"),
    K.RETURN_CHANGED: gettext_lazy("You changed your return"),
    K.RETURN_INFO_ASKED: gettext_lazy("We asked you something"),
    K.RETURN_INFO_GIVEN: gettext_lazy("You answered"),
    K.APPEAL_OPENED: gettext_lazy("You objected"),
    K.APPEAL_ANSWERED: gettext_lazy("We answered your objection"),
    K.LABEL_READY: gettext_lazy("Your label was ready"),
    K.RETURN_REMINDED: gettext_lazy("We reminded you to send it"),
    K.TRACKING_ADDED: gettext_lazy("You told us the tracking number"),
    K.PARCEL_IN_TRANSIT: gettext_lazy("The carrier has your parcel"),
    K.PARCEL_DELIVERED: gettext_lazy("Your parcel arrived"),
    K.PARCEL_RECEIVED: gettext_lazy("We opened your parcel"),
    K.UNIT_INSPECTED: gettext_lazy("We checked your items"),
    K.EXCHANGE_SHIPPED: gettext_lazy("We sent your new item"),
    K.REPAIR_STARTED: gettext_lazy("We began the repair"),
    K.REPAIR_SENT: gettext_lazy("We sent your repaired item"),
    K.REPAIR_GIVEN_UP: gettext_lazy("We couldn’t repair it"),
}
_STOPPED = {
    K.RETURN_DECLINED: gettext_lazy("We couldn’t accept it"),
    K.RETURN_CANCELLED: gettext_lazy("The return was cancelled"),
    K.RETURN_EXPIRED: gettext_lazy("The return ran out"),
    K.PROMISE_MISSED: gettext_lazy("The refund was not out by the day we said"),
    K.PARCEL_EXCEPTION: gettext_lazy("The carrier reported a problem"),
}
# Each of these may happen several times; the last one is the one to show.
_LAST_ONLY = frozenset(
    {
        K.UNIT_INSPECTED,
        K.TRACKING_ADDED,
        K.LABEL_READY,
        K.EXCHANGE_SHIPPED,
        K.RETURN_REMINDED,
    }
)

_AHEAD = {
    "review": ("check", "send", "arrive", "pay"),
    "info": ("check", "send", "arrive", "pay"),
    "approved": ("send", "arrive", "pay"),
    "label": ("send", "arrive", "pay"),
    "failed": (),
    "transit": ("arrive", "pay"),
    "late": ("arrive", "pay"),
    "received": ("inspect", "pay"),
    "inspecting": ("inspect", "pay"),
    "partial": ("inspect", "pay"),
    "payout": ("pay",),
    "repair": ("pay",),
}


_PARCEL = {"send", "arrive", "inspect"}


def timeline(facts: Facts) -> list[Step]:
    """Return the steps of ``components/timeline.html``: done, the one now, those to come."""
    done = list(_past(facts))
    ahead = [_future(key, facts) for key in _keys_ahead(facts)]
    if ahead:
        ahead[0]["state"] = "now"
    return done + ahead


def _keys_ahead(facts: Facts) -> list[str]:
    keys = _AHEAD.get(facts.status.stage.key, ())
    # What was paid ahead of the goods is told above, and not to come.
    gone = (_PARCEL if facts.status.nothing_is_sent else set()) | (
        set() if kinds_left(facts) else {"pay"}
    )
    return [key for key in keys if key not in gone]


def _past(facts: Facts) -> Iterator[Step]:
    events = facts.status.events
    latest = {event.kind: event.pk for event in events}
    if not any(event.kind == K.RETURN_REQUESTED for event in events):
        yield {"title": _("You asked for a return"), "state": "done", "at": facts.rma.created_at}
    for event in events:
        if event.kind in _LAST_ONLY and latest[event.kind] != event.pk:
            continue
        title, state = _told(event, facts)
        if title:
            yield {"title": title, "state": state, "at": event.occurred_at}


def _told(event: Event, facts: Facts) -> tuple[str, str]:
    """Return an event in the shopper's words, empty for what only staff need to know."""
    kind = EventKind(event.kind)
    if kind in _WORDS:
        return str(_WORDS[kind]), "done"
    if kind in _STOPPED:
        return str(_STOPPED[kind]), "alert"
    if kind is K.RETURN_REQUESTED:
        return _asked(event, facts), "done"
    if kind is K.RETURN_APPROVED:
        return _approved(event, facts), "done"
    if kind in (K.REFUND_SUCCEEDED, K.CREDIT_ISSUED):
        return _paid(event, facts), "done"
    return "", ""


def _asked(event: Event, facts: Facts) -> str:
    if facts.rma.channel == Return.Channel.PORTAL:
        return _("You asked for a return")
    return _("%(merchant)s started your return") % {"merchant": facts.rma.merchant.name}


def _approved(event: Event, facts: Facts) -> str:
    names = {"person": event.actor_name.split(" ")[0], "merchant": facts.rma.merchant.name}
    if event.actor_kind == ActorKind.MEMBER and names["person"]:
        return _("Approved by %(person)s at %(merchant)s") % names
    return _("Approved")


def _paid(event: Event, facts: Facts) -> str:
    minor = event.facts.get("amount_minor")
    amount = facts.amounts.credit if event.kind == K.CREDIT_ISSUED else facts.amounts.refund
    if isinstance(minor, int):
        bonus = event.facts.get("bonus_minor", 0)
        amount = Money(minor + bonus, str(event.facts.get("currency") or facts.rma.currency))
    words = {"amount": format_money(amount), "payment": facts.payment}
    if event.kind == K.CREDIT_ISSUED:
        return _("%(amount)s store credit issued") % words
    return _("%(amount)s refunded to %(payment)s") % words


def _future(key: str, facts: Facts) -> Step:
    makers = {"check": _check, "send": _send, "arrive": _arrive, "inspect": _inspect, "pay": _pay}
    title, note = makers[key](facts)
    return {"title": title, "state": "todo", "note": note}


def _check(facts: Facts) -> tuple[str, str]:
    if facts.status.may_answer:
        return _("Waiting for your answer"), ""
    return _("We look at your request"), ""


def _send(facts: Facts) -> tuple[str, str]:
    by = _("By %(day)s") % {"day": facts.last_day} if facts.last_day else ""
    return _("You send the parcel"), by if not facts.status.may_answer else ""


def _arrive(facts: Facts) -> tuple[str, str]:
    return _("On its way to us"), _("Usually 2 to 4 days")


def _inspect(facts: Facts) -> tuple[str, str]:
    return _("Checked at our warehouse"), _("1 to 3 days after it arrives")


def _pay(facts: Facts) -> tuple[str, str]:
    promised = _("By %(day)s at the latest") % {"day": facts.promised} if facts.promised else ""
    money, left = facts.amounts, kinds_left(facts)
    if money.refund and left.intersection(REFUNDING):
        words = {"amount": format_money(money.refund), "payment": facts.payment}
        return _("%(amount)s refunded to %(payment)s") % words, promised
    if facts.rma.is_gift:
        return _("Your store credit"), promised
    if money.credit and ResolutionKind.STORE_CREDIT in left:
        return _("%(amount)s store credit") % {"amount": format_money(money.credit)}, promised
    if all(line.wanted == ResolutionKind.REPAIR for line in facts.status.lines):
        return _("We send your repaired item back"), ""
    return _("Your new item is sent"), _("As soon as we’ve checked your parcel")
