"""Finding an order: its number and one thing only its buyer knows."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import EmailValidator, validate_email
from django.utils.translation import gettext_lazy as _

from returns_portal.portal.forms.fields import PlainText


class LookupForm(forms.Form):
    """The two fields of the first page. What they hold is checked elsewhere, all at once."""

    order = PlainText(
        max_length=60,
        label=_("Order number"),
        help_text=_("It’s in your confirmation e-mail."),
        error_messages={"required": _("Write your order number")},
    )
    who = PlainText(
        max_length=254,
        label=_("E-mail, phone or delivery postcode"),
        error_messages={
            "required": _("Write the e-mail, the phone number or the postcode of your order")
        },
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not self.is_bound:
            # A refused form gives the focus to its errors.
            empty = "who" if self.initial.get("order") else "order"
            self.fields[empty].widget.attrs["autofocus"] = True


class LinkForm(forms.Form):
    """The e-mail address that a link to its orders is sent to."""

    email = PlainText(
        max_length=254,
        label=_("E-mail you ordered with"),
        error_messages={"required": _("Write the e-mail you ordered with")},
    )

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        try:
            validate_email(email)
        except forms.ValidationError as error:
            raise forms.ValidationError(
                _("Write an e-mail address such as name@example.com")
            ) from error
        return email


class GiftForm(forms.Form):
    """The code of a gift, and who gets the credit for it."""

    code = PlainText(
        max_length=40,
        label=_("Gift code"),
        help_text=_("It came with your gift, such as K7MX-4TPQ-9RWC."),
        error_messages={"required": _("Write the gift code")},
    )
    name = PlainText(
        max_length=160,
        label=_("Your name"),
        error_messages={"required": _("Write your name")},
    )
    email = PlainText(
        max_length=254,
        label=_("Your e-mail"),
        help_text=_("Your store credit and news about your return go there."),
        validators=[EmailValidator(_("Write an e-mail such as name@example.com"))],
        error_messages={"required": _("Write your e-mail")},
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if not self.is_bound:
            self.fields["code"].widget.attrs["autofocus"] = True
