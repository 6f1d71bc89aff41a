"""Keeping count of what shoppers were promised: a refund date made, moved, kept or missed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.db.models import Exists, OuterRef

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import record_event
from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction
from rma.locks import lock_return
from rma.models import Promise, Return
from rma.policy.days import local_day
from rma.policy.model import MOMENTS
from rma.states import GOODS, ResolutionFact, ResolutionStatus, ReturnStatus

Step, Rule = Promise.Step, Promise.Rule
_DECIDED = (Step.KEPT, Step.MISSED)


def new_promise(rma: Return, step: Promise.Step, rule: Promise.Rule) -> list[Promise]:
    """Return the unsaved step of a refund date just set on ``rma``; none when no money is owed."""
    if rma.refund_promised_on is None or not rma.expected_minor:
        return []
    return [Promise(rma=rma, step=step, promised_on=rma.refund_promised_on, rule=rule)]


def moment_of_money(rma: Return) -> str:
    """Return when the last of the money of ``rma`` moves, one of ``MOMENTS``."""
    money = [one for kind, one in rma.processing.items() if kind not in GOODS]
    return max(money, key=MOMENTS.index, default="inspection")


def opening_rule(rma: Return) -> Promise.Rule:
    """Return by what the day is found when the return is opened."""
    return Rule.APPROVAL if moment_of_money(rma) == "approval" else Rule.SEND_WINDOW


def settle_promise(rma: Return, resolutions: Iterable[ResolutionFact]) -> None:
    """Decide the promise of a locked return once all its money is paid.

    Kept when that is on or before the day in the merchant's zone. Saying it twice changes nothing,
    and money that a bank sends back later does not undo it. Goods are no money.
    """
    money = [
        one
        for one in resolutions
        if one.kind not in GOODS and one.status != ResolutionStatus.CANCELLED
    ]
    owed = [one.status for one in money]
    known = {*(kind.value for kind in GOODS), *(one.kind for one in money)}
    if rma.part_settled and set(rma.processing) - known:
        return
    promised = rma.refund_promised_on
    if promised is None or not rma.expected_minor or not owed:
        return
    if any(status != ResolutionStatus.SETTLED for status in owed):
        return
    today = local_day(now(), rma.merchant.time_zone)
    if today <= promised:
        _keep([Promise(rma=rma, step=Step.KEPT, promised_on=promised, settled_on=today)])
    else:
        _pay_late(rma, promised, today)


def miss_due_promises(limit: int = 200) -> int:
    """Mark promises of the merchant in scope whose day is over unpaid; return how many.

    Only open returns owe. Each one in a transaction of its own.
    """
    with action_transaction():
        decided = Promise.objects.filter(rma=OuterRef("pk"), step__in=_DECIDED)
        due = list(
            Return.objects.filter(
                ~Exists(decided),
                status=ReturnStatus.OPEN,
                # In UTC, to use the index; each one is measured in its merchant's zone below.
                refund_promised_on__lt=now().date(),
                expected_minor__gt=0,
            )
            .order_by("refund_promised_on", "pk")
            .values_list("pk", flat=True)[:limit]
        )
    return sum(_miss(rma_id) for rma_id in due)


def _miss(rma_id: UUID) -> bool:
    with action_transaction():
        rma = lock_return(rma_id)
        promised = rma.refund_promised_on
        is_over = promised is not None and promised < local_day(now(), rma.merchant.time_zone)
        if promised is None or not is_over or rma.status != ReturnStatus.OPEN:
            return False
        if Promise.objects.filter(rma=rma, step__in=_DECIDED).exists():
            return False
        _keep([_missed(rma, promised)])
        record_event(
            EventKind.PROMISE_MISSED,
            subject_kind="return",
            subject_id=rma.pk,
            about_id=rma.pk,
            actor=SYSTEM,
            number=rma.number,
            promised_on=promised.isoformat(),
            stage=rma.stage,
        )
        return True


def _pay_late(rma: Return, promised: date, today: date) -> None:
    """The sweep may not have been here yet; a promise that was kept once stays kept."""
    if Promise.objects.filter(rma=rma, step=Step.KEPT).exists():
        return
    paid = Promise(rma=rma, step=Step.PAID_LATE, promised_on=promised, settled_on=today)
    _keep([_missed(rma, promised), paid])


def _missed(rma: Return, promised: date) -> Promise:
    return Promise(rma=rma, step=Step.MISSED, promised_on=promised, stage=rma.stage)


def _keep(steps: list[Promise]) -> None:
    Promise.objects.bulk_create(steps, ignore_conflicts=True)
