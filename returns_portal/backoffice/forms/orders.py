"""What staff may change about one order: until when it can come back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms

from returns_portal.commerce.models import Order
from returns_portal.core.ids import new_token
from rma.actions.windows import MAX_REASON
from rma.models import GrantedWindow

ALL = "all"
_GONE = "Load the page again."


class GrantForm(forms.Form):
    """A later last day for an order, or for one of its items.

    ``seen`` are the granted days it was shown with, so that two people do not overrule each other
    without knowing.
    """

    until = forms.DateField(
        label="Last day",
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={
            "required": "Choose the last day",
            "invalid": "Write the day as 2026-12-31",
        },
    )
    order_line = forms.ChoiceField(
        label="For",
        error_messages={
            "required": "Choose all items or one of them",
            "invalid_choice": "This item is not in the order any more. Choose another one",
        },
    )
    reason = forms.CharField(
        label="Why",
        max_length=MAX_REASON,
        help_text="Only the team reads it.",
        error_messages={
            "required": "Write why, so that the team can tell later",
            "max_length": f"Use at most {MAX_REASON} characters",
        },
    )
    seen = forms.CharField(required=False, max_length=8000, widget=forms.HiddenInput)
    operation_id = forms.CharField(
        max_length=64,
        widget=forms.HiddenInput,
        error_messages={"required": _GONE, "max_length": _GONE},
    )

    def __init__(self, sent: Any = None, *, order: Order, grants: Sequence[GrantedWindow]) -> None:
        initial = {"seen": self.seen_of(grants), "operation_id": new_token()}
        super().__init__(sent, initial=initial)
        titles = [
            (str(line.pk), " · ".join(filter(None, [line.title, line.variant_title])))
            for line in order.lines.all()
            if not line.is_removed
        ]
        self.fields["order_line"].choices = [(ALL, "All items"), *titles]  # type: ignore[attr-defined]

    @staticmethod
    def seen_of(grants: Sequence[GrantedWindow]) -> str:
        """Return what a page with ``grants`` shows, as the form carries it."""
        return ",".join(str(one.pk) for one in grants if one.withdrawn_at is None)

    def clean_seen(self) -> frozenset[UUID]:
        """Return the ids the page was shown with; a value no page has sent was shown none."""
        try:
            return frozenset(UUID(one) for one in self.cleaned_data["seen"].split(",") if one)
        except ValueError as strange:
            raise forms.ValidationError(_GONE) from strange

    def clean_order_line(self) -> UUID | None:
        """Return the item's id, None for all of them."""
        chosen = self.cleaned_data["order_line"]
        return None if chosen == ALL else UUID(chosen)
