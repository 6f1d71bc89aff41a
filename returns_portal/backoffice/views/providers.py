"""Integrations: accounts at payment providers and carriers, and the places parcels go."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from inventory.actions import add_location, close_location
from inventory.selectors import locations
from returns_portal.backoffice.actions.settings import save_provider_account, set_account_status
from returns_portal.backoffice.base import actor_of, done, once, page, staff_view
from returns_portal.backoffice.forms.settings import (
    Driver,
    LocationForm,
    ProviderForm,
    driver,
    drivers,
)
from returns_portal.core.errors import Conflict, DomainError, NotFound
from returns_portal.integrations.models import ProviderAccount, ProviderCall
from returns_portal.tenancy.permissions import Permission

_UNKNOWN = "This account isn’t here."


def _webhook_url(account: ProviderAccount) -> str:
    return f"{settings.PUBLIC_URL}/hooks/{account.webhook_token}/"


def _list(request: HttpRequest, *, error: DomainError | None = None, **_: object) -> HttpResponse:
    known = {(one.role, one.provider): one for one in drivers()}
    accounts = [
        {"row": account, "driver": known.get((account.role, account.provider))}
        for account in ProviderAccount.objects.order_by("role", "-is_default", "name", "pk")
    ]
    context = {
        "accounts": accounts,
        "drivers": drivers(),
        "locations": locations(),
        "calls": ProviderCall.objects.select_related("account").order_by("-created_at")[:20],
    }
    return page(request, "backoffice/providers.html", "providers", context, error=error)


@staff_view(permission=Permission.SETTINGS_EDIT)
def providers(request: HttpRequest) -> HttpResponse:
    """List the accounts, the warehouses and the last calls."""
    return _list(request)


def _form(
    request: HttpRequest, chosen: Driver, account: ProviderAccount | None, form: ProviderForm
) -> HttpResponse:
    context = {
        "driver": chosen,
        "account": account,
        "form": form,
        "webhook_url": _webhook_url(account) if account else "",
    }
    status = 422 if form.is_bound else 200
    return page(request, "backoffice/provider.html", "providers", context, status=status)


@staff_view(permission=Permission.SETTINGS_EDIT, methods=["GET", "POST"], refused=_list)
def add_provider(request: HttpRequest, role: str, provider: str) -> HttpResponse:
    """Open an account at a provider."""
    chosen = driver(role, provider)
    if chosen is None:
        raise NotFound("We don’t know this provider.")
    form = ProviderForm(request.POST or None, chosen=chosen, initial={"name": chosen.label})
    if not form.is_valid():
        return _form(request, chosen, None, form)
    once(request)
    return _save(request, chosen, None, form)


@staff_view(permission=Permission.SETTINGS_EDIT, methods=["GET", "POST"], refused=_list)
def edit_provider(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Change an account: its name, its keys, what it pays for."""
    account = ProviderAccount.objects.filter(pk=account_id).first()
    if account is None:
        raise NotFound(_UNKNOWN)
    chosen = driver(account.role, account.provider)
    if chosen is None:
        raise NotFound(_UNKNOWN)
    initial = {
        "name": account.name,
        "gateways": ", ".join(account.gateways),
        "is_default": account.is_default,
    }
    has_key = bool((account.credentials or {}).get("api_key"))
    form = ProviderForm(request.POST or None, chosen=chosen, has_key=has_key, initial=initial)
    if not form.is_valid():
        return _form(request, chosen, account, form)
    return _save(request, chosen, account.pk, form)


def _save(
    request: HttpRequest, chosen: Driver, account_id: UUID | None, form: ProviderForm
) -> HttpResponse:
    account = save_provider_account(
        account_id=account_id,
        role=chosen.role,
        provider=chosen.provider,
        name=form.cleaned_data["name"],
        credentials=form.secrets(),
        gateways=form.cleaned_data.get("gateways", []),
        is_default=form.cleaned_data["is_default"],
        actor=actor_of(request),
    )
    return done(request, f"{account.name} is saved.", "provider", account_id=account.pk)


@staff_view(permission=Permission.SETTINGS_EDIT, methods=["POST"], refused=_list)
def provider_status(request: HttpRequest, account_id: UUID) -> HttpResponse:
    """Pause an account or put it to work again."""
    pause = request.POST.get("pause") == "1"
    status = ProviderAccount.Status.PAUSED if pause else ProviderAccount.Status.ACTIVE
    account = set_account_status(account_id, status=status, actor=actor_of(request))
    return done(request, f"{account.name} is {'paused' if pause else 'working'}.", "providers")


@staff_view(permission=Permission.SETTINGS_EDIT, methods=["GET", "POST"], refused=_list)
def new_location(request: HttpRequest) -> HttpResponse:
    """Add a place that takes parcels in."""
    form = LocationForm(request.POST or None)
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return page(request, "backoffice/location.html", "providers", {"form": form}, status=status)
    location = add_location(
        name=form.cleaned_data["name"],
        code=form.cleaned_data["code"],
        address=form.address(),
        is_default=form.cleaned_data["is_default"],
        actor=actor_of(request),
    )
    return done(request, f"{location.name} is added.", "providers")


@staff_view(permission=Permission.SETTINGS_EDIT, methods=["POST"], refused=_list)
def end_location(request: HttpRequest, location_id: UUID) -> HttpResponse:
    """Stop taking parcels in at a place."""
    if not close_location(location_id, actor=actor_of(request)):
        raise Conflict("The default location stays open. Make another one the default first.")
    return done(request, "The location is closed.", "providers")
