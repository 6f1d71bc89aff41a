"""The address at which providers deliver webhooks."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from returns_portal.core.errors import DomainError
from returns_portal.integrations import inbox
from returns_portal.integrations.outcomes import BadSignature


@csrf_exempt
@require_POST
def webhook(request: HttpRequest, token: str) -> JsonResponse:
    """Store a provider's webhook: 200 when it is stored, 4xx when it is not the provider's."""
    body = request.read(inbox.MAX_BODY + 1)
    if len(body) > inbox.MAX_BODY:
        return JsonResponse({"error": "The body is larger than 5 MB."}, status=413)
    try:
        new = inbox.receive(token, body, request.headers)
    except BadSignature:
        return JsonResponse({"error": "The signature does not fit."}, status=401)
    except DomainError as error:
        return JsonResponse({"error": error.message, "code": error.code}, status=error.status)
    return JsonResponse({"received": True, "duplicate": not new})
