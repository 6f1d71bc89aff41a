"""Forms on a return: words to the shopper, notes, tracking, who looks after it."""

from __future__ import annotations

from django import forms


class DeclineForm(forms.Form):
    reason = forms.CharField(
        label="What the shopper reads",
        max_length=500,
        help_text="Say the rule and the date, and what is still possible.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class AskForm(forms.Form):
    question = forms.CharField(
        label="What we need from the shopper",
        max_length=500,
        help_text="One thing, in one sentence.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class AppealForm(forms.Form):
    """The answer to an objection, and which way it goes."""

    outcome = forms.ChoiceField(
        label="Your decision",
        choices=[
            ("upheld", "Uphold the decision"),
            ("granted", "Change it in the shopper’s favour"),
        ],
        widget=forms.RadioSelect,
    )
    answer = forms.CharField(
        label="What the shopper reads",
        max_length=1000,
        help_text="Say what you looked at and why you decide so.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class NoteForm(forms.Form):
    """A note: internal unless it is sent to the shopper."""

    body = forms.CharField(max_length=4000)
    kind = forms.ChoiceField(choices=[("internal", "Internal"), ("to_shopper", "To the shopper")])


class TrackingForm(forms.Form):
    carrier = forms.CharField(label="Carrier", max_length=60)
    tracking_code = forms.CharField(label="Tracking number", max_length=80)
