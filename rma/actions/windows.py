"""Windows of one order: what its lines were sold with, kept once, and days that a person grants."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import record_event
from returns_portal.commerce.locks import lock_order
from returns_portal.commerce.models import Order, OrderLine
from returns_portal.commerce.selectors import order_for_return
from returns_portal.core.actor import Actor
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import Conflict, InvalidInput, NotFound
from returns_portal.core.words import dated
from rma.actions.notes import checked
from rma.models import GrantedWindow, PolicyVersion, PromisedWindow
from rma.policy.days import local_day
from rma.policy.facts import build
from rma.policy.live import live_policy, policy_of
from rma.policy.promising import promised_windows
from rma.policy.tailoring import Beforehand
from rma.policy.types import to_json
from rma.policy.windows import opening_of
from rma.windows import NOTHING_KEPT, grants_of, standing_grants

Status = PolicyVersion.Status
MAX_REASON = 300
FURTHEST = timedelta(days=2 * 366)


def keep_promised_windows(order_id: UUID) -> int:
    """Keep the window of each line of the order that has none yet; return how many were kept.

    It is that of the version in force when the order was placed, else when it was first mirrored;
    with no version published by then nothing was promised. What is kept stays, so this may run
    again for lines that were added.
    """
    with action_transaction():
        missing = OrderLine.objects.filter(order_id=order_id, is_removed=False).exclude(
            pk__in=PromisedWindow.objects.values("order_line_id")
        )
        keys = {str(pk): pk for pk in missing.values_list("pk", flat=True)}
        if not keys:
            return 0
        order = order_for_return(order_id)
        version_id, moment = _in_force(order)
        if version_id is None:
            return 0
        policy, zone = policy_of(version_id), order.merchant.time_zone
        facts = build(order, moment, policy=policy, time_zone=zone, windows=NOTHING_KEPT)
        promised = promised_windows(policy, facts, local_day(moment, zone))
        kept = [
            PromisedWindow(
                order_line_id=keys[key], policy_version_id=version_id, terms=to_json(terms)
            )
            for key, terms in promised.items()
            if key in keys
        ]
        # Of two workers at once the second finds each line kept already.
        PromisedWindow.objects.bulk_create(kept, ignore_conflicts=True)
        return len(kept)


def _in_force(order: Order) -> tuple[UUID | None, datetime]:
    """Return the version the order was bought under and since when it counts for it."""
    for moment in (order.placed_at, order.imported_at):
        published = PolicyVersion.objects.filter(
            status__in=[Status.LIVE, Status.RETIRED], published_at__lte=moment
        )
        newest = published.order_by("-published_at", "-number")
        version_id = newest.values_list("pk", flat=True).first()
        if version_id is not None:
            return version_id, moment
    return None, order.placed_at


def grant_window(
    order_id: UUID,
    *,
    until: date,
    reason: str,
    actor: Actor,
    operation_id: str,
    line_id: UUID | None = None,
    seen: Collection[UUID] | None = None,
) -> GrantedWindow:
    """Give an order, or its line ``line_id``, the later last day ``until``; it replaces another.

    ``seen`` are the granted days that whoever decides was shown. Equal ``operation_id`` finds the
    first one again. Raises Conflict when others stand by now, InvalidInput for a day that is over,
    lies more than two years ahead or gives nothing, for a missing reason and for a line that is not
    in the order; NotFound for an unknown order.
    """
    text = checked(reason, field="reason", longest=MAX_REASON)
    with action_transaction():
        order = lock_order(order_id)
        earlier = GrantedWindow.objects.filter(operation_id=operation_id).first()
        if earlier is not None:
            return _same_order(earlier, order)
        standing = list(standing_grants(order_id))
        _refuse_stale(standing, seen)
        _check_day(until, order.merchant.time_zone)
        replaced = [one for one in standing if one.order_line_id == line_id]
        _check_longer(order, line_id, until, replaced)
        for one in replaced:
            _withdraw(one, actor)
        grant = GrantedWindow(
            order=order,
            order_line_id=line_id,
            until=until,
            reason=text,
            granted_by=actor.name[:120],
            operation_id=operation_id,
        )
        grant.save(force_insert=True)
        _record(EventKind.WINDOW_GRANTED, grant, order, actor)
        return grant


def withdraw_window(order_id: UUID, grant_id: UUID, *, actor: Actor) -> GrantedWindow:
    """Take a granted day back; one that was taken back already stays as it is. Raises NotFound."""
    with action_transaction():
        order = lock_order(order_id)
        grant = grants_of(order_id).filter(pk=grant_id).first()
        if grant is None:
            raise NotFound("This order has no such day. Reload the page.")
        if grant.withdrawn_at is None:
            _withdraw(grant, actor)
            _record(EventKind.WINDOW_WITHDRAWN, grant, order, actor)
        return grant


def _same_order(earlier: GrantedWindow, order: Order) -> GrantedWindow:
    if earlier.order_id != order.pk:
        raise Conflict(
            "This operation id was used for another order. Send a new one.",
            code="operation_reused",
            field="operation_id",
        )
    return earlier


def _refuse_stale(standing: Sequence[GrantedWindow], seen: Collection[UUID] | None) -> None:
    if seen is None or {one.pk for one in standing} == set(seen):
        return
    fresh = [one for one in standing if one.pk not in seen]
    what = "A day was taken back"
    if fresh:
        what = f"{fresh[-1].granted_by} granted {dated(fresh[-1].until)}"
    raise Conflict(
        f"{what} meanwhile. Look at the days below and decide again.", code="changed_meanwhile"
    )


def _check_day(until: date, zone: str) -> None:
    today = local_day(now(), zone)
    if until < today:
        raise InvalidInput(
            "This day is over. Choose today or a later day.", field="until", code="day_over"
        )
    if until > today + FURTHEST:
        raise InvalidInput(
            "Choose a day in the next two years.", field="until", code="too_far_ahead"
        )


def _check_longer(
    order: Order, line_id: UUID | None, until: date, replaced: Sequence[GrantedWindow]
) -> None:
    """Refuse a day that gives nothing: every line it is for is open as long already."""
    loaded = order_for_return(order.pk)
    wanted = {
        str(line.pk)
        for line in loaded.lines.all()
        if not line.is_removed and line_id in (None, line.pk)
    }
    if not wanted:
        raise InvalidInput(
            "This item is not in the order any more. Choose another one.", field="order_line"
        )
    ends = _ends(loaded, wanted, {one.until for one in replaced})
    if len(ends) == len(wanted) and until <= min(ends):
        raise InvalidInput(
            f"This can come back until {dated(min(ends))} already. Choose a later day.",
            field="until",
            code="not_later",
        )


def _ends(order: Order, wanted: Collection[str], without: Collection[date]) -> list[date]:
    """Return the last day of each wanted line that has one, leaving out days that are replaced."""
    try:
        policy = live_policy()[1]
    except Conflict:
        return []
    facts = build(order, now(), policy=policy)
    before = Beforehand(policy, facts)
    openings = [
        opening_of(
            before.view(line).policy.window,
            replace(line.kept, granted=None)
            if line.granted is not None and line.granted.until in without
            else line.kept,
            line.sold(facts.time_zone),
            reason="",
            fault=False,
        )
        for line in facts.lines
        if line.key in wanted
    ]
    return [opening.span.until for opening in openings if opening is not None]


def _withdraw(grant: GrantedWindow, actor: Actor) -> None:
    grant.withdrawn_at, grant.withdrawn_by = now(), actor.name[:120]
    grant.save(update_fields=["withdrawn_at", "withdrawn_by"])


def _record(kind: EventKind, grant: GrantedWindow, order: Order, actor: Actor) -> None:
    """Tell the order's timeline; the reason stays out of the event."""
    line = grant.order_line
    record_event(
        kind,
        subject_kind="granted_window",
        subject_id=grant.pk,
        about_id=order.pk,
        actor=actor,
        number=order.number,
        last_day=grant.until.isoformat(),
        title="" if line is None else line.title,
    )
