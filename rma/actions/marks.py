"""Putting shoppers on the allow list or the block list, with a reason and an end."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import record_event
from returns_portal.commerce.models import Order
from returns_portal.core.actor import Actor
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import InvalidInput, NotFound
from rma.actions.notes import checked
from rma.models import ShopperMark

MAX_REASON = 300
MAX_DAYS = 3660


def mark_shopper(
    order_id: UUID, *, kind: str, reason: str, days: int | None, actor: Actor
) -> ShopperMark:
    """Put the shopper of an order on a list for ``days``, or for good.

    A mark before it is ended. Raises NotFound for an unknown order, InvalidInput for one without an
    e-mail address, an unknown list, days out of range or a missing reason.
    """
    text = checked(reason, field="reason", longest=MAX_REASON)
    if kind not in ShopperMark.Kind.values:
        raise InvalidInput("Choose the allow list or the block list.", field="kind")
    if days is not None and not 1 <= days <= MAX_DAYS:
        raise InvalidInput(f"Use 1 to {MAX_DAYS} days, or leave it empty.", field="days")
    with action_transaction():
        order = Order.objects.select_for_update(of=("self",)).filter(pk=order_id).first()
        if order is None:
            raise NotFound("This order does not exist.")
        if not order.email_index:
            raise InvalidInput(
                "This order has no e-mail address, so its shopper can't be told from others.",
                field="order",
            )
        moment = now()
        for standing in _standing(bytes(order.email_index)):
            _end(standing, actor)
        mark = ShopperMark(
            email_index=order.email_index,
            hint=_hint(order.email),
            kind=kind,
            reason=text,
            created_by=actor.name[:120],
            created_at=moment,
            expires_at=None if days is None else moment + timedelta(days=days),
        )
        mark.save(force_insert=True)
        _record(mark, actor, what="shopper_marked")
        return mark


def end_mark(mark_id: UUID, *, actor: Actor) -> ShopperMark:
    """Take a shopper off their list; one that is off already stays as it is."""
    with action_transaction():
        mark = ShopperMark.objects.select_for_update(of=("self",)).filter(pk=mark_id).first()
        if mark is None:
            raise NotFound("This entry is not on the list.")
        if mark.ended_at is None:
            _end(mark, actor)
        return mark


def _standing(email_index: bytes) -> list[ShopperMark]:
    marks = ShopperMark.objects.select_for_update(of=("self",))
    return list(marks.filter(email_index=email_index, ended_at__isnull=True))


def _end(mark: ShopperMark, actor: Actor) -> None:
    mark.ended_at, mark.ended_by = now(), actor.name[:120]
    mark.save(update_fields=["ended_at", "ended_by"])
    _record(mark, actor, what="shopper_mark_ended")


def _record(mark: ShopperMark, actor: Actor, *, what: str) -> None:
    record_event(
        EventKind.SETTINGS_CHANGED,
        subject_kind="shopper_mark",
        subject_id=mark.pk,
        actor=actor,
        what=what,
        list=mark.kind,
    )


def _hint(email: str) -> str:
    """Return ``m…@example.com``: enough for the team, not the address."""
    name, _at, domain = email.partition("@")
    return f"{name[:1]}…@{domain}"[:80]
