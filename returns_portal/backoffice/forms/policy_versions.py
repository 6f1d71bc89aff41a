"""The forms around versions of the policy: publishing, comparing, bringing one in from a file."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from rma.policy.yaml_reading import MAX_BYTES

_PICK = {"required": "Choose a policy file.", "empty": "The file is empty. Choose another one."}
_WHEN = (("now", "Now"), ("later", "Later"))


class LocalMoment(forms.DateTimeField):
    """A day and time in the zone of the request; one that the clocks skip or repeat is refused."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    input_formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
    default_error_messages = {"invalid": "Write the day and the time, such as 2026-12-01 09:00."}

    def to_python(self, value: Any) -> datetime | None:
        try:
            return super().to_python(value)
        except forms.ValidationError as error:
            if error.code == "ambiguous_timezone":
                raise forms.ValidationError(
                    "The clocks change at that time. Choose an hour before or after."
                ) from None
            raise
        except OverflowError:
            raise forms.ValidationError("Choose a time in the next two years.") from None


class PublishForm(forms.Form):
    """What a version is called and from when it counts. Without ``when`` it counts at once."""

    name = forms.CharField(
        label="Name of the version",
        max_length=120,
        required=False,
        error_messages={"max_length": "Use up to 120 letters."},
    )
    when = forms.ChoiceField(
        label="In force from",
        choices=_WHEN,
        required=False,
        initial="now",
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": "Choose now, or a day and time."},
    )
    at = LocalMoment(label="Day and time", required=False)

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["at"].help_text = f"For later only. Time in {zone}."
        # Whoever sees the form chooses; what is sent without a choice means now.
        self.fields["when"].required = not self.is_bound

    def clean(self) -> dict[str, Any]:
        entered = super().clean() or self.cleaned_data
        self.fields["when"].required = True
        self.fields["at"].required = self.is_later
        if self.is_later and entered.get("at") is None and "at" not in self.errors:
            self.add_error("at", "Choose the day and the time.")
        return entered

    @property
    def is_later(self) -> bool:
        return bool(self.cleaned_data.get("when") == "later")


class ReplaceForm(forms.Form):
    """Whether a draft with changes may be lost."""

    replace = forms.BooleanField(label="Replace the draft", required=False)


class ImportForm(ReplaceForm):
    """A policy file. What is in it is read by ``rma.policy.yaml_reading``."""

    field_order = ["file", "replace"]
    file = forms.FileField(
        label="Policy file",
        error_messages=_PICK,
        help_text=f"YAML, as an export writes it, up to {MAX_BYTES // 1024} kB.",
        widget=forms.FileInput(attrs={"accept": ".yaml,.yml"}),
    )

    @property
    def raw(self) -> bytes:
        """What was uploaded, or as much of it as shows that it is too much."""
        upload: UploadedFile = self.cleaned_data["file"]
        return bytes(upload.read(MAX_BYTES + 1))
