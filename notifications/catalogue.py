"""Every message the product sends to shoppers, and which event it tells of."""

from __future__ import annotations

from enum import StrEnum

from returns_portal.activity.kinds import EventKind


class MessageKind(StrEnum):
    """One kind of message; templates are ``emails/<kind>.{subject.txt,txt,html}``."""

    ORDER_LINK = "order_link"
    REQUEST_RECEIVED = "request_received"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWAL_RECEIVED = "withdrawal_received"
    NEEDS_INFO = "needs_info"
    NOTE = "note"
    IN_TRANSIT = "in_transit"
    ARRIVED = "arrived"
    NOT_ACCEPTED = "not_accepted"
    REFUNDED = "refunded"
    REFUND_FAILED = "refund_failed"
    CREDITED = "credited"
    EXCHANGE_SENT = "exchange_sent"
    APPEAL_RECEIVED = "appeal_received"
    APPEAL_ANSWERED = "appeal_answered"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    REMINDER = "reminder"
    EXPIRED = "expired"


# What staff call them.
TITLES: dict[MessageKind, str] = {
    MessageKind.ORDER_LINK: "Link to the shopper’s orders",
    MessageKind.REQUEST_RECEIVED: "Request received",
    MessageKind.APPROVED: "Approved, with label and instructions",
    MessageKind.REJECTED: "Not accepted, with the reason",
    MessageKind.WITHDRAWAL_RECEIVED: "Withdrawal acknowledged, with a copy",
    MessageKind.NEEDS_INFO: "Question to the shopper",
    MessageKind.NOTE: "Message from the team",
    MessageKind.IN_TRANSIT: "Parcel on its way",
    MessageKind.ARRIVED: "Parcel arrived",
    MessageKind.NOT_ACCEPTED: "Nothing accepted at inspection",
    MessageKind.REFUNDED: "Refunded",
    MessageKind.REFUND_FAILED: "Refund did not arrive",
    MessageKind.CREDITED: "Store credit issued",
    MessageKind.EXCHANGE_SENT: "Exchange on its way",
    MessageKind.APPEAL_RECEIVED: "Objection received",
    MessageKind.APPEAL_ANSWERED: "Objection answered",
    MessageKind.CHANGED: "Return changed by the shopper",
    MessageKind.CANCELLED: "Return cancelled",
    MessageKind.REMINDER: "Reminder to send the parcel",
    MessageKind.EXPIRED: "Return ran out",
}

# What the law wants sent, whatever the merchant has switched off.
OWED = frozenset({MessageKind.WITHDRAWAL_RECEIVED})
# What shoppers ask for themselves, before there is any return: never switched off.
BESIDE_RETURNS = frozenset({MessageKind.ORDER_LINK})

# Which of several events about the same news speaks is decided in handlers.
ON_EVENT: dict[EventKind, MessageKind] = {
    EventKind.RETURN_REQUESTED: MessageKind.REQUEST_RECEIVED,
    EventKind.RETURN_APPROVED: MessageKind.APPROVED,
    EventKind.LABEL_READY: MessageKind.APPROVED,
    EventKind.LABEL_FAILED: MessageKind.APPROVED,
    EventKind.RETURN_DECLINED: MessageKind.REJECTED,
    EventKind.WITHDRAWAL_DECLARED: MessageKind.WITHDRAWAL_RECEIVED,
    EventKind.RETURN_INFO_ASKED: MessageKind.NEEDS_INFO,
    EventKind.NOTE_ADDED: MessageKind.NOTE,
    EventKind.TRACKING_ADDED: MessageKind.IN_TRANSIT,
    EventKind.PARCEL_IN_TRANSIT: MessageKind.IN_TRANSIT,
    EventKind.PARCEL_RECEIVED: MessageKind.ARRIVED,
    EventKind.RETURN_CLOSED: MessageKind.NOT_ACCEPTED,
    EventKind.REFUND_SUCCEEDED: MessageKind.REFUNDED,
    EventKind.REFUND_FAILED: MessageKind.REFUND_FAILED,
    EventKind.CREDIT_ISSUED: MessageKind.CREDITED,
    EventKind.EXCHANGE_SHIPPED: MessageKind.EXCHANGE_SENT,
    EventKind.REPAIR_SENT: MessageKind.EXCHANGE_SENT,
    EventKind.APPEAL_OPENED: MessageKind.APPEAL_RECEIVED,
    EventKind.APPEAL_ANSWERED: MessageKind.APPEAL_ANSWERED,
    EventKind.RETURN_CHANGED: MessageKind.CHANGED,
    EventKind.RETURN_CANCELLED: MessageKind.CANCELLED,
    EventKind.RETURN_REMINDED: MessageKind.REMINDER,
    EventKind.RETURN_EXPIRED: MessageKind.EXPIRED,
}
