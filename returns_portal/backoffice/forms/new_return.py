"""Starting a return for a shopper: which units, why, and what they want."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms

from returns_portal.backoffice.policy_words import METHOD_WORDS
from returns_portal.backoffice.selectors.eligibility import LineView
from returns_portal.commerce.models import Variant
from rma.actions.requested import RequestedLine
from rma.policy.document import Policy
from rma.states import ResolutionKind

WANTED = [(kind.value, kind.value.replace("_", " ").capitalize()) for kind in ResolutionKind]


class LineForm(forms.Form):
    """One order line. No quantity leaves it out, so nothing of it is required by itself."""

    use_required_attribute = False

    quantity = forms.IntegerField(label="Units", required=False, min_value=0)
    reason = forms.ChoiceField(label="Reason", required=False)
    comment = forms.CharField(label="What the shopper says", required=False, max_length=1000)
    wanted = forms.ChoiceField(label="Wants", choices=WANTED, required=False)
    exchange_variant = forms.ChoiceField(label="In exchange for", required=False)

    def __init__(
        self, *args: Any, view: LineView, policy: Policy, variants: Sequence[Variant], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.view = view
        most = view.line.fulfilled_quantity - view.line.claimed_quantity
        self.fields["quantity"].widget.attrs |= {"max": max(most, 0)}
        if not self.is_bound:
            for name in ("quantity", "reason", "wanted"):
                self.fields[name].required = True
        self.fields["reason"].choices = [("", "Choose")] + [
            (reason.key, reason.full_label())
            for reason in policy.reasons_for(view.line.product_type)
        ]
        self.fields["exchange_variant"].choices = [("", "None")] + [
            (str(one.pk), one.title or one.sku) for one in variants
        ]

    def clean(self) -> dict[str, Any]:
        entered = super().clean() or self.cleaned_data
        if entered.get("quantity") and not entered.get("reason"):
            self.add_error("reason", f"Choose why {self.view.line.title} comes back.")
        if entered.get("quantity") and not entered.get("wanted"):
            self.add_error("wanted", f"Choose what the shopper wants for {self.view.line.title}.")
        exchange = entered.get("wanted") == ResolutionKind.EXCHANGE
        if entered.get("quantity") and exchange and not entered.get("exchange_variant"):
            self.add_error("exchange_variant", "Choose the replacement.")
        return entered

    @property
    def requested(self) -> RequestedLine | None:
        entered = self.cleaned_data
        if not entered.get("quantity"):
            return None
        exchange = entered["wanted"] == ResolutionKind.EXCHANGE
        return RequestedLine(
            order_line_id=self.view.line.pk,
            quantity=entered["quantity"],
            reason=entered["reason"],
            wanted=entered["wanted"],
            comment=entered["comment"],
            exchange_variant_id=UUID(entered["exchange_variant"]) if exchange else None,
        )


class NewReturnForm(forms.Form):
    """What is asked once for the whole return."""

    operation_id = forms.CharField(max_length=64, widget=forms.HiddenInput)
    method = forms.ChoiceField(label="How it comes back", widget=forms.RadioSelect)
    override_reason = forms.CharField(
        label="Overrule the policy because",
        required=False,
        max_length=500,
        help_text="Only where the policy says no or asks for a person. It is kept with the return.",
    )

    def __init__(self, *args: Any, policy: Policy, may_override: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["method"].choices = [
            (one, METHOD_WORDS[one].capitalize()) for one in policy.methods
        ]
        self.fields["method"].initial = policy.methods[0] if policy.methods else ""
        if not may_override:
            del self.fields["override_reason"]


def line_forms(
    posted: Any, views: Sequence[LineView], policy: Policy, variants: Sequence[Variant]
) -> list[LineForm]:
    """Return one form per order line, with the replacements of the same product to choose from."""
    return [
        LineForm(
            posted,
            prefix=f"l{index}",
            view=view,
            policy=policy,
            variants=[
                one
                for one in variants
                if view.line.variant is not None and one.product_id == view.line.variant.product_id
            ],
        )
        for index, view in enumerate(views)
    ]
