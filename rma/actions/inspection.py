"""Looking at one received unit: its grade, whether it is paid for, and where it goes."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from inventory.actions import moved_events
from inventory.ledger import Move, apply_moves
from inventory.models import Bucket
from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import NewEvent, record_events, recorded_together
from returns_portal.core.actor import Actor
from returns_portal.core.clock import now
from returns_portal.core.db import action_transaction
from returns_portal.core.errors import Conflict, InvalidInput, PolicyRefused
from returns_portal.core.money import Money, share
from rma.actions.closing import close_if_settled
from rma.actions.resolution import settle_when_complete
from rma.goods import standing_of
from rma.locks import lock_return_of_unit
from rma.models import Inspection, Return
from rma.policy.disposition import CHECKS, Disposition, Grade, Suggestion, suggest
from rma.policy.live import policy_of
from rma.stages import refresh_stage
from rma.states import InspectionStatus, ResolutionKind, check_transition

_BUCKETS = {
    Disposition.RESTOCK: Bucket.SELLABLE,
    Disposition.REPAIR: Bucket.REPAIR,
    Disposition.RECYCLE: Bucket.RECYCLE,
    Disposition.DISPOSE: Bucket.DISPOSED,
}
_DECIDED = (
    "grade", "disposition", "is_accepted", "note", "checklist", "rejection", "inspected_by",
)  # fmt: skip


def inspect_unit(
    inspection_id: UUID,
    *,
    grade: str,
    disposition: str,
    accepted: bool,
    actor: Actor,
    expected_version: int,
    note: str = "",
    checklist: Mapping[str, bool] | None = None,
    rejection: str = "",
) -> Inspection:
    """Decide on one unit and move it off hold, once; the last unit settles the return.

    The same decision sent twice changes nothing; another one raises Conflict, as somebody was
    first. A unit that is not accepted needs ``rejection``, which the shopper reads. A unit that
    belongs to no line is never paid for. Refuses a disposition that the unit's state rules out.
    """
    checks = dict(checklist or {})
    _check(grade, disposition, checks)
    with action_transaction(), recorded_together():
        rma = lock_return_of_unit(inspection_id)
        unit = _unit(inspection_id)
        decided = {
            "grade": grade,
            "disposition": disposition,
            "is_accepted": accepted and unit.return_line_id is not None,
            "note": note.strip()[:1000],
            "checklist": checks,
            "rejection": "" if accepted else rejection.strip()[:300],
            "inspected_by": actor.name[:120],
        }
        if unit.version != expected_version:
            return _already(unit, decided)
        if not accepted and unit.return_line_id is not None and not decided["rejection"]:
            raise InvalidInput("Say why the unit is not accepted.", field="rejection")
        suggestion = suggest_for(unit, rma, grade=grade, checklist=checks)
        if accepted and _is_repaired(unit):
            _check_repaired(disposition)
        else:
            _refuse_blocked(suggestion, disposition)
        check_transition("inspection", unit.status, InspectionStatus.INSPECTED)
        for name, decision in decided.items():
            setattr(unit, name, decision)
        unit.suggested = suggestion.disposition
        unit.status = InspectionStatus.DISPOSED
        unit.inspected_at = now()
        unit.version += 1
        unit.save(update_fields=[*_DECIDED, "suggested", "status", "inspected_at", "version"])
        _move(rma, unit, actor)
        standing = standing_of(rma)
        if unit.return_line_id is not None:
            standing = standing.owing(settle_when_complete(rma, standing))
        close_if_settled(rma, standing.facts)
        refresh_stage(rma, standing.facts)
    return unit


def suggest_for(
    unit: Inspection, rma: Return, *, grade: str, checklist: Mapping[str, bool]
) -> Suggestion:
    """Return where the unit should go and what the alternatives would bring."""
    if _is_repaired(unit):
        why = "The shopper gets this unit back repaired"
        return Suggestion(Disposition.REPAIR, why, ())
    line = unit.return_line
    reason = policy_of(rma.policy_version_id).reason(line.reason) if line else None
    return suggest(Grade(grade), reason, checklist, unit_value(unit, rma.currency))


def _is_repaired(unit: Inspection) -> bool:
    line = unit.return_line
    return line is not None and line.wanted == ResolutionKind.REPAIR


def _check_repaired(disposition: str) -> None:
    if disposition != Disposition.REPAIR:
        raise PolicyRefused(
            "The shopper gets this unit back repaired. Choose repair, or do not accept it.",
            code="disposition_blocked",
            field="disposition",
        )


def unit_value(unit: Inspection, currency: str) -> Money:
    """Return what the shopper paid for the unit, else its price, else nothing."""
    if unit.return_line is not None:
        sold = unit.return_line.order_line
        return Money(share(sold.paid_minor, 1, max(sold.quantity, 1)), sold.currency)
    if unit.variant is not None:
        return Money(unit.variant.price_minor, unit.variant.currency)
    return Money.zero(currency)


def _unit(inspection_id: UUID) -> Inspection:
    """Read the unit after the return is locked: nobody else can be deciding on it now."""
    return Inspection.objects.select_related(
        "return_line", "return_line__order_line", "variant"
    ).get(pk=inspection_id)


def _check(grade: str, disposition: str, checklist: Mapping[str, bool]) -> None:
    if grade not in set(Grade):
        raise InvalidInput("Choose a grade from A to D.", field="grade")
    if disposition not in set(Disposition):
        raise InvalidInput("Choose restock, repair, recycle or dispose.", field="disposition")
    for name, answer in checklist.items():
        if name not in CHECKS or not isinstance(answer, bool):
            raise InvalidInput("Answer the listed checks with yes or no.", field="checklist")


def _already(unit: Inspection, decided: Mapping[str, object]) -> Inspection:
    if all(getattr(unit, name) == decided[name] for name in _DECIDED):
        return unit
    raise Conflict(
        f"{unit.inspected_by or 'Somebody'} has inspected this unit meanwhile: grade "
        f"{unit.grade or '?'}, {unit.disposition or 'not decided'}. Reload the page.",
        code="inspected_meanwhile",
        facts={"version": unit.version},
    )


def _refuse_blocked(suggestion: Suggestion, disposition: str) -> None:
    for choice in suggestion.alternatives:
        if choice.disposition == disposition and choice.blocked is not None:
            raise PolicyRefused(
                f"{choice.blocked}. Choose {suggestion.disposition.value} instead, or correct "
                "the grade and the checks.",
                code="disposition_blocked",
                field="disposition",
            )


def _move(rma: Return, unit: Inspection, actor: Actor) -> None:
    """Take the unit off hold with one movement; what we do not know was never in stock."""
    moves = []
    if unit.variant is not None:
        moves.append(
            Move(
                variant_id=unit.variant.pk,
                location_id=unit.location_id,
                from_bucket=Bucket.ON_HOLD,
                to_bucket=_BUCKETS[Disposition(unit.disposition)],
                quantity=1,
                reason=unit.disposition,
                key=f"inspection:{unit.pk}",
                about_id=rma.pk,
                unit_cost_minor=unit.variant.cost_minor,
                currency=unit.variant.currency if unit.variant.cost_minor is not None else "",
            )
        )
    movements = apply_moves(moves, actor_name=actor.name)
    facts: dict[str, object] = {
        "grade": unit.grade,
        "disposition": unit.disposition,
        "accepted": unit.is_accepted,
        "suggested": unit.suggested,
    }
    event = NewEvent(EventKind.UNIT_INSPECTED, "inspection", unit.pk, rma.pk, facts)
    record_events([event, *moved_events(movements)], actor=actor)
