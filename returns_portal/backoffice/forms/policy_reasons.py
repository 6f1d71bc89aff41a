"""The reasons of the policy as rows of a form: read from a document, written back to one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django import forms

from returns_portal.backoffice.detail_lines import DetailLineError
from returns_portal.backoffice.detail_lines import as_lines as as_detail_lines
from returns_portal.backoffice.detail_lines import from_lines as from_detail_lines
from returns_portal.backoffice.photo_lines import as_lines as as_photo_lines
from returns_portal.backoffice.photo_lines import from_lines as from_photo_lines
from returns_portal.backoffice.policy_words import RESOLUTION_WORDS
from returns_portal.backoffice.question_lines import as_lines, from_lines
from rma.policy.document import PHOTO_MODES, RESOLUTIONS
from rma.policy.reasons import MOST_SUBJECTS

_FOLDED = ("photos_of", "details", "questions")


class ReasonForm(forms.Form):
    """One reason. A row without a name is left out, which is how a reason is taken away."""

    known_key = forms.RegexField(
        r"^[A-Za-z0-9_]*$", required=False, max_length=40, widget=forms.HiddenInput
    )
    label = forms.CharField(label="Reason", max_length=60, required=False)
    resolutions = forms.MultipleChoiceField(
        label="Allows",
        choices=[(one, RESOLUTION_WORDS[one].capitalize()) for one in RESOLUTIONS],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    photo = forms.ChoiceField(
        label="Photos", choices=list(zip(PHOTO_MODES, ("Needed", "Welcome", "No"), strict=True)),
        initial="off",
    )  # fmt: skip
    photos_of = forms.CharField(
        label="Photos of",
        required=False,
        max_length=1000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=f"What photos are to show, one a line, up to {MOST_SUBJECTS}: the item. "
        "At least one photo of each is wanted.",
    )
    fault = forms.BooleanField(label="Our fault", required=False)
    free_text = forms.BooleanField(label="Ask for words", required=False)
    review = forms.BooleanField(label="A person checks", required=False)
    free = forms.BooleanField(label="No return fee", required=False)
    not_restocked = forms.BooleanField(label="No restocking fee", required=False)
    questions = forms.CharField(
        label="Questions",
        required=False,
        max_length=4000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="One a line, such as: How does it fit? | Tight; Too long *. "
        "With the star an answer is needed.",
    )

    details = forms.CharField(
        label="Details",
        required=False,
        max_length=4000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="What exactly, one a line: Too small, or for some product types and with its own "
        "terms [Shoes] Too narrow | exchange, refund | photos needed | "
        "photos of the sole; the box | our fault.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A reason that is there has a name; only the empty row at the end may stay without.
        self.fields["label"].required = not self.is_bound and bool(self.initial)

    @property
    def asks_more(self) -> bool:
        """Whether anything is written, or wrong, in the parts that are folded away otherwise."""
        return any(self[name].value() or self[name].errors for name in _FOLDED)

    @property
    def is_kept(self) -> bool:
        return bool(self.cleaned_data.get("label", "").strip())

    @property
    def key(self) -> str:
        """Return the reason's key, made from its name for a new one."""
        letters = "".join(
            letter if letter.isascii() and letter.isalnum() else " "
            for letter in self.cleaned_data["label"].lower()
        )
        return self.cleaned_data["known_key"] or "_".join(letters.split())[:40]

    def clean(self) -> dict[str, Any]:
        entered = super().clean() or self.cleaned_data
        if entered.get("label", "").strip() and not entered.get("resolutions"):
            self.add_error("resolutions", "Choose at least one outcome for this reason.")
        return entered

    def clean_photos_of(self) -> str:
        said = str(self.cleaned_data["photos_of"])
        if len(from_photo_lines(said, ())) > MOST_SUBJECTS:
            raise forms.ValidationError(f"Name up to {MOST_SUBJECTS} things, one a line.")
        return said

    def clean_details(self) -> str:
        """Refuse lines that can't be read, before they are put together with what was there."""
        try:
            from_detail_lines(self.cleaned_data["details"], ())
        except DetailLineError as mistake:
            raise forms.ValidationError(str(mistake)) from None
        return str(self.cleaned_data["details"])

    def entry(self, before: Mapping[str, Any], taken: Collection[str] = ()) -> dict[str, Any]:
        """Return the reason as the document has it; ``before`` is what it was, if it was.

        ``taken`` are the keys of the other reasons and their details.
        """
        entered = self.cleaned_data
        details = from_detail_lines(
            entered["details"], before.get("details") or (), {*taken, self.key}
        )
        asked = from_lines(entered["questions"], before.get("questions", ()))
        shown = from_photo_lines(entered["photos_of"], before.get("photos_of") or ())
        return {
            "key": self.key,
            "labels": {**before.get("labels", {}), "en": entered["label"].strip()},
            "resolutions": entered["resolutions"],
            "photo": entered["photo"],
            "fault": entered["fault"],
            "free_text": entered["free_text"],
            **({"photos_of": shown} if shown else {}),
            **({"questions": asked} if asked else {}),
            **({"details": details} if details else {}),
        }

    @staticmethod
    def initial_of(document: Mapping[str, Any]) -> list[dict[str, object]]:
        checked = document["approval"]["review_reasons"]
        free = document["fee"].get("waived_reasons") or ()
        not_restocked = (document.get("restocking") or {}).get("waived_reasons") or ()
        return [
            {
                **{name: reason[name] for name in ("resolutions", "photo", "fault", "free_text")},
                "known_key": reason["key"],
                "label": reason["labels"].get("en") or next(iter(reason["labels"].values())),
                "review": reason["key"] in checked,
                "free": reason["key"] in free,
                "not_restocked": reason["key"] in not_restocked,
                "photos_of": as_photo_lines(reason.get("photos_of") or ()),
                "questions": as_lines(reason.get("questions", ())),
                "details": as_detail_lines(reason.get("details") or ()),
            }
            for reason in document["reasons"]
        ]


def entries_of(
    kept: Sequence[ReasonForm], known: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return the reasons as the document has them, every key of a detail its own."""
    keys = [form.key for form in kept]
    entries: list[dict[str, Any]] = []
    for form in kept:
        others = [one for key, one in known.items() if key != form.key]
        taken = {*keys, *detail_keys(others), *detail_keys(entries)}
        entries.append(form.entry(known.get(form.key, {}), taken))
    return entries


def detail_keys(reasons: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the keys of all details of a document's reasons."""
    return {one["key"] for reason in reasons for one in reason.get("details") or ()}


ReasonFormSet = forms.formset_factory(ReasonForm, extra=1, max_num=40)


def waived_reasons(reasons: list[ReasonForm], document: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the keys of the reasons that bear no return fee, and no restocking fee.

    Details that ``document`` names by themselves stay: the form has no box for them.
    """
    kept = [form for form in reasons if form.is_kept]
    details = detail_keys(document["reasons"])

    def named(section: str, box: str) -> list[str]:
        before = (document.get(section) or {}).get("waived_reasons") or ()
        chosen = [form.key for form in kept if form.cleaned_data[box]]
        return [*chosen, *(key for key in before if key in details)]

    return {"fee": named("fee", "free"), "restocking": named("restocking", "not_restocked")}
