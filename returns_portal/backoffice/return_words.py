"""A return in words and rows: why it is here, how it was decided, where it stands, its cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from returns_portal.commerce.models import Order, Payment
from returns_portal.core.money import Money, format_money
from rma.models import Return, ReturnLine
from rma.policy.document import Policy
from rma.policy.live import policy_of
from rma.quoting import with_quoted
from rma.selectors import ReturnDetail
from rma.states import KEPT, SENT, ResolutionKind, ResolutionStatus, ReturnStatus, ShipmentStatus

WANTED_WORDS = {
    ResolutionKind.REFUND: "Refund",
    ResolutionKind.STORE_CREDIT: "Store credit",
    ResolutionKind.EXCHANGE: "Exchange",
    ResolutionKind.REPLACEMENT: "Replacement",
    ResolutionKind.REPAIR: "Repair",
    ResolutionKind.KEEP_ITEM: "Keep the item",
    ResolutionKind.DONATE: "Give to charity",
}


def reason_word(policy: Policy, key: str) -> str:
    """Return a reason's label as the return's own policy version has it."""
    reason = policy.reason(key)
    return reason.full_label() if reason else key.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One row of the queue, all in words."""

    rma: Return
    titles: list[str]
    pictures: list[str]
    reasons: str
    wants: str
    why: str

    @property
    def items(self) -> str:
        more = len(self.titles) - 1
        return f"{self.titles[0]} +{more}" if more > 0 else "".join(self.titles)


def queue_rows(rows: Iterable[Return]) -> list[QueueRow]:
    """Return the rows of the queue; lines and order lines are loaded by the queue's selector."""
    return [_queue_row(rma) for rma in rows]


def _queue_row(rma: Return) -> QueueRow:
    policy = policy_of(rma.policy_version_id)
    lines = list(rma.lines.all())
    return QueueRow(
        rma=rma,
        titles=[line.order_line.title for line in lines],
        pictures=[line.order_line.image_url for line in lines[:2]],
        reasons=", ".join(dict.fromkeys(reason_word(policy, line.reason) for line in lines)),
        wants=" + ".join(
            dict.fromkeys(WANTED_WORDS[ResolutionKind(line.wanted)] for line in lines)
        ),
        why=_why_here(rma),
    )


def _why_here(rma: Return) -> str:
    if getattr(rma, "is_appealed", False):
        return "Objection: needs a person"
    return rma.review_reason if rma.status == ReturnStatus.REQUESTED else ""


def headline(detail: ReturnDetail) -> tuple[str, str, str]:
    """Return tone, heading and line below of the decision card."""
    rma = detail.rma
    if rma.status == ReturnStatus.REQUESTED:
        stopped = len({one.key for one in detail.decision.stopped_by}) if detail.decision else 0
        left = "One check is" if stopped == 1 else f"{stopped} checks are"
        return (
            "warning",
            "Policy asks for a person",
            f"{left} left for you. Everything else passed.",
        )
    if rma.status == ReturnStatus.NEEDS_INFO:
        return "info", "Waiting for the shopper", f"You asked: {rma.info_question}"
    if rma.status == ReturnStatus.DECLINED:
        return "danger", f"Declined by {rma.decided_by}", rma.decline_reason
    if rma.status in (ReturnStatus.CANCELLED, ReturnStatus.EXPIRED):
        return "neutral", str(rma.get_status_display()), "Its units can be returned again."
    return "success", f"Approved by {rma.decided_by or 'policy'}", ""


_MOVED = (ShipmentStatus.IN_TRANSIT, ShipmentStatus.DELIVERED, ShipmentStatus.RETURNED_TO_SENDER)


