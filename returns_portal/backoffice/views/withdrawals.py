"""A statement of withdrawal that a person has to match to an order."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from returns_portal.backoffice.base import actor_of, done, page, staff_view
from returns_portal.commerce.models import Order, OrderLine
from returns_portal.commerce.selectors import order_for_return, search_orders
from returns_portal.core.errors import DomainError, InvalidInput, NotFound
from returns_portal.tenancy.links import portal_link
from returns_portal.tenancy.permissions import Permission
from rma.actions.withdrawal_returns import take_up_withdrawal
from rma.models import Withdrawal
from rma.policy.withdrawal import LineRight, Standing
from rma.withdrawals import return_of, rights_then, withdrawal_by_id

_TONES = {
    Standing.OPEN: "success",
    Standing.UNCLEAR: "warning",
    Standing.CLOSED: "danger",
    Standing.EXEMPT: "danger",
}


def _show(
    request: HttpRequest,
    withdrawal_id: UUID,
    *,
    error: DomainError | None = None,
    **_: object,
) -> HttpResponse:
    kept = _found(withdrawal_id)
    text = request.GET.get("q", kept.order_number).strip()[:120]
    orders = list(search_orders(text).defer("shipping_address")[:20]) if text else []
    chosen = _order(request.POST.get("order") or request.GET.get("order", ""))
    context = {
        "withdrawal": kept,
        "rma": return_of(kept),
        "receipt_url": portal_link(kept.merchant, "withdrawn", token=kept.token),
        "q": text,
        "orders": orders,
        "order": chosen,
        "rows": _rows(request, kept, chosen) if chosen is not None else [],
    }
    return page(request, "backoffice/withdrawal.html", "tasks", context, error=error)


@staff_view(permission=Permission.RETURNS_DECIDE, methods=["GET", "POST"], refused=_show)
def withdrawal(request: HttpRequest, withdrawal_id: UUID) -> HttpResponse:
    """Show a statement, find its order, and make the return of it."""
    if request.method != "POST":
        return _show(request, withdrawal_id)
    kept = _found(withdrawal_id)
    order = _order(request.POST.get("order", ""))
    if order is None:
        raise InvalidInput("Choose the order that the statement is about.", field="order")
    rma = take_up_withdrawal(
        kept.pk, order_id=order.pk, units=_units(request, order), actor=actor_of(request)
    )
    return done(request, f"The statement became {rma.number}.", "return_detail", number=rma.number)


def _found(withdrawal_id: UUID) -> Withdrawal:
    kept = withdrawal_by_id(withdrawal_id)
    if kept is None:
        raise NotFound("This statement isn’t here. Open it from its task.")
    return kept


def _order(told: str) -> Order | None:
    try:
        return order_for_return(UUID(told)) if told else None
    except ValueError:
        return None


def _rows(request: HttpRequest, kept: Withdrawal, order: Order) -> list[dict[str, Any]]:
    """Return the items of an order with their right, and the units to take back so far."""
    return [
        {
            "line": line,
            "right": right,
            "tone": _TONES[right.standing],
            "most": _most(line, right),
            "name": f"units-{line.pk.hex}",
            "value": request.POST.get(f"units-{line.pk.hex}", "0"),
        }
        for line, right in rights_then(kept, order)
    ]


def _most(line: OrderLine, right: LineRight) -> int:
    if right.standing in (Standing.CLOSED, Standing.EXEMPT):
        return 0
    return max(line.fulfilled_quantity - line.claimed_quantity, 0)


def _units(request: HttpRequest, order: Order) -> dict[UUID, int]:
    units = {}
    for line in order.lines.all():
        written = request.POST.get(f"units-{line.pk.hex}", "").strip() or "0"
        if not (written.isascii() and written.isdigit() and len(written) < 7):
            raise InvalidInput(f"Write how many of {line.title} come back.", field="units")
        if int(written):
            units[line.pk] = int(written)
    if not units:
        raise InvalidInput("Choose at least one item.", field="units")
    return units
