"""What a rehearsal is asked for."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

_CHOOSE = _("Choose 30 days, 90 days or a year.")


class RehearsalForm(forms.Form):
    """The past that the draft is tried on."""

    days = forms.TypedChoiceField(
        label=_("Past returns of"),
        coerce=int,
        choices=[(30, _("30 days")), (90, _("90 days")), (365, _("A year"))],
        initial=90,
        error_messages={"required": _CHOOSE, "invalid_choice": _CHOOSE},
    )
