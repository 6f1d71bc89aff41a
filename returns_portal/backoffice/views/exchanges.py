"""Exchanges: replacements held, to be packed, and sent."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from returns_portal.backoffice.base import actor_of, done, page, staff_view
from returns_portal.backoffice.paging import keyset, status_tabs
from returns_portal.core.errors import DomainError
from returns_portal.tenancy.permissions import Permission
from rma.actions.exchange import cancel_exchange, collect_difference, ship_exchange
from rma.actions.instead import pay_instead
from rma.models import Exchange

_TABS = (
    (Exchange.Status.RELEASED, "To pack"),
    (Exchange.Status.RESERVED, "Held"),
    (Exchange.Status.SHIPPED, "Sent"),
    (Exchange.Status.CANCELLED, "Given up"),
)


def _show(request: HttpRequest, *, error: DomainError | None = None, **_: object) -> HttpResponse:
    status = request.GET.get("status", Exchange.Status.RELEASED)
    if status not in Exchange.Status.values:
        status = Exchange.Status.RELEASED
    rows = Exchange.objects.filter(status=status).select_related(
        "variant", "variant__product", "return_line__rma", "return_line__order_line"
    )
    context = {
        "slice": keyset(rows, request, order=("created_at", "id")),
        "status": status,
        "tabs": status_tabs(_TABS, status),
    }
    return page(request, "backoffice/exchanges.html", "exchanges", context, error=error)


@staff_view(permission=Permission.RETURNS_VIEW)
def exchanges(request: HttpRequest) -> HttpResponse:
    """List replacements by state; those to pack first."""
    return _show(request)


@staff_view(permission=Permission.GOODS_RECEIVE, methods=["POST"], refused=_show)
def ship(request: HttpRequest, exchange_id: UUID) -> HttpResponse:
    """Book a replacement as sent."""
    code = request.POST.get("tracking_code", "").strip()[:80]
    ship_exchange(exchange_id, actor=actor_of(request), tracking_code=code)
    return done(request, "Booked as sent.", "exchanges")


@staff_view(permission=Permission.RETURNS_DECIDE, methods=["POST"], refused=_show)
def give_up(request: HttpRequest, exchange_id: UUID) -> HttpResponse:
    """Put a held replacement back on sale."""
    cancel_exchange(exchange_id, actor=actor_of(request))
    return done(request, "The replacement is back on sale.", "exchanges")


@staff_view(permission=Permission.REFUNDS_SEND, methods=["POST"], refused=_show)
def collect(request: HttpRequest, exchange_id: UUID) -> HttpResponse:
    """Note that the shopper paid what a dearer replacement costs more."""
    collect_difference(exchange_id, actor=actor_of(request))
    return done(request, "Collected. The replacement can be packed.", "exchanges")


@staff_view(permission=Permission.REFUNDS_GRANT, methods=["POST"], refused=_show)
def instead(request: HttpRequest, exchange_id: UUID) -> HttpResponse:
    """Pay the accepted goods, in place of a replacement that is not sent."""
    pay_instead(exchange_id, wanted=request.POST.get("wanted", ""), actor=actor_of(request))
    return done(request, "The replacement is back on sale, and the goods are paid.", "exchanges")
