"""Returns: list, read, create, approve, decline."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from returns_portal.api.base import ApiView
from returns_portal.api.idempotency import KEY_PARAMETER, operation_id, run_once
from returns_portal.api.pagination import page_of
from returns_portal.api.serializers.returns import (
    ApproveIn,
    DeclineIn,
    ReturnIn,
    ReturnOut,
    show_return,
)
from returns_portal.commerce.keys import number_key
from returns_portal.commerce.models import Order, OrderLine
from returns_portal.core.errors import InvalidInput, NotFound
from returns_portal.tenancy.permissions import Permission
from rma.actions.requesting import RequestedLine, request_return
from rma.actions.review import approve_return, decline_return
from rma.models import Return
from rma.states import ReturnStatus


class ReturnList(ApiView):
    """The merchant's returns."""

    scopes = {"GET": Permission.RETURNS_VIEW, "POST": Permission.RETURNS_CREATE}

    @extend_schema(
        operation_id="returns_list",
        tags=["Returns"],
        parameters=[
            OpenApiParameter("status", str, enum=[status.value for status in ReturnStatus]),
            OpenApiParameter("order", str, description="Only returns of this order number"),
            OpenApiParameter("cursor", str),
            OpenApiParameter("limit", int),
        ],
        responses=ReturnOut(many=True),
    )
    def get(self, request: Request) -> Response:
        """List returns, newest first."""
        rows = _returns()
        status = request.query_params.get("status", "")
        if status:
            if status not in list(ReturnStatus):
                allowed = ", ".join(ReturnStatus)
                raise InvalidInput(f"The status is one of {allowed}.", field="status")
            rows = rows.filter(status=status)
        if request.query_params.get("order"):
            rows = rows.filter(order_number_key=number_key(request.query_params["order"]))
        return Response(page_of(request, rows, show_return))

    @extend_schema(
        operation_id="returns_create",
        tags=["Returns"],
        parameters=[KEY_PARAMETER],
        request=ReturnIn,
        responses={201: ReturnOut},
    )
    def post(self, request: Request) -> Response:
        """Ask for a return; policy decides as it does in the portal."""
        form = ReturnIn(data=request.data)
        form.is_valid(raise_exception=True)
        return run_once(request, lambda: self._create(request, form.validated_data))

    def _create(self, request: Request, wanted: dict[str, Any]) -> Response:
        order_id, lines = _find_lines(wanted)
        rma = request_return(
            order_id=order_id,
            lines=lines,
            method=wanted["method"],
            channel=Return.Channel.API,
            operation_id=operation_id(request),
            actor=self.actor(request),
        )
        return Response(show_return(rma), status=201)


class ReturnDetail(ApiView):
    """One return."""

    scopes = {"GET": Permission.RETURNS_VIEW}

    @extend_schema(operation_id="returns_read", tags=["Returns"], responses=ReturnOut)
    def get(self, request: Request, pk: UUID) -> Response:
        """Read one return with its lines."""
        return Response(show_return(_one(pk)))


class ReturnApprove(ApiView):
    """The approval of a return."""

    scopes = {"POST": Permission.RETURNS_DECIDE}

    @extend_schema(
        operation_id="returns_approve",
        tags=["Returns"],
        parameters=[KEY_PARAMETER],
        request=ApproveIn,
        responses=ReturnOut,
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Approve a return that waits; approving an approved one changes nothing."""
        form = ApproveIn(data=request.data)
        form.is_valid(raise_exception=True)
        _one(pk)

        def act() -> Response:
            approve_return(pk, actor=self.actor(request), note=form.validated_data["note"])
            return Response(show_return(_one(pk)))

        return run_once(request, act)


class ReturnDecline(ApiView):
    """The refusal of a return."""

    scopes = {"POST": Permission.RETURNS_DECIDE}

    @extend_schema(
        operation_id="returns_decline",
        tags=["Returns"],
        parameters=[KEY_PARAMETER],
        request=DeclineIn,
        responses=ReturnOut,
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """Decline a return that waits; the shopper is told the reason."""
        form = DeclineIn(data=request.data)
        form.is_valid(raise_exception=True)
        _one(pk)

        def act() -> Response:
            decline_return(pk, actor=self.actor(request), reason=form.validated_data["reason"])
            return Response(show_return(_one(pk)))

        return run_once(request, act)


def _returns() -> QuerySet[Return]:
    return Return.objects.select_related("order").prefetch_related("lines__order_line")


def _one(pk: UUID) -> Return:
    rma = _returns().filter(pk=pk).first()
    if rma is None:
        raise NotFound("No return has this id. Check it, or list the returns.")
    return rma


def _find_lines(wanted: dict[str, Any]) -> tuple[UUID, list[RequestedLine]]:
    """Find the order and its lines by what the caller knows them by: one statement."""
    rows = OrderLine.objects.filter(is_removed=False)
    try:
        rows = rows.filter(order_id=UUID(wanted["order"]))
    except ValueError:
        rows = rows.filter(
            order_id__in=Order.objects.filter(number_key=number_key(wanted["order"])).values("pk")
        )
    found = list(rows.only("pk", "order_id", "external_id", "sku"))
    orders = {line.order_id for line in found}
    if len(orders) != 1:
        raise NotFound(
            "No order is known by this number or id. Send it with POST /api/v1/orders/ first."
            if not orders
            else "Several orders have this number. Send the order's id."
        )
    return orders.pop(), [
        _requested(line, index, found) for index, line in enumerate(wanted["lines"])
    ]


def _requested(wanted: dict[str, Any], index: int, lines: list[OrderLine]) -> RequestedLine:
    name = wanted["order_line"]
    matches = [line for line in lines if name in (str(line.pk), line.external_id, line.sku)]
    if len(matches) != 1:
        raise InvalidInput(
            f"The order has {'no' if not matches else 'several'} lines known as {name!r}. "
            "Send the line's id from GET /api/v1/orders/.",
            field=f"lines.{index}.order_line",
        )
    return RequestedLine(
        order_line_id=matches[0].pk,
        quantity=wanted["quantity"],
        reason=wanted["reason"],
        wanted=wanted["resolution"],
        comment=wanted["comment"],
        answers=dict(wanted["answers"]),
        exchange_variant_id=wanted["exchange_variant"],
    )
