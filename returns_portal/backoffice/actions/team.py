"""Who works for a merchant: inviting, joining, changing roles, leaving."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string

from notifications.brand import brand_of
from notifications.models import Message
from returns_portal.activity.kinds import EventKind
from returns_portal.activity.models import Event
from returns_portal.activity.record import record_event
from returns_portal.core.actor import Actor, ActorKind
from returns_portal.core.clock import now
from returns_portal.core.crypto import blind_index
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import Conflict, NotFound
from returns_portal.core.ids import new_id
from returns_portal.core.queue import wake
from returns_portal.tenancy.invitations import invitation_link, invitation_token, token_hash
from returns_portal.tenancy.models import Invitation, Membership, Merchant, User
from returns_portal.tenancy.permissions import Role

VALID_FOR = timedelta(days=14)
_GONE = "This invitation was used or taken back. Ask for a new one."


def existing_user(email: str) -> User | None:
    """Return the person with this address, whatever merchant they work for."""
    return User.objects.filter(email=email.strip().lower()).first()


def invite_member(*, email: str, role: Role, actor: Actor) -> Invitation:
    """Offer a place in the team; a second offer to the same address replaces the first."""
    address = email.strip().lower()
    with action_transaction():
        if Membership.objects.filter(user__email=address, is_active=True).exists():
            raise Conflict(f"{address} is in the team already.", field="email")
        Invitation.objects.filter(email=address, accepted_at__isnull=True).delete()
        pk = new_id()
        invitation = Invitation.objects.create(
            id=pk,
            email=address,
            role=role,
            token_hash=token_hash(invitation_token(pk)),
            invited_by_id=UUID(actor.id),
            expires_at=now() + VALID_FOR,
        )
        event = record_event(
            EventKind.MEMBER_INVITED,
            subject_kind="invitation",
            subject_id=invitation.pk,
            actor=actor,
            role=role.value,
        )
        _mail(invitation, event, actor)
    return invitation


def _mail(invitation: Invitation, event: Event, actor: Actor) -> None:
    """Queue the e-mail with the link, told in the merchant's look."""
    merchant = Merchant.objects.get(pk=invitation.merchant_id)
    context = {
        "brand": brand_of(merchant),
        "subject": f"Join {merchant.name} on {settings.PRODUCT_NAME}",
        "invited_by": actor.name,
        "role": invitation.get_role_display(),
        "button_url": invitation_link(invitation),
        "button_label": "Join",
    }
    Message.objects.create(
        event_id=event.pk,
        kind="invitation",
        recipient=invitation.email,
        recipient_index=blind_index(invitation.email, merchant_id=merchant.pk, purpose="email"),
        subject=context["subject"],
        text=render_to_string("backoffice/mail/invitation.txt", context),
        html=render_to_string("backoffice/mail/invitation.html", context),
        due_at=now(),
    )
    wake("notifications.send_messages")


def withdraw_invitation(invitation_id: UUID, *, actor: Actor) -> None:
    """Take an open invitation back: its link stops working. Doing it twice changes nothing."""
    with action_transaction():
        invitation = Invitation.objects.filter(pk=invitation_id, accepted_at__isnull=True).first()
        if invitation is None:
            return
        record_event(
            EventKind.MEMBER_CHANGED,
            subject_kind="invitation",
            subject_id=invitation.pk,
            actor=actor,
            change="invitation withdrawn",
        )
        invitation.delete()


def join_as_new_user(invitation_id: UUID, *, name: str, password: str) -> User:
    """Make the invited person's account and let them in."""
    with action_transaction():
        invitation = _open(invitation_id)
        user = User.objects.create_user(invitation.email, password, name=name.strip())
        accept_invitation(invitation_id, user=user)
    return user


def accept_invitation(invitation_id: UUID, *, user: User) -> Membership:
    """Let the invited person in with the offered role; the link works once."""
    with action_transaction():
        invitation = _open(invitation_id)
        if invitation.email != user.email:
            raise Conflict(f"This invitation is for {invitation.email}. Sign in as that person.")
        membership, _ = Membership.objects.update_or_create(
            user=user, defaults={"role": invitation.role, "is_active": True}
        )
        invitation.accepted_at = now()
        invitation.save(update_fields=["accepted_at"])
        record_event(
            EventKind.MEMBER_CHANGED,
            subject_kind="member",
            subject_id=membership.pk,
            actor=Actor(ActorKind.MEMBER, id=str(user.pk), name=user.name),
            change="joined",
            role=invitation.role,
        )
    return membership


def change_role(membership_id: UUID, *, role: Role, actor: Actor) -> Membership:
    """Give a member another role. The last owner stays one."""
    with action_transaction():
        membership = _member(membership_id)
        if membership.role == role:
            return membership
        _keep_an_owner(membership)
        before, membership.role = membership.role, role
        membership.save(update_fields=["role"])
        record_event(
            EventKind.MEMBER_CHANGED,
            subject_kind="member",
            subject_id=membership.pk,
            actor=actor,
            change="role",
            before=before,
            after=role.value,
        )
    return membership


def remove_member(membership_id: UUID, *, actor: Actor) -> Membership:
    """End a member's access; what they did stays recorded. The last owner stays."""
    with action_transaction():
        membership = _member(membership_id)
        if not membership.is_active:
            return membership
        _keep_an_owner(membership)
        membership.is_active = False
        membership.save(update_fields=["is_active"])
        record_event(
            EventKind.MEMBER_CHANGED,
            subject_kind="member",
            subject_id=membership.pk,
            actor=actor,
            change="removed",
        )
    return membership


def _open(invitation_id: UUID) -> Invitation:
    invitation = Invitation.objects.select_for_update().filter(pk=invitation_id).first()
    if invitation is None or invitation.accepted_at is not None or invitation.expires_at < now():
        raise Conflict(_GONE)
    return invitation


def _member(membership_id: UUID) -> Membership:
    """Lock all owners with the member, so that two owners cannot remove each other at once."""
    rows = Membership.objects.select_for_update().order_by("pk")
    members = {row.pk: row for row in rows.filter(role=Role.OWNER, is_active=True)}
    if membership_id not in members:
        found = rows.filter(pk=membership_id).first()
        if found is None:
            raise NotFound("This person isn’t in the team.")
        return found
    return members[membership_id]


def _keep_an_owner(membership: Membership) -> None:
    if membership.role != Role.OWNER:
        return
    others = Membership.objects.filter(role=Role.OWNER, is_active=True).exclude(pk=membership.pk)
    if not others.exists():
        raise Conflict("A store needs an owner. Make somebody else an owner first.")
