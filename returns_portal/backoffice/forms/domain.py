"""The form that enters a domain."""

from __future__ import annotations

from django import forms


class DomainForm(forms.Form):
    """A host name. Whether it can serve a portal is judged by ``integrations.domains``."""

    host = forms.CharField(
        label="Domain",
        max_length=300,
        help_text="Such as returns.example.com. Take a name of its own, not your shop’s.",
        error_messages={
            "required": "Write the domain, such as returns.example.com.",
            "max_length": "Write the host alone, such as returns.example.com.",
        },
        widget=forms.TextInput(
            attrs={"autocapitalize": "off", "spellcheck": "false", "inputmode": "url"}
        ),
    )
