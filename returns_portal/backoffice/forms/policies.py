"""The policy as a form: read from a document, written back to one."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict
from typing import Any

from django import forms

from returns_portal.backoffice.forms.policy_reasons import ReasonForm, detail_keys, entries_of
from returns_portal.backoffice.policy_words import METHOD_WORDS
from returns_portal.core.errors import InvalidInput
from returns_portal.core.money import Money
from rma.policy.document import METHODS, SHIPPING_BACK
from rma.policy.exchanging import SECTION as EXCHANGE
from rma.policy.model import CHEAPER, MOMENTS, Exchanges
from rma.policy.processing import MOMENT_WORDS, TIMED
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
        document["reasons"] = entries_of(kept, known)
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
