"""The items page in words: one card a line, what can be done with it and why not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from returns_portal.commerce.models import OrderLine
from returns_portal.core.money import Money, share
from returns_portal.core.money import total as add_up
from returns_portal.portal.basket import Basket
from returns_portal.portal.forms.items import ItemForm, question_name
from returns_portal.portal.showing.photos import draft_photos
from rma.drafts import Answer
from rma.policy.days import local_day
from rma.policy.model import Question, Reason
from rma.policy.types import LineOffer, Verdict
from rma.policy.wording import day, detail_label, fault_still, photo_subjects

# A day and its month stay on one line.
_DATE = re.compile(r"(\d) (?=[A-Z])")


@dataclass(frozen=True, slots=True)
class ItemCard:
    """One order line as the page shows it. ``look`` is ok, part or why.

    ``focus`` names the control that the page begins at, chosen or reason, in its first card.
    """

    line: OrderLine
    offer: LineOffer
    form: ItemForm
    price: Money | None
    look: str
    icon: str
    variant: str
    head: str
    rest: str
    fault_url: str
    upload_url: str
    photos: list[dict[str, str]]
    is_reported: bool = False
    focus: str = ""

    @property
    def quantity_id(self) -> str:
        return f"{self.form.prefix}-quantity"

    @property
    def photos_id(self) -> str:
        return f"{self.form.prefix}-photos"

    @property
    def photos_name(self) -> str:
        return f"{self.form.prefix}-photos"

    @property
    def photo_error(self) -> str:
        return " ".join(str(words) for words in self.form.non_field_errors())

    @property
    def key(self) -> str:
        return self.line.pk.hex

    @property
    def is_chosen(self) -> bool:
        return bool(self.form["chosen"].value())

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """Return what may be chosen; a reason with ``details`` is answered by one of them."""
        rows: list[dict[str, Any]] = []
        for place, one in enumerate(self.form.reasons):
            if one.parent is None:
                rows.append(self._pill(one, place))
                continue
            if not rows or rows[-1]["key"] != one.parent.key:
                rows.append(self._divided(one.parent))
            rows[-1]["details"].append(self._pill(one, place))
        return rows

    def _pill(self, reason: Reason, place: int) -> dict[str, Any]:
        return {
            "key": reason.key,
            "label": detail_label(reason),
            "checked": reason.key == self.form["reason"].value(),
            "asks": " ".join(
                [
                    *(["photo"] if reason.photo != "off" else []),
                    *(["text"] if reason.free_text else []),
                    *([f"q{place}"] if self._follows_up(reason) else []),
                ]
            ),
            "free": reason.fault,
            "details": [],
        }

    def _follows_up(self, reason: Reason) -> bool:
        asks = bool(reason.questions_for(self.line.product_type))
        return asks or (reason.photo != "off" and bool(reason.photos_of))

    def _divided(self, reason: Reason) -> dict[str, Any]:
        """Return a reason that asks nothing itself: its details do."""
        checked = reason.key == self.form["reason"].value()
        label = detail_label(reason)
        return {"key": reason.key, "label": label, "checked": checked, "asks": "", "details": []}

    @property
    def follow_ups(self) -> list[dict[str, Any]]:
        """Return the questions of each reason that asks any, with the answers so far."""
        return [
            {"when": f"q{place}", "questions": [self._asked(one, question) for question in asked]}
            for place, one in enumerate(self.form.reasons)
            if (asked := one.questions_for(self.line.product_type))
        ]

    @property
    def photo_notes(self) -> list[dict[str, str]]:
        """Return what photos are to show, for each reason that asks for photos and says so."""
        return [
            {"when": f"q{place}", "subjects": photo_subjects(one)}
            for place, one in enumerate(self.form.reasons)
            if one.photo != "off" and one.photos_of
        ]

    def _asked(self, reason: Reason, question: Question) -> dict[str, Any]:
        language = get_language() or "en"
        field = self.form[question_name(reason, question)]
        given = field.value() or ""
        return {
            "id": f"{self.form.prefix}-{question_name(reason, question)}",
            "name": field.html_name,
            "label": question.label(language),
            "required": question.required,
            "value": given,
            "options": [
                {"key": one.key, "label": one.label(language), "checked": one.key == given}
                for one in question.options
            ],
            "errors": field.errors,
        }


def item_forms(basket: Basket, sent: Any = None, answers: Iterable[Answer] = ()) -> list[ItemForm]:
    """Return a form for each line of which something can come back."""
    known = {answer.order_line_id: answer for answer in answers}
    returnable = [line for line in basket.lines if basket.offer_of(line).returnable]
    return [
        ItemForm(
            sent,
            line=line,
            offer=basket.offer_of(line),
            reasons=basket.reasons_for(line),
            answer=known.get(line.pk),
            is_only=len(returnable) == 1 and not basket.offer_of(line).fault_only,
        )
        for line in returnable
    ]


def standing_answers(basket: Basket, forms: list[ItemForm]) -> list[Answer]:
    """Return what an untouched page counts: the answers kept, else what is chosen by itself."""
    return basket.answers or [
        Answer(form.line.pk, form.initial["quantity"], form.initial["reason"])
        for form in forms
        if form.initial.get("chosen")
    ]


def item_cards(
    basket: Basket, forms: list[ItemForm], fault: str = ""
) -> tuple[list[ItemCard], list[ItemCard]]:
    """Return the cards that may be chosen, and those that may not.

    A line that is only open for a fault is among the latter until somebody reports one.
    """
    by_line = {form.line.pk: form for form in forms}
    open_cards, closed = [], []
    for line in basket.lines:
        form = by_line.get(line.pk)
        if form is None:
            closed.append(
                _card(basket, line, ItemForm(line=line, offer=basket.offer_of(line), reasons=[]))
            )
            continue
        card = _card(basket, line, form, is_reported=form.offer.fault_only and fault == line.pk.hex)
        if card.offer.fault_only and not (card.is_chosen or card.is_reported):
            closed.append(card)
        else:
            open_cards.append(card)
    if open_cards and not forms[0].is_bound:
        open_cards[0] = replace(open_cards[0], focus=_first_control(open_cards[0]))
    return open_cards, closed


def _first_control(card: ItemCard) -> str:
    return "reason" if card.is_chosen and not card.form["reason"].value() else "chosen"


def _card(
    basket: Basket, line: OrderLine, form: ItemForm, *, is_reported: bool = False
) -> ItemCard:
    offer = form.offer
    look, icon = _look(line, offer)
    sentence = _DATE.sub("\\1\N{NO-BREAK SPACE}", offer.sentence.removesuffix(f". {fault_still()}"))
    head, _dot, rest = sentence.partition(". ")
    token = basket.draft.token
    fault_url = ""
    if offer.fault_only:
        fault_url = (
            f"{reverse('items', kwargs={'token': token})}?fault={line.pk.hex}#item-{line.pk.hex}"
        )
    return ItemCard(
        line=line,
        offer=offer,
        form=form,
        price=None
        if basket.is_gift
        else Money(share(line.paid_minor, 1, line.quantity or 1), line.currency),
        look=look,
        icon=icon,
        variant=_variant(line, offer),
        head=head,
        rest=rest,
        fault_url=fault_url,
        upload_url=reverse("photos", kwargs={"token": token, "line_id": line.pk}),
        photos=draft_photos(basket, line),
        is_reported=is_reported,
    )


def _look(line: OrderLine, offer: LineOffer) -> tuple[str, str]:
    if offer.fault_only or not offer.returnable:
        return "why", "clock" if offer.rule_key == "sent" else "info"
    if offer.quantity < line.quantity:
        return "part", "half"
    return "ok", "check" if offer.verdict is Verdict.ALLOW else "eye"


def _variant(line: OrderLine, offer: LineOffer) -> str:
    title = line.variant_title.replace(" / ", " · ")
    if line.quantity == 1:
        return title
    parts = [title] if title else []
    parts.append(_("%(n)d bought") % {"n": line.quantity})
    if offer.returnable and offer.quantity < line.quantity:
        words = ngettext("%(n)d can be returned", "%(n)d can be returned", offer.quantity)
        parts.append(words % {"n": offer.quantity})
    return " · ".join(parts)


@dataclass(frozen=True, slots=True)
class Heading:
    title: str
    lede: str


def heading(basket: Basket, open_cards: list[ItemCard]) -> Heading | None:
    """Return the heading of a page on which nothing can be chosen; None where something can."""
    if open_cards:
        return None
    names = {"number": basket.order.number, "merchant": basket.merchant.name}
    if basket.is_gift:
        return Heading(
            _("Nothing of your gift can be returned online"),
            _("This is the rule for each item, and what you can still do."),
        )
    rules = {basket.offer_of(line).rule_key for line in basket.lines}
    if rules == {"sent"}:
        return Heading(
            _("%(number)s hasn’t left us yet") % names,
            _("You can cancel or change it with %(merchant)s. Come back when it has arrived.")
            % names,
        )
    if rules == {"already_returned"}:
        return Heading(
            _("Everything in this order is already in a return"),
            _("Open the return below to see where it is."),
        )
    if "window" in rules:
        return Heading(
            _("This order is past its return date"),
            _("Order %(number)s. This is the rule, and what you can still do.") % names,
        )
    return Heading(
        _("Nothing in this order can be returned online"),
        _("Order %(number)s. This is the rule for each item, and what you can still do.") % names,
    )


def delivered_words(basket: Basket) -> str:
    """Return ``6 November``, the day the last of it arrived; empty while nothing has."""
    moments = [line.delivered_at for line in basket.lines if line.delivered_at is not None]
    if not moments:
        return ""
    return day(local_day(max(moments), basket.merchant.time_zone), seen=basket.today)


def summary(basket: Basket, answers: list[Answer]) -> dict[str, Any]:
    """Return the rows and the sum of the selection for card and bar."""
    count = sum(one.quantity for one in answers)
    shown = {
        "count": ngettext("%(n)d item", "%(n)d items", count) % {"n": count},
        "is_empty": not answers,
    }
    if basket.is_gift:
        bare = [{"label": _title(basket, one), "amount": None} for one in answers]
        return {**shown, "rows": bare, "total": None}
    worth = basket.worth(answers)
    chosen = {one: worth[one.order_line_id] for one in answers if one.order_line_id in worth}
    rows = [{"label": _title(basket, one), "amount": amount} for one, amount in chosen.items()]
    total = add_up(list(chosen.values()), basket.order.currency)
    return {**shown, "rows": rows, "total": total}


def _title(basket: Basket, answer: Answer) -> str:
    title = basket.line(answer.order_line_id).title
    return f"{answer.quantity} × {title}" if answer.quantity > 1 else title
