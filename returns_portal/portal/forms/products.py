"""Looking for another product, and choosing one."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from returns_portal.portal.products import LONGEST_SEARCH


class SearchForm(forms.Form):
    """Words of a title, type or brand; all of them have to be there."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=LONGEST_SEARCH,
        error_messages={
            "max_length": _("Use up to 80 characters."),
            "null_characters_not_allowed": _("Use letters and digits."),
        },
    )

    @property
    def words(self) -> str:
        """Return what to search for; nothing where it can't be searched for."""
        return str(self.cleaned_data["q"]) if self.is_valid() else ""

    @property
    def page(self) -> int:
        """Return the page asked for, the first where it is no page."""
        told = self.data.get("page", "")
        is_page = told.isascii() and told.isdigit() and len(told) <= 3
        return max(int(told), 1) if is_page else 1


class PickForm(forms.Form):
    """One variant of a product."""

    variant = forms.UUIDField(
        error_messages={
            "required": _("Choose one."),
            "invalid": _("Choose one."),
        }
    )

    @staticmethod
    def product_of(told: Mapping[str, str]) -> UUID | None:
        """Return the product that is looked at, or None where none is named."""
        try:
            return UUID(told.get("product", ""))
        except ValueError:
            return None

    @property
    def chosen(self) -> str:
        return str(self.data.get("variant", ""))
