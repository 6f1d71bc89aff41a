"""Money in words: the breakdown of a quote, the bar's one line, where it goes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from refunds.calculation import Breakdown
from returns_portal.commerce.models import Order, Variant
from returns_portal.core.money import Money, format_money
from returns_portal.portal.basket import Basket
from rma.drafts import Answer
from rma.fees import KEEPING, RESTOCKING, RETURN_SHIPPING
from rma.policy.approval import free_because
from rma.quoting import Quote
from rma.states import REFUNDING, SENT, ResolutionKind

Row = dict[str, Any]
Kind = ResolutionKind
_TAX = pgettext_lazy("inside a sentence", "tax")
_GST = pgettext_lazy("inside a sentence", "GST")
_VAT = pgettext_lazy("inside a sentence", "VAT")
_TAX_WORDS = {"US": _TAX, "CA": _TAX, "AU": _GST, "NZ": _GST, "IN": _GST, "SG": _GST}
PAID_FIRST = gettext_lazy(
    "Once we have checked your item we tell you how to pay. Your new item leaves after that."
)
_ENDING = re.compile(r"^(?P<card>.+) ending (?P<digits>\d{2,6})$")


def paid_with(order: Order, *, brief: bool = False) -> str:
    """Name where a refund goes: ``Visa ending 4242``, or the payments one after the other.

    ``brief`` leaves the word between card and digits out.
    """
    labels = [one.label for one in order.payments.all() if one.refundable and one.label]
    return payment_words(labels, brief=brief)


def payment_words(labels: Iterable[str], *, brief: bool = False) -> str:
    """Join the names of payments; those of cards are kept in English and put in words here."""
    named = [_payment(label, brief) for label in dict.fromkeys(labels)]
    return _(" and ").join(named) or _("your original payment")


def _payment(label: str, brief: bool) -> str:
    found = _ENDING.match(label)
    if found is None:
        return label
    # Translators: card is a brand such as "Visa", digits are the last four of its number
    words = "%(card)s %(digits)s" if brief else _("%(card)s ending %(digits)s")
    return words % found.groupdict()


def replacement_name(variant: Variant | None, own: Variant | None) -> str:
    """Return ``Oat / M`` for a variant of the product of ``own``, else ``Wool Scarf, Oat``."""
    if variant is None:
        return ""
    name = variant.title or " / ".join(str(value) for value in variant.options.values())
    if own is not None and own.product_id == variant.product_id:
        return name
    return _(", ").join(part for part in (variant.product.title, name) if part)


def rows_of(
    basket: Basket, answers: list[Answer], quote: Quote | None, chosen: dict[Any, Variant | None]
) -> list[Row]:
    """Return the rows of ``components/money_table.html`` for the choices made so far."""
    if quote is None:
        return []
    if basket.is_gift:
        return [{"kind": "note", "label": gift_words()}]
    rows: list[Row] = []
    for answer in answers:
        breakdown = quote.breakdowns.get(answer.wanted)
        if answer.wanted == Kind.REPAIR:
            rows.append({"kind": "group", "label": _title(basket, answer), "note": _("Repair")})
        if breakdown is not None:
            variant = chosen.get(answer.order_line_id)
            rows += _item_rows(basket, answer, quote, breakdown, variant)
    rows += _charge_rows(quote)
    rows += _total_rows(quote)
    rows += _notes(basket, quote)
    return rows


def gift_words() -> str:
    """Say why a gift shows no money: it would tell what the buyer paid."""
    return _("We tell you the amount of your store credit once we’ve checked your gift.")


def _title(basket: Basket, answer: Answer) -> str:
    title = basket.line(answer.order_line_id).title
    return f"{answer.quantity} × {title}" if answer.quantity > 1 else title


def _item_rows(
    basket: Basket, answer: Answer, quote: Quote, breakdown: Breakdown, variant: Variant | None
) -> list[Row]:
    line = basket.line(answer.order_line_id)
    currency = basket.order.currency
    priced = next(one for one in breakdown.lines if one.line_id == str(line.pk))
    value = Money(priced.value.gross_minor, currency)
    left = Money(quote.share_of(line.pk, Kind.EXCHANGE), currency)
    title = _title(basket, answer)
    if answer.wanted == Kind.REPLACEMENT:
        return [
            {"kind": "group", "label": title, "note": _("Replacement")},
            {"label": _("Value of your item"), "amount": value},
            {"label": _("New item"), "amount": -value},
        ]
    if answer.wanted == Kind.EXCHANGE:
        name = replacement_name(variant, line.variant)
        costs = basket.replacement_minor(answer, variant)
        worth = value + left
        swap = " → ".join(part for part in (line.variant_title, name) if part)
        return [
            {"kind": "group", "label": title, "note": f"{_('Exchange')} {swap}".strip()},
            {"label": _("Value of your item"), "amount": worth},
            {"label": _("New item, %(name)s") % {"name": name} if name else _("New item"),
             "amount": -worth if costs is None else -Money(costs, currency)},
        ]  # fmt: skip
    goes_to = _goes_to(answer.wanted) % {"payment": paid_with(basket.order)}
    discount = ""
    if priced.discount_minor and priced.list_minor - priced.discount_minor == value.minor:
        discount = _("%(list)s less %(discount)s discount") % {
            "list": format_money(Money(priced.list_minor, currency)),
            "discount": format_money(Money(priced.discount_minor, currency)),
        }
    rows: list[Row] = [
        {"kind": "group", "label": title, "note": goes_to},
        {"label": _("Price you paid"), "note": discount, "amount": value},
    ]
    held = Money(priced.deduction.gross_minor, currency)
    if held:
        rows.append({"kind": "less", "label": deduction_label(priced.deduction_reason),
                     "amount": -held})  # fmt: skip
    return rows


def _goes_to(wanted: str) -> str:
    if wanted == Kind.STORE_CREDIT:
        return _("Store credit")
    if wanted == Kind.KEEP_ITEM:
        return _("You keep it, refund to %(payment)s")
    if wanted == Kind.DONATE:
        return _("You give it to charity, refund to %(payment)s")
    return _("Refund to %(payment)s")


def deduction_label(reason: str) -> str:
    """Name what is held back: for restocking, for a kept item, else for what the bench found."""
    if reason == KEEPING:
        return _("For the item that is not sent back")
    return _("Restocking fee") if reason == RESTOCKING else _("Held back")


def _charge_rows(quote: Quote) -> list[Row]:
    rows: list[Row] = []
    for breakdown in quote.breakdowns.values():
        for charge in breakdown.charges:
            amount = Money(charge.value.gross_minor, quote.currency)
            label = _("Delivery you paid") if charge.kind == "shipping" else charge.label
            if amount:
                rows.append({"label": label, "kind": "plus" if amount.minor > 0 else "less",
                             "amount": amount})  # fmt: skip
    return rows + fee_rows(quote.currency, fees_of(quote))


def fees_of(quote: Quote) -> list[Row]:
    """Return the fees of a quote as they are stored with a return."""
    return [
        {
            "kind": fee.kind,
            "asked_minor": fee.asked_minor,
            "charged_minor": fee.charged.gross_minor,
            "waived": fee.waived,
            "waiver": fee.waiver,
            "at_most": fee.at_most,
        }
        for breakdown in quote.breakdowns.values()
        for fee in breakdown.fees
    ]


def fee_rows(currency: str, fees: list[dict[str, Any]], *, brief: bool = False) -> list[Row]:
    """Return a row for each kind of fee: what it costs, or that and why it is free."""
    shipping = [fee for fee in fees if fee["kind"] == RETURN_SHIPPING]
    restocking = sum(fee["charged_minor"] for fee in fees if fee["kind"] == RESTOCKING)
    rows = _shipping_rows(currency, shipping, brief)
    if restocking:
        label = deduction_label(RESTOCKING)
        rows.append({"kind": "less", "label": label, "amount": -Money(restocking, currency)})
    return rows


def _shipping_rows(currency: str, fees: list[dict[str, Any]], brief: bool) -> list[Row]:
    charged = sum(fee["charged_minor"] for fee in fees)
    if charged:
        at_most = any(fee.get("at_most") for fee in fees)
        label = _("Return shipping, at most") if at_most else _("Return shipping")
        return [{"kind": "less", "label": label, "amount": -Money(charged, currency)}]
    waived = [fee for fee in fees if fee["waived"]]
    if not waived:
        return []
    was = Money(waived[0]["asked_minor"], currency)
    row = {"kind": "plus", "label": _("Return shipping"), "was": was}
    if brief:
        return [{**row, "text": _("Free")}]
    note = free_because(waived[0]["waiver"])
    return [{**row, "note": note, "amount": Money.zero(currency)}]


def bonus_rows(bonus: Money) -> list[Row]:
    """Return the row about what comes on top of store credit, if anything does."""
    if not bonus:
        return []
    return [{"kind": "plus", "label": _("Bonus for taking store credit"), "amount": bonus}]


def _total_rows(quote: Quote) -> list[Row]:
    rows = []
    if any(kind in quote.breakdowns for kind in REFUNDING):
        rows.append({"kind": "total", "label": _("Refund to you"), "amount": quote.refund})
    if Kind.STORE_CREDIT in quote.breakdowns:
        rows += bonus_rows(quote.bonus)
        rows.append({"kind": "total", "label": _("Store credit"), "amount": quote.credit})
    if quote.due or not rows:
        rows.append({"kind": "total", "label": _("To pay"), "amount": quote.due})
    return rows


def _notes(basket: Basket, quote: Quote) -> list[Row]:
    paid = [one for kind, one in quote.breakdowns.items() if kind not in SENT]
    tax = sum(one.tax_minor for one in paid)
    words = []
    if tax:
        country = basket.order.country or basket.merchant.country
        words.append(
            _("Includes %(amount)s %(tax)s.")
            % {
                "amount": format_money(Money(tax, quote.currency)),
                "tax": _TAX_WORDS.get(country, _VAT),
            }
        )
    if quote.due:
        words.append(str(PAID_FIRST))
    elif Kind.EXCHANGE in quote.breakdowns:
        words.append(_("Nothing to pay for the exchange."))
    elif Kind.REPLACEMENT in quote.breakdowns:
        words.append(_("Nothing to pay for the replacement."))
    return [{"kind": "note", "label": " ".join(words)}] if words else []


def bar(
    basket: Basket, answers: list[Answer], quote: Quote | None, chosen: dict[Any, Variant | None]
) -> dict[str, str]:
    """Return the bar's words: the money first, then what else comes."""
    if quote is None:
        return {"money": _("Nothing chosen yet"), "goods": "", "note": _("Choose for each item")}
    if basket.is_gift:
        return {"money": _("Store credit"), "goods": "", "note": _("Nothing to pay")}
    money = []
    if quote.refund:
        money.append(_("%(amount)s refund") % {"amount": format_money(quote.refund)})
    if quote.credit:
        money.append(_("%(amount)s store credit") % {"amount": format_money(quote.credit)})
    goods = []
    for answer in answers:
        if answer.wanted in (Kind.REPLACEMENT, Kind.REPAIR):
            goods.append(basket.line(answer.order_line_id).title)
        if answer.wanted == Kind.EXCHANGE:
            line = basket.line(answer.order_line_id)
            variant = chosen.get(answer.order_line_id)
            name = replacement_name(variant, line.variant)
            if variant is not None and basket.replacement_minor(answer, variant) is not None:
                goods.append(name)
                continue
            goods.append(
                _("%(item)s in %(name)s") % {"item": line.title, "name": name}
                if name
                else line.title
            )
    return {
        "money": " + ".join(money),
        "goods": ", ".join(goods),
        "note": _("%(amount)s to pay") % {"amount": format_money(quote.due)}
        if quote.due
        else _("Nothing to pay"),
    }
