"""Form fields that forgive what browsers and bots send, and say the rest in the product's voice."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class PlainText(forms.CharField):
    """Text without the zero bytes that PostgreSQL cannot keep; too much of it is an error."""

    def __init__(self, *, max_length: int, **options: Any) -> None:
        messages = {
            "max_length": _("Use up to %(limit_value)d characters. This has %(show_value)d."),
            **options.pop("error_messages", {}),
        }
        super().__init__(max_length=max_length, error_messages=messages, **options)

    def to_python(self, value: Any) -> Any:
        return super().to_python(value.replace("\x00", "") if isinstance(value, str) else value)


class SeveralFiles(forms.ClearableFileInput):
    """A file input that takes several files at once."""

    allow_multiple_selected = True
