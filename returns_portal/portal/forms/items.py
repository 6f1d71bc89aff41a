"""What comes back of one order line, how much of it, and why."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from returns_portal.commerce.models import OrderLine
from returns_portal.portal.forms.fields import PlainText
from rma.drafts import Answer
from rma.policy.model import Question, Reason
from rma.policy.questions import LONGEST_ANSWER, open_questions
from rma.policy.risk import with_photos
from rma.policy.types import LineOffer
from rma.policy.wording import detail_label, photos_wanted


class ItemForm(forms.Form):
    """One item card. Only a chosen item is checked; everything else about it is let go.

    What there is no choice about is chosen already: the ``is_only`` item, the only reason.
    """

    chosen = forms.BooleanField(required=False)
    quantity = forms.IntegerField(required=False)
    reason = forms.CharField(required=False)
    comment = PlainText(max_length=1000, required=False)

    def __init__(
        self,
        sent: Any = None,
        *,
        line: OrderLine,
        offer: LineOffer,
        reasons: list[Reason],
        answer: Answer | None = None,
        is_only: bool = False,
    ) -> None:
        initial = _initial(answer, is_chosen=is_only, reasons=reasons)
        super().__init__(sent, prefix=f"item-{line.pk.hex}", initial=initial)
        self.line, self.offer, self.reasons = line, offer, reasons
        self.photo_count = 0
        told = answer.answers if answer is not None else {}
        for reason in reasons:
            for question in reason.questions_for(line.product_type):
                name = question_name(reason, question)
                self.fields[name] = PlainText(max_length=LONGEST_ANSWER, required=False)
                self.initial[name] = told.get(question.key, "")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not given.get("chosen"):
            self._errors.clear()
            return given
        if given.get("reason") not in self.offer.reasons:
            self.replace_error("reason", self._why_more())
        self._check_quantity(given)
        self._check_answers(given)
        return given

    def _why_more(self) -> str:
        """Ask why, or what exactly where a reason with details was chosen without one."""
        divided = [one.parent for one in self.reasons if one.parent is not None]
        told = next((one for one in divided if one.key == self.cleaned_data.get("reason")), None)
        if told is None:
            return _("Choose why you’re returning %(item)s") % {"item": self.line.title}
        return _("Choose what exactly for %(item)s: %(reason)s") % {
            "item": self.line.title,
            "reason": detail_label(told),
        }

    def _check_answers(self, given: dict[str, Any]) -> None:
        """Refuse what a question of the chosen reason needs and does not have; let go the rest."""
        reason = self.chosen_reason()
        if reason is None:
            return
        kind = self.line.product_type
        for question in open_questions(reason, kind, self.answers_to(reason)):
            words = _("Answer for %(item)s: %(question)s") % {
                "item": self.line.title,
                "question": question.label(get_language() or "en"),
            }
            self.replace_error(question_name(reason, question), words)

    def answers_to(self, reason: Reason) -> dict[str, str]:
        """Return what was answered to the questions of ``reason``; nothing for what was not."""
        told = {
            question.key: self.cleaned_data.get(question_name(reason, question)) or ""
            for question in reason.questions_for(self.line.product_type)
        }
        return {key: answer.strip() for key, answer in told.items() if answer.strip()}

    def _check_quantity(self, given: dict[str, Any]) -> None:
        most = self.offer.quantity
        quantity = given.get("quantity")
        if quantity is None and "quantity" not in self._errors:
            # A single unit needs no stepper, so nothing is sent for it.
            quantity = 1
        if quantity is None or not 1 <= quantity <= most:
            words = ngettext("Choose 1 of %(item)s", "Choose 1 to %(most)d of %(item)s", most) % {
                "most": most,
                "item": self.line.title,
            }
            self.replace_error("quantity", words)
        given["quantity"] = quantity

    def replace_error(self, field: str, words: str) -> None:
        """Put ``words`` in place of whatever Django says about ``field``."""
        self._errors.pop(field, None)
        self.add_error(field, words)

    def needs_photo(self) -> bool:
        reason = self.chosen_reason()
        needed = reason.photo_count if reason is not None and reason.photo == "required" else 0
        return self.photo_count < needed

    def ask_photos(self) -> None:
        """Need photos whatever the reason, because the risk score asks for them."""
        self.reasons = [with_photos(reason) for reason in self.reasons]

    def photos_wanted(self) -> str:
        """Ask for the photos that the chosen reason needs; empty where none is chosen."""
        reason = self.chosen_reason()
        return photos_wanted(reason, self.line.title) if reason is not None else ""

    def chosen_reason(self) -> Reason | None:
        key = self.cleaned_data.get("reason") if hasattr(self, "cleaned_data") else None
        return next((one for one in self.reasons if one.key == key), None)

    @property
    def is_chosen(self) -> bool:
        return bool(self.cleaned_data.get("chosen"))

    def answer(self, before: Answer | None) -> Answer:
        """Return a valid, chosen form as an answer; a wish stands while its reason does."""
        given, reason = self.cleaned_data, self.chosen_reason()
        same = before if before is not None and before.reason == given["reason"] else None
        asks = reason is not None and reason.free_text
        return Answer(
            order_line_id=self.line.pk,
            quantity=given["quantity"],
            reason=given["reason"],
            comment=given["comment"] if asks else "",
            wanted=same.wanted if same else "",
            exchange_variant_id=same.exchange_variant_id if same else None,
            answers=self.answers_to(reason) if reason is not None else {},
        )


def question_name(reason: Reason, question: Question) -> str:
    """Return the name of a question's field; two reasons may ask the same."""
    return f"q-{reason.key}-{question.key}"


def _initial(answer: Answer | None, *, is_chosen: bool, reasons: list[Reason]) -> dict[str, Any]:
    if answer is None:
        reason = reasons[0].key if len(reasons) == 1 else ""
        return {"chosen": is_chosen, "quantity": 1, "reason": reason}
    return {
        "chosen": True,
        "quantity": answer.quantity,
        "reason": answer.reason,
        "comment": answer.comment,
    }
