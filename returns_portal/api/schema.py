"""The OpenAPI document and the page to read it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularJSONAPIView

METHODS = ("get", "post", "put", "patch", "delete")


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """Say in the document how a key is sent."""

    target_class = "returns_portal.api.auth.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "rp_<id>_<secret>"}


def add_problems(result: dict[str, Any], generator: Any, **kwargs: Any) -> dict[str, Any]:
    """Give every operation the errors it can answer with, as problem+json."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for operations in result["paths"].values():
        for method in METHODS:
            operation = operations.get(method)
            if operation is None:
                continue
            for status, words in ERRORS.items():
                if method == "get" and status in {"409", "413", "415", "422"}:
                    continue
                operation["responses"].setdefault(
                    status, {"description": words, "content": content}
                )
    return result


ERRORS = {
    "400": "A field or the body is wrong; errors name it.",
    "401": "No valid API key.",
    "403": "The key lacks the scope.",
    "404": "Nothing here for this merchant.",
    "405": "The address has no such method.",
    "406": "Only JSON is spoken here.",
    "409": "Somebody was first, or the state moved on.",
    "413": "The body is too large.",
    "415": "Send application/json.",
    "422": "Understood and refused; detail says why and what to do.",
}
PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable, for programs"},
        "detail": {"type": "string", "description": "For people: what to do next"},
        "request_id": {"type": "string"},
        "facts": {"type": "object", "additionalProperties": True},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


class OpenApiDocument(SpectacularJSONAPIView):
    """The machine-readable description, open to everybody."""

    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []


def reference(request: HttpRequest) -> HttpResponse:
    """Show the document as a page, made on the server: no script, nothing from elsewhere."""
    document = SchemaGenerator(urlconf="returns_portal.urls").get_schema(public=True)
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, operations in document["paths"].items():
        for method in METHODS:
            if method in operations:
                shown = _operation(document, path, method, operations[method])
                groups.setdefault(shown["tag"], []).append(shown)
    context = {"groups": groups, "public_url": settings.PUBLIC_URL, "info": document["info"]}
    return render(request, "api/reference.html", context)


def _operation(
    document: dict[str, Any], path: str, method: str, operation: dict[str, Any]
) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    answers = []
    for status, answer in sorted(operation["responses"].items()):
        content = answer.get("content", {})
        schema = next(iter(content.values()))["schema"] if content else None
        rows = _fields(document, schema) if status < "300" else []
        answers.append(
            {"status": status, "description": answer.get("description", ""), "fields": rows}
        )
    return {
        "tag": operation["tags"][0],
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "description": operation.get("description", ""),
        "parameters": operation.get("parameters", []),
        "body": _fields(document, body.get("schema")),
        "answers": answers,
    }


def _fields(
    document: dict[str, Any], schema: dict[str, Any] | None, prefix: str = ""
) -> list[dict[str, str]]:
    """Flatten a schema into rows of name, type and words, nested names with dots."""
    schema = _resolve(document, schema or {})
    if schema.get("type") == "array":
        return _fields(document, schema["items"], f"{prefix}[].")
    rows = []
    for name, inner in schema.get("properties", {}).items():
        found = _resolve(document, inner)
        required = name in schema.get("required", [])
        rows.append(
            {
                "name": f"{prefix}{name}",
                "type": _type(found),
                "required": "required" if required else "",
                "description": inner.get("description") or found.get("description", ""),
            }
        )
        if found.get("type") == "array":
            rows += _fields(document, found["items"], f"{prefix}{name}[].")
        elif "properties" in found:
            rows += _fields(document, found, f"{prefix}{name}.")
    return rows


def _resolve(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    for wrapper in ("allOf", "oneOf"):
        if schema.get(wrapper):
            schema = schema[wrapper][0]
    name = schema.get("$ref", "").rpartition("/")[2]
    return document["components"]["schemas"][name] if name else schema


def _type(schema: dict[str, Any]) -> str:
    if schema.get("enum"):
        return " | ".join(str(value) for value in schema["enum"])
    kind = schema.get("type", "object")
    words = ", ".join(kind) if isinstance(kind, list) else str(kind)
    return f"{words} ({schema['format']})" if schema.get("format") else words
