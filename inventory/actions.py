"""The changes of stock: movements, counts, reservations and locations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from inventory.ledger import Move, apply_moves
from inventory.models import Bucket, Location, Reservation, StockLevel, StockMovement
from returns_portal.activity.kinds import EventKind
from returns_portal.activity.record import NewEvent, record_events
from returns_portal.core.actor import Actor
from returns_portal.core.db import action_transaction, claim
from returns_portal.core.errors import Conflict, InvalidInput, InvalidTransition, NotFound
from returns_portal.core.ids import new_id

Status = Reservation.Status


def move_stock(
    *,
    variant_id: UUID,
    location_id: UUID,
    from_bucket: Bucket | None,
    to_bucket: Bucket | None,
    quantity: int,
    reason: str,
    key: str,
    actor: Actor,
    about_id: UUID | None = None,
    unit_cost_minor: int | None = None,
    currency: str = "",
) -> StockMovement:
    """Move units between buckets, once per ``key``; a repeat returns the first movement.

    Raises Conflict when ``from_bucket`` holds too few.
    """
    move = Move(
        variant_id=variant_id,
        location_id=location_id,
        from_bucket=from_bucket,
        to_bucket=to_bucket,
        quantity=quantity,
        reason=reason,
        key=key,
        about_id=about_id,
        unit_cost_minor=unit_cost_minor,
        currency=currency,
    )
    written = move_many([move], actor=actor)
    return written[0] if written else StockMovement.objects.get(key=key)


def move_many(moves: Sequence[Move], *, actor: Actor) -> list[StockMovement]:
    """Make several movements at once and record their events; return those that were new."""
    for move in moves:
        _check(move)
    with action_transaction():
        written = apply_moves(moves, actor_name=actor.name)
        if written:
            record_events(moved_events(written), actor=actor)
    return written


def moved_events(movements: Sequence[StockMovement]) -> list[NewEvent]:
    """Return the events of movements made by :func:`apply_moves`, for a caller that has more."""
    return [
        NewEvent(
            EventKind.STOCK_MOVED,
            "stock_movement",
            row.pk,
            row.about_id,
            {
                "variant": str(row.variant_id),
                "from": row.from_bucket,
                "to": row.to_bucket,
                "quantity": row.quantity,
                "reason": row.reason,
            },
        )
        for row in movements
    ]


def _check(move: Move) -> None:
    if move.quantity < 1:
        raise InvalidInput("Move at least one unit.", field="quantity")
    if move.from_bucket == move.to_bucket:
        raise InvalidInput("Choose two different places to move between.", field="to_bucket")


def set_sellable(
    *, location_id: UUID, counts: Mapping[UUID, int], actor: Actor, reason: str = "count"
) -> list[StockMovement]:
    """Make the sellable stock of each variant what was counted, by movements of the difference."""
    if any(quantity < 0 for quantity in counts.values()):
        raise InvalidInput("A count is zero or more.", field="quantity")
    with action_transaction():
        levels = StockLevel.objects.filter(
            location_id=location_id, bucket=Bucket.SELLABLE, variant_id__in=list(counts)
        )
        held = {
            level.variant_id: level.quantity
            for level in levels.select_for_update().order_by("variant_id")
        }
        moves = []
        for variant_id, quantity in counts.items():
            difference = quantity - held.get(variant_id, 0)
            if difference:
                moves.append(
                    Move(
                        variant_id=variant_id,
                        location_id=location_id,
                        from_bucket=None if difference > 0 else Bucket.SELLABLE,
                        to_bucket=Bucket.SELLABLE if difference > 0 else None,
                        quantity=abs(difference),
                        reason=reason,
                        key=f"count:{new_id()}",
                    )
                )
        return move_many(moves, actor=actor)


def reserve(
    *,
    variant_id: UUID,
    quantity: int,
    key: str,
    actor: Actor,
    expires_at: datetime | None = None,
    about_id: UUID | None = None,
) -> Reservation:
    """Hold sellable units at the first location that has enough, once per ``key``.

    Raises Conflict when no location has: whoever locks the level first gets the last unit.
    """
    if quantity < 1:
        raise InvalidInput("Reserve at least one unit.", field="quantity")
    with action_transaction():
        level = (
            StockLevel.objects.select_for_update(of=("self",))
            .filter(
                variant_id=variant_id,
                bucket=Bucket.SELLABLE,
                quantity__gte=quantity,
                location__is_active=True,
            )
            .order_by("-location__is_default", "pk")
            .first()
        )
        known = Reservation.objects.filter(key=key).first()
        if known is not None:
            return known
        if level is None:
            raise Conflict(
                "The replacement is sold out. Choose another one, or a refund.",
                code="sold_out",
                facts={"variant": str(variant_id), "quantity": quantity},
            )
        reservation = Reservation.objects.create(
            variant_id=variant_id,
            location_id=level.location_id,
            quantity=quantity,
            key=key,
            expires_at=expires_at,
        )
        _move_reserved(
            reservation, Bucket.SELLABLE, Bucket.RESERVED, quantity, "held", about_id, actor
        )
        return reservation


def release_reservation(reservation_id: UUID, *, actor: Actor) -> Reservation:
    """Let the held units be packed; they stay reserved until :func:`ship_reservation`."""
    with action_transaction():
        reservation = _locked(reservation_id)
        if reservation.status == Status.RELEASED:
            return reservation
        if reservation.status == Status.CANCELLED:
            raise InvalidTransition(
                "This reservation was cancelled and its units are back on sale. Reserve again."
            )
        reservation.status = Status.RELEASED
        reservation.save(update_fields=["status"])
    return reservation


def shrink_reservation(
    reservation_id: UUID, quantity: int, *, actor: Actor, about_id: UUID | None = None
) -> Reservation:
    """Keep ``quantity`` of the held units and put the others back on sale."""
    with action_transaction():
        reservation = _locked(reservation_id)
        freed = reservation.quantity - quantity
        if reservation.status != Status.HELD or quantity < 1 or freed < 0:
            raise InvalidTransition("Only a held reservation can be made smaller, to 1 or more.")
        if freed:
            _move_reserved(
                reservation, Bucket.RESERVED, Bucket.SELLABLE, freed, f"keep{quantity}",
                about_id, actor,
            )  # fmt: skip
            reservation.quantity = quantity
            reservation.save(update_fields=["quantity"])
    return reservation


def ship_reservation(
    reservation_id: UUID, *, actor: Actor, about_id: UUID | None = None
) -> Reservation:
    """Book the released units as gone to the shopper, once."""
    with action_transaction():
        reservation = _locked(reservation_id)
        if reservation.status != Status.RELEASED:
            raise InvalidTransition("Release the replacement before it is shipped.")
        _move_reserved(
            reservation, Bucket.RESERVED, Bucket.SHIPPED, reservation.quantity, "shipped",
            about_id, actor,
        )  # fmt: skip
    return reservation


def cancel_reservation(
    reservation_id: UUID, *, actor: Actor, about_id: UUID | None = None
) -> Reservation:
    """Put the units back on sale, once; cancelling a cancelled one changes nothing.

    Raises InvalidTransition when they have been shipped.
    """
    with action_transaction():
        reservation = _locked(reservation_id)
        if reservation.status == Status.CANCELLED:
            return reservation
        if StockMovement.objects.filter(key=_key(reservation, "shipped")).exists():
            raise InvalidTransition("The replacement has been shipped, so it can't be taken back.")
        reservation.status = Status.CANCELLED
        reservation.save(update_fields=["status"])
        _move_reserved(
            reservation, Bucket.RESERVED, Bucket.SELLABLE, reservation.quantity, "freed",
            about_id, actor,
        )  # fmt: skip
    return reservation


def _locked(reservation_id: UUID) -> Reservation:
    found = Reservation.objects.select_for_update().filter(pk=reservation_id).first()
    if found is None:
        raise NotFound("This reservation does not exist. Reload the page.")
    return found


def _key(reservation: Reservation, step: str) -> str:
    return f"reservation:{reservation.pk}:{step}"


def _move_reserved(
    reservation: Reservation,
    source: Bucket,
    target: Bucket,
    quantity: int,
    step: str,
    about_id: UUID | None,
    actor: Actor,
) -> None:
    move_stock(
        variant_id=reservation.variant_id,
        location_id=reservation.location_id,
        from_bucket=source,
        to_bucket=target,
        quantity=quantity,
        reason="exchange",
        key=_key(reservation, step),
        about_id=about_id,
        actor=actor,
    )


def add_location(
    *, name: str, code: str, address: Mapping[str, str], actor: Actor, is_default: bool = False
) -> Location:
    """Add a place that takes goods back; the first one, or a new default, becomes the default."""
    if not name.strip() or not code.strip():
        raise InvalidInput("Give the location a name and a short code.", field="name")
    with action_transaction():
        others = Location.objects.filter(is_default=True)
        first = not others.exists()
        if is_default and not first:
            others.update(is_default=False)
        if Location.objects.filter(code=code.strip()).exists():
            raise Conflict(f"The code {code.strip()} is taken. Choose another.", field="code")
        location = Location.objects.create(
            name=name.strip(),
            code=code.strip(),
            address=dict(address),
            is_default=is_default or first,
        )
        record_events(
            [NewEvent(EventKind.SETTINGS_CHANGED, "location", location.pk, None, {"code": code})],
            actor=actor,
        )
    return location


def close_location(location_id: UUID, *, actor: Actor) -> bool:
    """Stop taking goods in at a location; return whether this call did it."""
    with action_transaction():
        closed = claim(
            Location.objects.filter(pk=location_id, is_active=True, is_default=False),
            is_active=False,
        )
        if closed:
            record_events(
                [NewEvent(EventKind.SETTINGS_CHANGED, "location", location_id, None, {})],
                actor=actor,
            )
    return closed
