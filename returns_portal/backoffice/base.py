"""What every back-office view stands on: permission, merchant's time zone, shell, refusals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from redis.exceptions import RedisError

from returns_portal.backoffice.navigation import shell
from returns_portal.core.actor import Actor, ActorKind
from returns_portal.core.db import attempt
from returns_portal.core.errors import (
    Conflict,
    DomainError,
    InvalidInput,
    NotAllowed,
    TryLater,
)
from returns_portal.tenancy.permissions import Permission

View = Callable[..., HttpResponse]
_NOT_ALLOWED = "Your role doesn’t allow this. Ask an owner to do it or to change your role."


def actor_of(request: HttpRequest) -> Actor:
    """Return the signed-in member as the doer of an action."""
    return Actor(
        ActorKind.MEMBER,
        id=str(request.user.pk),
        name=request.user.name,
        permissions=request.membership.permissions,
    )


def staff_view(
    *, permission: Permission | None, methods: Sequence[str] = ("GET",), refused: View | None = None
) -> Callable[[View], View]:
    """Make a view of the back office: who may call it, how, and what a refusal shows.

    ``permission`` None means any member of the merchant. With ``refused`` a DomainError undoes what
    the view wrote and shows that view again with ``error=`` and the error's status; otherwise, and
    always for 403 and 404, the error page of its status appears.
    """
    allowed = [*methods, "HEAD"] if "GET" in methods else list(methods)

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            if request.method not in allowed:
                return HttpResponseNotAllowed(allowed)
            if permission is not None and permission not in request.membership.permissions:
                raise NotAllowed(_NOT_ALLOWED)
            _refuse_zero_bytes(request)
            with timezone.override(ZoneInfo(request.merchant.time_zone)):
                if refused is None:
                    return view(request, *args, **kwargs)
                try:
                    with attempt():
                        return view(request, *args, **kwargs)
                except DomainError as error:
                    if error.status in (403, 404):
                        raise
                    return refused(request, *args, **kwargs, error=error)

        guarded.permission = permission  # type: ignore[attr-defined]
        guarded.methods = tuple(methods)  # type: ignore[attr-defined]
        return guarded

    return decorate


def _refuse_zero_bytes(request: HttpRequest) -> None:
    """Refuse text that PostgreSQL cannot keep, wherever it is used: no browser sends it."""
    given = [*request.GET.lists(), *request.POST.lists()]
    texts = [request.path_info, *(text for _, values in given for text in values)]
    if any("\0" in text for text in texts):
        raise InvalidInput("A text holds characters that can’t be kept. Type it again.")


def page(
    request: HttpRequest,
    template: str,
    section: str,
    context: dict[str, object],
    *,
    error: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render a whole page in the shell, with ``section`` marked in the navigation."""
    return render(
        request,
        template,
        {**shell(request, section), **context, "error": error},
        status=error.status if error else status,
    )


def done(request: HttpRequest, text: str, name: str, **kwargs: object) -> HttpResponse:
    """Answer a finished POST: say what happened and go to a page."""
    messages.success(request, text)
    return HttpResponseRedirect(reverse(name, kwargs=kwargs or None))


def once(request: HttpRequest) -> None:
    """Let a form that makes something through only once, by the ``operation_id`` it was shown with.

    For rows without an operation of their own. Raises Conflict for the second time, TryLater when
    nobody can say whether it is.
    """
    operation_id = request.POST.get("operation_id", "")[:64]
    key = f"once:{request.merchant.pk}:{operation_id}"
    try:
        is_first = bool(operation_id) and cache.add(key, 1, timeout=24 * 60 * 60)
    except (RedisError, OSError) as error:
        raise TryLater("We can’t do this for a moment. Try again in a minute.") from error
    if not is_first:
        raise Conflict("This was done already. Look at the list below.")


def may(request: HttpRequest, permission: Permission) -> bool:
    """Say whether the signed-in member holds ``permission``, for showing or hiding a control."""
    return permission in request.membership.permissions