def progress(detail: ReturnDetail) -> list[dict[str, Any]]:
    """Return the steps of a return as the timeline component shows them."""
    rma, shipment = detail.rma, detail.shipment
    steps: list[dict[str, Any]] = [{"title": "Requested", "at": rma.created_at, "done": True}]
    decided = rma.status not in (ReturnStatus.REQUESTED, ReturnStatus.NEEDS_INFO)
    steps.append(
        {
            "title": _decision_title(rma),
            "at": rma.decided_at,
            "done": decided,
            "alert": rma.status in (ReturnStatus.DECLINED, ReturnStatus.CANCELLED),
        }
    )
    if rma.status in (ReturnStatus.DECLINED, ReturnStatus.CANCELLED, ReturnStatus.EXPIRED):
        return _marked(steps)
    own = rma.method == Return.Method.OWN
    if not own:
        ready_at = shipment.ready_at if shipment else None
        failed = shipment is not None and shipment.status == ShipmentStatus.FAILED
        title = "Label could not be made" if failed else "Label issued"
        steps.append({"title": title, "at": ready_at, "done": bool(ready_at), "alert": failed})
    moved = shipment is not None and shipment.status in _MOVED
    steps.append(
        {
            "title": "On its way",
            "at": shipment.last_scan_at if moved else None,
            "done": moved or bool(rma.received_at),
        }
    )
    steps.append({"title": "Received", "at": rma.received_at, "done": bool(rma.received_at)})
    looked = [unit for unit in detail.inspections if unit.inspected_at]
    all_looked = bool(looked) and len(looked) == len(detail.inspections)
    steps.append(
        {
            "title": "Inspected",
            "at": looked[-1].inspected_at if all_looked else None,
            "done": all_looked,
        }
    )
    steps += _owed_steps(detail)
    return _marked(steps)


def _decision_title(rma: Return) -> str:
    words = {
        ReturnStatus.REQUESTED: "Waiting for your decision",
        ReturnStatus.NEEDS_INFO: "Waiting for the shopper",
        ReturnStatus.DECLINED: "Declined",
        ReturnStatus.CANCELLED: "Cancelled",
        ReturnStatus.EXPIRED: "Expired",
    }
    return words.get(ReturnStatus(rma.status), "Approved")


def _owed_steps(detail: ReturnDetail) -> list[dict[str, Any]]:
    live = [one for one in detail.resolutions if one.status != ResolutionStatus.CANCELLED]
    if not live:
        wants = dict.fromkeys(WANTED_WORDS[ResolutionKind(line.wanted)] for line in detail.lines)
        return [{"title": " and ".join(wants), "done": False}]
    return [
        {
            "title": WANTED_WORDS[ResolutionKind(one.kind)],
            "at": one.settled_at,
            "done": one.status == ResolutionStatus.SETTLED,
            "alert": one.status == ResolutionStatus.FAILED,
        }
        for one in live
    ]


