"""Paying or replacing accepted goods after all, where what they were to become can't be sent."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from refunds.locks import lock_payments
from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import recorded_together
from returns_portal.commerce.selectors import load_for_return
from returns_portal.core.actor import Actor
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import Conflict, InvalidInput, InvalidTransition, NotFound
from rma.actions.closing import close_if_settled, move_resolution
from rma.actions.exchange import cancel_exchange, release_exchange, reserve_exchange
from rma.actions.promises import settle_promise
from rma.actions.repairs import locked_repair, record_repair
from rma.actions.resolution import new_resolution, record_committed, set_in_motion
from rma.locks import lock_return
from rma.models import Exchange, Resolution, Return, ReturnLine
from rma.policy.live import terms_of_return
from rma.quoting import QuoteLine, quote_return
from rma.selectors import label_cost_of
from rma.stages import refresh_stage, stage_facts
from rma.states import RepairStatus, ResolutionKind, ResolutionStatus, check_transition

Kind = ResolutionKind
PAID = (Kind.REFUND, Kind.STORE_CREDIT)


def pay_instead(exchange_id: UUID, *, wanted: str, actor: Actor) -> Resolution:
    """Give up the replacement of an accepted line and pay its units as ``wanted``, once.

    The goods are priced anew by what remains of the order, so nothing is paid twice. Raises
    Conflict where the return pays in this way already: a return owes each kind once.
    """
    with action_transaction(), recorded_together():
        rma, line, exchange = _locked(exchange_id)
        if wanted not in PAID:
            raise InvalidInput("Choose a refund or store credit.", field="wanted")
        owed = _Owed.of(rma)
        if line.wanted not in owed.live or exchange.status != Exchange.Status.RESERVED:
            raise InvalidTransition(
                "This replacement is not owed, or it is packed or sent. Reload the page."
            )
        owed.check(wanted)
        cancel_exchange(exchange_id, actor=actor, paid_instead=True)
        return _turn(rma, line, owed, wanted, actor)


def give_up_repair(repair_id: UUID, *, wanted: str, note: str, actor: Actor) -> Resolution:
    """End a repair that can't be done: its units are paid as ``wanted``, or replaced, once.

    Raises Conflict where the return settles in this way already, or the item is sold out.
    """
    with action_transaction(), recorded_together():
        rma, repair = locked_repair(repair_id)
        if wanted not in (*PAID, Kind.REPLACEMENT):
            raise InvalidInput("Choose a refund, store credit or a replacement.", field="wanted")
        check_transition("repair", repair.status, RepairStatus.GIVEN_UP)
        owed = _Owed.of(rma)
        owed.check(wanted)
        repair.status, repair.ended_at = RepairStatus.GIVEN_UP, now()
        repair.note = note.strip()[:500]
        repair.save(update_fields=["status", "ended_at", "note"])
        record_repair(EventKind.REPAIR_GIVEN_UP, repair, rma, actor)
        line = repair.return_line
        if wanted == Kind.REPLACEMENT:
            line.exchange_variant_id = line.order_line.variant_id
        return _turn(rma, line, owed, wanted, actor)


@dataclass(frozen=True, slots=True)
class _Owed:
    """What a locked return owes now, by kind."""

    live: dict[str, Resolution]

    @classmethod
    def of(cls, rma: Return) -> _Owed:
        rows = Resolution.objects.filter(rma=rma).exclude(status=ResolutionStatus.CANCELLED)
        return cls({one.kind: one for one in rows})

    @property
    def pays(self) -> bool:
        return bool(set(self.live) & set(PAID))

    def check(self, wanted: str) -> None:
        if wanted in self.live:
            raise Conflict(
                f"This return has a {wanted.replace('_', ' ')} already. Choose another way.",
                code="paid_already",
                field="wanted",
            )


def _turn(rma: Return, line: ReturnLine, owed: _Owed, wanted: str, actor: Actor) -> Resolution:
    """Owe ``wanted`` for a line in place of what it was to become; the others stay as they are."""
    before = owed.live[line.wanted]
    units = dict(before.units)
    many = units.pop(str(line.pk))
    line.wanted, line.exchange_unit_minor = wanted, None
    line.save(update_fields=["wanted", "exchange_variant_id", "exchange_unit_minor"])
    move_resolution(before, ResolutionStatus.CANCELLED)
    made = _owe(rma, {line: many, **_lines_of(rma, units)}, actor, with_fee=not owed.pays)
    if wanted == Kind.REPLACEMENT:
        release_exchange(reserve_exchange(line, actor=actor), rma, units=many, actor=actor)
    record_committed(rma, made, actor, instead_of=before.kind)
    facts = stage_facts(rma)
    settle_promise(rma, facts.resolutions)
    close_if_settled(rma, facts)
    refresh_stage(rma, facts)
    return next(one for one in made if one.kind == wanted)


def _locked(exchange_id: UUID) -> tuple[Return, ReturnLine, Exchange]:
    line = ReturnLine.objects.filter(exchanges__pk=exchange_id).first()
    if line is None:
        raise NotFound("This replacement does not exist. Reload the page.")
    rma = lock_return(line.rma_id)
    return rma, line, Exchange.objects.select_for_update(of=("self",)).get(pk=exchange_id)


def _lines_of(rma: Return, units: dict[str, int]) -> dict[ReturnLine, int]:
    """Return what stays owed in goods, by line."""
    lines = ReturnLine.objects.filter(rma=rma, pk__in=list(units))
    return {line: units[str(line.pk)] for line in lines.order_by("position", "pk")}


def _owe(
    rma: Return, units: dict[ReturnLine, int], actor: Actor, *, with_fee: bool
) -> list[Resolution]:
    """Write what the lines are owed now and set it in motion. The return fee is taken once."""
    payments = lock_payments(rma.order_id)
    order = load_for_return(rma.order, payments=payments)
    order.merchant = rma.merchant
    policy, restocking = terms_of_return(rma)
    asked = [
        QuoteLine(
            line.order_line_id,
            quantity,
            line.reason,
            line.wanted,
            restocking_bp=restocking.get((str(line.order_line_id), line.reason)),
            replacement_minor=line.replacement_minor(quantity),
        )
        for line, quantity in units.items()
    ]
    method = rma.method if with_fee else Return.Method.OWN
    cost = label_cost_of(rma.pk) if policy.fee.label_cost else None
    quote = quote_return(order, asked, policy, method=method, label_cost=cost)
    wishes = {line.wanted for line in units}
    made = [
        new_resolution(rma, kind, quote, _units_of(units, kind), actor)
        for kind in Kind
        if kind in quote.breakdowns or kind in wishes
    ]
    for resolution in made:
        set_in_motion(rma, (order, payments), resolution, actor)
    return Resolution.objects.bulk_create(made)


def _units_of(units: dict[ReturnLine, int], kind: str) -> dict[str, int]:
    return {str(line.pk): many for line, many in units.items() if line.wanted == kind}
