"""Orders as mirrored from the shop: found, read, and what of them may come back."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count
from django.http import HttpRequest, HttpResponse

from returns_portal.activity.timeline import timeline_of
from returns_portal.backoffice.base import may, page, staff_view
from returns_portal.backoffice.event_words import history
from returns_portal.backoffice.forms.orders import GrantForm
from returns_portal.backoffice.paging import keyset
from returns_portal.backoffice.selectors.eligibility import offers_of
from returns_portal.commerce.deep_links import deep_link
from returns_portal.commerce.models import Fulfilment, Order
from returns_portal.commerce.selectors import order_for_return, search_orders
from returns_portal.core.errors import DomainError
from returns_portal.tenancy.permissions import Permission
from rma.models import Return
from rma.windows import grants_of

# The newest entries of an order's history; shops send many updates.
HISTORY = 30


@staff_view(permission=Permission.ORDERS_VIEW)
def orders(request: HttpRequest) -> HttpResponse:
    """List orders, newest first, or find one by number, e-mail or name."""
    text = request.GET.get("q", "")[:120]
    rows = search_orders(text).defer("email", "shipping_address")
    rows = rows.annotate(line_count=Count("lines"))
    found = keyset(rows, request, order=("-placed_at", "id"))
    returned = dict(
        Return.objects.filter(order__in=[order.pk for order in found.rows])
        .values_list("order_id")
        .annotate(Count("pk"))
    )
    listed = [{"row": order, "returns": returned.get(order.pk, 0)} for order in found.rows]
    context = {"slice": found, "orders": listed, "q": text}
    return page(request, "backoffice/orders.html", "orders", context)


@staff_view(permission=Permission.ORDERS_VIEW)
def order_detail(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Show one order with what may come back of each line, and why not."""
    return show_order(request, order_id)


def show_order(
    request: HttpRequest,
    order_id: UUID,
    *,
    form: GrantForm | None = None,
    error: DomainError | None = None,
    gift_code: str = "",
    **_: object,
) -> HttpResponse:
    """Render an order; ``form`` is one that was refused, with what was typed.

    ``gift_code`` was just made and is seen nowhere else.
    """
    order = order_for_return(order_id)
    grants = list(grants_of(order_id))
    may_grant = may(request, Permission.RETURNS_DECIDE)
    context = {
        "gift_code": gift_code,
        "order": order,
        "lines": offers_of(order),
        "fulfilments": Fulfilment.objects.filter(order=order).order_by("shipped_at", "pk"),
        "link": deep_link(request.merchant, order) if _may_share(request, order) else None,
        "returns": Return.objects.filter(order=order).order_by("-created_at"),
        "grants": grants,
        "form": (form or GrantForm(order=order, grants=grants)) if may_grant else None,
        "history": history(list(timeline_of(order_id).order_by("-id")[:HISTORY])[::-1]),
    }
    status = 422 if form else 200
    return page(request, "backoffice/order.html", "orders", context, error=error, status=status)


def _may_share(request: HttpRequest, order: Order) -> bool:
    """Who may start a return may hand the shopper a link that starts one."""
    return order.status == Order.Status.OPEN and may(request, Permission.RETURNS_CREATE)
