"""Settling a return by what was accepted: preview and commit are one calculation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from refunds.actions.request import request_refund
from refunds.actions.store_credit import issue_credit
from refunds.locks import lock_payments
from refunds.models import Refund
from returns_portal.activity.kinds import EventKind
from returns_portal.activity.models import StaffTask
from returns_portal.activity.record import record_event, recorded_together
from returns_portal.activity.staff_tasks import close_task, open_task
from returns_portal.commerce.counters import release_units
from returns_portal.commerce.models import Order, Payment
from returns_portal.commerce.selectors import load_for_return, order_for_return
from returns_portal.core.actor import SYSTEM, Actor
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction, attempt
from returns_portal.core.errors import Conflict, DomainError, InvalidTransition, NotFound
from returns_portal.core.ids import new_id
from returns_portal.core.money import Money
from rma.actions.closing import close
from rma.actions.exchange import release_exchange
from rma.actions.opening import claimed_units
from rma.actions.promises import settle_promise
from rma.goods import LineGoods, Standing, goods_of, standing_of
from rma.locks import lock_return
from rma.models import Exchange, Resolution, Return, ReturnLine
from rma.policy.live import terms_of_return
from rma.quoting import Quote, QuoteLine, quote_return
from rma.selectors import label_cost_of
from rma.stages import refresh_stage
from rma.states import ResolutionKind, ResolutionStatus, ReturnStatus

Kind = ResolutionKind


@dataclass(frozen=True, slots=True)
class Preview:
    """What settling the return now would pay, and what stands in the way of doing so.

    ``quote`` is None when nothing was accepted. ``missing`` counts units that did not come.
    """

    currency: str
    goods: tuple[LineGoods, ...]
    quote: Quote | None
    blocker: str

    @property
    def refund(self) -> Money:
        return self.quote.refund if self.quote else Money.zero(self.currency)

    @property
    def store_credit(self) -> Money:
        return self.quote.store_credit if self.quote else Money.zero(self.currency)

    @property
    def bonus(self) -> Money:
        return self.quote.bonus if self.quote else Money.zero(self.currency)

    @property
    def fee(self) -> Money:
        return self.quote.fee if self.quote else Money.zero(self.currency)

    @property
    def exchanged(self) -> int:
        return sum(one.accepted for one in self.goods if one.line.wanted == Kind.EXCHANGE)

    @property
    def accepted(self) -> int:
        return sum(one.accepted for one in self.goods)

    @property
    def rejected(self) -> int:
        return sum(one.rejected for one in self.goods)

    @property
    def missing(self) -> int:
        return sum(one.missing for one in self.goods)

    @property
    def needs_person(self) -> bool:
        """Everything asked for came and was accepted: only then it is settled by itself."""
        return bool(self.rejected or self.missing)


def preview_resolution(rma_id: UUID) -> Preview:
    """Return what :func:`commit_resolution` would do now, without doing it."""
    with action_transaction():
        rma = Return.objects.filter(pk=rma_id).first()
        if rma is None:
            raise NotFound("This return does not exist. Search for its number.")
        return _preview(rma, goods_of(rma_id), order_for_return(rma.order_id))


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
        _ask_person(rma, "A unit came after the return was settled. Pay it by hand if it is owed.")
        return []
    if rma.status != ReturnStatus.OPEN or any(one.pending or one.awaited for one in goods):
        return []
    if any(one.rejected or one.short for one in goods):
        _ask_person(rma, "Units were missing or not accepted. Check the money, then settle it.")
        return []
    try:
        with attempt():
            return settle(rma, standing, actor=SYSTEM)
    except DomainError as refusal:
        _ask_person(rma, refusal.message)
        return []


def settle(rma: Return, standing: Standing, *, actor: Actor) -> list[Resolution]:
    """Write and set in motion what a locked, unsettled return owes; close it if nothing is open.

    A caller whose return stays open refreshes the stage.
    """
    goods = standing.goods
    if rma.status != ReturnStatus.OPEN:
        raise InvalidTransition(
            f"This return is {rma.status.replace('_', ' ')}, so it can't be settled."
        )
    payments = lock_payments(rma.order_id)
    order = load_for_return(rma.order, payments=payments)
    order.merchant = rma.merchant
    preview = _preview(rma, goods, order)
    if preview.blocker:
        raise Conflict(preview.blocker, code="not_ready")
    resolutions = _resolutions(rma, preview, actor)
    for resolution in resolutions:
        _set_in_motion(rma, (order, payments), resolution, actor)
    Resolution.objects.bulk_create(resolutions)
    _settle_exchanges(rma, goods, actor)
    _decide_lines(goods)
    _record(rma, preview, resolutions, actor)
    if preview.needs_person or actor is not SYSTEM:
        _close_task(rma, actor)
    settle_promise(rma, standing.owing(resolutions).facts.resolutions)
    if all(one.status == ResolutionStatus.SETTLED for one in resolutions):
        outcome = "settled" if resolutions else "not_accepted"
        close(rma, standing.owing(resolutions).facts, outcome=outcome)
    return resolutions


def _preview(rma: Return, goods: Sequence[LineGoods], order: Order) -> Preview:
    policy, restocking = terms_of_return(rma)
    accepted = [
        QuoteLine(
            order_line_id=one.line.order_line_id,
            quantity=one.accepted,
            reason=one.line.reason,
            wanted=one.line.wanted,
            restocking_bp=restocking.get((str(one.line.order_line_id), one.line.reason)),
        )
        for one in goods
        if one.accepted
    ]
    quote = None
    if accepted:
        settled = any(one.is_settled for one in goods)
        quote = quote_return(
            order,
            accepted,
            policy,
            method=rma.method,
            label_cost=label_cost_of(rma.pk) if policy.fee.label_cost else None,
            own_units=None if settled else claimed_units(one.line for one in goods),
        )
    return Preview(rma.currency, tuple(goods), quote, _blocker(goods))


def _blocker(goods: Sequence[LineGoods]) -> str:
    pending = sum(one.pending for one in goods)
    if pending:
        return f"{pending} units wait at the bench. Inspect them first."
    if not any(one.accepted or one.rejected for one in goods):
        return "Nothing has been received yet. Receive the parcel first."
    return ""


def _resolutions(rma: Return, preview: Preview, actor: Actor) -> list[Resolution]:
    amounts = {Kind.REFUND: preview.refund, Kind.STORE_CREDIT: preview.store_credit}
    made = []
    for kind in Kind:
        units = {
            str(one.line.pk): one.accepted
            for one in preview.goods
            if one.line.wanted == kind and one.accepted
        }
        if not units or preview.quote is None:
            continue
        made.append(
            Resolution(
                id=new_id(),
                rma=rma,
                kind=kind,
                amount_minor=amounts[kind].minor if kind in amounts else 0,
                bonus_minor=preview.bonus.minor if kind == Kind.STORE_CREDIT else 0,
                currency=rma.currency,
                units=units,
                breakdown=preview.quote.breakdown(kind),
                decided_by=actor.name[:120],
            )
        )
    return made


def _set_in_motion(
    rma: Return, locked: tuple[Order, Sequence[Payment]], resolution: Resolution, actor: Actor
) -> None:
    """Ask for the money. An amount that fees have used up is settled as it is."""
    if resolution.kind == Kind.EXCHANGE:
        resolution.status = ResolutionStatus.EXECUTING
    elif not resolution.amount_minor:
        _settled(resolution)
    elif resolution.kind == Kind.REFUND:
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
    if order.customer_id is None:
        raise DomainError(
            "This order has no customer to keep a credit for. Refund the original payment instead.",
            code="no_customer",
        )
    resolution.credit_entry = issue_credit(
        customer_id=order.customer_id,
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


def _settle_exchanges(rma: Return, goods: Sequence[LineGoods], actor: Actor) -> None:
    """Release each replacement for as many units as were accepted, and free the others."""
    accepted = {one.line.pk: one.accepted for one in goods if one.line.wanted == Kind.EXCHANGE}
    if not accepted:
        return
    held = Exchange.objects.select_for_update(of=("self",)).filter(
        return_line_id__in=list(accepted), status=Exchange.Status.RESERVED
    )
    for exchange in held.order_by("variant_id", "pk"):
        release_exchange(exchange, rma, units=accepted[exchange.return_line_id], actor=actor)


def _decide_lines(goods: Sequence[LineGoods]) -> None:
    """Keep which lines were accepted, and give back the claim on units that never came."""
    missing: dict[UUID, int] = {}
    for one in goods:
        one.line.is_accepted = one.accepted > 0
        gone = max(one.missing - one.line.released_quantity, 0)
        if gone:
            one.line.released_quantity += gone
            order_line_id = one.line.order_line_id
            missing[order_line_id] = missing.get(order_line_id, 0) + gone
    ReturnLine.objects.bulk_update(
        [one.line for one in goods], ["is_accepted", "released_quantity"]
    )
    if missing:
        release_units(missing)


def _record(rma: Return, preview: Preview, resolutions: Sequence[Resolution], actor: Actor) -> None:
    record_event(
        EventKind.RESOLUTION_COMMITTED,
        subject_kind="return",
        subject_id=rma.pk,
        about_id=rma.pk,
        actor=actor,
        amounts={one.kind: one.amount_minor for one in resolutions},
        currency=rma.currency,
        accepted=preview.accepted,
        rejected=preview.rejected,
        missing=preview.missing,
    )


def _task_key(rma: Return) -> str:
    return f"settle:{rma.pk}"


def _ask_person(rma: Return, why: str) -> None:
    open_task(
        kind="settle_return",
        key=_task_key(rma),
        subject_kind="return",
        subject_id=rma.pk,
        about_id=rma.pk,
        title=f"{rma.number} is inspected and waits to be settled",
        detail=why,
    )


def _close_task(rma: Return, actor: Actor) -> None:
    task = StaffTask.objects.filter(key=_task_key(rma), status=StaffTask.Status.OPEN).first()
    if task is not None:
        close_task(task.pk, actor=actor, note="Settled")
