"""Orders in, orders out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from returns_portal.api.base import ApiView
from returns_portal.api.idempotency import run_once
from returns_portal.api.pagination import page_of
from returns_portal.api.serializers.orders import (
    GiftCodeOut,
    OrderLinkIn,
    OrderLinkOut,
    OrderOut,
    OrderUpsertIn,
    OrderUpsertOut,
    show_order,
)
from returns_portal.api.serializers.returns import instant
from returns_portal.commerce.actions import Upserted, upsert_order
from returns_portal.commerce.deep_links import deep_link
from returns_portal.commerce.gift_codes import give_out_gift_code
from returns_portal.commerce.keys import number_key
from returns_portal.commerce.models import Order
from returns_portal.commerce.platforms import shopify, woocommerce
from returns_portal.commerce.platforms.base import RecordError
from returns_portal.core.errors import InvalidInput, NotFound
from returns_portal.tenancy.permissions import Permission

READERS = {"shopify": shopify.parse, "woocommerce": woocommerce.parse}


class OrderList(ApiView):
    """The merchant's mirrored orders."""

    scopes = {"GET": Permission.ORDERS_VIEW, "POST": Permission.ORDERS_IMPORT}

    @extend_schema(
        operation_id="orders_list",
        tags=["Orders"],
        parameters=[
            OpenApiParameter("number", str, description="Only orders with this number"),
            OpenApiParameter("cursor", str),
            OpenApiParameter("limit", int),
        ],
        responses=OrderOut(many=True),
    )
    def get(self, request: Request) -> Response:
        """List orders, newest import first."""
        rows = Order.objects.prefetch_related("lines")
        number = request.query_params.get("number", "")
        if number:
            rows = rows.filter(number_key=number_key(number))
        return Response(page_of(request, rows, show_order))

    @extend_schema(
        operation_id="orders_upsert",
        tags=["Orders"],
        request=OrderUpsertIn,
        responses={200: OrderUpsertOut, 201: OrderUpsertOut},
    )
    def post(self, request: Request) -> Response:
        """Create or update the mirror of one order; the same order again changes nothing."""
        form = OrderUpsertIn(data=request.data)
        form.is_valid(raise_exception=True)
        return run_once(request, lambda: self._upsert(request, form.validated_data))

    def _upsert(self, request: Request, wanted: dict[str, Any]) -> Response:
        found = list(READERS[wanted["source"]](wanted["order"], file="request"))
        if len(found) != 1:
            raise InvalidInput("Send exactly one order at a time.", field="order")
        record = found[0]
        if isinstance(record, RecordError):
            raise InvalidInput(record.message, field=f"order.{record.field}", code="bad_record")
        order, outcome = upsert_order(record, actor=self.actor(request))
        body = {"id": str(order.pk), "number": order.number, "outcome": str(outcome)}
        return Response(body, status=201 if outcome is Upserted.CREATED else 200)


class OrderDetail(ApiView):
    """One mirrored order."""

    scopes = {"GET": Permission.ORDERS_VIEW}

    @extend_schema(operation_id="orders_read", tags=["Orders"], responses=OrderOut)
    def get(self, request: Request, pk: UUID) -> Response:
        """Read one order with its lines."""
        order = Order.objects.prefetch_related("lines").filter(pk=pk).first()
        if order is None:
            raise NotFound("No order has this id. Check it, or list the orders.")
        return Response(show_order(order))


class OrderLink(ApiView):
    """The signed link of one order."""

    scopes = {"POST": Permission.RETURNS_CREATE}

    @extend_schema(
        operation_id="orders_link", tags=["Orders"], request=OrderLinkIn, responses=OrderLinkOut
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Make a link for the shopper, who lands on the items of the order without looking it up.

        Whoever has the link may start a return of the order, so send it to its shopper only. Each
        call makes a new link and changes nothing.
        """
        form = OrderLinkIn(data=request.data)
        form.is_valid(raise_exception=True)
        order = Order.objects.filter(pk=pk, status=Order.Status.OPEN).first()
        if order is None:
            raise NotFound("No open order has this id. Check it, or list the orders.")
        life = timedelta(days=form.validated_data["days"])
        made = deep_link(request.auth.merchant, order, life=life)
        return Response({"url": made.url, "expires_at": instant(made.expires_at)})


class OrderGiftCode(ApiView):
    """The gift code of one order."""

    scopes = {"POST": Permission.RETURNS_CREATE}

    @extend_schema(
        operation_id="orders_gift_code", tags=["Orders"], request=None, responses=GiftCodeOut
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Make a gift code, with which whoever was given the goods returns them for store credit.

        It is answered this once. Each call makes a new code and ends the one before.
        """
        order = Order.objects.filter(pk=pk, status=Order.Status.OPEN).first()
        if order is None:
            raise NotFound("No open order has this id. Check it, or list the orders.")
        code = give_out_gift_code(order.pk, actor=self.actor(request))
        return Response({"code": code}, status=201)
