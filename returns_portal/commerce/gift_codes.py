"""Gift codes: given out for an order, taken from the receiver, who becomes a customer of their own.

The receiver proves to hold the code and nothing else, and so learns nothing about the buyer; the
buyer is never told.
"""

from __future__ import annotations

import secrets
from uuid import UUID

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import record_event
from returns_portal.commerce.keys import email_index, gift_code_index
from returns_portal.commerce.locks import lock_order
from returns_portal.commerce.models import Customer, GiftCode, Order
from returns_portal.core.actor import Actor
from returns_portal.core.clock import now
from returns_portal.core.crypto import normalise
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import Conflict

# No letters that look like digits, nor the vowels that make words.
_SIGNS = "23456789BCDFGHJKLMNPQRSTVWXZ"
_GROUPS, _GROUP = 3, 4
SOURCE = "gift"


def give_out_gift_code(order_id: UUID, *, actor: Actor) -> str:
    """Make a new code for an order and return it, the only time that anybody sees it.

    An earlier code of the order opens nothing from now on. Raises Conflict for a cancelled order.
    """
    with action_transaction():
        order = lock_order(order_id)
        if order.status == Order.Status.CANCELLED:
            raise Conflict("This order was cancelled, so it needs no gift code.", code="cancelled")
        GiftCode.objects.filter(order=order, ended_at__isnull=True).update(ended_at=now())
        code = _new_code()
        made = GiftCode(order=order, code_index=gift_code_index(code), made_by=actor.name[:120])
        made.save(force_insert=True)
        record_event(
            EventKind.GIFT_CODE_MADE,
            subject_kind="order",
            subject_id=order.pk,
            about_id=order.pk,
            actor=actor,
            number=order.number,
        )
    return code


def order_of_gift_code(code: str) -> Order | None:
    """Return the order that a code opens, however it is typed; None for any other.

    One statement, the same for a wrong code as for a right one.
    """
    found = GiftCode.objects.filter(
        code_index=gift_code_index(code) or b"-",
        ended_at__isnull=True,
        order__status=Order.Status.OPEN,
    )
    known = found.select_related("order").first()
    return known.order if known is not None else None


def gift_receiver(*, name: str, email: str) -> Customer:
    """Return the customer that a receiver is, apart from any who bought with the same address.

    The address is not proved, so it opens no account that was there before but a receiver's own.
    """
    with action_transaction():
        columns = {
            "name": name[:160],
            "name_key": normalise(name)[:160],
            "email": email,
            "email_index": email_index(email),
        }
        key = email_index(email).hex()
        Customer.objects.bulk_create(
            [Customer(source=SOURCE, external_id=key, **columns)],
            update_conflicts=True,
            unique_fields=["merchant", "source", "external_id"],
            update_fields=list(columns),
        )
        return Customer.objects.get(source=SOURCE, external_id=key)


def _new_code() -> str:
    signs = "".join(secrets.choice(_SIGNS) for _ in range(_GROUPS * _GROUP))
    return "-".join(signs[place : place + _GROUP] for place in range(0, len(signs), _GROUP))
