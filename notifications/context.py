"""What a message may say: plain values read fresh from the return it is about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from notifications import sums
from notifications.brand import brand_of
from notifications.catalogue import MessageKind
from notifications.parcel import parcel_values
from notifications.plain import table_lines
from notifications.steps import steps_for
from notifications.withdrawals import acknowledgement
from returns_portal.activity.kinds import EventKind
from returns_portal.activity.models import Event
from returns_portal.tenancy.links import portal_link
from returns_portal.tenancy.models import Merchant
from rma.actions.links import LIFE
from rma.models import Appeal, Note, Return, ReturnLine
from rma.policy.days import last_day
from rma.policy.paid_words import when_paid
from rma.states import ResolutionKind

Kind = MessageKind
_NOTHING_OWED = (
    Kind.APPEAL_RECEIVED,
    Kind.APPEAL_ANSWERED,
    Kind.REJECTED,
    Kind.CANCELLED,
    Kind.EXPIRED,
)


def load_return(rma_id: UUID) -> Return | None:
    """Return the return with all that a message names, or None when it is gone."""
    lines = ReturnLine.objects.select_related("rma", "order_line", "exchange_variant__product")
    return (
        Return.objects.select_related("order", "merchant", "receiver")
        .prefetch_related(Prefetch("lines", lines.order_by("position")), "shipments")
        .filter(pk=rma_id)
        .first()
    )


def context_for(kind: MessageKind, rma: Return, event: Event) -> dict[str, Any]:
    """Return the template context of a message of ``kind`` about ``rma`` caused by ``event``.

    Words in it are in the active language.
    """
    if kind is Kind.WITHDRAWAL_RECEIVED:
        return acknowledgement(event.subject_id)
    merchant = rma.merchant
    status_url = portal_link(merchant, "status", token=rma.token)
    parcel = parcel_values(rma)
    shown = _sums(kind, rma, event)
    return {
        "kind": kind.value,
        "brand": brand_of(merchant),
        "merchant_name": merchant.name,
        "support_email": merchant.support_email,
        "first_name": rma.shopper_name.split(" ")[0] if rma.shopper_name else "",
        "rma_number": rma.number,
        # With the number of an order and a postcode anybody sees its prices.
        "order_number": "" if rma.is_gift else rma.order.number,
        "is_gift": rma.is_gift,
        "item_names": _item_names(rma),
        "promised_on": None if rma.part_settled else rma.refund_promised_on,
        "money_comes": "" if rma.part_settled else when_paid(rma.processing),
        "is_paid_ahead": rma.part_settled,
        "due_at": rma.due_at,
        # The last day to act, not the midnight after it.
        "expires_at": last_day(rma.expires_at, merchant.time_zone) if rma.expires_at else None,
        "decline_reason": _sentence(rma.decline_reason),
        "question": _sentence(rma.info_question),
        # A question that nobody answered runs out as well; such a return was never decided.
        "was_approved": rma.decided_at is not None,
        "status_url": status_url,
        "button_url": status_url,
        "is_scanned": event.kind == EventKind.PARCEL_IN_TRANSIT,
        "steps": steps_for(parcel),
        **parcel,
        **shown,
        "table_lines": table_lines(shown["items"], shown["rows"]),
        **_person(kind, rma, event),
        **_appeal(kind, event),
    }


def order_link_context(merchant: Merchant, token: str) -> dict[str, Any]:
    """Return the template context of the mail that opens a shopper's orders."""
    return {
        "brand": brand_of(merchant),
        "merchant_name": merchant.name,
        "support_email": merchant.support_email,
        "button_url": portal_link(merchant, "open_link", token=token),
        "button_label": _("Show my orders"),
        # What a merchant's own subject may name, and this mail has not.
        "rma_number": "",
        "order_number": "",
        "minutes": LIFE // timedelta(minutes=1),
        "steps": [],
    }


def _item_names(rma: Return) -> str:
    """Name one item, or count several: a sentence of five product names helps nobody."""
    lines = list(rma.lines.all())
    units = sum(line.quantity for line in lines)
    if units == 1:
        return lines[0].order_line.title
    return ngettext("your %(n)d item", "your %(n)d items", units) % {"n": units}


def _sentence(words: str) -> str:
    """Return what a person typed so that another sentence can follow it."""
    text = words.strip()
    return f"{text}." if text and (text[-1].isalnum() or text[-1] in ')"”’') else text


def _sums(kind: MessageKind, rma: Return, event: Event) -> dict[str, Any]:
    if kind in _NOTHING_OWED:
        return sums.bare_items(rma)
    if rma.is_gift and kind is not Kind.CREDITED:
        return sums.gift_items(rma)
    if kind is Kind.NOT_ACCEPTED:
        return sums.settled_sums(rma, None, None)
    if kind is Kind.REFUNDED:
        values = sums.refund_values(event)
        paid = sums.refunded_kind(rma, event)
        return values | sums.settled_sums(rma, paid, values["amount"])
    if kind is Kind.REFUND_FAILED:
        return sums.refund_values(event) | sums.bare_items(rma)
    if kind is Kind.CREDITED:
        values = sums.credit_values(event)
        return values | sums.settled_sums(rma, ResolutionKind.STORE_CREDIT, values["amount"])
    if kind is Kind.EXCHANGE_SENT:
        return sums.exchange_values(event) | sums.bare_items(rma)
    return sums.expected_sums(rma)


def _appeal(kind: MessageKind, event: Event) -> dict[str, Any]:
    """Return how an objection was answered."""
    if kind is not Kind.APPEAL_ANSWERED:
        return {}
    appeal = Appeal.objects.filter(pk=event.subject_id).first()
    if appeal is None:
        return {}
    granted = appeal.status == Appeal.Status.GRANTED
    return {"appeal_granted": granted, "appeal_answer": _sentence(appeal.answer)}


def _person(kind: MessageKind, rma: Return, event: Event) -> dict[str, str]:
    """Return what a person of the team wrote with this news, and who it was."""
    written = Note.objects.filter(rma=rma, kind=Note.Kind.TO_SHOPPER).order_by("-created_at")
    note = None
    if kind is Kind.NOTE and event.kind == EventKind.NOTE_ADDED:
        note = written.filter(pk=event.subject_id).first()
    elif kind is Kind.APPROVED and rma.decided_at is not None:
        note = written.filter(created_at__gte=rma.decided_at).first()
    return {
        "person_note": note.body if note else "",
        "person_name": note.author_name if note else "",
    }
