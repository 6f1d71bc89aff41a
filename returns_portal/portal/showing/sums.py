"""A return's items, its money and its parcel, as the cards of the status page show them."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from returns_portal.core.money import Money
from returns_portal.portal.showing.confirming import outcome_words
from returns_portal.portal.showing.money import (
    PAID_FIRST,
    bonus_rows,
    deduction_label,
    fee_rows,
    gift_words,
    replacement_name,
)
from returns_portal.portal.showing.status import Facts, expected_credit
from rma.fees import KEEPING, RESTOCKING
from rma.models import Exchange, Return, Shipment
from rma.policy.wording import reason_label
from rma.quoting import with_quoted
from rma.states import (
    REFUNDING,
    SENT,
    ResolutionKind,
    ResolutionStatus,
    ReturnStatus,
    ShipmentStatus,
)

Kind = ResolutionKind
_NOTHING_PAID = (
    ReturnStatus.DECLINED,
    ReturnStatus.CANCELLED,
    ReturnStatus.EXPIRED,
    ReturnStatus.CLOSED,
)


def sum_lines(facts: Facts) -> list[dict[str, str]]:
    """Return the items with what becomes of each, and until when a replacement is held."""
    status = facts.status
    lines = []
    for line in status.lines:
        reason = status.policy.reason(line.reason)
        text = outcome_words(
            line.wanted,
            replacement_name(line.exchange_variant, line.order_line.variant),
            reason_label(reason) if reason else "",
        )
        if any(one.status == Exchange.Status.RESERVED for one in line.exchanges.all()):
            text = _held(text, facts.last_day if _is_unsent(facts) else "")
        title = line.order_line.title
        lines.append(
            {
                "picture": line.order_line.image_url,
                "title": f"{line.quantity} × {title}" if line.quantity > 1 else title,
                "text": text,
            }
        )
    return lines


def _held(what: str, until: str) -> str:
    """Say that a replacement is kept, and until when unless the parcel is under way by then."""
    if not until:
        return _("%(what)s, held for you") % {"what": what}
    return _("%(what)s, held for you until %(day)s") % {"what": what, "day": until}


def sum_rows(facts: Facts) -> list[dict[str, Any]]:
    """Return the short money table; what was expected is struck where it turned out otherwise."""
    rma, paid = facts.rma, facts.amounts
    if not rma.quote or (rma.status in _NOTHING_PAID and not facts.status.resolutions):
        return []
    if rma.is_gift:
        return _gift_rows(facts)
    rows = _stored_rows(facts)
    expected = {
        Kind.REFUND: Money(rma.quote.get("refund_minor", 0), rma.currency),
        Kind.STORE_CREDIT: expected_credit(rma),
    }
    wanted = {
        Kind.REFUND if line.wanted in REFUNDING else line.wanted for line in facts.status.lines
    }
    for kind, label, amount in (
        (Kind.REFUND, _("Refund"), paid.refund),
        (Kind.STORE_CREDIT, _("Store credit"), paid.credit),
    ):
        if kind in wanted or amount:
            was = expected[kind] if expected[kind] != amount else None
            rows.append({"kind": "total", "label": label, "amount": amount, "was": was})
    if facts.due:
        rows.append({"kind": "total", "label": _("To pay"), "amount": facts.due})
        rows.append({"kind": "note", "label": PAID_FIRST})
    return rows


def _gift_rows(facts: Facts) -> list[dict[str, Any]]:
    """Return the credit alone, once it is decided: what it is made of is the buyer's business."""
    if not facts.amounts.is_decided:
        return [{"kind": "note", "label": gift_words()}]
    return [{"kind": "total", "label": _("Store credit"), "amount": facts.amounts.credit}]


def _stored_rows(facts: Facts) -> list[dict[str, Any]]:
    """Return goods, deductions, delivery and fees as they stand in the stored calculation."""
    rma = facts.rma
    rows: list[dict[str, Any]] = []

    def money(minor: int) -> Money:
        return Money(minor, rma.currency)

    stored = _stored(facts)
    kept = [(kind, row) for kind, one in stored for row in one.get("rows", [])]
    goods = sum(
        row["minor"]
        for kind, row in kept
        if row["kind"] == "item" and row["quantity"] and kind not in SENT
    )
    left = sum(
        row["minor"]
        for kind, row in kept
        if row["kind"] == "item" and not row["quantity"] and kind not in SENT
    )
    if goods:
        rows.append({"label": _("Price you paid"), "amount": money(goods)})
    if any(line.wanted == Kind.EXCHANGE for line in facts.status.lines):
        rows.append({"label": _("Exchange"), "amount": money(left)})
    wanted = {line.wanted for line in facts.status.lines}
    for kind, label in ((Kind.REPLACEMENT, _("Replacement")), (Kind.REPAIR, _("Repair"))):
        if kind in wanted:
            rows.append({"label": label, "amount": money(0)})
    for _kind, row in kept:
        if row["key"] == "deduction":
            note = "" if row["reason"] in (RESTOCKING, KEEPING) else row["reason"]
            less = {"kind": "less", "amount": money(row["minor"]), "note": note}
            rows.append({**less, "label": deduction_label(row["reason"])})
        elif row["key"] == "shipping_back" and row["minor"] > 0:
            rows.append(
                {"kind": "plus", "label": _("Delivery you paid"), "amount": money(row["minor"])}
            )
    fees = [fee for _kind, one in stored for fee in one.get("fees", [])]
    bonus = sum(one.get("bonus_minor", 0) for _kind, one in stored)
    return rows + fee_rows(rma.currency, fees, brief=True) + bonus_rows(money(bonus))


def _stored(facts: Facts) -> list[tuple[str, dict[str, Any]]]:
    """Return the calculations by outcome: those decided, else those of the request."""
    decided = [
        (one.kind, one.breakdown)
        for one in facts.status.resolutions
        if one.status != ResolutionStatus.CANCELLED
    ]
    return with_quoted(decided, facts.rma)


def parcel(facts: Facts) -> dict[str, Any] | None:
    """Return what the card about sending needs, while there is something to send."""
    rma, shipment = facts.rma, facts.status.shipment
    if not _is_unsent(facts):
        return None
    if facts.status.resolutions and not rma.part_settled:
        return None
    is_own = rma.method == Return.Method.OWN
    return {
        "is_own": is_own,
        "has_label": _has_label(shipment),
        "is_waiting": not is_own and not _has_label(shipment),
        # The slip is the main thing to print only where there is no label of ours.
        "slip_variant": "brand" if is_own else "",
        "units": sum(line.quantity for line in facts.status.lines),
        "by": facts.last_day,
        "carrier": shipment.carrier if shipment else "",
    }


def _is_unsent(facts: Facts) -> bool:
    """Tell whether the shopper still has to send the goods, or the return runs out."""
    unsent = facts.status.stage.key in ("approved", "label", "failed")
    return unsent and facts.rma.status == ReturnStatus.OPEN


def documents(facts: Facts) -> list[dict[str, str]]:
    """Return what can be downloaded now, by name and address; each address checks it again."""
    rma = facts.rma
    if rma.status != ReturnStatus.OPEN or facts.status.nothing_is_sent:
        return []
    found = [("slip", _("Return slip (PDF)"))]
    if _has_label(facts.status.shipment):
        found.insert(0, ("label", _("Return label")))
    return [
        {"title": title, "url": reverse(name, kwargs={"token": rma.token})} for name, title in found
    ]


def _has_label(shipment: Shipment | None) -> bool:
    ready = shipment is not None and shipment.status == ShipmentStatus.READY
    return ready and bool(shipment and shipment.label_path)
