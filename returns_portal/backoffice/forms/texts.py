"""The forms around own texts: one text in one language, finding texts, a file of them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from returns_portal.core.text_checks import faults_of, longest, tidy
from returns_portal.core.text_entries import TextEntry, form_count, standard
from returns_portal.core.text_files import MAX_BYTES


class OwnTextForm(forms.Form):
    """One text in one language: a field for each plural form. All empty is the product's text."""

    def __init__(self, *args: Any, entry: TextEntry, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entry, self.usual = entry, standard(entry, language)
        count = form_count(entry, language)
        for place in range(count):
            label = "Your text" if count == 1 else f"Your text, form {place + 1} of {count}"
            # Length and signs are judged with the rest, in words that fit.
            self.fields[f"form_{place}"] = forms.CharField(
                label=label,
                required=False,
                widget=forms.Textarea(attrs={"rows": 3, "lang": language, "dir": "auto"}),
                help_text=f"At most {longest(entry)} characters." if place == 0 else "",
            )

    def forms_given(self) -> tuple[str, ...]:
        """Return the forms as they would be kept."""
        given = (self.cleaned_data.get(name, "") for name in self.fields)
        return tuple(map(tidy, given, self.usual))

    def clean(self) -> dict[str, Any]:
        entered = super().clean() or self.cleaned_data
        given = self.forms_given()
        if any(given) and given != self.usual:
            for fault in faults_of(self.entry, given):
                self.add_error(f"form_{fault.form}", fault.message)
        return entered


class TextsFileForm(forms.Form):
    """A .po file of texts. What is in it is read by ``core.text_files``."""

    file = forms.FileField(
        label="Text file",
        help_text="A .po file as an export writes it, up to 1 MB.",
        error_messages={
            "required": "Choose a .po file.",
            "empty": "The file is empty. Choose another one.",
        },
        widget=forms.FileInput(attrs={"accept": ".po"}),
    )

    @property
    def raw(self) -> bytes:
        """What was uploaded, or as much of it as shows that it is too much."""
        upload: UploadedFile = self.cleaned_data["file"]
        return bytes(upload.read(MAX_BYTES + 1))
