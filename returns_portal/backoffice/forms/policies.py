"""The policy as a form: read from a document, written back to one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict
from typing import Any

from django import forms

from returns_portal.backoffice.detail_lines import DetailLineError
from returns_portal.backoffice.detail_lines import as_lines as as_detail_lines
from returns_portal.backoffice.detail_lines import from_lines as from_detail_lines
from returns_portal.backoffice.photo_lines import as_lines as as_photo_lines
from returns_portal.backoffice.photo_lines import from_lines as from_photo_lines
from returns_portal.backoffice.policy_words import METHOD_WORDS, RESOLUTION_WORDS
from returns_portal.backoffice.question_lines import as_lines, from_lines
from returns_portal.core.errors import InvalidInput
from returns_portal.core.money import Money
from rma.policy.document import METHODS, PHOTO_MODES, RESOLUTIONS, SHIPPING_BACK
from rma.policy.exchanging import SECTION as EXCHANGE
from rma.policy.model import CHEAPER, MOMENTS, Exchanges
from rma.policy.processing import MOMENT_WORDS, TIMED
from rma.policy.reasons import MOST_SUBJECTS
from rma.policy.reminders import FURTHEST, MOST

_DAYS = {"min_value": 0, "max_value": 3650}
_SHIPPING_LABELS = ("Never", "When everything comes back", "In proportion", "When it is our fault")


_MOMENTS = [(one, MOMENT_WORDS[one].capitalize()) for one in MOMENTS]
_PAYS = {f"pays_{kind}": kind for kind in TIMED}


def _moment(label: str, **more: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=_MOMENTS, required=False, **more)


def _list_of(text: str) -> list[str]:
    return sorted({word.strip() for word in text.split(",") if word.strip()})


class PolicyForm(forms.Form):
    """Everything but the reasons, which are rows of their own (ReasonForm)."""

    days = forms.IntegerField(label="Days to return, from delivery", **_DAYS)
    fault_days = forms.IntegerField(label="Days to report a fault", **_DAYS)
    grace_days = forms.IntegerField(label="Days of silent grace", **_DAYS)
    fulfilled_fallback_days = forms.IntegerField(
        label="No delivery date: days after dispatch", required=False, **_DAYS
    )
    ordered_fallback_days = forms.IntegerField(
        label="No dispatch date: days after the order", required=False, **_DAYS
    )
    final_sale_tags = forms.CharField(
        label="Final-sale tags", required=False, help_text="Product tags, separated by commas."
    )
    final_sale_fault = forms.BooleanField(label="Faults may be reported", required=False)
    excluded_tags = forms.CharField(label="Tags that can’t be returned", required=False)
    excluded_types = forms.CharField(label="Product types that can’t be returned", required=False)
    excluded_fault = forms.BooleanField(label="Faults may be reported", required=False)
    automatic = forms.BooleanField(label="Approve easy returns without a person", required=False)
    max_value = forms.CharField(
        label="Up to this value", required=False, help_text="Leave empty for no limit."
    )
    first_return_only = forms.BooleanField(
        label="Check everybody who has returned before", required=False
    )
    review_hours = forms.IntegerField(
        label="A person answers within hours", min_value=1, max_value=720
    )
    fee = forms.CharField(label="Return fee")
    waived_for_fault = forms.BooleanField(label="No fee when it is our fault", required=False)
    waived_for_exchange = forms.BooleanField(label="No fee for exchanges", required=False)
    any_product = forms.BooleanField(label="Exchange for any product of the shop", required=False)
    cheaper = forms.ChoiceField(
        label="What a cheaper product leaves over",
        choices=list(zip(CHEAPER, ("Goes back as a refund", "Becomes store credit"), strict=True)),
    )
    dearer = forms.BooleanField(
        label="Offer dearer products, too",
        required=False,
        help_text="You collect what is to pay before the product is sent.",
    )
    shipping_back = forms.ChoiceField(
        label="Outbound shipping goes back",
        choices=list(zip(SHIPPING_BACK, _SHIPPING_LABELS, strict=True)),
    )
    methods = forms.MultipleChoiceField(
        label="Shoppers send with",
        choices=[(one, METHOD_WORDS[one].capitalize()) for one in METHODS],
        widget=forms.CheckboxSelectMultiple,
    )
    pays_refund = _moment("Refunds go out", help_text="Rules and the risk score can say otherwise.")
    pays_store_credit = _moment("Store credit is issued")
    pays_exchange = _moment(
        "Exchanges are released",
        help_text="At approval, the new item leaves before anything was sent back.",
    )
    refund_days = forms.IntegerField(label="Days to refund after receiving", **_DAYS)
    send_within_days = forms.IntegerField(
        label="Days to send after approval", min_value=1, max_value=365
    )
    remind_before_days = forms.CharField(
        label="Remind shoppers before an approval runs out",
        required=False,
        max_length=60,
        help_text="Days before the last day, such as 7, 2. Leave empty to send none.",
    )
    answer_within_days = forms.IntegerField(
        label="Days for shoppers to answer", min_value=1, max_value=365
    )

    gift_returns = forms.BooleanField(
        label="Gifts can be returned by code, for store credit to whoever was given them",
        required=False,
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency

    def _minor(self, name: str) -> int:
        try:
            amount = Money.parse(self.cleaned_data[name], self.currency)
        except InvalidInput as error:
            raise forms.ValidationError(error.message) from None
        if amount.minor < 0:
            raise forms.ValidationError("An amount can’t be below zero.")
        return amount.minor

    def clean_max_value(self) -> int | None:
        return self._minor("max_value") if self.cleaned_data["max_value"].strip() else None

    def clean_remind_before_days(self) -> list[int]:
        words = self.cleaned_data["remind_before_days"].replace(",", " ").split()
        if not all(word.isascii() and word.isdigit() and len(word) < 4 for word in words):
            raise forms.ValidationError("Write days as whole numbers, such as 7, 2.")
        days = sorted({int(word) for word in words}, reverse=True)
        if len(days) < len(words):
            raise forms.ValidationError("Name each number of days once.")
        if days and not 1 <= days[-1] <= days[0] <= FURTHEST or len(days) > MOST:
            raise forms.ValidationError(f"Name up to {MOST} days, each from 1 to {FURTHEST}.")
        return days

    def clean_fee(self) -> int:
        return self._minor("fee")

    @staticmethod
    def initial_of(document: Mapping[str, Any]) -> dict[str, object]:
        approval, fee, currency = document["approval"], document["fee"], document["currency"]
        limit = approval["max_value_minor"]
        return {
            **document["window"],
            "final_sale_tags": ", ".join(document["final_sale"]["tags"]),
            "final_sale_fault": document["final_sale"]["fault_allowed"],
            "excluded_tags": ", ".join(document["excluded"]["tags"]),
            "excluded_types": ", ".join(document["excluded"]["product_types"]),
            "excluded_fault": document["excluded"]["fault_allowed"],
            "automatic": approval["automatic"],
            "first_return_only": approval["first_return_only"],
            "review_hours": approval["review_hours"],
            "max_value": "" if limit is None else Money(limit, currency).decimal_text(),
            "fee": Money(fee["amount_minor"], currency).decimal_text(),
            "waived_for_fault": fee["waived_for_fault"],
            "waived_for_exchange": fee["waived_for_exchange"],
            "gift_returns": document.get("gift_returns") is not False,
            "remind_before_days": ", ".join(map(str, document.get("remind_before_days") or ())),
            **_exchange_initial(document),
            **{
                name: (document.get("processing") or {}).get(kind, "inspection")
                for name, kind in _PAYS.items()
            },
            **{
                name: document[name]
                for name in (
                    "shipping_back", "methods", "refund_days", "send_within_days",
                    "answer_within_days",
                )
            },
        }  # fmt: skip

    def document(self, before: Mapping[str, Any], reasons: list[ReasonForm]) -> dict[str, Any]:
        """Return ``before`` with what the form says; the action checks the whole."""
        entered = self.cleaned_data
        document = deepcopy(dict(before))
        document["window"] = {name: entered[name] for name in document["window"]}
        document["final_sale"] |= {
            "tags": _list_of(entered["final_sale_tags"]),
            "fault_allowed": entered["final_sale_fault"],
        }
        document["excluded"] |= {
            "tags": _list_of(entered["excluded_tags"]),
            "product_types": _list_of(entered["excluded_types"]),
            "fault_allowed": entered["excluded_fault"],
        }
        known = {reason["key"]: reason for reason in document["reasons"]}
        kept = [form for form in reasons if form.is_kept]
        document["reasons"] = _entries(kept, known)
        details = detail_keys(document["reasons"])
        document["approval"] = {
            "automatic": entered["automatic"],
            "review_hours": entered["review_hours"],
            "max_value_minor": entered["max_value"],
            "review_reasons": [
                *(form.key for form in kept if form.cleaned_data["review"]),
                *(key for key in document["approval"]["review_reasons"] if key in details),
            ],
            "first_return_only": entered["first_return_only"],
        }
        document["fee"] |= {
            "amount_minor": entered["fee"],
            "waived_for_fault": entered["waived_for_fault"],
            "waived_for_exchange": entered["waived_for_exchange"],
        }
        for name in (
            "shipping_back", "methods", "refund_days", "send_within_days", "answer_within_days",
        ):  # fmt: skip
            document[name] = entered[name]
        if entered["gift_returns"] != (document.get("gift_returns") is not False):
            document["gift_returns"] = entered["gift_returns"]
        if entered["remind_before_days"] or document.get("remind_before_days"):
            document["remind_before_days"] = entered["remind_before_days"]
        exchange = {
            "any_product": entered["any_product"],
            "cheaper": entered["cheaper"],
            "dearer": "collect" if entered["dearer"] else "never",
        }
        # A document that never said anything of it goes on without.
        if EXCHANGE in document or exchange != asdict(Exchanges()):
            document[EXCHANGE] = exchange
        return self._processed(document)

    def _processed(self, document: dict[str, Any]) -> dict[str, Any]:
        """Put in when each outcome moves; a document that says nothing of it stays as it was."""
        before = document.get("processing") or dict.fromkeys(TIMED, "inspection")
        moments = {kind: self.cleaned_data[name] or before[kind] for name, kind in _PAYS.items()}
        if moments != before:
            document["processing"] = moments
        return document


def _exchange_initial(document: Mapping[str, Any]) -> dict[str, object]:
    told = document.get(EXCHANGE) or asdict(Exchanges())
    return {**told, "dearer": told["dearer"] == "collect"}


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


def _entries(
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
