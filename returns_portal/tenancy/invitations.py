"""The link that an invitation is accepted by.

The token is derived from the invitation's id under the secret key, so the e-mail with the link can
be made, and made again, from the row alone; the row keeps only the token's hash.
"""

from __future__ import annotations

import base64
import hashlib
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from returns_portal.core.scope import system_scope
from returns_portal.tenancy.models import Invitation


def invitation_token(invitation_id: UUID) -> str:
    """Return the secret part of an invitation's link."""
    digest = salted_hmac("tenancy.invitation", str(invitation_id), algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def invitation_link(invitation: Invitation) -> str:
    """Return the absolute address at which the invitation is accepted."""
    return f"{settings.PUBLIC_URL}/invitations/{invitation_token(invitation.pk)}/"


def find_invitation(token: str) -> Invitation | None:
    """Return the invitation a link opens, with its merchant, whatever its state."""
    with system_scope(), transaction.atomic():
        return (
            Invitation.all_tenants.filter(token_hash=token_hash(token))
            .select_related("merchant", "invited_by")
            .first()
        )
