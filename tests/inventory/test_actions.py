"""Stock moves once per fact, never below zero, and levels are always the sum of movements."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from inventory import actions
from inventory.invariants import problems
from inventory.ledger import Move
from inventory.models import Bucket, Location, Reservation, StockLevel, StockMovement
from inventory.selectors import default_location, levels, movements, sellable_by_variant
from returns_portal.activity.models import Event
from returns_portal.core.actor import SYSTEM
from returns_portal.core.db import attempt
from returns_portal.core.errors import (
    Conflict,
    DomainError,
    InvalidInput,
    InvalidTransition,
    NotFound,
)
from returns_portal.core.ids import new_id
from tests.inventory.stock import make_location, make_variant, stock_of

pytestmark = pytest.mark.usefixtures("scoped")


def arrive(variant, location, quantity=1, key="receipt_line:1"):
    return actions.move_stock(
        variant_id=variant.pk,
        location_id=location.pk,
        from_bucket=None,
        to_bucket=Bucket.ON_HOLD,
        quantity=quantity,
        reason="return",
        key=key,
        actor=SYSTEM,
    )


def test_move_stock_from_outside_fills_the_bucket():
    variant, location = make_variant(), make_location()

    movement = arrive(variant, location, 3)

    assert stock_of(variant) == {"on_hold": 3}
    assert (movement.from_bucket, movement.to_bucket, movement.quantity) == (None, "on_hold", 3)
    event = Event.objects.get(kind="stock.moved")
    assert event.subject_id == movement.pk
    assert event.facts["quantity"] == 3
    assert problems() == []


def test_move_stock_repeated_key_moves_nothing_and_returns_the_first():
    variant, location = make_variant(), make_location()
    first = arrive(variant, location, 3)

    second = arrive(variant, location, 3)

    assert second.pk == first.pk
    assert stock_of(variant) == {"on_hold": 3}
    assert Event.objects.filter(kind="stock.moved").count() == 1


def test_move_stock_more_than_held_is_refused_and_moves_nothing():
    variant, location = make_variant(), make_location()
    arrive(variant, location, 1)

    with pytest.raises(Conflict) as refusal, attempt():
        actions.move_stock(
            variant_id=variant.pk,
            location_id=location.pk,
            from_bucket=Bucket.ON_HOLD,
            to_bucket=Bucket.SELLABLE,
            quantity=2,
            reason="inspection",
            key="inspection:1",
            actor=SYSTEM,
        )

    assert refusal.value.facts == {"bucket": "on_hold", "held": 1, "needed": 2}
    assert stock_of(variant) == {"on_hold": 1}
    assert StockMovement.objects.count() == 1


@pytest.mark.parametrize("quantity", [0, -1])
def test_move_stock_without_units_is_refused(quantity):
    with pytest.raises(InvalidInput):
        arrive(make_variant(), make_location(), quantity)


def test_move_stock_to_the_same_place_is_refused():
    with pytest.raises(InvalidInput):
        actions.move_stock(
            variant_id=new_id(), location_id=new_id(), from_bucket=None, to_bucket=None,
            quantity=1, reason="x", key="x", actor=SYSTEM,
        )  # fmt: skip


@pytest.mark.parametrize("units", [1, 5])
def test_move_many_sends_as_many_statements_for_five_as_for_one(units):
    location = make_location()
    moves = [
        Move(make_variant(f"SKU-{n}").pk, location.pk, None, Bucket.ON_HOLD, 1, "return", f"k:{n}")
        for n in range(units)
    ]

    with CaptureQueriesContext(
        connection,
    ) as sent:
        actions.move_many(moves, actor=SYSTEM)

    # movements, levels, events; nobody listens to stock yet.
    assert len(sent) == 3, [query["sql"][:90] for query in sent]


def test_movement_once_written_can_not_be_changed():
    movement = arrive(make_variant(), make_location())

    with pytest.raises(DatabaseError), attempt():
        StockMovement.objects.filter(pk=movement.pk).update(quantity=9)


def test_set_sellable_moves_the_difference_up_and_down():
    variant, location = make_variant(), make_location()

    actions.set_sellable(location_id=location.pk, counts={variant.pk: 5}, actor=SYSTEM)
    actions.set_sellable(location_id=location.pk, counts={variant.pk: 2}, actor=SYSTEM)
    unchanged = actions.set_sellable(location_id=location.pk, counts={variant.pk: 2}, actor=SYSTEM)

    assert unchanged == []
    assert sellable_by_variant([variant.pk]) == {variant.pk: 2}
    assert [m.quantity for m in movements(variant_id=variant.pk)] == [3, 5]
    assert problems() == []


def test_set_sellable_negative_is_refused():
    with pytest.raises(InvalidInput):
        actions.set_sellable(location_id=new_id(), counts={new_id(): -1}, actor=SYSTEM)


def test_reserve_holds_units_and_cancel_frees_them_once():
    variant, location = make_variant(), make_location()
    actions.set_sellable(location_id=location.pk, counts={variant.pk: 2}, actor=SYSTEM)

    held = actions.reserve(variant_id=variant.pk, quantity=2, key="exchange:1", actor=SYSTEM)
    again = actions.reserve(variant_id=variant.pk, quantity=2, key="exchange:1", actor=SYSTEM)
    assert again.pk == held.pk
    assert stock_of(variant) == {"reserved": 2}

    actions.cancel_reservation(held.pk, actor=SYSTEM)
    actions.cancel_reservation(held.pk, actor=SYSTEM)
    assert stock_of(variant) == {"sellable": 2}
    assert problems() == []


def test_reserve_more_than_any_location_has_is_a_conflict():
    variant = make_variant()
    one, other = make_location("ONE"), make_location("TWO")
    for location in (one, other):
        actions.set_sellable(location_id=location.pk, counts={variant.pk: 1}, actor=SYSTEM)

    with pytest.raises(Conflict) as refusal, attempt():
        actions.reserve(variant_id=variant.pk, quantity=2, key="exchange:1", actor=SYSTEM)

    assert refusal.value.code == "sold_out"
    assert Reservation.objects.count() == 0


def test_reserve_prefers_the_default_location():
    variant = make_variant()
    make_location("ONE")
    default = make_location("TWO", is_default=True)
    for location in Location.objects.all():
        actions.set_sellable(location_id=location.pk, counts={variant.pk: 1}, actor=SYSTEM)

    held = actions.reserve(variant_id=variant.pk, quantity=1, key="exchange:1", actor=SYSTEM)

    assert held.location_id == default.pk


def test_shrink_reservation_frees_the_rest():
    variant, location = make_variant(), make_location()
    actions.set_sellable(location_id=location.pk, counts={variant.pk: 3}, actor=SYSTEM)
    held = actions.reserve(variant_id=variant.pk, quantity=3, key="exchange:1", actor=SYSTEM)

    actions.shrink_reservation(held.pk, 1, actor=SYSTEM)

    assert stock_of(variant) == {"reserved": 1, "sellable": 2}
    assert problems() == []


def test_ship_reservation_books_released_units_out_once_and_for_all():
    variant, location = make_variant(), make_location()
    actions.set_sellable(location_id=location.pk, counts={variant.pk: 1}, actor=SYSTEM)
    held = actions.reserve(variant_id=variant.pk, quantity=1, key="exchange:1", actor=SYSTEM)
    with pytest.raises(InvalidTransition), attempt():
        actions.ship_reservation(held.pk, actor=SYSTEM)

    actions.release_reservation(held.pk, actor=SYSTEM)
    actions.ship_reservation(held.pk, actor=SYSTEM)
    actions.ship_reservation(held.pk, actor=SYSTEM)

    assert stock_of(variant) == {"shipped": 1}
    with pytest.raises(InvalidTransition), attempt():
        actions.cancel_reservation(held.pk, actor=SYSTEM)
    assert problems() == []


def test_cancelled_reservation_can_not_be_released():
    variant, location = make_variant(), make_location()
    actions.set_sellable(location_id=location.pk, counts={variant.pk: 1}, actor=SYSTEM)
    held = actions.reserve(variant_id=variant.pk, quantity=1, key="exchange:1", actor=SYSTEM)
    actions.cancel_reservation(held.pk, actor=SYSTEM)

    with pytest.raises(InvalidTransition), attempt():
        actions.release_reservation(held.pk, actor=SYSTEM)


def test_unknown_reservation_is_not_found():
    with pytest.raises(NotFound):
        actions.cancel_reservation(new_id(), actor=SYSTEM)


def test_default_location_without_any_says_what_to_do():
    with pytest.raises(DomainError, match="Add a location"):
        default_location()


def test_add_location_takes_each_code_once():
    make_location("DUB")

    with pytest.raises(Conflict), attempt():
        make_location("DUB")

    assert default_location().code == "DUB"


def test_close_location_spares_the_default():
    default, other = make_location("ONE"), make_location("TWO")

    assert actions.close_location(other.pk, actor=SYSTEM)
    assert not actions.close_location(default.pk, actor=SYSTEM)


def test_levels_find_by_sku_and_bucket():
    variant, location = make_variant("BOOT-42"), make_location()
    arrive(variant, location)
    arrive(make_variant("TEE-M"), location, key="receipt_line:2")

    assert [level.variant.sku for level in levels(search="BOOT")] == ["BOOT-42"]
    assert levels(bucket=Bucket.SELLABLE).count() == 0


def test_problems_name_a_level_that_is_not_its_movements():
    variant, location = make_variant(), make_location()
    arrive(variant, location)
    StockLevel.objects.filter(variant=variant).update(quantity=4)

    found = problems()

    assert len(found) == 1
    assert str(variant.pk) in found[0]


def test_problems_name_reserved_stock_nobody_reserved():
    variant, location = make_variant(), make_location()
    with transaction.atomic():
        actions.move_stock(
            variant_id=variant.pk, location_id=location.pk, from_bucket=None,
            to_bucket=Bucket.RESERVED, quantity=1, reason="x", key="x", actor=SYSTEM,
        )  # fmt: skip

    assert any("reservations hold 0" in line for line in problems())
