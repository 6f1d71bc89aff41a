"""Forms at the bench: what came in a parcel, what a unit is like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from rma.actions.receiving import ReceivedUnits
from rma.goods import LineGoods
from rma.policy.disposition import CHECKS, GRADE_WORDS, Disposition
from rma.states import ReceiptLineStatus

GRADES = [(grade.value, words) for grade, words in GRADE_WORDS.items()]
DISPOSITIONS = [(one.value, one.value.capitalize()) for one in Disposition]


class ReceiveForm(forms.Form):
    """A parcel: per line the units that came, those missing, and those that are another item."""

    operation_id = forms.CharField(max_length=64, widget=forms.HiddenInput)
    location = forms.UUIDField(widget=forms.HiddenInput)
    note = forms.CharField(label="Note", required=False, max_length=500)
    extra = forms.IntegerField(label="Extra items", required=False, min_value=0, max_value=100)
    extra_note = forms.CharField(label="What they are", required=False, max_length=500)

    def __init__(self, *args: Any, goods: Sequence[LineGoods], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.goods = goods
        for entry in goods:
            for what in ("came", "short", "wrong"):
                self.fields[f"{what}-{entry.line.pk}"] = forms.IntegerField(
                    required=False, min_value=0, max_value=entry.line.quantity
                )

    def units(self) -> list[ReceivedUnits]:
        """Return what was entered as facts for the action."""
        found = []
        kinds = (
            ("came", ReceiptLineStatus.RECEIVED),
            ("short", ReceiptLineStatus.SHORT),
            ("wrong", ReceiptLineStatus.WRONG_ITEM),
        )
        for entry in self.goods:
            for what, status in kinds:
                quantity = self.cleaned_data.get(f"{what}-{entry.line.pk}")
                if quantity:
                    found.append(ReceivedUnits(entry.line.pk, quantity, status))
        if self.cleaned_data.get("extra"):
            note = self.cleaned_data["extra_note"]
            extra = ReceivedUnits(
                None, self.cleaned_data["extra"], ReceiptLineStatus.EXTRA, note=note
            )
            found.append(extra)
        return found


class InspectForm(forms.Form):
    """One unit: its grade, the checks, whether it is paid for, and where it goes."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    grade = forms.ChoiceField(choices=GRADES)
    disposition = forms.ChoiceField(
        choices=[("", "As suggested"), *DISPOSITIONS], required=False, label="Put it in"
    )
    accepted = forms.ChoiceField(choices=[("yes", "Accept"), ("no", "Don’t accept")])
    rejection = forms.CharField(
        label="Why it is not accepted; the shopper reads this", required=False, max_length=300
    )
    note = forms.CharField(label="Note for the team", required=False, max_length=1000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for check in CHECKS:
            self.fields[f"check-{check}"] = forms.ChoiceField(
                choices=[("", ""), ("yes", "Yes"), ("no", "No")], required=False
            )

    def checklist(self) -> dict[str, bool]:
        return {
            check: self.cleaned_data[f"check-{check}"] == "yes"
            for check in CHECKS
            if self.cleaned_data.get(f"check-{check}")
        }
