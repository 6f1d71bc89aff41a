"""What comes back of one order line, how much of it, and why."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from returns_portal.commerce.models import OrderLine
from returns_portal.portal.forms.fields import PlainText
from rma.drafts import Answer
from rma.policy.document import Reason
from rma.policy.types import LineOffer


class ItemForm(forms.Form):
    """One item card. Only a chosen item is checked; everything else about it is let go."""

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
    ) -> None:
        super().__init__(sent, prefix=f"item-{line.pk.hex}", initial=_initial(answer))
        self.line, self.offer, self.reasons = line, offer, reasons
        self.photo_count = 0

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not given.get("chosen"):
            self._errors.clear()
            return given
        if given.get("reason") not in self.offer.reasons:
            self.replace_error(
                "reason", _("Choose why you’re returning %(item)s") % {"item": self.line.title}
            )
        self._check_quantity(given)
        return given

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
        )


def _initial(answer: Answer | None) -> dict[str, Any]:
    if answer is None:
        return {"quantity": 1}
    return {
        "chosen": True,
        "quantity": answer.quantity,
        "reason": answer.reason,
        "comment": answer.comment,
    }
