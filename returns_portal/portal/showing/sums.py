"""A return's items, its money and its parcel, as the cards of the status page show them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from returns_portal.core.money import Money
from returns_portal.portal.showing.confirming import outcome_words
from returns_portal.portal.showing.money import fee_rows, replacement_name
from returns_portal.portal.showing.status import Facts
from rma.models import Exchange, Return, Shipment
from rma.selectors import ShopperStatus
from rma.states import ResolutionKind, ResolutionStatus, ShipmentStatus

Kind = ResolutionKind


def sum_lines(status: ShopperStatus) -> list[dict[str, str]]:
    """Return the items with what becomes of each."""
    lines = []
    for line in status.lines:
        reason = status.policy.reason(line.reason)
        text = outcome_words(
            line.wanted,
            replacement_name(line.exchange_variant),
            reason.label() if reason else "",
        )
        if any(one.status == Exchange.Status.RESERVED for one in line.exchanges.all()):
            text = _("%(what)s, held for you") % {"what": text}
        title = line.order_line.title
        lines.append(
            {
                "picture": line.order_line.image_url,
                "title": f"{line.quantity} × {title}" if line.quantity > 1 else title,
                "text": text,
            }
        )
    return lines


def sum_rows(facts: Facts) -> list[dict[str, Any]]:
    """Return the short money table; what was expected is struck where it turned out otherwise."""
    rma, paid = facts.rma, facts.amounts
    if not rma.quote:
        return []
    rows: list[dict[str, Any]] = []
    if any(line.wanted == Kind.EXCHANGE for line in facts.status.lines):
        rows.append({"label": _("Exchange"), "amount": Money.zero(rma.currency)})
    rows += _stored_rows(facts)
    expected = {
        Kind.REFUND: Money(rma.quote.get("refund_minor", 0), rma.currency),
        Kind.STORE_CREDIT: Money(rma.quote.get("store_credit_minor", 0), rma.currency),
    }
    wanted = {line.wanted for line in facts.status.lines}
    for kind, label, amount in (
        (Kind.REFUND, _("Refund"), paid.refund),
        (Kind.STORE_CREDIT, _("Store credit"), paid.credit),
    ):
        if kind in wanted or amount:
            was = expected[kind] if expected[kind] != amount else None
            rows.append({"kind": "total", "label": label, "amount": amount, "was": was})
    return rows


def _stored_rows(facts: Facts) -> list[dict[str, Any]]:
    """Return delivery and fees as they stand in the stored calculation."""
    rma = facts.rma
    alive = [one for one in facts.status.resolutions if one.status != ResolutionStatus.CANCELLED]
    stored = [one.breakdown for one in alive] or list(rma.quote.get("breakdowns", {}).values())
    rows: list[dict[str, Any]] = []
    back = sum(
        row["minor"]
        for breakdown in stored
        for row in breakdown.get("rows", [])
        if row["key"] == "shipping_back"
    )
    if back > 0:
        amount = Money(back, rma.currency)
        rows.append({"kind": "plus", "label": _("Delivery you paid"), "amount": amount})
    fees = [fee for breakdown in stored for fee in breakdown.get("fees", [])]
    return rows + fee_rows(rma.currency, fees, brief=True)


def parcel(facts: Facts) -> dict[str, Any] | None:
    """Return what the card about sending needs, while there is something to send."""
    rma, shipment = facts.rma, facts.status.shipment
    if facts.status.stage.key not in ("approved", "label", "failed") or rma.status != "open":
        return None
    if facts.status.resolutions:
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


def _has_label(shipment: Shipment | None) -> bool:
    ready = shipment is not None and shipment.status == ShipmentStatus.READY
    return ready and bool(shipment and shipment.label_path)
