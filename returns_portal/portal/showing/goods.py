"""Goods to choose from in words: what is left of them, and who owes whom after a swap."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from refunds.calculation import Difference
from returns_portal.core.money import Money, format_money


def difference_words(difference: Difference, cost: Money) -> str:
    """Say who owes whom after a swap: ``No charge``, ``€5.00 back`` or ``€10.00 to pay``."""
    amount = {"amount": format_money(Money(difference.minor, cost.currency))}
    if difference.owed_by == "shopper":
        return _("%(amount)s to pay") % amount
    return _("%(amount)s back") % amount if difference.minor else _("No charge")


def left_words(units: int | None) -> str:
    """Return ``2 left`` for the last few units of a variant."""
    if units is None:
        return ""
    # Translators: how many units of a size or colour are in stock, small, beside its name
    return ngettext("%(n)d left", "%(n)d left", units) % {"n": units}
