"""Risk: from how many points on a person looks, and who is on a list."""

from __future__ import annotations

from typing import Any

from django import forms

from rma.models import ShopperMark

OFF, SHADOW, ON = "off", "shadow", "on"
_OPTIONAL = ("hold_at", "photos_at")


class RiskForm(forms.Form):
    """How the policy scores requests."""

    mode = forms.ChoiceField(
        label="Risk score",
        choices=[(OFF, "Off"), (SHADOW, "Only noted (shadow mode)"), (ON, "Sends to a person")],
        widget=forms.RadioSelect,
    )
    review_at = forms.IntegerField(label="From this score on", min_value=1, max_value=1000)
    hold_at = forms.IntegerField(
        label="Hold instant refunds from this score on", required=False, min_value=1,
        max_value=1000, help_text="What the policy pays before the goods are inspected waits for "
        "the inspection then. Leave empty to hold nothing.",
    )  # fmt: skip
    photos_at = forms.IntegerField(
        label="Ask for photos from this score on", required=False, min_value=1, max_value=1000,
        help_text="Every item needs a photo then, whatever its reason. Leave empty to leave that "
        "to the reasons.",
    )  # fmt: skip

    @staticmethod
    def initial_of(document: dict[str, Any]) -> dict[str, Any]:
        risk = document.get("risk")
        if risk is None:
            return {"mode": OFF, "review_at": 70}
        mode = SHADOW if risk["shadow"] else ON
        optional = {name: risk.get(name) for name in _OPTIONAL}
        return {"mode": mode, "review_at": risk["review_at"], **optional}

    def document(self, before: dict[str, Any]) -> dict[str, Any]:
        """Return the policy document with what the form says."""
        kept = {name: value for name, value in before.items() if name != "risk"}
        mode = self.cleaned_data["mode"]
        if mode == OFF:
            return kept
        risk = {"review_at": self.cleaned_data["review_at"], "shadow": mode == SHADOW}
        limits = {name: self.cleaned_data[name] for name in _OPTIONAL}
        set_ones = {name: limit for name, limit in limits.items() if limit is not None}
        return kept | {"risk": risk | set_ones}


class MarkForm(forms.Form):
    """Put the shopper of an order on a list."""

    order = forms.CharField(label="Order number", max_length=60)
    kind = forms.ChoiceField(
        label="List", choices=ShopperMark.Kind.choices, widget=forms.RadioSelect
    )
    reason = forms.CharField(label="Why", max_length=300)
    days = forms.IntegerField(
        label="For days", required=False, min_value=1, max_value=3660,
        help_text="Leave empty for good.",
    )  # fmt: skip
