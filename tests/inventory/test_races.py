"""Twenty at once: one gets the last unit, and the books still add up."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction

from inventory import actions
from inventory.invariants import problems
from inventory.models import Bucket, Reservation, StockLevel
from returns_portal.core.actor import SYSTEM
from returns_portal.core.errors import Conflict
from returns_portal.core.scope import merchant_scope
from tests.inventory.stock import make_location, make_variant, stock_of

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
THREADS = 20


def at_once(work: Callable[[int], object]) -> list[object]:
    """Run ``work(n)`` in THREADS threads that start together; return results and Conflicts."""
    barrier = Barrier(THREADS)

    def one(number: int) -> object:
        try:
            barrier.wait(timeout=30)
            return work(number)
        except Conflict as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def test_reserve_last_unit_by_twenty_gives_it_to_one(merchant):
    with merchant_scope(merchant.pk), transaction.atomic():
        variant, location = make_variant(), make_location()
        actions.set_sellable(location_id=location.pk, counts={variant.pk: 1}, actor=SYSTEM)

    def take(number: int) -> object:
        with merchant_scope(merchant.pk), transaction.atomic():
            return actions.reserve(
                variant_id=variant.pk, quantity=1, key=f"exchange:{number}", actor=SYSTEM
            )

    results = at_once(take)

    assert sum(isinstance(result, Reservation) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == THREADS - 1
    with merchant_scope(merchant.pk), transaction.atomic():
        assert stock_of(variant) == {"reserved": 1}
        assert problems() == []


def test_reserve_without_the_lock_oversells(merchant):
    """The control: read, then write, as without the level's lock, sells one unit many times."""
    with merchant_scope(merchant.pk), transaction.atomic():
        variant, location = make_variant(), make_location()
        actions.set_sellable(location_id=location.pk, counts={variant.pk: 1}, actor=SYSTEM)
    looked = Barrier(THREADS)

    def take(number: int) -> bool:
        with merchant_scope(merchant.pk), transaction.atomic():
            level = StockLevel.objects.get(variant=variant, bucket=Bucket.SELLABLE)
            looked.wait(timeout=30)
            if level.quantity < 1:
                return False
            level.quantity -= 1
            level.save(update_fields=["quantity"])
            return True

    assert sum(bool(result) for result in at_once(take)) == THREADS


def test_same_movement_by_twenty_moves_once(merchant):
    with merchant_scope(merchant.pk), transaction.atomic():
        variant, location = make_variant(), make_location()

    def arrive(_number: int) -> object:
        with merchant_scope(merchant.pk), transaction.atomic():
            return actions.move_stock(
                variant_id=variant.pk,
                location_id=location.pk,
                from_bucket=None,
                to_bucket=Bucket.ON_HOLD,
                quantity=1,
                reason="return",
                key="receipt_line:1",
                actor=SYSTEM,
            ).pk

    assert len(set(at_once(arrive))) == 1
    with merchant_scope(merchant.pk), transaction.atomic():
        assert stock_of(variant) == {"on_hold": 1}
        assert problems() == []


def test_reserve_and_cancel_crossing_never_deadlock(merchant):
    with merchant_scope(merchant.pk), transaction.atomic():
        variant, location = make_variant(), make_location()
        actions.set_sellable(location_id=location.pk, counts={variant.pk: 10}, actor=SYSTEM)

    def hold_and_free(number: int) -> None:
        for turn in range(5):
            with merchant_scope(merchant.pk), transaction.atomic():
                try:
                    held = actions.reserve(
                        variant_id=variant.pk,
                        quantity=1,
                        key=f"exchange:{number}:{turn}",
                        actor=SYSTEM,
                    )
                except Conflict:
                    continue
            with merchant_scope(merchant.pk), transaction.atomic():
                actions.cancel_reservation(held.pk, actor=SYSTEM)

    at_once(hold_and_free)

    with merchant_scope(merchant.pk), transaction.atomic():
        assert stock_of(variant) == {"sellable": 10}
        assert problems() == []
