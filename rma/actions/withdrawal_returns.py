"""The return of what was withdrawn: by law, at the statement or when a person takes it up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from returns_portal.activity.models import StaffTask
from returns_portal.activity.staff_tasks import close_task
from returns_portal.commerce.locks import lock_order
from returns_portal.core.actor import Actor
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import Conflict, NotFound
from rma.actions.requested import RequestedLine
from rma.actions.requesting import request_return
from rma.models import Return, Withdrawal
from rma.policy.live import live_policy
from rma.policy.withdrawal_terms import REASON
from rma.states import ResolutionKind
from rma.withdrawals import operation_of

_CHECKED = "The statement of withdrawal was checked by a person."


@dataclass(frozen=True, slots=True)
class ByLaw:
    """Which statement asks for a return, as of when, and on whose behalf."""

    withdrawal_id: UUID
    declared_at: datetime
    channel: str
    actor: Actor
    locale: str


def task_key(withdrawal_id: UUID) -> str:
    """Return the key of the task that puts a statement before a person."""
    return f"withdrawal:{withdrawal_id}"


def request_by_law(
    by_law: ByLaw,
    order_id: UUID,
    units: Mapping[UUID, int],
    methods: Sequence[str],
    *,
    why: str = "",
) -> Return:
    """Ask for the return of ``units`` by order line, as the right stood when it was declared.

    Sent by label where policy offers one. ``why`` lets a member open it where the facts leave the
    right in doubt.
    """
    label = Return.Method.LABEL.value
    return request_return(
        order_id=order_id,
        lines=[
            RequestedLine(line_id, count, REASON, ResolutionKind.REFUND)
            for line_id, count in units.items()
        ],
        method=label if label in methods else methods[0],
        channel=by_law.channel,
        operation_id=operation_of(by_law.withdrawal_id),
        actor=by_law.actor,
        locale=by_law.locale,
        override_reason=why,
        by_law=by_law.declared_at,
    )


def take_up_withdrawal(
    withdrawal_id: UUID, *, order_id: UUID, units: Mapping[UUID, int], actor: Actor
) -> Return:
    """Make the return of a statement for which a person found order and items; its task is settled.

    Whether it was in time is judged by the moment of the statement. One that was taken up before
    answers with its return. Raises PolicyRefused where the right was not open then.
    """
    with action_transaction():
        lock_order(order_id)
        kept = Withdrawal.objects.filter(pk=withdrawal_id).first()
        if kept is None:
            raise NotFound("This statement isn't here. Open it from its task.")
        if kept.rma_id is not None:
            raise Conflict("This statement has its return already. Open it from the return's page.")
        by_law = ByLaw(kept.pk, kept.declared_at, Return.Channel.STAFF, actor, kept.locale)
        rma = request_by_law(by_law, order_id, units, live_policy()[1].methods, why=_CHECKED)
        open_tasks = StaffTask.objects.filter(key=task_key(kept.pk), status=StaffTask.Status.OPEN)
        for task in open_tasks:
            close_task(task.pk, actor=actor, note=f"Taken up as {rma.number}")
        return rma
