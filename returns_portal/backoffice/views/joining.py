"""Pages before any merchant is in scope: choosing one, and joining one by invitation."""

from __future__ import annotations

from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from returns_portal.backoffice.actions.team import (
    accept_invitation,
    existing_user,
    join_as_new_user,
)
from returns_portal.backoffice.forms.team import JoinForm
from returns_portal.core.brand import derive_brand
from returns_portal.core.clock import now
from returns_portal.core.errors import Conflict, DomainError, NotFound
from returns_portal.core.scope import merchant_scope
from returns_portal.core.views import refused
from returns_portal.tenancy.invitations import find_invitation
from returns_portal.tenancy.memberships import memberships_of
from returns_portal.tenancy.models import Invitation
from returns_portal.tenancy.permissions import Role

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@login_required
def merchants(request: HttpRequest) -> HttpResponse:
    """Show the merchants the person works for; with one, go there at once."""
    rows = [
        {
            "name": membership.merchant.name,
            "role": Role(membership.role).name.title(),
            "url": f"/app/{membership.merchant.slug}/",
            "colors": derive_brand(membership.merchant.brand_color).colors,
        }
        for membership in memberships_of(request.user.pk)
    ]
    if len(rows) == 1 and "all" not in request.GET:
        return HttpResponseRedirect(rows[0]["url"])
    return render(request, "backoffice/merchants.html", {"merchants": rows})


def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Join a merchant's team: a new person sets a name and password, a known one confirms."""
    try:
        invitation = _open_invitation(token)
        if existing_user(invitation.email) is not None:
            return _join_known(request, invitation)
        return _join_new(request, invitation)
    except DomainError as error:
        return refused(request, error)


def _join_new(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    form = JoinForm(request.POST or None, email=invitation.email)
    if request.method != "POST" or not form.is_valid():
        return _show(request, invitation, form=form, status=422 if form.is_bound else 200)
    with merchant_scope(invitation.merchant_id), transaction.atomic():
        user = join_as_new_user(
            invitation.pk,
            name=form.cleaned_data["name"],
            password=form.cleaned_data["password"],
        )
    login(request, user, backend=BACKEND)
    return HttpResponseRedirect(f"/app/{invitation.merchant.slug}/")


def _join_known(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Let the person the invitation names confirm, once signed in as that person."""
    signed_in = request.user.is_authenticated and request.user.email == invitation.email
    if not signed_in or request.method != "POST":
        return _show(request, invitation, known=True, signed_in=signed_in)
    with merchant_scope(invitation.merchant_id), transaction.atomic():
        accept_invitation(invitation.pk, user=request.user)
    return HttpResponseRedirect(f"/app/{invitation.merchant.slug}/")


def _open_invitation(token: str) -> Invitation:
    invitation = find_invitation(token)
    if invitation is None:
        raise NotFound("This invitation isn’t here. Ask for a new one.")
    if invitation.accepted_at is not None:
        raise Conflict("This invitation was used already. Sign in, or ask for a new one.")
    if invitation.expires_at < now():
        raise Conflict("This invitation is too old. Ask for a new one.")
    return invitation


def _show(
    request: HttpRequest, invitation: Invitation, *, status: int = 200, **context: object
) -> HttpResponse:
    return render(
        request,
        "backoffice/join.html",
        {
            "invitation": invitation,
            "merchant_name": invitation.merchant.name,
            "role": Role(invitation.role).name.title(),
            "invited_by": invitation.invited_by.name,
            "here": request.get_full_path(),
            **context,
        },
        status=status,
    )
