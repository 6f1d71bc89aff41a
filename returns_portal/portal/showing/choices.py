"""The cards of the third step: for each item what it may become, when, and for how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from returns_portal.commerce.models import OrderLine
from returns_portal.core.money import Money, format_money
from returns_portal.core.words import day, percent
from returns_portal.portal.basket import Basket
from returns_portal.portal.forms.resolution import WishForm
from returns_portal.portal.replacements import Replacements
from returns_portal.portal.showing.money import paid_with, replacement_name
from rma.drafts import Answer
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
    notice: str = ""

    @property
    def error(self) -> str:
        """Return what is wrong with the choice itself, or what happened to it meanwhile."""
        return str(next(iter(self.form.errors.get("wanted", [])), self.notice))


def wish_forms(
    basket: Basket, offered: dict[Any, Replacements], sent: Any = None
) -> list[WishForm]:
    return [
        WishForm(
            sent,
            line=basket.line(answer.order_line_id),
            answer=answer,
            choices=_keys(basket, answer, offered),
            replacements=offered.get(answer.order_line_id),
        )
        for answer in basket.answers
    ]


def _keys(basket: Basket, answer: Answer, offered: dict[Any, Replacements]) -> list[str]:
    """Return the outcomes to show: an exchange only for something that is there."""
    return [
        key
        for key in basket.resolutions(answer)
        if key != Kind.EXCHANGE or answer.order_line_id in offered
    ]


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
    show = {Kind.REFUND: _refund, Kind.STORE_CREDIT: _credit, Kind.EXCHANGE: _exchange}
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
                "checked": form.choice == kind,
                **show[Kind(kind)](basket, form.answer, worth),
            }
            for kind in form.choices
        ],
        axes=axes_of(form, strict),
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


def _exchange(basket: Basket, answer: Answer, worth: Money | None) -> dict[str, Any]:
    reason = basket.reason(answer)
    if reason is not None and reason.fault:
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


def left_words(units: int | None) -> str:
    """Return ``2 left`` for the last few units of a variant."""
    if units is None:
        return ""
    # Translators: how many units of a size or colour are in stock, small, beside its name
    return ngettext("%(n)d left", "%(n)d left", units) % {"n": units}


def _pictures(offered: Replacements, axis: int) -> dict[str, str]:
    """Return a picture for each value where it is the axis that changes the picture."""
    found: dict[str, set[str]] = {}
    for picks, variant in offered.by_picks.items():
        found.setdefault(picks[axis], set()).add(variant.image_url)
    if any(len(urls) != 1 or "" in urls for urls in found.values()):
        return {}
    first = {value: next(iter(urls)) for value, urls in found.items()}
    return first if len(set(first.values())) > 1 else {}


def hold_words(basket: Basket, form: WishForm) -> str:
    """Return the promise to keep the replacement, once it is picked and there."""
    offered = form.replacements
    if offered is None or not offered.is_free(form.variant):
        return ""
    return _("We’ll hold %(name)s for you until %(day)s.") % {
        "name": replacement_name(form.variant),
        "day": day(basket.send_by, basket.today),
    }
