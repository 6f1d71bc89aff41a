"""The words of a statement of withdrawal, as they are shown, confirmed and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from returns_portal.commerce.models import OrderLine
from returns_portal.tenancy.models import Merchant
from rma.actions.withdrawing import Statement


def statement_of(
    merchant: Merchant,
    given: Mapping[str, Any],
    *,
    lines: Sequence[OrderLine] = (),
    units: Mapping[UUID, int] | None = None,
    described: str = "",
) -> Statement:
    """Return the statement that a filled form makes, its text in the active language."""
    names = {"merchant": merchant.name, "order": given["order"]}
    whole = units is None and not described
    first = (
        _("I withdraw from my contract with %(merchant)s for the whole order %(order)s.")
        if whole
        else _("I withdraw from my contract with %(merchant)s for these items of order %(order)s:")
    )
    chosen = [(line.title, units[line.pk]) for line in lines if units and line.pk in units]
    text = [
        first % names,
        *(f"{count} × {title}" for title, count in chosen),
        *([described] if described else []),
        _("Name: %(name)s") % {"name": given["name"]},
        _("E-mail for the acknowledgement: %(email)s") % {"email": given["email"]},
    ]
    return Statement(
        name=given["name"],
        email=given["email"],
        order_number=given["order"],
        text="\n".join(text),
        units=units,
        described=described,
    )
