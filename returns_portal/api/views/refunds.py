"""Refunds out."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from refunds.models import Refund
from returns_portal.api.base import ApiView
from returns_portal.api.pagination import page_of
from returns_portal.api.serializers.refunds import RefundOut, show_refund
from returns_portal.core.errors import InvalidInput
from returns_portal.tenancy.permissions import Permission


class RefundList(ApiView):
    """The merchant's refunds."""

    scopes = {"GET": Permission.REFUNDS_VIEW}

    @extend_schema(
        operation_id="refunds_list",
        tags=["Refunds"],
        parameters=[
            OpenApiParameter("status", str, enum=Refund.Status.values),
            OpenApiParameter("return", UUID, description="Only refunds of this return"),
            OpenApiParameter("cursor", str),
            OpenApiParameter("limit", int),
        ],
        responses=RefundOut(many=True),
    )
    def get(self, request: Request) -> Response:
        """List refunds, newest first."""
        rows = Refund.objects.select_related("order").prefetch_related("allocations__payment")
        status = request.query_params.get("status", "")
        if status and status not in Refund.Status.values:
            raise InvalidInput(
                f"The status is one of {', '.join(Refund.Status.values)}.", field="status"
            )
        if status:
            rows = rows.filter(status=status)
        if request.query_params.get("return"):
            rows = rows.filter(about_id=_uuid(request.query_params["return"]))
        return Response(page_of(request, rows, show_refund))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput("The return is given by its id, a UUID.", field="return") from None
