"""What a rule may ask about: every fact by name, with its kind, its date and where it is read.

A reader returns ``None`` for what is not known; a rule then stays silent, it never guesses. Text is
compared without regard to case, so readers fold it. Money is minor units of the order's currency,
shares are basis points, days are whole local days in the merchant's zone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from rma.policy.customer_facts import customer_facts
from rma.policy.fact import (
    Basis,
    Fact,
    Kind,
    Needs,
    Scope,
    Subject,
    fold,
    folded,
    known,
    share_of,
)
from rma.policy.questions import chosen_options
from rma.policy.types import OrderFacts

__all__ = [
    "REASON_ASKED", "WEEKDAYS", "Basis", "Fact", "Kind", "Needs", "Scope", "Subject", "all_facts",
    "fact_named",
]  # fmt: skip

REASON_ASKED = "asked.reason"


_ALL: dict[str, Fact] = {}


def fact_named(key: str) -> Fact | None:
    return _ALL.get(key)


def all_facts() -> tuple[Fact, ...]:
    """Return every fact in the order the editor lists them."""
    return tuple(_ALL.values())


def _fact(
    key: str,
    label: str,
    kind: Kind,
    scope: Scope,
    basis: Basis,
    read: Callable[[Any], Any],
    needs: Needs = Needs.NOTHING,
) -> None:
    _ALL[key] = Fact(key, label, kind, scope, basis, read, needs)


def _order_facts() -> None:
    o, bought, asked = Scope.ORDER, Basis.PURCHASE, Basis.REQUEST
    _fact("order.country", "Country", Kind.TEXT, o, bought, lambda s: fold(s.order.country))
    _fact("order.currency", "Currency", Kind.TEXT, o, bought, lambda s: fold(s.order.currency))
    _fact("order.total", "Order total", Kind.MONEY, o, bought, lambda s: s.order.total_minor)
    _fact("order.discount", "Discount", Kind.MONEY, o, bought, lambda s: s.order.discount_minor)
    _fact(
        "order.discount_share", "Discount in percent", Kind.SHARE, o, bought,
        lambda s: share_of(s.order.discount_minor, _before_discount(s.order)),
    )  # fmt: skip
    _fact(
        "order.shipping", "Shipping paid", Kind.MONEY, o, bought, lambda s: s.order.shipping_minor
    )
    _fact("order.placed_on", "Order date", Kind.DATE, o, bought, lambda s: s.day(_placed(s.order)))
    _fact(
        "order.days_since", "Days since the order", Kind.DAYS, o, asked,
        lambda s: s.days_since(_placed(s.order)),
    )  # fmt: skip
    _fact("order.tags", "Order tags", Kind.WORDS, o, bought, lambda s: folded(s.order.tags))
    _fact("order.source", "Shop system", Kind.TEXT, o, bought, lambda s: fold(s.order.source))
    _fact("order.language", "Language", Kind.TEXT, o, bought, lambda s: fold(s.order.language))
    _fact("order.items", "Different items", Kind.NUMBER, o, bought, lambda s: len(s.order.lines))
    _fact(
        "order.units", "Units bought", Kind.NUMBER, o, bought,
        lambda s: sum(line.quantity_ordered for line in s.order.lines),
    )  # fmt: skip
    _fact(
        "order.all_sent", "Everything was sent", Kind.FLAG, o, asked,
        lambda s: all(line.quantity_fulfilled >= line.quantity_ordered for line in s.order.lines),
    )  # fmt: skip
    _fact(
        "order.units_in_returns", "Units in other returns", Kind.NUMBER, o, asked,
        lambda s: sum(line.quantity_claimed for line in s.order.lines),
    )  # fmt: skip
    _fact(
        "order.gateways", "Paid with", Kind.WORDS, o, bought,
        lambda s: known(s.order.gateways), Needs.PAYMENTS,
    )  # fmt: skip
    _fact("request.date", "Date of the request", Kind.DATE, o, asked, lambda s: s.day(s.order.now))
    _fact(
        "request.weekday", "Weekday of the request", Kind.TEXT, o, asked,
        lambda s: WEEKDAYS[s.day(s.order.now).weekday()],
    )  # fmt: skip


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _placed(order: OrderFacts) -> datetime | None:
    return order.lines[0].purchased_at if order.lines else None


def _before_discount(order: OrderFacts) -> int | None:
    if order.total_minor is None or order.discount_minor is None:
        return None
    return order.total_minor + order.discount_minor


def _line_facts() -> None:
    bought, asked = Basis.PURCHASE, Basis.REQUEST

    def fact(
        key: str,
        label: str,
        kind: Kind,
        read: Callable[[Any], Any],
        basis: Basis = bought,
        needs: Needs = Needs.NOTHING,
    ) -> None:
        _fact(f"item.{key}", label, kind, Scope.LINE, basis, read, needs)

    fact("title", "Item", Kind.TEXT, lambda s: fold(s.line.title))
    fact("variant", "Variant", Kind.TEXT, lambda s: fold(s.line.variant))
    fact("sku", "SKU", Kind.TEXT, lambda s: fold(s.line.sku))
    fact("type", "Product type", Kind.TEXT, lambda s: fold(s.line.product_type))
    fact(
        "vendor", "Vendor", Kind.TEXT,
        lambda s: None if s.line.vendor is None else fold(s.line.vendor), asked, Needs.CATALOGUE,
    )  # fmt: skip
    fact("tags", "Product tags", Kind.WORDS, lambda s: folded(s.line.tags))
    fact("price", "Price paid a unit", Kind.MONEY, lambda s: s.line.unit_paid_minor)
    fact("list_price", "List price a unit", Kind.MONEY, lambda s: s.line.unit_list_minor)
    fact("discount_share", "Item discount in percent", Kind.SHARE, lambda s: s.line.discount_bp)
    fact("is_discounted", "Bought at a discount", Kind.FLAG, lambda s: _more(s.line.discount_bp))
    fact("quantity", "Units bought of it", Kind.NUMBER, lambda s: s.line.quantity_ordered)
    fact("weight", "Weight in grams", Kind.NUMBER, lambda s: s.line.weight_grams)
    fact("final_sale", "Sold as final sale", Kind.FLAG, lambda s: s.line.final_sale)
    fact("gift_card", "Gift card", Kind.FLAG, lambda s: s.line.gift_card)
    fact("sent_on", "Day sent", Kind.DATE, lambda s: s.day(s.line.fulfilled_at), asked)
    fact("delivered_on", "Day delivered", Kind.DATE, lambda s: s.day(s.line.delivered_at), asked)
    fact(
        "is_delivered", "Delivery is known", Kind.FLAG,
        lambda s: s.line.delivered_at is not None, asked,
    )  # fmt: skip
    fact(
        "days_since_sent", "Days since it was sent", Kind.DAYS,
        lambda s: s.days_since(s.line.fulfilled_at), asked,
    )  # fmt: skip
    fact(
        "days_since_delivery", "Days since delivery", Kind.DAYS,
        lambda s: s.days_since(s.line.delivered_at), asked,
    )  # fmt: skip


def _more(share: int | None) -> bool | None:
    return None if share is None else share > 0


def _asked_facts() -> None:
    def fact(key: str, label: str, kind: Kind, read: Callable[[Any], Any]) -> None:
        _fact(
            f"asked.{key}", label, kind, Scope.ASKED, Basis.REQUEST,
            lambda s: None if s.asked is None else read(s),
        )  # fmt: skip

    # A rule that names a reason means its details too: ``ruleset`` adds them to what it names.
    fact("reason", "Reason", Kind.TEXT, lambda s: fold(s.asked.reason))
    fact("is_fault", "Reason is our fault", Kind.FLAG, _is_fault)
    fact("outcome", "Outcome wished for", Kind.TEXT, lambda s: fold(s.asked.resolution))
    # Before a quantity is chosen a hypothetical request has none.
    fact("quantity", "Units asked for", Kind.NUMBER, lambda s: s.asked.quantity or None)
    fact("value", "Value asked for", Kind.MONEY, _value_asked)
    fact("all_units", "All units of the item", Kind.FLAG, _all_units)
    fact("answers", "Answers given", Kind.WORDS, lambda s: chosen_options(s.asked.answers))
    fact("photos", "Photos sent", Kind.NUMBER, lambda s: s.request and s.asked.photos)


def _is_fault(subject: Subject) -> bool | None:
    reason = subject.policy.reason(subject.asked.reason) if subject.asked else None
    return None if reason is None else reason.fault


def _value_asked(subject: Subject) -> int | None:
    if subject.asked is None or subject.line is None or not subject.asked.quantity:
        return None
    return subject.asked.quantity * subject.line.unit_paid_minor


def _all_units(subject: Subject) -> bool | None:
    if subject.asked is None or subject.line is None or not subject.asked.quantity:
        return None
    return subject.asked.quantity >= subject.line.quantity_ordered


def _return_facts() -> None:
    def fact(key: str, label: str, kind: Kind, read: Callable[[Any], Any]) -> None:
        _fact(
            f"return.{key}", label, kind, Scope.RETURN, Basis.REQUEST,
            lambda s: None if s.request is None else read(s),
        )  # fmt: skip

    fact("items", "Different items in the return", Kind.NUMBER, lambda s: len(s.request.lines))
    fact(
        "units", "Units in the return", Kind.NUMBER,
        lambda s: sum(one.quantity for one in s.request.lines),
    )  # fmt: skip
    fact("value", "Value of the return", Kind.MONEY, _value_of_return)
    fact("is_whole_order", "The whole order", Kind.FLAG, _is_whole_order)
    fact("method", "How it is sent", Kind.TEXT, lambda s: fold(s.request.method))
    fact("channel", "Where it is requested", Kind.TEXT, lambda s: fold(s.request.channel))
    fact(
        "reasons", "Reasons in the return", Kind.WORDS,
        lambda s: folded(_reasons_asked(s)),
    )  # fmt: skip
    fact(
        "outcomes", "Outcomes in the return", Kind.WORDS,
        lambda s: folded(tuple(one.resolution for one in s.request.lines)),
    )  # fmt: skip


def _reasons_asked(subject: Subject) -> tuple[str, ...]:
    """Return the reasons given, each detail with the reason it belongs to."""
    lines = subject.request.lines if subject.request else ()
    answering = {one.key: one.keys for one in subject.policy.reasons}
    return tuple(key for one in lines for key in answering.get(one.reason, (one.reason,)))


def _value_of_return(subject: Subject) -> int:
    prices = {line.key: line.unit_paid_minor for line in subject.order.lines}
    lines = subject.request.lines if subject.request else ()
    return sum(one.quantity * prices.get(one.line_key, 0) for one in lines)


def _is_whole_order(subject: Subject) -> bool:
    wanted: dict[str, int] = {}
    for one in subject.request.lines if subject.request else ():
        wanted[one.line_key] = wanted.get(one.line_key, 0) + one.quantity
    return all(wanted.get(line.key, 0) >= line.quantity_ordered for line in subject.order.lines)


_order_facts()
_ALL.update({fact.key: fact for fact in customer_facts()})
_line_facts()
_asked_facts()
_return_facts()
