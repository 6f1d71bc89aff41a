"""The section ``withdrawal`` of a policy as a form: what the law leaves to the merchant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.forms import BoundField

from returns_portal.core.errors import InvalidInput
from returns_portal.core.languages import NAMES
from rma.policy.withdrawal_law import EXCEPTIONS
from rma.policy.withdrawal_terms import MAX_HOLIDAYS, MAX_LABEL, SECTION

# What a document without the section says; see rma.policy.withdrawal_terms.STATUTORY.
_WITHOUT: dict[str, Any] = {
    "sells_to_eu": True, "shopper_pays_postage": False, "holidays": [], "exempt": [], "labels": {},
}  # fmt: skip


def _words(text: str) -> list[str]:
    return sorted({word.strip() for word in text.split(",") if word.strip()})


class WithdrawalForm(forms.Form):
    """Who pays the way back, the days nobody works, what is exempt, and the words of the link."""

    sells_to_eu = forms.BooleanField(
        label="Show the link on every page of the portal",
        required=False,
        help_text="Shoppers in the EU and the EEA have the right either way.",
    )
    shopper_pays_postage = forms.BooleanField(
        label="Shoppers pay the way back, by the return fee",
        required=False,
        help_text="Off: you pay it, as the law says where shoppers were not told before buying.",
    )
    holidays = forms.CharField(
        label="Public holidays",
        required=False,
        max_length=MAX_HOLIDAYS * 20,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="One day a line, such as 2026-12-25. A last day on one moves to the next "
        "working day.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, exception in EXCEPTIONS.items():
            self.fields[f"tags_{key}"] = forms.CharField(
                label=f"Product tags: {exception.because}", required=False, max_length=2000
            )
            self.fields[f"types_{key}"] = forms.CharField(
                label=f"Product types: {exception.because}", required=False, max_length=2000
            )
        for code, name in NAMES.items():
            self.fields[f"label_{code}"] = forms.CharField(
                label=name,
                required=False,
                max_length=MAX_LABEL,
                error_messages={"max_length": f"Write {MAX_LABEL} letters at most."},
            )

    @property
    def exceptions(self) -> Iterable[tuple[str, BoundField, BoundField]]:
        """Each exception with its words and its two fields."""
        for key, exception in EXCEPTIONS.items():
            yield exception.because, self[f"tags_{key}"], self[f"types_{key}"]

    @property
    def labels(self) -> list[BoundField]:
        return [self[f"label_{code}"] for code in NAMES]

    def clean_holidays(self) -> list[str]:
        days = [line.strip() for line in self.cleaned_data["holidays"].splitlines() if line.strip()]
        for day in days:
            if not _is_day(day):
                raise forms.ValidationError(
                    f"Write each day as year-month-day on a line of its own; “{day[:40]}” is none."
                )
        if len(set(days)) > MAX_HOLIDAYS:
            raise forms.ValidationError(f"List up to {MAX_HOLIDAYS} days.")
        return sorted(set(days))

    @staticmethod
    def initial_of(document: Mapping[str, Any]) -> dict[str, Any]:
        section = document.get(SECTION) or _WITHOUT
        initial = {name: section[name] for name in ("sells_to_eu", "shopper_pays_postage")}
        initial["holidays"] = "\n".join(section["holidays"])
        for key in EXCEPTIONS:
            listed = [one for one in section["exempt"] if one["exception"] == key]
            initial[f"tags_{key}"] = ", ".join(word for one in listed for word in one["tags"])
            initial[f"types_{key}"] = ", ".join(
                word for one in listed for word in one["product_types"]
            )
        return initial | {f"label_{code}": text for code, text in section["labels"].items()}

    def document(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``before`` with what the form says; unchanged where it says nothing new."""
        document = dict(before)
        if not self.has_changed():
            return document
        entered, section = self.cleaned_data, before.get(SECTION) or _WITHOUT
        # Words in a language that the form does not ask for stay.
        labels = {code: text for code, text in section["labels"].items() if code not in NAMES}
        labels |= {code: text for code in NAMES if (text := entered[f"label_{code}"])}
        exempt = [
            {"exception": key, "tags": tags, "product_types": types}
            for key in EXCEPTIONS
            for tags, types in [(_words(entered[f"tags_{key}"]), _words(entered[f"types_{key}"]))]
            if tags or types
        ]
        document[SECTION] = {
            "sells_to_eu": entered["sells_to_eu"],
            "shopper_pays_postage": entered["shopper_pays_postage"],
            "holidays": entered["holidays"],
            "exempt": exempt,
            "labels": labels,
        }
        return document

    def blame(self, error: InvalidInput) -> bool:
        """Put what the policy's reader found beside its field; False where it is of no field."""
        found: Any = error.facts.get("errors", [])
        for mistake in found:
            part = mistake["path"].removeprefix(f"{SECTION}.").partition(".")[0]
            if not mistake["path"].startswith(f"{SECTION}."):
                return False
            name = {"exempt": "tags_made_to_order", "labels": "label_en"}.get(part, part)
            self.add_error(name if name in self.fields else None, mistake["message"])
        return bool(found)


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
