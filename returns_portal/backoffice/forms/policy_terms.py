"""The money terms of a policy as a form: what is taken off a refund, by country and with tax."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal
from typing import Any

from django import forms

from returns_portal.backoffice.forms.rule_values import (
    Mistake,
    basis_points_of,
    country_of,
    minor_of,
)
from returns_portal.core.money import Money
from rma.policy.fees import PER
from rma.policy.keeping import USUAL_KEEPING, Keeping

_PER_LABELS = ("For each item of the order", "Once per return")


class AmountField(forms.CharField):
    """An amount in the form's currency, as minor units; None where nothing is typed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, max_length=20, **options)
        self.currency = ""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return _read(lambda: minor_of(text, self.currency)) if text else None


class ShareField(forms.CharField):
    """A percentage, as basis points; zero where nothing is typed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, max_length=12, **options)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return _read(lambda: basis_points_of(text)) if text else 0


class CountryAmountsField(forms.CharField):
    """Amounts by country, one a line, as a dict of codes and minor units."""

    def __init__(self, **options: Any) -> None:
        rows = forms.Textarea(attrs={"rows": 3})
        super().__init__(required=False, max_length=4000, widget=rows, **options)
        self.currency = ""

    def clean(self, value: Any) -> Any:
        amounts: dict[str, int] = {}
        for line in super().clean(value).splitlines():
            name, _, amount = line.strip().rpartition(" ")
            if not line.strip():
                continue
            country = _read(lambda name=name: country_of(name.strip(" :")).upper())
            if country in amounts:
                raise forms.ValidationError(f"{name.strip(' :')} is there twice. Keep one line.")
            amounts[country] = _read(lambda text=amount: minor_of(text, self.currency))
        return amounts


def _read(value: Any) -> Any:
    try:
        return value()
    except Mistake as error:
        raise forms.ValidationError(str(error)) from None


class TermsForm(forms.Form):
    """Fees beyond the plain one. What is left empty stands in no document."""

    fee_by_country = CountryAmountsField(
        label="Another fee by country",
        help_text="One a line, such as: Germany 3.95. Other countries pay the fee above.",
    )
    label_cost = forms.BooleanField(
        label="Take only what our label cost, and the fee at most", required=False
    )
    fee_tax = ShareField(label="Tax inside the return fee, in percent")
    fees_most = AmountField(label="All fees of a return together at most")
    restocking_share = ShareField(label="Restocking fee, percent of the value")
    restocking_amount = AmountField(label="Restocking fee, fixed sum")
    restocking_per = forms.ChoiceField(
        label="The fixed sum is taken",
        choices=list(zip(PER, _PER_LABELS, strict=True)),
        initial="return",
        required=False,
    )
    restocking_tax = ShareField(label="Tax inside the fixed sum, in percent")
    restocking_fault = forms.BooleanField(
        label="No restocking fee when it is our fault", required=False, initial=True
    )

    bonus_share = ShareField(label="Bonus on store credit, in percent")
    bonus_amount = AmountField(label="Bonus on store credit, fixed sum per order")
    bonus_most = AmountField(label="Bonus per order at most")

    keep_share = ShareField(label="Who keeps an item gets, percent of its value")
    donate_share = ShareField(label="Who gives an item to charity gets, percent of its value")

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, AmountField | CountryAmountsField):
                field.currency = currency

    @staticmethod
    def initial_of(document: Mapping[str, Any]) -> dict[str, object]:
        fee, currency = document["fee"], document["currency"]
        restocking = document.get("restocking") or {}
        bonus = document.get("credit_bonus") or {}
        keeping = document.get("keeping") or {}
        countries = (fee.get("by_country") or {}).items()
        return {
            "fee_by_country": "\n".join(f"{code} {_money(minor, currency)}"
                                        for code, minor in countries),
            "label_cost": bool(fee.get("label_cost")),
            "fee_tax": _percent(fee.get("tax_bp")),
            "fees_most": _money(fee.get("most_minor"), currency),
            "restocking_share": _percent(restocking.get("share_bp")),
            "restocking_amount": _money(restocking.get("amount_minor") or None, currency),
            "restocking_per": restocking.get("per", "return"),
            "restocking_tax": _percent(restocking.get("tax_bp")),
            "restocking_fault": restocking.get("waived_for_fault", True),
            "keep_share": _percent(keeping.get("keep_item_bp", USUAL_KEEPING.keep_item_bp)),
            "donate_share": _percent(keeping.get("donate_bp", USUAL_KEEPING.donate_bp)),
            "bonus_share": _percent(bonus.get("share_bp")),
            "bonus_amount": _money(bonus.get("amount_minor") or None, currency),
            "bonus_most": _money(bonus.get("most_minor"), currency),
        }  # fmt: skip

    def document(
        self, before: Mapping[str, Any], waived: Mapping[str, list[str]]
    ) -> dict[str, Any]:
        """Return ``before`` with what the form says; ``waived`` names reasons free of a fee."""
        entered = self.cleaned_data
        document = deepcopy(dict(before))
        _keep(document["fee"], "by_country", entered["fee_by_country"])
        _keep(document["fee"], "waived_reasons", waived["fee"])
        _keep(document["fee"], "label_cost", entered["label_cost"])
        _keep(document["fee"], "tax_bp", entered["fee_tax"])
        _keep(document["fee"], "most_minor", entered["fees_most"], entered["fees_most"] is not None)
        _keep(document, "restocking", self._restocking(waived["restocking"]))
        _keep(document, "credit_bonus", self._bonus())
        keeping = Keeping(entered["keep_share"], entered["donate_share"])
        said = {"keep_item_bp": keeping.keep_item_bp, "donate_bp": keeping.donate_bp}
        _keep(document, "keeping", said, keeping != USUAL_KEEPING)
        return document

    def _bonus(self) -> dict[str, Any]:
        entered = self.cleaned_data
        share, amount = entered["bonus_share"], entered["bonus_amount"] or 0
        if not share and not amount:
            return {}
        section = {"share_bp": share, "amount_minor": amount}
        _keep(section, "most_minor", entered["bonus_most"], entered["bonus_most"] is not None)
        return section

    def _restocking(self, waived: list[str]) -> dict[str, Any]:
        entered = self.cleaned_data
        share, amount = entered["restocking_share"], entered["restocking_amount"] or 0
        if not share and not amount:
            return {}
        section = {
            "share_bp": share,
            "amount_minor": amount,
            "per": entered["restocking_per"] or "return",
            "waived_for_fault": entered["restocking_fault"],
        }
        _keep(section, "waived_reasons", waived)
        _keep(section, "tax_bp", entered["restocking_tax"])
        return section


def _keep(section: dict[str, Any], name: str, value: Any, is_told: bool | None = None) -> None:
    """Write a setting that may be left out; what says nothing is taken away."""
    if bool(value) if is_told is None else is_told:
        section[name] = value
    else:
        section.pop(name, None)


def _money(minor: int | None, currency: str) -> str:
    return "" if minor is None else Money(minor, currency).decimal_text()


def _percent(basis_points: int | None) -> str:
    return f"{Decimal(basis_points) / 100:f}" if basis_points else ""
