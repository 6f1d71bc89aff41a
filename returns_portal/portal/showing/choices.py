"""The cards of the third step: for each item what it may become, when, and for how much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from returns_portal.commerce.models import OrderLine
from returns_portal.core.money import Money, format_money
from returns_portal.core.words import day, percent
from returns_portal.portal.basket import Basket
from returns_portal.portal.forms.resolution import OTHER, WishForm
from returns_portal.portal.products import Priced, Shelf, picked_elsewhere, shelves
from returns_portal.portal.replacements import Replacements
from returns_portal.portal.showing.goods import difference_words, left_words
from returns_portal.portal.showing.money import paid_with, replacement_name
from rma.drafts import Answer
from rma.fit import TOO_LARGE
from rma.policy.approval import waives_fee
from rma.policy.bonus import CreditBonus
from rma.policy.wording import reason_label
from rma.states import ResolutionKind

Kind = ResolutionKind


@dataclass(frozen=True, slots=True)
class WishCard:
    """One item of the third step."""

    key: str
    line: OrderLine
    about: str
    form: WishForm
    choices: list[dict[str, Any]]
    axes: list[dict[str, Any]]
    hold: str
    fit: str = ""
    elsewhere: Priced | None = None
    notice: str = ""

    @property
    def hold_elsewhere(self) -> str:
        return self.hold if self.form.choice == OTHER else ""

    @property
    def error(self) -> str:
        """Return what is wrong with the choice itself, or what happened to it meanwhile."""
        return str(next(iter(self.form.errors.get("wanted", [])), self.notice))


def wish_forms(
    basket: Basket, offered: dict[Any, Replacements], sent: Any = None
) -> list[WishForm]:
    """Return the choice for each item. At most one statement, for products chosen before."""
    shelved = shelves(basket)
    elsewhere = picked_elsewhere(shelved)
    return [
        WishForm(
            sent,
            line=basket.line(answer.order_line_id),
            answer=answer,
            choices=list(_keys(basket, answer, offered, shelved)),
            replacements=offered.get(answer.order_line_id),
            elsewhere=elsewhere.get(answer.order_line_id),
        )
        for answer in basket.answers
    ]


def _keys(
    basket: Basket, answer: Answer, offered: dict[Any, Replacements], shelved: dict[UUID, Shelf]
) -> Iterator[str]:
    """Yield the outcomes to show: an exchange only for something that is there."""
    there = offered.get(answer.order_line_id)
    for key in basket.resolutions(answer):
        if key == Kind.EXCHANGE:
            is_open = there is not None and bool(there.free)
        else:
            is_open = key != Kind.REPLACEMENT or (there is not None and there.same_in_stock)
        if is_open:
            yield key
        if key == Kind.EXCHANGE and answer.order_line_id in shelved:
            yield OTHER


def wish_cards(
    basket: Basket,
    forms: list[WishForm],
    notices: Mapping[str, str] | None = None,
    *,
    strict: bool = False,
) -> list[WishCard]:
    """Return a card for each form; ``notices`` are words for single items, by their key.

    ``strict`` closes sizes that are gone in the colour picked; only a page that asks again at each
    change may, or nobody could pick another colour with such a size.
    """
    worth = {} if basket.is_gift else basket.worth(basket.answers)
    told = notices or {}
    cards = [
        _card(basket, form, worth.get(form.line.pk), told.get(form.line.pk.hex, ""), strict)
        for form in forms
    ]
    _begin_at(cards)
    return cards


def _begin_at(cards: list[WishCard]) -> None:
    """Let an untouched page begin at the choice of its first item, so that keys lead on from it."""
    choices = cards[0].choices if cards else []
    if choices and not cards[0].form.is_bound:
        first = next((one for one in choices if one["checked"]), choices[0])
        first["has_focus"] = True


def _card(
    basket: Basket, form: WishForm, worth: Money | None, notice: str, strict: bool
) -> WishCard:
    line, reason = form.line, basket.reason(form.answer)
    about = [line.variant_title, reason_label(reason) if reason else ""]
    if form.answer.quantity > 1:
        about.insert(0, _("%(n)d of %(all)d") % {"n": form.answer.quantity, "all": line.quantity})
    key = line.pk.hex
    show = {
        Kind.REFUND: _refund,
        Kind.STORE_CREDIT: _credit,
        Kind.EXCHANGE: _exchange,
        Kind.REPLACEMENT: _replacement,
        Kind.REPAIR: _repair,
        Kind.KEEP_ITEM: _keep,
        Kind.DONATE: _donate,
    }
    chosen = form.choice
    return WishCard(
        key=key,
        line=line,
        about=" · ".join(part for part in about if part),
        form=form,
        choices=[
            {
                "id": f"{form.prefix}-{kind}",
                "name": form.add_prefix("wanted"),
                "value": kind,
                "checked": chosen == kind,
                **(
                    _other(form.elsewhere)
                    if kind == OTHER
                    else show[Kind(kind)](basket, form.answer, worth)
                ),
            }
            for kind in form.choices
        ]
        + _sold_out(basket, form),
        axes=axes_of(form, strict),
        fit=fit_words(form),
        elsewhere=form.elsewhere,
        hold=hold_words(basket, form),
        notice=notice,
    )


def _refund(basket: Basket, answer: Answer, worth: Money | None) -> dict[str, Any]:
    by = _("By %(day)s at the latest.") % {"day": day(basket.refund_by, basket.today)}
    return {
        "title": _("Refund to %(payment)s") % {"payment": paid_with(basket.order)},
        "note": f"{by} {_fee_words(basket, answer, Kind.REFUND)}".strip(),
        "price": worth,
    }


def _credit(basket: Basket, answer: Answer, worth: Money | None) -> dict[str, Any]:
    ready = _("Ready as soon as we’ve checked your item. Never expires.")
    more, told = _bonus_words(basket, answer)
    words = [told, ready, _fee_words(basket, answer, Kind.STORE_CREDIT)]
    return {
        "title": _("Store credit"),
        "note": " ".join(filter(None, words)),
        "price": worth + more if worth is not None else None,
    }


def _bonus_words(basket: Basket, answer: Answer) -> tuple[Money, str]:
    """Return what credit brings on top for a single item, and the words about it.

    With several items it depends on what is chosen for the others, so the words tell the rule and
    the money table the sum.
    """
    terms, zero = basket.policy.credit_bonus, Money.zero(basket.order.currency)
    if terms.rule() is None or basket.policy.currency != basket.order.currency:
        return zero, ""
    if len(basket.answers) == 1:
        quote = basket.price([replace(answer, wanted=Kind.STORE_CREDIT)])
        more = quote.bonus if quote is not None else zero
        words = _("%(amount)s more than as a refund.") % {"amount": format_money(more)}
        return more, words if more else ""
    return zero, _bonus_rule(terms, basket.order.currency)


def _bonus_rule(terms: CreditBonus, currency: str) -> str:
    share = {"share": percent(terms.share_bp)}
    amount = {"amount": format_money(Money(terms.amount_minor, currency))}
    if terms.share_bp and terms.amount_minor:
        words = _("%(share)s and %(amount)s on top.") % {**share, **amount}
    elif terms.share_bp:
        words = _("%(share)s on top.") % share
    else:
        words = _("%(amount)s on top, once.") % amount
    if terms.most_minor is None:
        return words
    most = _("%(amount)s at most.") % {"amount": format_money(Money(terms.most_minor, currency))}
    return f"{words} {most}"


def _replacement(basket: Basket, answer: Answer, worth: Money | None) -> dict[str, Any]:
    note = _("The same item, new")
    if not _pays_fee(basket, answer, Kind.REPLACEMENT):
        note = _("%(note)s, no return fee") % {"note": note}
    return {
        "title": _("Replacement"),
        "note": note,
        "price_text": _("No charge"),
        "tag": _("Held for you"),
        "tag_icon": "lock",
    }


def _repair(basket: Basket, answer: Answer, worth: Money | None) -> dict[str, Any]:
    note = _("We repair it and send it back to you")
    if not _pays_fee(basket, answer, Kind.REPAIR):
        note = _("%(note)s, no return fee") % {"note": note}
    return {"title": _("Repair"), "note": note, "price_text": _("No charge")}


def _sold_out(basket: Basket, form: WishForm) -> list[dict[str, Any]]:
    """Return the choice nobody can make now, so that the shopper knows why it is not there."""
    offered = Kind.REPLACEMENT in basket.resolutions(form.answer)
    if not offered or Kind.REPLACEMENT in form.choices:
        return []
    return [
        {
            "id": f"{form.prefix}-{Kind.REPLACEMENT}",
            "name": form.add_prefix("wanted"),
            "value": Kind.REPLACEMENT,
            "checked": False,
            "disabled": True,
            "title": _("Replacement"),
            "note": _("Sold out at the moment. Choose one of the others."),
            "price": None,
        }
    ]


def _exchange(basket: Basket, answer: Answer, worth: Money | None) -> dict[str, Any]:
    reason = basket.reason(answer)
    replaced = Kind.REPLACEMENT in basket.resolutions(answer)
    if reason is not None and reason.fault and not replaced:
        title, note = _("Exchange or replace"), _("The same again, or another size or colour")
    else:
        title, note = _("Exchange"), _("Another size or colour")
    if not _pays_fee(basket, answer, Kind.EXCHANGE):
        note = _("%(note)s, no return fee") % {"note": note}
    return {
        "title": title,
        "note": note,
        "price_text": _("No charge"),
        "tag": _("Held for you"),
        "tag_icon": "lock",
        "more": "portal/_exchange.html",
    }


def _other(chosen: Priced | None) -> dict[str, Any]:
    note = _("Choose anything that is in stock")
    if chosen is not None:
        note = replacement_name(chosen.variant, None)
    return {
        "title": _("Something else from the shop"),
        "note": note,
        "price": None,
        "price_text": difference_words(chosen.difference, chosen.cost) if chosen else "",
        "tag": _("Held for you") if chosen else "",
        "tag_icon": "lock",
        "more": "portal/_other.html",
    }


def _keep(basket: Basket, answer: Answer, worth: Money | None) -> dict[str, Any]:
    return {
        "title": _("Keep it and get a part back"),
        "note": _("Nothing to send. The money comes as soon as your request is approved."),
        "price": worth and basket.kept_worth(answer, Kind.KEEP_ITEM, worth),
    }


def _donate(basket: Basket, answer: Answer, worth: Money | None) -> dict[str, Any]:
    return {
        "title": _("Give it to charity"),
        "note": _("Nothing to send. Give it to a charity near you; the money comes at once."),
        "price": worth and basket.kept_worth(answer, Kind.DONATE, worth),
    }


def _fee_words(basket: Basket, answer: Answer, kind: str) -> str:
    fee = basket.policy.fee
    minor = fee.amount_for(basket.order.country)
    no_fee = not minor or "label" not in basket.policy.methods
    if no_fee or basket.policy.currency != basket.order.currency:
        return ""
    amount = {"amount": format_money(Money(minor, basket.order.currency))}
    waiver = waives_fee(basket.policy, basket.reason(answer), kind)
    if waiver is not None:
        mistake = _("No return fee, because we made the mistake.")
        return mistake if waiver == "fault" else _("No return fee for this reason.")
    if fee.label_cost:
        return _("What our label costs, %(amount)s at most, comes off once.") % amount
    return _("Return shipping with our label, %(amount)s, comes off once.") % amount


def _pays_fee(basket: Basket, answer: Answer, kind: str) -> bool:
    return waives_fee(basket.policy, basket.reason(answer), kind) is None


def axes_of(form: WishForm, strict: bool) -> list[dict[str, Any]]:
    """Return the groups of pills that pick a replacement; an axis with one value asks nothing."""
    offered, picks = form.replacements, form.picks
    if offered is None:
        return []
    others = picks if strict else [None] * len(picks)
    groups = []
    for axis, name in enumerate(offered.axes):
        values = offered.values(axis)
        if len(values) == 1:
            continue
        pictures = _pictures(offered, axis)
        groups.append(
            {
                "id": f"{form.prefix}-axis-{axis}",
                "name": form.add_prefix(f"axis-{axis}"),
                "legend": name or _("Which one?"),
                "shape": "" if pictures or name == "" else "box",
                # While the shopper is still choosing, nothing is wrong yet.
                "error": "" if strict else next(iter(form.errors.get(f"axis-{axis}", [])), ""),
                "choices": [
                    {
                        "value": value,
                        "label": value,
                        "checked": picks[axis] == value,
                        "disabled": not offered.is_open(others, axis, value)
                        and picks[axis] != value,
                        "disabled_note": _("not available"),
                        "picture": pictures.get(value, ""),
                        "note": left_words(offered.left(picks, axis, value)),
                    }
                    for value in values
                ],
            }
        )
    return groups


def _pictures(offered: Replacements, axis: int) -> dict[str, str]:
    """Return a picture for each value where it is the axis that changes the picture."""
    found: dict[str, set[str]] = {}
    for picks, variant in offered.by_picks.items():
        found.setdefault(picks[axis], set()).add(variant.image_url)
    if any(len(urls) != 1 or "" in urls for urls in found.values()):
        return {}
    first = {value: next(iter(urls)) for value, urls in found.items()}
    return first if len(set(first.values())) > 1 else {}


def fit_words(form: WishForm) -> str:
    """Say which size others kept whom this one did not fit; empty where too few did."""
    fit = form.replacements.fit if form.replacements is not None else None
    if fit is None:
        return ""
    known = {"kept": fit.kept, "asked": fit.asked, "size": fit.size, "other": fit.other}
    # Translators: e.g. "12 of 15 who found M too small kept L": shoppers who exchanged this item
    words = _("%(kept)d of %(asked)d who found %(size)s too small kept %(other)s.")
    if form.answer.reason == TOO_LARGE:
        words = _("%(kept)d of %(asked)d who found %(size)s too large kept %(other)s.")
    return words % known


def hold_words(basket: Basket, form: WishForm) -> str:
    """Return the promise to keep the replacement, once it is picked and there."""
    offered = form.replacements
    free = form.choice == OTHER or (offered is not None and offered.is_free(form.variant))
    if form.variant is None or not free:
        return ""
    return _("We’ll hold %(name)s for you until %(day)s.") % {
        "name": replacement_name(form.variant, form.line.variant),
        "day": day(basket.send_by, basket.today),
    }
