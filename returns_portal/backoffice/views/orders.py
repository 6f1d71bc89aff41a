"""Orders as mirrored from the shop: found, read, and what of them may come back."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count
from django.http import HttpRequest, HttpResponse

from returns_portal.backoffice.base import may, page, staff_view
from returns_portal.backoffice.paging import keyset
from returns_portal.backoffice.selectors.eligibility import offers_of
from returns_portal.commerce.deep_links import deep_link
from returns_portal.commerce.models import Fulfilment, Order
from returns_portal.commerce.selectors import order_for_return, search_orders
from returns_portal.tenancy.permissions import Permission
from rma.models import Return


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
    order = order_for_return(order_id)
    context = {
        "order": order,
        "lines": offers_of(order),
        "fulfilments": Fulfilment.objects.filter(order=order).order_by("shipped_at", "pk"),
        "link": deep_link(request.merchant, order) if _may_share(request, order) else None,
        "returns": Return.objects.filter(order=order).order_by("-created_at"),
    }
    return page(request, "backoffice/order.html", "orders", context)


def _may_share(request: HttpRequest, order: Order) -> bool:
    """Who may start a return may hand the shopper a link that starts one."""
    return order.status == Order.Status.OPEN and may(request, Permission.RETURNS_CREATE)
