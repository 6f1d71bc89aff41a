"""Later last days that a person, or a program for them, grants to one order."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from returns_portal.api.base import ApiView
from returns_portal.api.idempotency import KEY_PARAMETER, operation_id, run_once
from returns_portal.api.serializers.orders import WindowIn, WindowOut, show_window
from returns_portal.commerce.models import Order
from returns_portal.core.errors import NotFound
from returns_portal.tenancy.permissions import Permission
from rma.actions.windows import grant_window, withdraw_window
from rma.windows import grants_of


class OrderWindows(ApiView):
    """The days granted to one order."""

    scopes = {"GET": Permission.ORDERS_VIEW, "POST": Permission.RETURNS_DECIDE}

    @extend_schema(
        operation_id="order_windows_list", tags=["Orders"], responses=WindowOut(many=True)
    )
    def get(self, request: Request, pk: UUID) -> Response:
        """List the days granted to an order, oldest first, those withdrawn included."""
        if not Order.objects.filter(pk=pk).exists():
            raise NotFound("No order has this id. Check it, or list the orders.")
        return Response([show_window(grant) for grant in grants_of(pk)])

    @extend_schema(
        operation_id="order_windows_grant",
        tags=["Orders"],
        parameters=[KEY_PARAMETER],
        request=WindowIn,
        responses={201: WindowOut},
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Let an order, or one of its lines, come back until a later day.

        It replaces a day granted to the same items before.
        """
        form = WindowIn(data=request.data)
        form.is_valid(raise_exception=True)
        return run_once(request, lambda: self._grant(request, pk, form.validated_data))

    def _grant(self, request: Request, pk: UUID, wanted: dict[str, Any]) -> Response:
        grant = grant_window(
            pk,
            until=wanted["until"],
            reason=wanted["reason"],
            line_id=wanted["order_line"],
            operation_id=operation_id(request),
            actor=self.actor(request),
        )
        return Response(show_window(grant), status=201)


class OrderWindow(ApiView):
    """One granted day."""

    scopes = {"DELETE": Permission.RETURNS_DECIDE}

    @extend_schema(operation_id="order_windows_withdraw", tags=["Orders"], responses=WindowOut)
    def delete(self, request: Request, pk: UUID, window_id: UUID) -> Response:
        """Take a granted day back; one taken back already stays as it is."""
        grant = withdraw_window(pk, window_id, actor=self.actor(request))
        return Response(show_window(grant))
