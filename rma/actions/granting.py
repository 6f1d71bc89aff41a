"""Paying, after an appeal was granted, for units that the bench had refused."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db.models import F

from refunds.locks import lock_payments
from returns_portal.activity.record import recorded_together
from returns_portal.commerce.selectors import load_for_return
from returns_portal.core.actor import Actor
from returns_portal.core.db import action_transaction
from rma.actions.closing import close_if_settled, open_again
from rma.actions.exchange import release_exchange, reserve_exchange
from rma.actions.overpaid import paid_units
from rma.actions.previewing import More, preview_of
from rma.actions.promises import settle_promise
from rma.actions.resolution import owe, record_committed, settle_when_complete
from rma.actions.settle_tasks import close_settle_task
from rma.goods import LineGoods, standing_of
from rma.models import Appeal, Inspection, Repair, Resolution, Return
from rma.stages import refresh_stage
from rma.states import SENT, ResolutionKind


def accept_refused(rma: Return) -> int:
    """Accept every unit of a locked return that the bench had refused; return how many.

    What the bench found and said stays in the events; only whether it is paid for changes.
    """
    refused = Inspection.objects.filter(
        rma=rma, return_line__isnull=False, is_accepted=False, inspected_at__isnull=False
    )
    return refused.update(is_accepted=True, version=F("version") + 1)


def pay_granted(rma: Return, appeal: Appeal, *, actor: Actor) -> list[Resolution]:
    """Settle what a locked return owes since ``appeal`` was granted; return what was settled now.

    A return that waits to be settled is settled as a whole. One that was settled is opened again
    for the units accepted since, and pays for no unit twice. Raises DomainError for what can't be
    paid so.
    """
    with action_transaction(), recorded_together():
        standing = standing_of(rma)
        if not standing.is_settled and rma.closed_at is None:
            made = settle_when_complete(rma, standing)
            if made:
                close_settle_task(rma, actor)
            facts = standing.owing(made).facts
            close_if_settled(rma, facts)
            refresh_stage(rma, facts)
            return made
        due = _due(standing.goods, paid_units(rma))
        if not due:
            return []
        open_again(rma)
        made = _owe_more(rma, standing.goods, due, appeal, actor)
        facts = standing.owing(made).facts
        settle_promise(rma, facts.resolutions)
        close_if_settled(rma, facts)
        refresh_stage(rma, facts)
        return made


def _due(goods: tuple[LineGoods, ...], paid: Mapping[str, int]) -> dict[UUID, int]:
    """Return the units of each line that are accepted and nobody has paid for."""
    due = {one.line.pk: one.accepted - paid.get(str(one.line.pk), 0) for one in goods}
    return {line_id: units for line_id, units in due.items() if units > 0}


def _owe_more(
    rma: Return,
    goods: tuple[LineGoods, ...],
    due: Mapping[UUID, int],
    appeal: Appeal,
    actor: Actor,
) -> list[Resolution]:
    payments = lock_payments(rma.order_id)
    order = load_for_return(rma.order, payments=payments)
    order.merchant = rma.merchant
    preview = preview_of(rma, goods, order, more=More(due, paid_units(rma)))
    made = owe(rma, preview, (order, payments), actor, appeal=appeal)
    dues = preview.quote.dues if preview.quote is not None else {}
    for one in goods:
        units, line = due.get(one.line.pk, 0), one.line
        if units and line.wanted in SENT:
            exchange = reserve_exchange(line, actor=actor)
            owed = dues.get((line.order_line_id, line.reason), 0)
            release_exchange(exchange, rma, units=units, due_minor=owed, actor=actor)
        elif units and line.wanted == ResolutionKind.REPAIR:
            Repair.objects.create(return_line=line, quantity=units)
    record_committed(
        rma,
        made,
        actor,
        accepted=sum(due.values()),
        rejected=0,
        missing=0,
        note="after an objection",
    )
    return made
