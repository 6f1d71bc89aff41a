"""Settling a return by what was accepted: the money first, then the click."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from returns_portal.backoffice.base import actor_of, done, page, staff_view
from returns_portal.backoffice.return_words import WANTED_WORDS
from returns_portal.core.errors import DomainError
from returns_portal.core.money import Money
from returns_portal.tenancy.permissions import Permission
from rma.actions.early import pay_ahead, preview_ahead
from rma.actions.previewing import Preview
from rma.actions.resolution import commit_resolution, preview_resolution
from rma.selectors import return_detail
from rma.states import ResolutionKind


def _show(
    request: HttpRequest, number: str, *, error: DomainError | None = None, **_: object
) -> HttpResponse:
    rma = return_detail(number).rma
    ahead = preview_ahead(rma.pk)
    preview = ahead or preview_resolution(rma.pk)
    context = {"rma": rma, "preview": preview, "rows": _rows(preview), "is_ahead": bool(ahead)}
    return page(request, "backoffice/settle.html", "returns", context, error=error)


@staff_view(permission=Permission.REFUNDS_GRANT, methods=["GET", "POST"], refused=_show)
def settle(request: HttpRequest, number: str) -> HttpResponse:
    """Show what would be paid, and pay it: ahead of the goods where a person is to do so."""
    if request.method != "POST":
        return _show(request, number)
    rma = return_detail(number).rma
    pay = pay_ahead if request.POST.get("ahead") else commit_resolution
    pay(rma.pk, actor=actor_of(request))
    return done(request, f"{rma.number} is settled.", "return_detail", number=rma.number)


def _rows(preview: Preview) -> list[dict[str, object]]:
    """Return the money of the preview as the money table shows it."""
    if preview.quote is None:
        return [{"label": "Nothing was accepted", "kind": "note"}]
    words = {"shipping_back": "Shipping given back", "order_fee_back": "Order fee given back"}
    rows: list[dict[str, object]] = []
    for kind, row in preview.quote.rows:
        if kind not in preview.kinds:
            continue
        amount = Money(row.minor, preview.currency)
        label = row.label or words.get(row.key, "")
        if row.kind == "item":
            label = f"{row.quantity} × {row.label}"
        elif row.key.startswith("fee."):
            label = row.key.removeprefix("fee.").replace("_", " ").capitalize() + " fee"
        elif row.kind == "total":
            label = WANTED_WORDS[ResolutionKind(kind)]
        elif row.key == "tax_included":
            continue
        was = Money(row.struck_minor, preview.currency) if row.struck_minor else None
        shown = "" if row.kind == "item" else row.kind
        rows.append(
            {"label": label, "amount": amount, "kind": shown, "note": row.reason, "was": was}
        )
    return rows
