"""Items and money as a message shows them: what is expected, then what was really decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from refunds.models import Refund, RefundAllocation
from refunds.planning import is_by_hand
from returns_portal.activity.kinds import EventKind
from returns_portal.activity.models import Event
from returns_portal.core.money import Money, allocate
from rma.fees import RESTOCKING, RETURN_SHIPPING
from rma.goods import LineGoods, goods_of
from rma.models import Exchange, Inspection, Repair, Resolution, Return, ReturnLine
from rma.states import GOODS, KEPT, REFUNDING, ResolutionKind, ResolutionStatus


def expected_sums(rma: Return) -> dict[str, Any]:
    """Return items with what each brings, what is added or kept, and the total, as agreed."""
    lines = list(rma.lines.all())
    breakdowns = list(rma.quote.get("breakdowns", {}).values())
    rows = [*_charge_rows(breakdowns, rma.currency), *_bonus_rows(breakdowns, rma.currency)]
    if rma.expected_minor:
        rows.append({"label": total_label(rma.quote), "amount": rma.expected, "kind": "total"})
    due = Money(rma.quote.get("due_minor", 0), rma.currency)
    if due:
        label = _("To pay before your new item leaves")
        rows.append({"label": label, "amount": due, "kind": "total"})
    fees = [fee for one in breakdowns for fee in one["fees"] if fee["kind"] == RETURN_SHIPPING]
    fee = Money(sum(fee["charged_minor"] for fee in fees), rma.currency)
    return {
        "items_title": _("What you get"),
        "items": [_item(line, _wish(line), amount=_share(line)) for line in lines],
        "rows": rows,
        "owes": owed_kind(lines),
        "fee": fee if fee else None,
        "fee_at_most": any(fee.get("at_most") for fee in fees),
    }


def bare_items(rma: Return) -> dict[str, Any]:
    """Return the items alone, for messages after which nothing is owed."""
    return {
        "items_title": _("Your items"),
        "items": [_item(line) for line in rma.lines.all()],
        "rows": [],
    }


def gift_items(rma: Return) -> dict[str, Any]:
    """Return the items of a gift without any price; what they bring is told when it is credited."""
    lines = list(rma.lines.all())
    items = [_item(line, _wish(line)) for line in lines]
    return bare_items(rma) | {"items": items, "owes": owed_kind(lines), "fee": None}


def settled_sums(rma: Return, kind: ResolutionKind | None, amount: Money | None) -> dict[str, Any]:
    """Return what became of each item at the bench, and how ``amount`` of ``kind`` came about.

    A sum that was not paid in one piece is shown without its parts.
    """
    goods = goods_of(rma.pk)
    refusals = _refusals(rma)
    decided = _decided(rma, kind, amount)
    breakdown = decided.breakdown if decided is not None else {}
    paid = decided.units if decided is not None else {}
    shares: dict[UUID, Money] = {}
    rows: list[dict[str, Any]] = []
    if amount is not None and _paid_in_all(breakdown) == amount.minor:
        shares = _settled_shares(goods, paid, breakdown, amount.currency)
        rows = [
            *_charge_rows([breakdown], amount.currency),
            *_bonus_rows([breakdown], amount.currency),
        ]
    words = {one.line.pk: _told(rma, one, paid, refusals) for one in goods}
    if amount is not None:
        label = _("Store credit") if kind == ResolutionKind.STORE_CREDIT else _("Refund")
        rows.append({"label": label, "amount": amount, "kind": "total"})
    return {
        "items_title": _("Your items"),
        "items": [
            _item(one.line, words[one.line.pk], amount=shares.get(one.line.pk)) for one in goods
        ],
        "is_partial": any(words.values()),
        "rows": rows,
    }


def refund_values(event: Event) -> dict[str, Any]:
    """Return how much a refund event is about, where it goes and what the bank knows it by."""
    refund = Refund.objects.get(pk=event.subject_id)
    parts = list(_paid_parts(refund))
    by_hand = bool(parts) and all(is_by_hand(part) for part in parts)
    names = dict.fromkeys(part.payment.label for part in parts if part.payment.label)
    references = [part.provider_refund_id for part in parts if part.provider_refund_id]
    return {
        "amount": Money(_minor(event, "amount_minor"), refund.currency),
        "paid_to": "" if by_hand else ", ".join(names),
        "reference": ", ".join(references),
        "by_hand": by_hand,
    }


def refunded_kind(rma: Return, event: Event) -> ResolutionKind:
    """Return which outcome a refund event pays; one statement where some goods are kept."""
    if not any(line.wanted in KEPT for line in rma.lines.all()):
        return ResolutionKind.REFUND
    paid = Resolution.objects.filter(refund_id=event.subject_id).values_list("kind", flat=True)
    return ResolutionKind(paid.first() or ResolutionKind.REFUND)


def credit_values(event: Event) -> dict[str, Any]:
    """Return a store credit with its bonus and the balance it led to, as they were told then."""
    currency = str(event.facts["currency"])
    bonus = _minor(event, "bonus_minor") if "bonus_minor" in event.facts else 0
    return {
        "amount": Money(_minor(event, "amount_minor") + bonus, currency),
        "balance": Money(_minor(event, "balance_minor"), currency),
    }


def exchange_values(event: Event) -> dict[str, Any]:
    """Return which replacement or repaired item left, and under which number."""
    if event.kind == EventKind.REPAIR_SENT:
        return _repair_values(event)
    found = Exchange.objects.select_related("variant__product", "return_line")
    exchange = found.get(pk=event.subject_id)
    return {
        "replacement": f"{exchange.variant.product.title}, {exchange.variant.title}",
        "replacement_units": exchange.quantity,
        "replacement_tracking": exchange.tracking_code,
        "is_same": exchange.return_line.wanted == ResolutionKind.REPLACEMENT,
    }


def _repair_values(event: Event) -> dict[str, Any]:
    repair = Repair.objects.select_related("return_line__order_line").get(pk=event.subject_id)
    sold = repair.return_line.order_line
    return {
        "replacement": ", ".join(filter(None, [sold.title, sold.variant_title])),
        "replacement_units": repair.quantity,
        "replacement_tracking": repair.tracking_code,
        "is_repaired": True,
    }


def _minor(event: Event, name: str) -> int:
    amount = event.facts[name]
    if not isinstance(amount, int):
        raise TypeError(f"{name} of {event.kind} is not an integer")
    return amount


def owed_kind(lines: list[ReturnLine]) -> str:
    """Say what a return owes: refund, store_credit, exchange, or mixed when it is several."""
    kinds = {_paid_as(line) for line in lines}
    return kinds.pop() if len(kinds) == 1 else "mixed"


def _paid_as(line: ReturnLine) -> str:
    """Return the outcome that names the money: what is kept or given away is refunded."""
    return ResolutionKind.REFUND if line.wanted in REFUNDING else line.wanted


def total_label(quote: dict[str, Any]) -> str:
    """Name what the total of a stored quote is made of."""
    if not quote.get("store_credit_minor"):
        return _("Refund")
    if not quote.get("refund_minor"):
        return _("Store credit")
    return _("Refund and store credit")


def _share(line: ReturnLine) -> Money | None:
    if line.wanted in GOODS and not line.expected_minor:
        return None
    return Money(line.expected_minor, line.rma.currency)


def _charge_rows(breakdowns: Iterable[dict[str, Any]], currency: str) -> list[dict[str, Any]]:
    """Return what comes on top of the items, shipping paid then, and what is kept of them."""
    found = list(breakdowns)
    charges = [charge for breakdown in found for charge in breakdown["charges"]]
    back = sum(
        charge["net_minor"] + sum(minor for _code, minor in charge["taxes"]) for charge in charges
    )
    fees = [fee for breakdown in found for fee in breakdown.get("fees", [])]
    rows = []
    if back:
        rows.append({"label": _("Shipping you paid"), "amount": Money(back, currency)})
    return rows + _fee_rows(fees, currency)


def _paid_in_all(breakdown: dict[str, Any]) -> int | None:
    total = breakdown.get("total_minor")
    return None if total is None else total + breakdown.get("bonus_minor", 0)


def _bonus_rows(breakdowns: Iterable[dict[str, Any]], currency: str) -> list[dict[str, Any]]:
    bonus = sum(breakdown.get("bonus_minor", 0) for breakdown in breakdowns)
    label = _("Bonus for taking store credit")
    return [{"label": label, "amount": Money(bonus, currency)}] if bonus else []


def _fee_rows(fees: Sequence[dict[str, Any]], currency: str) -> list[dict[str, Any]]:
    at_most = any(fee.get("at_most") for fee in fees)
    shipping = _("Return shipping, at most") if at_most else _("Return shipping")
    labels = {RETURN_SHIPPING: shipping, RESTOCKING: _("Restocking fee")}
    sums = {
        kind: sum(fee["charged_minor"] for fee in fees if fee["kind"] == kind) for kind in labels
    }
    return [
        {"label": labels[kind], "amount": Money(-minor, currency)}
        for kind, minor in sums.items()
        if minor
    ]


def _decided(rma: Return, kind: ResolutionKind | None, amount: Money | None) -> Resolution | None:
    """Return the settlement of ``kind`` that ``amount`` came from, else the last there is."""
    live = Resolution.objects.exclude(status=ResolutionStatus.CANCELLED)
    found = list(live.filter(rma=rma, kind=kind).order_by("-created_at", "-pk"))
    paid = [one for one in found if amount and _paid_in_all(one.breakdown) == amount.minor]
    return next(iter([*paid, *found]), None)


def _settled_shares(
    goods: Sequence[LineGoods],
    paid: Mapping[str, int],
    breakdown: dict[str, Any],
    currency: str,
) -> dict[UUID, Money]:
    """Return what each return line brought; two reasons for one order line share it by units.

    What settles no unit is what cheaper replacements left over.
    """
    shares = {}
    for priced in breakdown["lines"]:
        same = [
            one
            for one in goods
            if str(one.line.order_line_id) == priced["line"]
            and (str(one.line.pk) in paid if priced["quantity"] else _is_swapped(one))
        ]
        if not same:
            continue
        weights = [paid.get(str(one.line.pk)) or one.accepted for one in same]
        parts = allocate(priced["refund_minor"], weights)
        for one, part in zip(same, parts, strict=True):
            shares[one.line.pk] = Money(part, currency)
    return shares


def _is_swapped(goods: LineGoods) -> bool:
    return goods.line.wanted == ResolutionKind.EXCHANGE and goods.accepted > 0


def _item(line: ReturnLine, *words: str, amount: Money | None = None) -> dict[str, Any]:
    bought = line.order_line
    picture = bought.image_url if bought.image_url.startswith("https://") else ""
    return {
        "name": f"{line.quantity} × {bought.title}" if line.quantity > 1 else bought.title,
        "note": " · ".join(filter(None, [bought.variant_title, *words])),
        "amount": amount,
        "picture_url": picture,
    }


def _wish(line: ReturnLine) -> str:
    if line.wanted == ResolutionKind.EXCHANGE:
        if line.exchange_variant is None:
            return _("Exchange")
        name = line.exchange_variant.title
        if line.exchange_unit_minor is not None:
            name = _(", ").join(filter(None, [line.exchange_variant.product.title, name]))
        return _("Exchange for %(variant)s") % {"variant": name}
    if line.wanted == ResolutionKind.REPAIR:
        return _("Repair")
    if line.wanted == ResolutionKind.REPLACEMENT:
        return _("Replacement")
    words = {
        ResolutionKind.STORE_CREDIT: _("Store credit"),
        ResolutionKind.KEEP_ITEM: _("Keep it, part refund"),
        ResolutionKind.DONATE: _("Give to charity, refund"),
    }
    return words.get(ResolutionKind(line.wanted), _("Refund"))


def _told(
    rma: Return,
    one: LineGoods,
    paid: Mapping[str, int],
    refusals: dict[UUID | None, list[str]],
) -> str:
    """Say what of a line did not count; of goods that are still awaited there is nothing to say."""
    if rma.part_settled or paid.get(str(one.line.pk)) == one.line.quantity:
        return ""
    return _found(one, refusals)


def _found(goods: LineGoods, refusals: dict[UUID | None, list[str]]) -> str:
    """Say what was refused or missing; a line that was accepted whole needs no words."""
    parts = []
    if goods.rejected:
        why = "; ".join(dict.fromkeys(filter(None, refusals.get(goods.line.pk, []))))
        count = ngettext("%(n)d not accepted", "%(n)d not accepted", goods.rejected)
        parts.append((count % {"n": goods.rejected}) + (f": {why}" if why else ""))
    if goods.missing:
        count = ngettext(
            "%(n)d was not in the parcel", "%(n)d were not in the parcel", goods.missing
        )
        parts.append(count % {"n": goods.missing})
    return " · ".join(parts)


def _refusals(rma: Return) -> dict[UUID | None, list[str]]:
    found: dict[UUID | None, list[str]] = {}
    refused = Inspection.objects.filter(rma=rma, is_accepted=False).order_by("pk")
    for line_id, why in refused.values_list("return_line_id", "rejection"):
        found.setdefault(line_id, []).append(why)
    return found


def _paid_parts(refund: Refund) -> QuerySet[RefundAllocation]:
    Status = RefundAllocation.Status
    paid = refund.allocations.filter(status=Status.SUCCEEDED)
    return paid.select_related("payment", "account").order_by("pk")
