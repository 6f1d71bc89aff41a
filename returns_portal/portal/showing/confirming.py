"""The last step in words: ways to send it back, what was chosen, what happens next."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

from returns_portal.commerce.models import Variant
from returns_portal.core.money import Money, format_money
from returns_portal.portal.basket import Basket
from returns_portal.portal.showing.money import (
    PAID_FIRST,
    bonus_rows,
    deduction_label,
    fee_rows,
    fees_of,
    gift_words,
    paid_with,
    replacement_name,
)
from rma.fees import KEEPING, RESTOCKING
from rma.models import Return
from rma.policy.paid_words import when_paid
from rma.policy.processing import moments_of
from rma.policy.types import Result, Verdict
from rma.policy.wording import inside, reason_label
from rma.quoting import Quote
from rma.states import KEPT, REFUNDING, SENT, ResolutionKind

Kind = ResolutionKind


def method_choices(basket: Basket, chosen: str) -> list[dict[str, Any]]:
    """Return the choice cards of the policy's methods; a single one is chosen already."""
    words = {
        Return.Method.LABEL: {
            "title": _("Print a label"),
            "note": _("A PDF, here and by e-mail. Stick it on and drop the parcel off."),
            "price_text": _("Free"),
        },
        Return.Method.OWN: {
            "title": _("Use my own carrier"),
            "note": _("You arrange and pay. Add the tracking number so we can look out for it."),
            "price_text": _("You pay"),
        },
    }
    fee = _label_fee(basket)
    if fee:
        words[Return.Method.LABEL]["price_text"] = _fee_text(basket, fee)
        words[Return.Method.LABEL]["note"] += " " + _("Comes off your refund.")
        words[Return.Method.OWN]["note"] += " " + _("Nothing comes off your refund then.")
    methods = basket.policy.methods
    only = len(methods) == 1
    return [
        {
            "id": f"method-{key}",
            "name": "method",
            "value": key,
            "checked": only or key == chosen,
            "has_focus": key == (chosen if chosen in methods else methods[0]),
            **words[Return.Method(key)],
        }
        for key in methods
    ]


def _label_fee(basket: Basket) -> Money | None:
    quote = basket.price(basket.answers, Return.Method.LABEL)
    return quote.return_shipping if quote is not None and quote.return_shipping else None


def _fee_text(basket: Basket, fee: Money) -> str:
    amount = {"amount": format_money(fee)}
    return _("%(amount)s at most") % amount if basket.policy.fee.label_cost else amount["amount"]


def parcel_words(basket: Basket, quote: Quote | None, method: str) -> str:
    """Say that it all fits one parcel, and what the way back costs."""
    if basket.nothing_is_sent:
        return _("There is nothing to send back.")
    units = sum(one.quantity for one in basket.answers if one.wanted not in KEPT)
    fee = quote.return_shipping if quote is not None else None
    if units == 1:
        together = ""
    elif units == 2:
        together = _("Both items can go in one parcel.")
    else:
        together = _("All %(n)d items can go in one parcel.") % {"n": units}
    if method == Return.Method.OWN:
        cost = _("You pay your carrier, and no return fee.")
    elif fee and basket.policy.fee.label_cost:
        cost = _("What the label costs, %(amount)s at most, comes off your refund.") % {
            "amount": format_money(fee)
        }
    elif fee:
        cost = _("Return shipping, %(amount)s, comes off your refund.") % {
            "amount": format_money(fee)
        }
    else:
        cost = _("Return shipping is free for you.")
    return f"{together} {cost}".strip()


def sum_lines(basket: Basket, variants: dict[UUID, Variant | None]) -> list[dict[str, str]]:
    """Return the items with what becomes of each."""
    change = reverse("resolution", kwargs={"token": basket.draft.token})
    lines = []
    for answer in basket.answers:
        line = basket.line(answer.order_line_id)
        reason = basket.reason(answer)
        name = replacement_name(variants.get(line.pk), line.variant)
        lines.append(
            {
                "picture": line.image_url,
                "title": f"{answer.quantity} × {line.title}" if answer.quantity > 1 else line.title,
                "text": outcome_words(answer.wanted, name, reason_label(reason) if reason else ""),
                "change_url": f"{change}#item-{line.pk.hex}",
            }
        )
    return lines


