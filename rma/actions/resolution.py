"""Settling a return by what was accepted: preview and commit are one calculation."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from refunds.actions.request import request_refund
from refunds.actions.store_credit import issue_credit
from refunds.locks import lock_payments
from refunds.models import Refund
from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import record_event, recorded_together
from returns_portal.commerce.counters import release_units
from returns_portal.commerce.models import Order, Payment
from returns_portal.commerce.selectors import load_for_return, order_for_return
from returns_portal.core.actor import SYSTEM, Actor
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction, attempt
from returns_portal.core.errors import Conflict, DomainError, InvalidTransition, NotFound
from returns_portal.core.ids import new_id
from rma.actions.closing import close
from rma.actions.exchange import release_exchange
from rma.actions.overpaid import is_paid_already, note_paid_early
from rma.actions.previewing import Preview, preview_of
from rma.actions.promises import settle_promise
from rma.actions.settle_tasks import ask_to_settle, close_settle_task
from rma.goods import LineGoods, Standing, goods_of, standing_of
from rma.locks import lock_return
from rma.models import Appeal, Exchange, Repair, Resolution, Return, ReturnLine
from rma.quoting import Quote
from rma.stages import refresh_stage
from rma.states import GOODS, REFUNDING, SENT, ResolutionKind, ResolutionStatus, ReturnStatus

Kind = ResolutionKind


def preview_resolution(rma_id: UUID) -> Preview:
    """Return what :func:`commit_resolution` would do now, without doing it."""
    with action_transaction():
        rma = Return.objects.filter(pk=rma_id).first()
        if rma is None:
            raise NotFound("This return does not exist. Search for its number.")
        return preview_of(rma, goods_of(rma_id), order_for_return(rma.order_id))


def commit_resolution(rma_id: UUID, *, actor: Actor) -> list[Resolution]:
    """Settle a return by what was accepted: pay, credit or release the replacement, once.

    Units that did not come are given back to the order. A return that was settled already answers
    with what was decided then. Raises Conflict while units wait at the bench.
    """
    with action_transaction(), recorded_together():
        rma = lock_return(rma_id)
        standing = standing_of(rma)
        if standing.is_settled:
            decided = Resolution.objects.filter(rma=rma)
            return list(decided.exclude(status=ResolutionStatus.CANCELLED))
        resolutions = settle(rma, standing, actor=actor)
        refresh_stage(rma, standing.owing(resolutions).facts)
    return resolutions


def settle_when_complete(rma: Return, standing: Standing) -> list[Resolution]:
    """After an inspection: settle a locked return by itself, or put it before a person.

    Returns what was settled now. Nothing happens while units are awaited or lie on the bench. What
    comes after a return was settled is paid by nobody but a person.
    """
    goods = standing.goods
    if standing.is_settled:
        if not is_paid_already(rma, goods):
            ask_to_settle(rma, "A unit came after the return was settled. Pay it by hand if owed.")
        return []
    if rma.status != ReturnStatus.OPEN or any(one.pending or one.awaited for one in goods):
        return []
    if rma.part_settled:
        note_paid_early(rma, goods)
    left = [one for one in goods if not one.is_settled]
    if any(one.rejected or one.short for one in left):
        ask_to_settle(rma, "Units were missing or not accepted. Check the money, then settle it.")
        return []
    if any(rma.processing.get(one.line.wanted) == "hand" for one in left):
        ask_to_settle(rma, "The policy has this paid by hand. Check the money, then settle it.")
        return []
    try:
        with attempt():
            return settle(rma, standing, actor=SYSTEM)
    except DomainError as refusal:
        ask_to_settle(rma, refusal.message)
        return []


def settle(
    rma: Return, standing: Standing, *, actor: Actor, ahead: frozenset[str] | None = None
) -> list[Resolution]:
    """Write and set in motion what a locked, unsettled return owes; close it if nothing is open.

    ``ahead`` of the goods, only the outcomes of these kinds are, for the units approved, and the
    return stays open. A caller whose return stays open refreshes the stage.
    """
    goods = standing.goods
    if rma.status != ReturnStatus.OPEN:
        raise InvalidTransition(
            f"This return is {rma.status.replace('_', ' ')}, so it can't be settled."
        )
    payments = lock_payments(rma.order_id)
    order = load_for_return(rma.order, payments=payments)
    order.merchant = rma.merchant
    preview = preview_of(rma, goods, order, ahead=ahead)
    if preview.blocker:
        raise Conflict(preview.blocker, code="not_ready")
    resolutions = owe(rma, preview, (order, payments), actor)
    if preview.kinds & set(SENT):
        _settle_exchanges(rma, preview, actor)
    Repair.objects.bulk_create(
        Repair(return_line=one.line, quantity=preview.units[one.line.pk])
        for one in goods
        if one.line.wanted == Kind.REPAIR and preview.units[one.line.pk]
    )
    was_ahead, rma.part_settled = rma.part_settled, ahead is not None
    if was_ahead != rma.part_settled:
        rma.save(update_fields=["part_settled"])
    if ahead is None:
        _decide_lines(goods)
    _record(rma, preview, resolutions, actor, is_ahead=ahead is not None)
    if preview.needs_person or actor is not SYSTEM:
        close_settle_task(rma, actor)
    facts = standing.owing(resolutions).facts
    settle_promise(rma, facts.resolutions)
    owed = [one.status for one in facts.resolutions if one.status != ResolutionStatus.CANCELLED]
    if ahead is None and all(status == ResolutionStatus.SETTLED for status in owed):
        close(rma, facts, outcome="settled" if owed else "not_accepted")
    return resolutions


def owe(
    rma: Return,
    preview: Preview,
    locked: tuple[Order, Sequence[Payment]],
    actor: Actor,
    *,
    appeal: Appeal | None = None,
) -> list[Resolution]:
    """Write what a locked return owes by ``preview`` and ask for its money.

    ``locked`` are its order and the order's payments. Replacements are for the caller to release.
    """
    resolutions = _resolutions(rma, preview, actor)
    for resolution in resolutions:
        resolution.appeal = appeal
        set_in_motion(rma, locked, resolution, actor)
    Resolution.objects.bulk_create(resolutions)
    return resolutions


def _resolutions(rma: Return, preview: Preview, actor: Actor) -> list[Resolution]:
    made = []
    for kind in Kind:
        units = {
            str(one.line.pk): preview.units[one.line.pk]
            for one in preview.goods
            if one.line.wanted == kind and preview.units[one.line.pk]
        }
        # What a cheaper replacement leaves over is paid without settling a unit of its own.
        due = preview.quote is not None and (units or kind in preview.quote.breakdowns)
        if not due or preview.quote is None or kind not in preview.kinds:
            continue
        made.append(new_resolution(rma, kind, preview.quote, units, actor))
    return made


def new_resolution(
    rma: Return, kind: Kind, quote: Quote, units: dict[str, int], actor: Actor
) -> Resolution:
    """Return, unsaved, what a return owes of one kind by ``quote`` for ``units`` by line id."""
    return Resolution(
        id=new_id(),
        rma=rma,
        kind=kind,
        amount_minor=quote.paid_minor(kind),
        bonus_minor=quote.bonus.minor if kind == Kind.STORE_CREDIT else 0,
        currency=rma.currency,
        units=units,
        breakdown=quote.breakdown(kind),
        decided_by=actor.name[:120],
    )


def record_committed(
    rma: Return, resolutions: Sequence[Resolution], actor: Actor, **facts: object
) -> None:
    """Record RESOLUTION_COMMITTED with the amounts in minor units by kind, and ``facts``."""
    record_event(
        EventKind.RESOLUTION_COMMITTED,
        subject_kind="return",
        subject_id=rma.pk,
        about_id=rma.pk,
        actor=actor,
        amounts={one.kind: one.amount_minor for one in resolutions},
        currency=rma.currency,
        **facts,
    )


def set_in_motion(
    rma: Return, locked: tuple[Order, Sequence[Payment]], resolution: Resolution, actor: Actor
) -> None:
    """Ask for the money. An amount that fees have used up is settled as it is."""
    if resolution.kind in GOODS:
        resolution.status = ResolutionStatus.EXECUTING
    elif not resolution.amount_minor:
        _settled(resolution)
    elif resolution.kind in REFUNDING:
        resolution.refund = request_refund(
            order_id=rma.order_id,
            key=f"resolution:{resolution.pk}",
            amount=resolution.amount,
            breakdown=resolution.breakdown,
            about_id=rma.pk,
            reason="return",
            actor=actor,
            promised_on=rma.refund_promised_on,
            locked=locked,
            is_new=True,
        )
        # Until a second person has agreed it is decided, but not under way.
        if resolution.refund.status != Refund.Status.REQUESTED:
            resolution.status = ResolutionStatus.EXECUTING
    else:
        _credit(rma, locked[0], resolution, actor)


def _credit(rma: Return, order: Order, resolution: Resolution, actor: Actor) -> None:
    customer_id = rma.receiver_id or order.customer_id
    if customer_id is None:
        raise DomainError(
            "This order has no customer to keep a credit for. Refund the original payment instead.",
            code="no_customer",
        )
    resolution.credit_entry = issue_credit(
        customer_id=customer_id,
        amount=resolution.amount,
        key=f"resolution:{resolution.pk}",
        about_id=rma.pk,
        actor=actor,
        breakdown=resolution.breakdown,
        bonus=resolution.bonus,
    )
    _settled(resolution)


def _settled(resolution: Resolution) -> None:
    resolution.status = ResolutionStatus.SETTLED
    resolution.settled_at = now()


def _settle_exchanges(rma: Return, preview: Preview, actor: Actor) -> None:
    """Release each replacement for as many units as are settled now, and free the others."""
    due_now = preview.kinds & set(SENT)
    exchanged = [one for one in preview.goods if one.line.wanted in due_now]
    lines = [one.line.pk for one in exchanged]
    if not lines:
        return
    owed = preview.quote.dues if preview.quote is not None else {}
    dues = {
        one.line.pk: owed.get((one.line.order_line_id, one.line.reason), 0) for one in exchanged
    }
    held = Exchange.objects.select_for_update(of=("self",)).filter(
        return_line_id__in=lines, status=Exchange.Status.RESERVED
    )
    for exchange in held.order_by("variant_id", "pk"):
        units = preview.units[exchange.return_line_id]
        due = dues[exchange.return_line_id]
        release_exchange(exchange, rma, units=units, due_minor=due, actor=actor)


def _decide_lines(goods: Sequence[LineGoods]) -> None:
    """Keep which lines were accepted, and give back the claim on units that never came.

    Units that were paid for ahead of the goods stay claimed: nobody is paid for them again.
    """
    missing: dict[UUID, int] = {}
    for one in goods:
        one.line.is_accepted = one.accepted > 0
        gone = max(one.missing - one.line.released_quantity, 0)
        if gone and not one.is_settled:
            one.line.released_quantity += gone
            order_line_id = one.line.order_line_id
            missing[order_line_id] = missing.get(order_line_id, 0) + gone
    ReturnLine.objects.bulk_update(
        [one.line for one in goods], ["is_accepted", "released_quantity"]
    )
    if missing:
        release_units(missing)


def _record(
    rma: Return,
    preview: Preview,
    resolutions: Sequence[Resolution],
    actor: Actor,
    *,
    is_ahead: bool,
) -> None:
    ahead = {one.kind: rma.processing.get(one.kind) for one in resolutions} if is_ahead else {}
    record_committed(
        rma,
        resolutions,
        actor,
        accepted=preview.accepted,
        rejected=preview.rejected,
        missing=0 if is_ahead else preview.missing,
        **({"ahead": ahead} if is_ahead else {}),
    )
