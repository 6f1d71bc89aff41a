"""What the report is asked for."""

from __future__ import annotations

from datetime import date

from django import forms
from django.core.validators import RegexValidator

from analytics.periods import DEFAULT_DAYS, LONGEST_DAYS, PRESETS, Period, last_days
from analytics.report import ReportFilters
from returns_portal.core.errors import InvalidInput
from returns_portal.core.money import exponent

FREE = "free"
_DAY = {"invalid": "Write the day like 2026-11-21."}


class ReportForm(forms.Form):
    """Period and filters out of the address; everything may be left out."""

    days = forms.ChoiceField(
        label="Period",
        required=False,
        choices=[*((str(days), name) for days, name in PRESETS.items()), (FREE, "Other days")],
        error_messages={"invalid_choice": "Choose a period from the list."},
    )
    since = forms.DateField(label="From", required=False, error_messages=_DAY)
    until = forms.DateField(label="To", required=False, error_messages=_DAY)
    reason = forms.CharField(required=False, max_length=40)
    country = forms.CharField(
        required=False,
        validators=[RegexValidator(r"^[A-Z]{2}\Z", "Choose a country from the list.")],
    )
    currency = forms.CharField(required=False, max_length=3)

    def clean_currency(self) -> str:
        code: str = self.cleaned_data["currency"]
        if code:
            try:
                exponent(code)
            except InvalidInput as unknown:
                raise forms.ValidationError(unknown.message) from unknown
        return code

    def clean_reason(self) -> str:
        return str(self.cleaned_data["reason"]).replace("\x00", "")

    def clean(self) -> None:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if self.cleaned_data.get("days") != FREE or self.errors:
            return
        if not since or not until:
            self.add_error("since", "Choose the first and the last day.")
        elif since > until:
            self.add_error("until", "The last day lies before the first. Change one of them.")
        elif (until - since).days >= LONGEST_DAYS:
            self.add_error("until", "Choose at most three years.")
        elif since.year < 2000 or until.year > 2100:
            self.add_error("since", "Choose days between 2000 and 2100.")

    def period(self, today: date) -> Period:
        """Return the period asked for; the usual one where the form was refused."""
        if not self.is_valid():
            return last_days(DEFAULT_DAYS, today)
        wanted = self.cleaned_data
        if wanted["days"] == FREE:
            return Period(wanted["since"], wanted["until"])
        return last_days(int(wanted["days"] or DEFAULT_DAYS), today)

    def filters(self) -> ReportFilters:
        if not self.is_valid():
            return ReportFilters()
        wanted = self.cleaned_data
        return ReportFilters(wanted["reason"], wanted["country"], wanted["currency"])