def outcome_words(wanted: str, replacement: str, reason: str) -> str:
    """Return ``Exchange for Oat / M`` or ``Refund, too small``."""
    if wanted == Kind.EXCHANGE:
        return _("Exchange for %(name)s") % {"name": replacement} if replacement else _("Exchange")
    whats = {
        Kind.STORE_CREDIT: _("Store credit"),
        Kind.REPLACEMENT: _("Replacement"),
        Kind.REPAIR: _("Repair"),
        Kind.KEEP_ITEM: _("Keep it, part refund"),
        Kind.DONATE: _("Give to charity, refund"),
    }
    what = whats.get(Kind(wanted), _("Refund"))
    if not reason:
        return what
    # Translators: e.g. "Refund" and "too small"
    return _("%(outcome)s, %(reason)s") % {"outcome": what, "reason": inside(reason)}


def sum_rows(basket: Basket, quote: Quote | None) -> list[dict[str, Any]]:
    """Return the short money table: exchange, return shipping, where the rest goes."""
    if quote is None:
        return []
    if basket.is_gift:
        return [{"kind": "note", "label": gift_words()}]
    rows: list[dict[str, Any]] = []
    paid = sum(
        line.value.gross_minor
        for kind, breakdown in quote.breakdowns.items()
        for line in breakdown.lines
        if kind not in SENT and line.quantity
    )
    # What cheaper replacements leave over settles no further unit.
    left = sum(
        line.value.gross_minor
        for kind, breakdown in quote.breakdowns.items()
        for line in breakdown.lines
        if kind not in SENT and not line.quantity
    )
    if paid:
        rows.append({"label": _("Price you paid"), "amount": Money(paid, quote.currency)})
    if Kind.EXCHANGE in quote.breakdowns:
        rows.append({"label": _("Exchange"), "amount": Money(left, quote.currency)})
    if Kind.REPLACEMENT in quote.breakdowns:
        rows.append({"label": _("Replacement"), "amount": Money.zero(quote.currency)})
    if any(one.wanted == Kind.REPAIR for one in basket.answers):
        rows.append({"label": _("Repair"), "amount": Money.zero(quote.currency)})
    for kept, reason in ((False, RESTOCKING), (True, KEEPING)):
        held = sum(
            breakdown.deduction_minor
            for kind, breakdown in quote.breakdowns.items()
            if (kind in KEPT) == kept
        )
        if held:
            amount = -Money(held, quote.currency)
            rows.append({"label": deduction_label(reason), "kind": "less", "amount": amount})
    for breakdown in quote.breakdowns.values():
        for charge in breakdown.charges:
            if charge.kind == "shipping" and charge.value.gross_minor:
                amount = Money(charge.value.gross_minor, quote.currency)
                rows.append({"label": _("Delivery you paid"), "kind": "plus", "amount": amount})
    free = {"label": _("Return shipping"), "text": _("Free")}
    sends = any(kind not in KEPT for kind in quote.breakdowns)
    rows += fee_rows(quote.currency, fees_of(quote), brief=True) or [free] * sends
    if any(kind in quote.breakdowns for kind in REFUNDING):
        payment = paid_with(basket.order, brief=True)
        label = _("Refund to %(payment)s") % {"payment": payment}
        rows.append({"kind": "total", "label": label, "amount": quote.refund})
    if Kind.STORE_CREDIT in quote.breakdowns:
        rows += bonus_rows(quote.bonus)
        rows.append({"kind": "total", "label": _("Store credit"), "amount": quote.credit})
    if quote.due:
        rows.append({"kind": "total", "label": _("To pay"), "amount": quote.due})
        rows.append({"kind": "note", "label": PAID_FIRST})
    return rows


def next_words(basket: Basket) -> str:
    """Say what happens after the click, and where the answer goes."""
    decision = basket.decision()
    where = {"email": isolated(masked(basket.email))}
    if decision.verdict is Verdict.REVIEW:
        spoken = next(one for one in decision.rules_spoken if one.result is Result.REVIEW)
        words = f"{spoken.sentence.rstrip('.')}"
        return f"{words}: {where['email']}." if where["email"] else f"{words}."
    if not where["email"]:
        return _("You’ll see the next step at once.")
    return _("You’ll see the next step at once, and get it by e-mail at %(email)s.") % where


def money_words(basket: Basket) -> str:
    """Say when the money comes, where that is before we have looked at the goods."""
    return when_paid(moments_of(basket.decision().rules_spoken))


def isolated(text: str) -> str:
    """Keep a foreign word together in languages that run from right to left."""
    if not text or not get_language_bidi():
        return text
    return f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}"


def masked(email: str) -> str:
    """Return ``maya.l•••@example.com``: enough for its owner to know it."""
    local, at, domain = email.partition("@")
    if not at:
        return ""
    return f"{local[: max(1, min(6, len(local) // 2))]}•••@{domain}"
