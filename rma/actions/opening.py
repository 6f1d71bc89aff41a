"""What opening a return sets in motion, and what closing it without goods takes back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F

from returns_portal.commerce.counters import release_units
from returns_portal.core.actor import Actor
from rma.actions.exchange import cancel_exchange, reserve_exchange
from rma.actions.promises import moment_of_money
from rma.actions.shipping import cancel_label, plan_label
from rma.models import Exchange, Return, ReturnLine
from rma.policy.days import end_of_day, local_day
from rma.policy.document import Policy
from rma.policy.reminders import next_reminder
from rma.policy.withdrawal_law import DAYS
from rma.states import SENT, ReturnStatus, nothing_is_sent


def mark_open(
    rma: Return,
    policy: Policy,
    time_zone: str,
    moment: datetime,
    *,
    decided_by: str,
    wanted: Iterable[str] = (),
) -> None:
    """Set the fields of an approved return: who decided, send by when, refunded by when.

    The date promised is the last one: sent on the last day, plus the days the policy allows for
    the refund, unless it is paid at approval. It moves forward when the parcel arrives. Where of
    the lines' ``wanted`` outcomes none sends goods back, nothing runs out and the days count from
    today. Saves nothing.
    """
    today = local_day(moment, time_zone)
    is_kept = nothing_is_sent(wanted)
    last_day = today if is_kept else today + timedelta(days=policy.send_within_days)
    rma.status = ReturnStatus.OPEN
    rma.decided_at, rma.decided_by = moment, decided_by[:120]
    rma.expires_at = None if is_kept else end_of_day(last_day, time_zone)
    start = today if moment_of_money(rma) == "approval" else last_day
    rma.refund_promised_on = start + timedelta(days=policy.refund_days)
    rma.due_at = None
    rma.review_reason = ""
    plan_reminder(rma, policy, time_zone, moment)


def plan_reminder(rma: Return, policy: Policy, time_zone: str, moment: datetime) -> None:
    """Set when the shopper is first reminded after ``moment``, by the day it runs out.

    Saves nothing.
    """
    days = policy.remind_before_days
    rma.remind_at = next_reminder(days, rma.expires_at, time_zone, moment)


def hold_to_law(rma: Return, time_zone: str, declared_at: datetime) -> None:
    """Date an open return that withdraws from a contract: what policy grants beyond it stays.

    The money is promised within 14 days of the statement, and there are 14 days or more to send
    the goods (Articles 13(1) and 14(1) of Directive 2011/83/EU). Saves nothing.
    """
    if rma.expires_at is None or rma.refund_promised_on is None:
        return
    last = local_day(declared_at, time_zone) + timedelta(days=DAYS)
    rma.expires_at = max(rma.expires_at, end_of_day(last, time_zone))
    rma.refund_promised_on = min(rma.refund_promised_on, last)


def start_return(
    rma: Return, lines: Sequence[ReturnLine], *, actor: Actor, is_new: bool = False
) -> None:
    """Hold the replacements and plan the label of a return that was just opened.

    ``is_new`` says that the return was made in this transaction and has no parcel yet. Raises
    Conflict when a replacement sold out.
    """
    hold_replacements(lines, actor=actor)
    is_kept = nothing_is_sent(line.wanted for line in lines)
    if rma.method == Return.Method.LABEL and not is_kept:
        plan_label(rma, actor=actor, is_new=is_new)


def hold_replacements(lines: Sequence[ReturnLine], *, actor: Actor) -> None:
    """Hold what lines of a locked return are exchanged for; Conflict when it sold out.

    In one order whoever opens, so that two returns never wait for each other's replacement.
    """
    for line in sorted(lines, key=lambda one: str(one.exchange_variant_id)):
        if line.wanted in SENT and line.is_accepted is not False:
            reserve_exchange(line, actor=actor)


def give_back(rma: Return, *, actor: Actor) -> None:
    """Release every unit a locked return holds, once, with its replacements and its label."""
    lines = list(rma.lines.order_by("order_line_id"))
    units = claimed_units(lines)
    if units:
        release_units(units)
        ReturnLine.objects.filter(rma=rma).update(released_quantity=F("quantity"))
    for exchange_id in _held_exchanges(lines):
        cancel_exchange(exchange_id, actor=actor)
    cancel_label(rma.pk, actor=actor)


def claimed_units(lines: Iterable[ReturnLine]) -> dict[UUID, int]:
    """Return the units of each order line that these return lines hold."""
    units: dict[UUID, int] = {}
    for line in lines:
        held = line.quantity - line.released_quantity
        if held:
            units[line.order_line_id] = units.get(line.order_line_id, 0) + held
    return units


def _held_exchanges(lines: Sequence[ReturnLine]) -> list[UUID]:
    wanted = [line.pk for line in lines if line.wanted in SENT]
    if not wanted:
        return []
    held = Exchange.objects.filter(return_line_id__in=wanted, status=Exchange.Status.RESERVED)
    return list(held.values_list("pk", flat=True))
