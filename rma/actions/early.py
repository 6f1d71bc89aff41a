"""Settling outcomes before anybody has looked at the goods, where the policy says so."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from returns_portal.activity.record import recorded_together
from returns_portal.activity.staff_tasks import open_task
from returns_portal.commerce.locks import lock_order
from returns_portal.commerce.selectors import order_for_return
from returns_portal.core.actor import SYSTEM, Actor
from returns_portal.core.clock import today
from returns_portal.core.db import action_transaction, attempt
from returns_portal.core.errors import Conflict, DomainError, NotFound
from rma.actions.previewing import Preview, preview_of
from rma.actions.promises import moment_of_money, new_promise
from rma.actions.resolution import settle
from rma.goods import Standing, standing_of
from rma.locks import lock_return
from rma.models import Promise, Resolution, Return, Shipment
from rma.policy.live import policy_of_return
from rma.stages import refresh_stage
from rma.states import ResolutionStatus, ReturnStatus, ShipmentStatus

_MOVING = (ShipmentStatus.IN_TRANSIT, ShipmentStatus.DELIVERED)


def pay_what_is_due(rma: Return, *, actor: Actor = SYSTEM) -> None:
    """Settle what a locked, open return pays before the inspection and whose moment has come.

    Safe to call whenever something happened to it: each kind of outcome is settled once, for the
    units approved. Goods that came short, wrong or refused leave it to the inspection, and what
    can't be paid to a person. A caller refreshes the stage.
    """
    if not rma.processing or rma.status != ReturnStatus.OPEN:
        return
    reached = _reached(rma)
    _bring_promise_forward(rma, reached)
    moments = {kind for kind, moment in rma.processing.items() if moment in reached}
    if not moments:
        return
    standing = standing_of(rma)
    # One that was taken back stays with the person who did it.
    due = frozenset(moments - {fact.kind for fact in standing.facts.resolutions})
    if not due or standing.is_settled or not _is_whole(rma, standing, due):
        return
    try:
        with attempt(), recorded_together():
            _settle_ahead(rma, standing, due, actor)
    except DomainError as refusal:
        rma.part_settled = standing.facts.part_settled
        _ask_person(rma, refusal.message)


def pay_ahead(rma_id: UUID, *, actor: Actor) -> list[Resolution]:
    """Pay now, before the goods came, what the policy has paid by hand.

    What was paid before is answered with. Raises Conflict once goods have come: then what was
    accepted counts.
    """
    with action_transaction(), recorded_together():
        rma = lock_return(rma_id)
        standing = standing_of(rma)
        due = kinds_by_hand(rma, standing)
        if due and _units_here(standing):
            raise Conflict(
                "Goods have come meanwhile. Settle the return by what was accepted.",
                code="goods_came",
            )
        if due:
            _settle_ahead(rma, standing, due, actor)
            refresh_stage(rma)
    return list(Resolution.objects.filter(rma_id=rma_id))


def preview_ahead(rma_id: UUID) -> Preview | None:
    """Return what :func:`pay_ahead` would pay now; None where it would pay nothing."""
    with action_transaction():
        rma = Return.objects.filter(pk=rma_id).select_related("merchant").first()
        if rma is None:
            raise NotFound("This return does not exist. Search for its number.")
        standing = standing_of(rma)
        due = kinds_by_hand(rma, standing)
        if not due or _units_here(standing):
            return None
        return preview_of(rma, standing.goods, order_for_return(rma.order_id), ahead=due)


def kinds_by_hand(rma: Return, standing: Standing) -> frozenset[str]:
    """Return the kinds of outcome that a person pays and nobody has paid yet."""
    # Where goods of another price are sent, what goes back waits for the goods as well.
    is_swap = any(one.line.exchange_unit_minor is not None for one in standing.goods)
    if rma.status != ReturnStatus.OPEN or standing.is_settled or is_swap:
        return frozenset()
    facts = standing.facts.resolutions
    known = {fact.kind for fact in facts if fact.status != ResolutionStatus.CANCELLED}
    hand = {kind for kind, moment in rma.processing.items() if moment == "hand"}
    return frozenset(hand - known)


def _settle_ahead(rma: Return, standing: Standing, kinds: frozenset[str], actor: Actor) -> None:
    # Read anew: a request has claimed its units since it read the order.
    rma.order = lock_order(rma.order_id)
    settle(rma, standing, actor=actor, ahead=kinds)


def _reached(rma: Return) -> frozenset[str]:
    """Return the moments that have come for an open return. At most one statement."""
    if rma.received_at is not None:
        return frozenset({"approval", "first_scan", "delivery"})
    if not {"first_scan", "delivery"} & set(rma.processing.values()):
        return frozenset({"approval"})
    # What the shopper says of a parcel is no scan.
    scanned = Shipment.objects.filter(rma=rma, status__in=_MOVING, last_scan_at__isnull=False)
    states = set(scanned.values_list("status", flat=True))
    found = {"approval"} | ({"first_scan"} if states else set())
    return frozenset(found | ({"delivery"} if ShipmentStatus.DELIVERED in states else set()))


def _bring_promise_forward(rma: Return, reached: frozenset[str]) -> None:
    """Count the days for the refund from the scan that pays it, if that is sooner."""
    moment, rules = moment_of_money(rma), Promise.Rule
    rule = {"first_scan": rules.SCAN, "delivery": rules.ARRIVAL}.get(moment)
    if rule is None or moment not in reached or rma.refund_promised_on is None:
        return
    days = policy_of_return(rma).refund_days
    sooner = today(rma.merchant.time_zone) + timedelta(days=days)
    if sooner < rma.refund_promised_on:
        rma.refund_promised_on = sooner
        rma.save(update_fields=["refund_promised_on"])
        Promise.objects.bulk_create(new_promise(rma, Promise.Step.CHANGED, rule))


def _is_whole(rma: Return, standing: Standing, due: frozenset[str]) -> bool:
    """Say whether nothing speaks against paying for every unit approved."""
    mine = [one for one in standing.goods if one.line.wanted in due]
    if not mine or any(one.wrong or one.short or one.rejected for one in mine):
        return False
    return rma.received_at is None or not any(one.missing for one in mine)


def _units_here(standing: Standing) -> bool:
    sent = [one for one in standing.goods if not one.is_kept]
    return any(one.received or one.wrong or one.short for one in sent)


def _ask_person(rma: Return, why: str) -> None:
    open_task(
        kind="pay_early",
        key=f"pay_early:{rma.pk}",
        subject_kind="return",
        subject_id=rma.pk,
        about_id=rma.pk,
        title=f"{rma.number} should be paid before the goods are in, and can't be",
        detail=why,
    )
