"""The team: members, roles, invitations."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse

from returns_portal.backoffice.actions import team as actions
from returns_portal.backoffice.base import actor_of, done, page, staff_view
from returns_portal.backoffice.forms.team import ROLES, InviteForm, RoleForm
from returns_portal.core.errors import DomainError, InvalidInput
from returns_portal.tenancy.invitations import invitation_link
from returns_portal.tenancy.models import Invitation, Membership
from returns_portal.tenancy.permissions import Permission, Role


def _show(
    request: HttpRequest,
    *,
    form: InviteForm | None = None,
    error: DomainError | None = None,
    **_: object,
) -> HttpResponse:
    members = Membership.objects.filter(is_active=True).select_related("user")
    open_ones = Invitation.objects.filter(accepted_at__isnull=True).order_by("-created_at")
    context = {
        "members": members.order_by("user__name", "pk"),
        "invitations": [{"row": one, "link": invitation_link(one)} for one in open_ones],
        "roles": ROLES,
        "form": form or InviteForm(),
    }
    status = 422 if form else 200
    return page(request, "backoffice/team.html", "team", context, error=error, status=status)


@staff_view(permission=Permission.TEAM_EDIT)
def team(request: HttpRequest) -> HttpResponse:
    """Show who works here and who is invited."""
    return _show(request)


@staff_view(permission=Permission.TEAM_EDIT, methods=["POST"], refused=_show)
def invite(request: HttpRequest) -> HttpResponse:
    """Offer somebody a place in the team."""
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _show(request, form=form)
    invitation = actions.invite_member(
        email=form.cleaned_data["email"],
        role=Role(form.cleaned_data["role"]),
        actor=actor_of(request),
    )
    return done(request, f"{invitation.email} is invited.", "team")


@staff_view(permission=Permission.TEAM_EDIT, methods=["POST"], refused=_show)
def withdraw(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Take an invitation back."""
    actions.withdraw_invitation(invitation_id, actor=actor_of(request))
    return done(request, "The invitation is taken back.", "team")


@staff_view(permission=Permission.TEAM_EDIT, methods=["POST"], refused=_show)
def change_role(request: HttpRequest, membership_id: UUID) -> HttpResponse:
    """Give a member another role."""
    form = RoleForm(request.POST)
    if not form.is_valid():
        raise InvalidInput("Choose one of the roles.")
    role = Role(form.cleaned_data["role"])
    membership = actions.change_role(membership_id, role=role, actor=actor_of(request))
    return done(request, f"{membership.user.name} is now {role.name.lower()}.", "team")


@staff_view(permission=Permission.TEAM_EDIT, methods=["POST"], refused=_show)
def remove(request: HttpRequest, membership_id: UUID) -> HttpResponse:
    """End a member's access."""
    membership = actions.remove_member(membership_id, actor=actor_of(request))
    return done(request, f"{membership.user.name} has no access any more.", "team")


@staff_view(permission=None)
def profile(request: HttpRequest) -> HttpResponse:
    """Show who is signed in and what their role allows."""
    role = Role(request.membership.role).name.title()
    context = {"role": role, "allowed": sorted(request.membership.permissions)}
    return page(request, "backoffice/profile.html", "profile", context)
