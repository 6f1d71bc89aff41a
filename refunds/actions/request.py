"""Ask for a refund, agree to it, take it back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from refunds import ledger, planning, staff
from refunds.locks import lock_payments, lock_refund
from refunds.models import Refund, RefundAllocation
from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import NewEvent, record_event, record_events
from returns_portal.commerce.locks import lock_order
from returns_portal.commerce.models import Order, Payment
from returns_portal.core.actor import Actor, ActorKind
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import Conflict, InvalidInput, InvalidTransition, NotAllowed
from returns_portal.core.ids import new_id
from returns_portal.core.money import Money, share
from returns_portal.integrations.calls import cancel_call
from returns_portal.tenancy.permissions import Permission

Status = Refund.Status


def request_refund(
    *,
    order_id: UUID,
    key: str,
    amount: Money,
    breakdown: dict[str, Any],
    about_id: UUID | None,
    reason: str,
    actor: Actor,
    method: str = Refund.Method.ORIGINAL,
    promised_on: date | None = None,
    locked: tuple[Order, Sequence[Payment]] | None = None,
    is_new: bool = False,
) -> Refund:
    """Owe ``amount`` to the shopper of an order and, unless a second person must agree, send it.

    ``key`` names the business fact: the same key again returns the same refund, and another amount
    under it is a Conflict. The money is taken from what the order's payments still hold now, so
    that refunds in flight count as spent. Raises DomainError naming what remains. A caller that
    has locked the order and its payments in this transaction hands them over as ``locked``;
    ``is_new`` says that the fact behind ``key`` was made in it too, so nothing was asked before.
    """
    with action_transaction():
        order = lock_order(order_id) if locked is None else locked[0]
        known = None if is_new else Refund.objects.filter(key=key).first()
        if known is not None:
            return _same_fact(known, order, amount)
        _check_amount(order, amount, method)
        needs_second = _needs_second_person(order, amount)
        refund = Refund(
            id=new_id(),
            order=order,
            key=key,
            about_id=about_id,
            amount_minor=amount.minor,
            currency=amount.currency,
            method=method,
            status=Status.REQUESTED if needs_second else Status.APPROVED,
            reason=reason[:60],
            breakdown=breakdown,
            requested_by=actor.name[:120],
            requested_by_id=actor.id[:64],
            needs_second_person=needs_second,
            promised_on=promised_on,
        )
        if not needs_second:
            refund.approved_by, refund.approved_by_id = refund.requested_by, refund.requested_by_id
            refund.approved_at = now()
        refund.save(force_insert=True)
        by_hand = method == Refund.Method.MANUAL
        payments = lock_payments(order_id) if locked is None else locked[1]
        parts = planning.allocate(refund, amount, payments, by_hand=by_hand)
        _announce(refund, actor)
        if needs_second:
            staff.ask_second_person(refund)
        else:
            ledger.post_granted(refund)
            planning.send(refund, parts)
    return refund


def _same_fact(known: Refund, order: Order, amount: Money) -> Refund:
    if known.order_id != order.pk or known.amount != amount:
        raise Conflict(
            f"A refund of {known.amount} was made for this already. Open it to see how it stands.",
            code="refund_exists",
        )
    return known


def _check_amount(order: Order, amount: Money, method: str) -> None:
    if amount.minor <= 0:
        raise InvalidInput(
            "There is nothing to refund: the amount must be more than zero.",
            code="amount_not_positive",
            field="amount",
        )
    if amount.currency != order.currency:
        raise InvalidInput(
            f"This order was paid in {order.currency}. Refund it in {order.currency}.",
            code="wrong_currency",
            field="amount",
        )
    if method not in Refund.Method.values:
        raise InvalidInput("Choose the original payment or paid by hand.", field="method")


def _needs_second_person(order: Order, amount: Money) -> bool:
    """Compare with the merchant's limit, in the merchant's currency.

    An amount in another currency is converted by the order's own two totals; where that cannot be
    done, a second person is asked.
    """
    merchant = order.merchant
    limit = merchant.second_person_above_minor
    if limit is None:
        return False
    if amount.currency == merchant.currency:
        return amount.minor > limit
    total, shop_total = order.total_minor, order.shop_total_minor
    if order.shop_currency != merchant.currency or shop_total is None or total <= 0:
        return True
    return share(amount.minor, shop_total, total) > limit


def _announce(refund: Refund, actor: Actor) -> None:
    facts: dict[str, object] = {
        "amount_minor": refund.amount_minor,
        "currency": refund.currency,
        "method": str(refund.method),
    }
    about = ("refund", refund.pk, refund.about_id)
    events = [NewEvent(EventKind.REFUND_REQUESTED, *about, facts)]
    if refund.status == Status.APPROVED:
        events.append(NewEvent(EventKind.REFUND_APPROVED, *about, facts | {"at_once": True}))
    record_events(events, actor=actor)


def approve_refund(refund_id: UUID, *, actor: Actor) -> Refund:
    """Agree, as a second person, to a refund above the limit; it is sent at once.

    Raises NotAllowed for whoever asked for it, for programs, and without the right to send money.
    """
    with action_transaction():
        refund = lock_refund(refund_id)
        if refund.status in (Status.APPROVED, Status.EXECUTING, Status.SUCCEEDED):
            return refund
        if refund.status != Status.REQUESTED:
            raise InvalidTransition(
                f"This refund is {refund.get_status_display().lower()}, so it can't be approved."
            )
        _check_second_person(refund, actor)
        refund.status = Status.APPROVED
        refund.approved_by, refund.approved_by_id = actor.name[:120], actor.id[:64]
        refund.approved_at = now()
        refund.save(update_fields=["status", "approved_by", "approved_by_id", "approved_at"])
        record_event(
            EventKind.REFUND_APPROVED,
            subject_kind="refund",
            subject_id=refund.pk,
            about_id=refund.about_id,
            actor=actor,
            amount_minor=refund.amount_minor,
            currency=refund.currency,
            requested_by=refund.requested_by,
        )
        staff.close_all(refund, actor, "Approved")
        ledger.post_granted(refund)
        planning.send(refund, planning.live_parts(refund.pk))
    return refund


def _check_second_person(refund: Refund, actor: Actor) -> None:
    if actor.kind is not ActorKind.MEMBER:
        raise NotAllowed("Only a member of the team can agree to this refund.")
    if not actor.may(Permission.REFUNDS_SEND):
        raise NotAllowed("Your role does not allow sending refunds. Ask finance or a manager.")
    if actor.id == refund.requested_by_id:
        raise NotAllowed(
            "You asked for this refund yourself. Somebody else has to agree to it.",
            code="second_person_needed",
        )


def cancel_refund(refund_id: UUID, *, actor: Actor, reason: str = "") -> Refund:
    """Take a refund back while none of its money is on the way; its payments are free again.

    Also ends a failed refund of which nothing was paid, so that the debt can be met another way.
    Raises InvalidTransition once any part was sent.
    """
    with action_transaction():
        refund = lock_refund(refund_id)
        if refund.status == Status.CANCELLED:
            return refund
        if not actor.may(Permission.REFUNDS_GRANT):
            raise NotAllowed("Your role does not allow cancelling refunds. Ask a manager.")
        was_granted = refund.status != Status.REQUESTED
        for part in planning.live_parts(refund.pk):
            _cancel_part(part)
        refund.status = Status.CANCELLED
        refund.settled_at = now()
        refund.save(update_fields=["status", "settled_at"])
        if was_granted:
            ledger.post_cancelled(refund)
        record_event(
            EventKind.REFUND_CANCELLED,
            subject_kind="refund",
            subject_id=refund.pk,
            about_id=refund.about_id,
            actor=actor,
            amount_minor=refund.amount_minor,
            currency=refund.currency,
            reason=reason[:120],
        )
        staff.close_all(refund, actor, "Cancelled")
    return refund


def _cancel_part(part: RefundAllocation) -> None:
    """Take one part back; a part paid by hand that nobody has paid yet can be taken back too."""
    by_hand = part.status == RefundAllocation.Status.PENDING and planning.is_by_hand(part)
    planned = part.status == RefundAllocation.Status.PLANNED
    if not by_hand and not (planned and _unsent(part)):
        raise InvalidTransition(
            "The money is already on its way, so this refund can't be cancelled.",
            code="refund_on_its_way",
        )
    planning.give_back_to_payment(part)
    part.status = RefundAllocation.Status.CANCELLED
    part.settled_at = now()
    part.save(update_fields=["status", "settled_at"])


def _unsent(part: RefundAllocation) -> bool:
    """Withdraw the part's call; True too when it never had one."""
    if cancel_call(part.pk, planning.SEND):
        return True
    return not planning.has_call(part)
