"""Addresses of the REST API, version 1."""

from __future__ import annotations

from django.urls import path, re_path

from returns_portal.api.errors import unknown_path
from returns_portal.api.schema import OpenApiDocument, reference
from returns_portal.api.views.order_windows import OrderWindow, OrderWindows
from returns_portal.api.views.orders import OrderDetail, OrderGiftCode, OrderLink, OrderList
from returns_portal.api.views.refunds import RefundList
from returns_portal.api.views.returns import (
    ReturnApprove,
    ReturnDecline,
    ReturnDetail,
    ReturnList,
)

urlpatterns = [
    path("openapi.json", OpenApiDocument.as_view(), name="openapi"),
    path("docs/", reference, name="api_docs"),
    path("orders/", OrderList.as_view(), name="api_orders"),
    path("orders/<uuid:pk>/", OrderDetail.as_view(), name="api_order"),
    path("orders/<uuid:pk>/link/", OrderLink.as_view(), name="api_order_link"),
    path("orders/<uuid:pk>/windows/", OrderWindows.as_view(), name="api_order_windows"),
    path(
        "orders/<uuid:pk>/windows/<uuid:window_id>/",
        OrderWindow.as_view(),
        name="api_order_window",
    ),
    path("orders/<uuid:pk>/gift-code/", OrderGiftCode.as_view(), name="api_order_gift_code"),
    path("returns/", ReturnList.as_view(), name="api_returns"),
    path("returns/<uuid:pk>/", ReturnDetail.as_view(), name="api_return"),
    path("returns/<uuid:pk>/approve/", ReturnApprove.as_view(), name="api_return_approve"),
    path("returns/<uuid:pk>/decline/", ReturnDecline.as_view(), name="api_return_decline"),
    path("refunds/", RefundList.as_view(), name="api_refunds"),
    re_path(r"^(?P<path>.*)$", unknown_path, name="api_unknown"),
]
