"""Middleware that knows no tenant."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import perf_counter

from django.http import HttpRequest, HttpResponse

from returns_portal.core.ids import new_token
from returns_portal.core.logging import request_id

logger = logging.getLogger(__name__)


class NoStoreMiddleware:
    """Let no browser and no proxy keep an answer, unless its view says how long."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class RequestIdMiddleware:
    """Give each request a short id, shown on error pages, in logs and in API errors.

    Also writes the one line of log that each request gets: a web server's own would hold the links
    and queries that :mod:`returns_portal.core.logging` leaves out.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = new_token(9)  # type: ignore[attr-defined]
        token = request_id.set(request.request_id)  # type: ignore[attr-defined]
        began = perf_counter()
        try:
            response = self.get_response(request)
            took = round((perf_counter() - began) * 1000, 1)
            facts = {"method": request.method, "path": request.path, "status": response.status_code}
            logger.info("web.request", extra={**facts, "ms": took})
        finally:
            request_id.reset(token)
        response["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        return response