def _marked(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Turn done flags into the component's states: the first open step is now."""
    found_now = False
    for step in steps:
        if step.pop("alert", False):
            step["state"] = "alert"
            step.pop("done")
            found_now = True
        elif step.pop("done"):
            step["state"] = "done"
        else:
            step["state"] = "todo" if found_now else "now"
            found_now = True
    return steps


@dataclass(frozen=True, slots=True)
class MoneyRow:
    """One item of the money table; what stands in a row adds up to ``back``."""

    title: str
    quantity: int
    price: Money
    discount: Money
    tax: Money
    back: Money
    how: str
    kind: str


@dataclass(frozen=True, slots=True)
class MoneyTable:
    """The money of a return as quoted, or as settled once it is."""

    rows: list[MoneyRow]
    extras: list[dict[str, Any]]
    total: Money
    is_settled: bool


def money_table(detail: ReturnDetail, payments: Sequence[Payment]) -> MoneyTable | None:
    """Return the money of a return: the settled figures, else those of the quote."""
    live = [one for one in detail.resolutions if one.status != ResolutionStatus.CANCELLED]
    decided = [(one.kind, one.breakdown) for one in live if one.breakdown]
    breakdowns = with_quoted(decided, detail.rma)
    if not breakdowns:
        return None
    rows: list[MoneyRow] = []
    extras: list[dict[str, Any]] = []
    total = Money.zero(detail.rma.currency)
    for kind, breakdown in breakdowns:
        rows += [_money_row(detail, kind, line, payments) for line in breakdown["lines"]]
        extras += _extras(breakdown)
        bonus = breakdown.get("bonus_minor", 0)
        total += Money(breakdown["total_minor"] + bonus, breakdown["currency"])
    is_settled = bool(live) and not detail.rma.part_settled
    due = _due(detail, is_settled=is_settled)
    if due:
        note = "before the replacement is sent, apart from the total"
        extras.append({"label": "To collect from the shopper", "note": note, "amount": due})
    return MoneyTable(rows, extras, total, is_settled)


def _due(detail: ReturnDetail, *, is_settled: bool) -> Money:
    """Return what dearer replacements cost the shopper more: as settled, else as asked for."""
    minor = int(detail.rma.quote.get("due_minor", 0))
    if is_settled:
        minor = sum(one.due_minor for line in detail.lines for one in line.exchanges.all())
    return Money(minor, detail.rma.currency)


def _money_row(
    detail: ReturnDetail, kind: str, part: dict[str, Any], payments: Sequence[Payment]
) -> MoneyRow:
    line = next(one for one in detail.lines if one.order_line_id == UUID(part["line"]))
    sold, currency = line.order_line, detail.rma.currency
    tax = sum(minor for _, minor in part["taxes"])
    inclusive = detail.rma.order.taxes_included
    worth = part["net_minor"] + (tax if inclusive else 0)
    # What a cheaper replacement leaves over, or pays with, is a sum and no number of units.
    is_sum = not part["quantity"] or line.exchange_unit_minor is not None
    price = worth if is_sum else sold.unit_price_minor * part["quantity"]
    even = kind in SENT
    return MoneyRow(
        title=sold.title,
        quantity=part["quantity"],
        price=Money(price, currency),
        discount=Money(worth - price, currency),
        tax=Money(tax, currency),
        back=Money(0 if even else part["refund_minor"] + part["deduction_minor"], currency),
        how=_how(kind, line, payments),
        kind=kind,
    )


def _how(kind: str, line: ReturnLine, payments: Sequence[Payment]) -> str:
    if kind == ResolutionKind.REPLACEMENT:
        return "The same again"
    if kind == ResolutionKind.EXCHANGE:
        wanted = line.exchange_variant
        if wanted is not None and line.exchange_unit_minor is not None:
            costs = format_money(Money(line.exchange_unit_minor, line.order_line.currency))
            return f"{wanted.product.title}, {wanted.title or wanted}, {costs} each"
        return f"{wanted.title or wanted}, even swap" if wanted else "Exchange"
    if kind == ResolutionKind.STORE_CREDIT:
        return "Store credit"
    if kind in KEPT:
        return f"{WANTED_WORDS[ResolutionKind(kind)]}, refund"
    return str(payments[0]) if payments else "Original payment"


def _extras(breakdown: dict[str, Any]) -> list[dict[str, Any]]:
    """Return charges given back and fees kept, below the items."""
    currency = breakdown["currency"]
    words = {"shipping": "Shipping given back", "fee": "Order fee given back"}
    rows: list[dict[str, Any]] = [
        {
            "label": words.get(charge["kind"], "Charge given back"),
            "amount": Money(
                charge["net_minor"] + sum(minor for _, minor in charge["taxes"]), currency
            ),
        }
        for charge in breakdown["charges"]
    ]
    held = sum(part["deduction_minor"] for part in breakdown["lines"])
    if held:
        rows.append({"label": "Held back of the items", "amount": -Money(held, currency)})
    for fee in breakdown["fees"]:
        waived = Money(fee["asked_minor"], currency) if fee["waived"] else None
        rows.append(
            {
                "label": _fee_label(fee),
                "amount": -Money(fee["charged_minor"], currency),
                "was": waived,
                "note": fee["waiver"],
            }
        )
    if breakdown.get("bonus_minor"):
        bonus = Money(breakdown["bonus_minor"], currency)
        rows.append({"label": "Bonus on the store credit", "amount": bonus})
    return rows


def _fee_label(fee: dict[str, Any]) -> str:
    label = f"{fee['kind'].replace('_', ' ').capitalize()} fee"
    if fee.get("at_most"):
        label += ", at most"
    return f"{label}, with tax" if fee.get("tax_minor") else label


def due_tone(rma: Return, hours_left: float | None) -> str:
    """Return the tone of the due time: over is danger, under two and a half hours is warning."""
    if hours_left is None:
        return ""
    return "danger" if hours_left < 0 else "warning" if hours_left < 2.5 else ""


def payments_of(order: Order) -> list[Payment]:
    return list(Payment.objects.filter(order=order).order_by("captured_at", "pk"))
