"""A replacement: held when a return is approved, released when the goods are in, shipped once."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from inventory.actions import (
    cancel_reservation,
    release_reservation,
    reserve,
    ship_reservation,
    shrink_reservation,
)
from returns_portal.activity.kinds import EventKind
from returns_portal.activity.models import StaffTask
from returns_portal.activity.record import record_event
from returns_portal.activity.staff_tasks import close_task, open_task
from returns_portal.core.actor import Actor
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import InvalidInput, InvalidTransition, NotFound
from returns_portal.core.ids import new_id
from returns_portal.core.money import Money, format_money
from rma.actions.closing import close_if_settled, settle_resolution
from rma.fit import count_kept
from rma.locks import lock_return
from rma.models import Exchange, Resolution, Return, ReturnLine
from rma.stages import refresh_stage, stage_facts
from rma.states import SENT, ResolutionStatus

Status = Exchange.Status


def reserve_exchange(line: ReturnLine, *, actor: Actor) -> Exchange:
    """Hold the replacement for a line of a locked return; one that is held already stays.

    Raises Conflict when it is sold out.
    """
    if line.exchange_variant_id is None:
        raise InvalidInput("Choose the replacement.", field="exchange_variant")
    with action_transaction():
        alive = Exchange.objects.filter(return_line=line).exclude(status=Status.CANCELLED).first()
        if alive is not None:
            return alive
        exchange = Exchange(
            id=new_id(),
            return_line=line,
            variant_id=line.exchange_variant_id,
            quantity=line.quantity,
        )
        exchange.reservation = reserve(
            variant_id=line.exchange_variant_id,
            quantity=line.quantity,
            key=f"exchange:{exchange.pk}",
            about_id=line.rma_id,
            actor=actor,
        )
        exchange.save(force_insert=True)
        _record(EventKind.EXCHANGE_RESERVED, exchange, line.rma_id, actor)
    return exchange


def release_exchange(
    exchange: Exchange, rma: Return, *, units: int, actor: Actor, due_minor: int = 0
) -> Exchange:
    """Let ``units`` of the replacement be packed and free the rest; none at all cancels it.

    Called for a locked return when its goods have been accepted. While the shopper owes
    ``due_minor`` for it, it stays held and a person is asked to collect that.
    """
    with action_transaction():
        if units == 0:
            return cancel_exchange(exchange.pk, actor=actor)
        if exchange.status != Status.RESERVED or exchange.reservation_id is None:
            return exchange
        if units < exchange.quantity:
            shrink_reservation(exchange.reservation_id, units, actor=actor, about_id=rma.pk)
            exchange.quantity = units
        if due_minor:
            exchange.due_minor = due_minor
            exchange.save(update_fields=["due_minor", "quantity"])
            _ask_to_collect(exchange, rma)
            return exchange
        _release(exchange, rma, actor, ["quantity"])
    return exchange


def collect_difference(exchange_id: UUID, *, actor: Actor) -> Exchange:
    """Note that the shopper has paid what a dearer replacement costs more, and release it, once.

    Raises InvalidTransition while nothing is to pay: the goods have to be accepted first.
    """
    with action_transaction():
        rma, exchange = _locked(exchange_id)
        if exchange.collected_at is not None:
            return exchange
        if exchange.status != Status.RESERVED or not exchange.due_minor:
            raise InvalidTransition(
                "Nothing is to pay for this replacement. Reload the page to see where it stands."
            )
        exchange.collected_at, exchange.collected_by = now(), actor.name[:120]
        _release(exchange, rma, actor, ["collected_at", "collected_by"])
        _end_collecting(exchange, actor, "Collected")
        refresh_stage(rma)
    return exchange


def _release(exchange: Exchange, rma: Return, actor: Actor, changed: Sequence[str]) -> None:
    if exchange.reservation_id is not None:
        release_reservation(exchange.reservation_id, actor=actor)
    exchange.status = Status.RELEASED
    exchange.released_at = now()
    exchange.save(update_fields=["status", "released_at", *changed])
    _record(EventKind.EXCHANGE_RELEASED, exchange, rma.pk, actor)


def _end_collecting(exchange: Exchange, actor: Actor, note: str) -> None:
    asked = StaffTask.objects.filter(key=_due_key(exchange), status=StaffTask.Status.OPEN)
    for task in asked:
        close_task(task.pk, actor=actor, note=note)


def _due_key(exchange: Exchange) -> str:
    return f"exchange_due:{exchange.pk}"


def _ask_to_collect(exchange: Exchange, rma: Return) -> None:
    amount = format_money(Money(exchange.due_minor, rma.currency))
    open_task(
        kind="collect_difference",
        key=_due_key(exchange),
        subject_kind="exchange",
        subject_id=exchange.pk,
        about_id=rma.pk,
        title=f"{rma.number}: collect {amount} for the replacement",
        detail=(
            f"The goods are accepted and the replacement costs {amount} more, tax included. "
            "Collect it from the shopper, then mark it as collected under Exchanges. Until then "
            "the replacement is held."
        ),
    )


def ship_exchange(exchange_id: UUID, *, actor: Actor, tracking_code: str) -> Exchange:
    """Book a released replacement as sent; the last one of a return settles the exchange."""
    with action_transaction():
        rma, exchange = _locked(exchange_id)
        if exchange.status == Status.SHIPPED:
            return exchange
        if exchange.status != Status.RELEASED or exchange.reservation_id is None:
            raise InvalidTransition(
                f"This replacement is {exchange.status}. It can be sent once the returned goods "
                "were accepted."
            )
        ship_reservation(exchange.reservation_id, actor=actor, about_id=rma.pk)
        exchange.status = Status.SHIPPED
        exchange.tracking_code = tracking_code.strip()[:80]
        exchange.shipped_at = now()
        exchange.save(update_fields=["status", "tracking_code", "shipped_at"])
        count_kept(exchange)
        _record(EventKind.EXCHANGE_SHIPPED, exchange, rma.pk, actor)
        _settle_exchanges(rma)
        facts = stage_facts(rma)
        close_if_settled(rma, facts)
        refresh_stage(rma, facts)
    return exchange


def cancel_exchange(exchange_id: UUID, *, actor: Actor, paid_instead: bool = False) -> Exchange:
    """Put a held replacement back on sale, once. One that was released can not be cancelled.

    Neither can one that is owed for accepted goods, unless they are ``paid_instead``.
    """
    with action_transaction():
        rma, exchange = _locked(exchange_id)
        if exchange.status == Status.CANCELLED:
            return exchange
        if exchange.status != Status.RESERVED:
            raise InvalidTransition("This replacement is packed or sent, so it can't be cancelled.")
        if exchange.due_minor and not paid_instead:
            raise InvalidTransition(
                "The goods for this replacement are accepted. Refund them or give credit instead."
            )
        if exchange.reservation_id is not None:
            cancel_reservation(exchange.reservation_id, actor=actor, about_id=rma.pk)
        exchange.status = Status.CANCELLED
        exchange.save(update_fields=["status"])
        if exchange.due_minor:
            _end_collecting(exchange, actor, "Given up")
        _record(EventKind.EXCHANGE_CANCELLED, exchange, rma.pk, actor)
    return exchange


def _settle_exchanges(rma: Return) -> None:
    waiting = Exchange.objects.filter(
        return_line__rma=rma, status__in=[Status.RESERVED, Status.RELEASED]
    )
    if waiting.exists():
        return
    owed = Resolution.objects.filter(rma=rma, kind__in=SENT).exclude(
        status=ResolutionStatus.CANCELLED
    )
    for resolution in owed:
        settle_resolution(resolution)


def _locked(exchange_id: UUID) -> tuple[Return, Exchange]:
    rma_id = (
        Exchange.objects.filter(pk=exchange_id)
        .values_list("return_line__rma_id", flat=True)
        .first()
    )
    if rma_id is None:
        raise NotFound("This replacement does not exist. Reload the page.")
    rma = lock_return(rma_id)
    rows = Exchange.objects.select_related("variant", "return_line__order_line__variant")
    return rma, rows.select_for_update(of=("self",)).get(pk=exchange_id)


def _record(kind: EventKind, exchange: Exchange, rma_id: UUID, actor: Actor) -> None:
    record_event(
        kind,
        subject_kind="exchange",
        subject_id=exchange.pk,
        about_id=rma_id,
        actor=actor,
        variant=str(exchange.variant_id),
        quantity=exchange.quantity,
    )
