"""What a shopper may write on a return's page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from returns_portal.portal.forms.fields import PlainText


class MessageForm(forms.Form):
    """A message to staff."""

    body = PlainText(
        max_length=4000,
        label=_("Message"),
        error_messages={"required": _("Write your message first")},
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class AnswerForm(forms.Form):
    """The answer to a question; photos come beside it, so the text may stay empty."""

    answer = PlainText(
        max_length=4000,
        required=False,
        label=_("Anything to add?"),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, photos: int = 0, **options: Any) -> None:
        super().__init__(*args, **options)
        self.photos = photos

    def clean_answer(self) -> str:
        answer = str(self.cleaned_data["answer"]).strip()
        if not answer and not self.photos:
            raise forms.ValidationError(_("Add a photo or write an answer"))
        return answer


class AppealForm(forms.Form):
    """Why the shopper does not agree; photos come beside it."""

    words = PlainText(
        max_length=4000,
        label=_("Why don’t you agree?"),
        help_text=_("A person reads this and looks at it again."),
        error_messages={"required": _("Write why you don’t agree")},
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class TrackingForm(forms.Form):
    """How a parcel was sent that has no label of ours."""

    carrier = PlainText(
        max_length=60,
        label=_("Carrier"),
        error_messages={"required": _("Write who carries the parcel")},
    )
    tracking_code = PlainText(
        max_length=80,
        label=_("Tracking number"),
        help_text=_("It’s on your receipt."),
        error_messages={"required": _("Write the tracking number from your receipt")},
    )
