"""Every error as problem+json (RFC 9457), with the field, what to do, and the request's id."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, JsonResponse
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import set_rollback

from returns_portal.core.errors import DomainError
from returns_portal.core.logging import request_id

CONTENT_TYPE = "application/problem+json"


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: list[dict[str, str]] | None = None,
    facts: dict[str, object] | None = None,
) -> dict[str, object]:
    """Return the body of an error answer."""
    body: dict[str, object] = {
        "type": f"urn:returns-portal:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": request_id.get(),
    }
    if errors:
        body["errors"] = errors
    if facts:
        body["facts"] = facts
    return body


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Map what a view raised to a problem; unknown exceptions stay exceptions (HTTP 500)."""
    headers: dict[str, str] = {}
    if isinstance(error, DomainError):
        errors = [{"field": error.field, "message": error.message}] if error.field else None
        body = problem(error.status, error.code, error.message, errors=errors, facts=error.facts)
    elif isinstance(error, ValidationError):
        fields = list(_fields(error.detail, ""))
        detail = fields[0]["message"] if fields else "The request is not valid."
        body = problem(400, "invalid_input", detail, errors=fields)
    elif isinstance(error, Http404):
        body = problem(404, "not_found", "Nothing is here for this merchant. Check the id.")
    elif isinstance(error, APIException):
        if error.status_code == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="returns-portal"'
        if getattr(error, "wait", None):
            headers["Retry-After"] = str(int(error.wait))
        body = problem(error.status_code, str(error.get_codes()), str(error.detail))
    else:
        return None
    set_rollback()
    return Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)


def _fields(detail: Any, path: str) -> Any:
    """Flatten a validation error into fields with dotted paths: ``lines.0.quantity``."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            own = "" if name == "non_field_errors" else str(name)
            yield from _fields(inner, ".".join(part for part in (path, own) if part))
    elif isinstance(detail, list) and any(isinstance(inner, dict | list) for inner in detail):
        for index, inner in enumerate(detail):
            if inner:
                yield from _fields(inner, f"{path}.{index}" if path else str(index))
    elif isinstance(detail, list):
        yield from ({"field": path, "message": str(inner)} for inner in detail)
    else:
        yield {"field": path, "message": str(detail)}


def unknown_path(request: HttpRequest, path: str = "") -> JsonResponse:
    """Answer an address that the API does not have."""
    body = problem(404, "not_found", "The API has no such address. See /api/v1/docs/.")
    return JsonResponse(body, status=404, content_type=CONTENT_TYPE)
