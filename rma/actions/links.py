"""The e-mailed link to a shopper's orders: asked for, given out, opened once, thrown away."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import record_event
from returns_portal.commerce.keys import email_index
from returns_portal.commerce.selectors import orders_of_shopper
from returns_portal.core.actor import Actor
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction, claim
from returns_portal.core.errors import Conflict
from returns_portal.core.ids import new_token
from rma.models import OrderLink

LIFE = timedelta(minutes=30)
# How long a worker may take to send it. What is asked for later than that is asked for again.
_PATIENCE = timedelta(hours=1)


class LinkSpent(Conflict):
    """The link was opened before, has run out, or was never given out. HTTP 410."""

    status = 410
    default_code = "link_spent"


def ask_for_link(email: str, *, locale: str, actor: Actor) -> OrderLink:
    """Note that somebody wants a link to the orders of ``email``.

    Does the same work for every address: only the worker that hears of it looks for orders.
    """
    with action_transaction():
        moment = now()
        link = OrderLink(
            email_index=email_index(email),
            locale=locale,
            asked_at=moment,
            expires_at=moment + _PATIENCE,
        )
        link.save(force_insert=True)
        record_event(
            EventKind.LINK_ASKED, subject_kind="order_link", subject_id=link.pk, actor=actor
        )
    return link


@dataclass(frozen=True, slots=True)
class GivenOut:
    """A link with the ``token`` that opens it, to be sent to ``address`` and kept nowhere else."""

    link: OrderLink
    token: str
    address: str


def give_out_link(link_id: UUID, *, actor: Actor) -> GivenOut | None:
    """Give a link its token, which opens it for 30 minutes; None when there is nothing to send.

    What no order has is forgotten at once. A link is given out once, so that a worker that runs
    twice sends one mail.
    """
    with action_transaction():
        link = OrderLink.objects.select_for_update(of=("self",)).filter(pk=link_id).first()
        if link is None or link.token_hash or link.expires_at <= now():
            return None
        address = _address(bytes(link.email_index))
        if not address:
            link.delete()
            return None
        token = new_token()
        link.token_hash, link.expires_at = _hash(token), now() + LIFE
        link.save(update_fields=["token_hash", "expires_at"])
    return GivenOut(link, token, address)


def _address(index: bytes) -> str:
    """Return the e-mail address as the shop has it, never as somebody typed it.

    Blind indexes fold case, so that ``straße.example`` and ``strasse.example``, which are two
    people's domains, share one. Of those only the plain one gets mail.
    """
    known = orders_of_shopper(index).values_list("email", flat=True)
    return next((email.strip() for email in known if email.isascii()), "")


def link_opens(token: str) -> bool:
    """Tell whether a link would open now."""
    return _closed(token).exists()


def open_link(token: str, *, actor: Actor) -> OrderLink:
    """Open a link, which closes it for everybody else. Raises LinkSpent.

    Of two that open it at once, the database lets one through.
    """
    with action_transaction():
        if not claim(_closed(token), opened_at=now()):
            raise LinkSpent("This link has been used or has run out. Ask for a new one.")
        return OrderLink.objects.get(token_hash=_hash(token))


def discard_expired_links() -> int:
    """Throw away links of the merchant in scope whose time is over; return how many."""
    with action_transaction():
        return OrderLink.objects.filter(expires_at__lte=now()).delete()[0]


def _closed(token: str) -> QuerySet[OrderLink]:
    return OrderLink.objects.filter(
        token_hash=_hash(token), opened_at__isnull=True, expires_at__gt=now()
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
