"""Which events make a message, and when one stays silent because another says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from notifications.actions import Reader, queue_letter, queue_message
from notifications.catalogue import ON_EVENT, MessageKind
from notifications.context import load_return, order_link_context
from notifications.models import Message
from notifications.parcel import parcel_of
from notifications.withdrawals import acknowledgement
from returns_portal.activity.kinds import EventKind
from returns_portal.activity.models import Event
from returns_portal.activity.record import handles
from returns_portal.core.actor import SYSTEM
from rma.actions.links import GivenOut, give_out_link
from rma.models import Note, Return
from rma.selectors import goods_moved
from rma.states import ReturnStatus, ShipmentStatus, nothing_is_sent
from rma.withdrawals import keep_paper, withdrawal_by_id


@handles(*ON_EVENT, name="notifications.email")
def tell_shopper(event: Event) -> None:
    """Queue the message of this event, unless another event tells the same thing better."""
    kind = EventKind(event.kind)
    if kind is EventKind.WITHDRAWAL_DECLARED:
        _acknowledge(event)
        return
    rma = load_return(event.about_id) if event.about_id else None
    speaks = _SPEAKS.get(kind)
    if rma is None or (speaks is not None and not speaks(event, rma)):
        return
    message = ON_EVENT[kind]
    queue_message(message, rma, event, attachments=_attachments(message, rma))


def _acknowledge(event: Event) -> None:
    """Send the copy of a withdrawal to the address of its order.

    Where number and e-mail proved no order, nothing is sent: anybody could have the shop write to
    anybody. That statement is acknowledged by its receipt's page alone.
    """
    withdrawal = withdrawal_by_id(event.subject_id)
    if withdrawal is None or withdrawal.order is None:
        return
    reader = Reader(withdrawal.merchant, withdrawal.order.email, withdrawal.locale)
    name = f"withdrawal-{withdrawal.order.number_key}.pdf"
    queue_letter(
        MessageKind.WITHDRAWAL_RECEIVED,
        reader,
        event,
        lambda: acknowledgement(withdrawal.pk),
        rma=withdrawal.rma,
        attachments=[{"path": keep_paper(withdrawal), "name": name, "type": "application/pdf"}],
    )


@handles(EventKind.LINK_ASKED, name="notifications.order_link")
def send_order_link(event: Event) -> None:
    """Send the link that somebody asked for, if an order has their address."""
    given = give_out_link(event.subject_id, actor=SYSTEM)
    if given is not None:
        _mail_link(given, event)


def _mail_link(given: GivenOut, event: Event) -> None:
    merchant = given.link.merchant
    queue_letter(
        MessageKind.ORDER_LINK,
        Reader(merchant, given.address, given.link.locale),
        event,
        lambda: order_link_context(merchant, given.token),
    )


def _waits_for_staff(event: Event, rma: Return) -> bool:
    """Approved by policy on the spot, the approval speaks and not the request."""
    return rma.status in (ReturnStatus.REQUESTED, ReturnStatus.NEEDS_INFO)


def _comes_without_label(event: Event, rma: Return) -> bool:
    """With a prepaid label the label speaks, because "approved" without it helps nobody."""
    kept = nothing_is_sent(line.wanted for line in rma.lines.all())
    return rma.method == Return.Method.OWN or kept


def _is_open(event: Event, rma: Return) -> bool:
    return rma.status == ReturnStatus.OPEN


def _label_takes_time(event: Event, rma: Return) -> bool:
    """A label that could not be made is the team's trouble; the approval is told, once."""
    told = Message.objects.filter(rma=rma, kind=MessageKind.APPROVED)
    return rma.status == ReturnStatus.OPEN and not told.exists()


def _nothing_else_speaks(event: Event, rma: Return) -> bool:
    """A change is told by the approval it led to, or by the label that it made."""
    if event.facts.get("opened"):
        return False
    waits_for_label = rma.status == ReturnStatus.OPEN and rma.method == Return.Method.LABEL
    parcel = parcel_of(rma)
    return not (waits_for_label and parcel and parcel.status == ShipmentStatus.PENDING)


def _is_unsent(event: Event, rma: Return) -> bool:
    """Sent, cancelled or run out meanwhile, nobody wants to be reminded of it."""
    return rma.status == ReturnStatus.OPEN and not goods_moved(rma)


def _is_message_alone(event: Event, rma: Return) -> bool:
    """What was written with an approval or as a question goes out with that."""
    to_shopper = event.facts.get("note_kind") == Note.Kind.TO_SHOPPER
    return bool(to_shopper and event.facts.get("alone"))


def _nothing_accepted(event: Event, rma: Return) -> bool:
    return event.facts.get("outcome") == "not_accepted"


def _came_back(event: Event, rma: Return) -> bool:
    """Staff handle a refusal before money moved; the shopper hears of money that came back."""
    return bool(event.facts.get("late"))


_SPEAKS: Mapping[EventKind, Callable[[Event, Return], bool]] = {
    EventKind.RETURN_REQUESTED: _waits_for_staff,
    EventKind.RETURN_APPROVED: _comes_without_label,
    EventKind.RETURN_CHANGED: _nothing_else_speaks,
    EventKind.LABEL_READY: _is_open,
    EventKind.LABEL_FAILED: _label_takes_time,
    EventKind.NOTE_ADDED: _is_message_alone,
    EventKind.RETURN_REMINDED: _is_unsent,
    EventKind.RETURN_CLOSED: _nothing_accepted,
    EventKind.REFUND_FAILED: _came_back,
}


_WITH_LABEL = (MessageKind.APPROVED, MessageKind.REMINDER)


def _attachments(kind: MessageKind, rma: Return) -> list[dict[str, str]]:
    parcel = parcel_of(rma)
    if kind not in _WITH_LABEL or parcel is None or not parcel.label_path:
        return []
    _, dot, ending = parcel.label_path.rpartition(".")
    content_type = _LABEL_TYPES.get(ending)
    if content_type is None:
        return []
    name = f"return-label-{rma.number}{dot}{ending}"
    return [{"path": parcel.label_path, "name": name, "type": content_type}]


_LABEL_TYPES = {"pdf": "application/pdf", "png": "image/png"}
