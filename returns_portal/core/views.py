"""Error pages and health, the same for every face."""

from __future__ import annotations

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from redis.exceptions import RedisError

from returns_portal.core.errors import DomainError


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose security token is missing or old."""
    return render(
        request,
        "errors/403.html",
        {"message": "This form was open for too long. Go back, reload the page and send it again."},
        status=403,
    )


def refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    """Show a domain error that no view handled as a page of its own status."""
    own = error.status in (403, 404, 429, 503)
    template = f"errors/{error.status}.html" if own else "errors/400.html"
    return render(request, template, {"message": error.message}, status=error.status)


def broken(request: HttpRequest) -> HttpResponse:
    """Answer when something of ours failed: with the request's id, and nothing of what it was.

    Rendered without context processors, which may be what failed.
    """
    request_id = getattr(request, "request_id", "")
    if request.path.startswith("/api/"):
        body = {
            "type": "urn:returns-portal:problem:internal_error",
            "title": "Internal Server Error",
            "status": 500,
            "code": "internal_error",
            "detail": "That is our fault. Nothing was changed. Try again, or send us this id.",
            "request_id": request_id,
        }
        return JsonResponse(body, status=500, content_type="application/problem+json")
    page = render_to_string("errors/500.html", {"request_id": request_id})
    return HttpResponse(page, status=500)


def health(request: HttpRequest) -> JsonResponse:
    """Say whether the database and the broker answer: 200, or 503 naming what does not."""
    state = {"database": "ok", "broker": "ok"}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        state["database"] = type(error).__name__
    try:
        cache.get("health")
    except (RedisError, OSError) as error:
        state["broker"] = type(error).__name__
    return JsonResponse(state, status=200 if set(state.values()) == {"ok"} else 503)
