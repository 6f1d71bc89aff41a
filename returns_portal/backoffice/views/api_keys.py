"""API keys: made once, shown once, revoked for ever."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from returns_portal.backoffice.actions.api_keys import create_api_key, revoke_api_key
from returns_portal.backoffice.base import actor_of, done, once, page, staff_view
from returns_portal.backoffice.forms.settings import ApiKeyForm
from returns_portal.core.errors import DomainError
from returns_portal.tenancy.models import ApiKey
from returns_portal.tenancy.permissions import Permission


def _show(
    request: HttpRequest,
    *,
    form: ApiKeyForm | None = None,
    secret: str = "",
    error: DomainError | None = None,
    **_: object,
) -> HttpResponse:
    keys = ApiKey.objects.select_related("created_by").order_by("revoked_at", "-created_at")
    context = {"keys": keys, "form": form or ApiKeyForm(), "secret": secret}
    status = 422 if form else 200
    return page(
        request, "backoffice/api_keys.html", "api_keys", context, error=error, status=status
    )


@staff_view(permission=Permission.SETTINGS_EDIT)
def api_keys(request: HttpRequest) -> HttpResponse:
    """List the keys."""
    return _show(request)


@staff_view(permission=Permission.SETTINGS_EDIT, methods=["POST"], refused=_show)
def create(request: HttpRequest) -> HttpResponse:
    """Make a key. Its text is in this answer only, so there is no redirect to lose it."""
    form = ApiKeyForm(request.POST)
    if not form.is_valid():
        return _show(request, form=form)
    once(request)
    _, secret = create_api_key(
        name=form.cleaned_data["name"],
        scopes=form.cleaned_data["scopes"],
        actor=actor_of(request),
    )
    response = _show(request, secret=secret)
    response["Cache-Control"] = "no-store"
    return response


@staff_view(permission=Permission.SETTINGS_EDIT, methods=["POST"], refused=_show)
def revoke(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """Stop a key."""
    key = revoke_api_key(key_id, actor=actor_of(request))
    return done(request, f"{key.name} is revoked.", "api_keys")
