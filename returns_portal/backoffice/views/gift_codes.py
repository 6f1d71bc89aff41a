"""Giving out the gift code of an order."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from returns_portal.backoffice.base import actor_of, staff_view
from returns_portal.backoffice.views.orders import show_order
from returns_portal.commerce.gift_codes import give_out_gift_code
from returns_portal.tenancy.permissions import Permission


@staff_view(permission=Permission.RETURNS_CREATE, methods=["POST"], refused=show_order)
def give_out(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Make a new gift code and show it, this once; the one before opens nothing any more."""
    code = give_out_gift_code(order_id, actor=actor_of(request))
    response = show_order(request, order_id, gift_code=code)
    response["Cache-Control"] = "no-store"
    return response
