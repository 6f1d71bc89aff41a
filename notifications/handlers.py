"""Which events make a message, and when one stays silent because another says it."""

from __future__ import annotations

from notifications.actions import queue_message
from notifications.catalogue import ON_EVENT, MessageKind
from notifications.context import load_return
from returns_portal.activity.kinds import EventKind
from returns_portal.activity.models import Event
from returns_portal.activity.record import handles
from rma.models import Return
from rma.states import ReturnStatus


@handles(*ON_EVENT, name="notifications.email")
def tell_shopper(event: Event) -> None:
    """Queue the message of this event, unless another event tells the same thing better."""
    kind = ON_EVENT[EventKind(event.kind)]
    rma = load_return(event.about_id) if event.about_id else None
    if rma is None or not _speaks(event, rma):
        return
    queue_message(kind, rma, event, attachments=_attachments(kind, rma))


def _speaks(event: Event, rma: Return) -> bool:
    """Tell whether this event is the one to speak.

    Approved by policy on the spot: the approval speaks, not the request. With a prepaid label: the
    label speaks, because "approved" without it helps nobody. A label bought again later speaks too.
    """
    if event.kind == EventKind.RETURN_REQUESTED:
        return rma.status in (ReturnStatus.REQUESTED, ReturnStatus.NEEDS_INFO)
    if event.kind == EventKind.RETURN_APPROVED:
        return rma.method == Return.Method.OWN
    if event.kind == EventKind.LABEL_READY:
        return rma.status == ReturnStatus.OPEN
    if event.kind == EventKind.REFUND_FAILED:
        # Staff handle a refusal before money moved; the shopper hears of money that came back.
        return bool(event.facts.get("after_success"))
    return True


def _attachments(kind: MessageKind, rma: Return) -> list[dict[str, str]]:
    if kind is not MessageKind.APPROVED:
        return []
    return [
        {
            "path": parcel.label_path,
            "name": f"return-label-{rma.number}.pdf",
            "type": "application/pdf",
        }
        for parcel in rma.shipments.all()
        if parcel.label_path.endswith(".pdf") and parcel.status not in ("void", "failed")
    ]
