"""Twenty shoppers want the last unit at the same time; one gets it.

The control does what the product must not: read the counter, decide, write. It shows the bug that
the conditional UPDATE prevents, so that the race is known to be real on this machine.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from uuid import UUID

import pytest
from django.db import connection, transaction

from returns_portal.commerce.actions import upsert_order
from returns_portal.commerce.counters import claim_units
from returns_portal.commerce.models import OrderLine
from returns_portal.commerce.platforms.base import OrderRecord
from returns_portal.core.actor import SYSTEM
from returns_portal.core.errors import Conflict
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from tests.commerce.conftest import record as record

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

CLAIMANTS = 20


@pytest.fixture
def last_unit(transactional_db: None, record: OrderRecord) -> tuple[Merchant, UUID, UUID]:
    """Return merchant, order and line of an order whose line has one unit left to return."""
    merchant = Merchant.objects.create(slug="last-unit", name="Last unit")
    with merchant_scope(merchant.pk), transaction.atomic():
        order, _ = upsert_order(record, actor=SYSTEM)
        line = OrderLine.objects.get()
        claim_units(order.pk, {line.pk: 1})
    return merchant, order.pk, line.pk


def race(claim: Callable[[threading.Barrier], None]) -> tuple[int, list[BaseException]]:
    """Run ``claim`` in twenty threads, each on a connection of its own."""
    barrier = threading.Barrier(CLAIMANTS, timeout=30)
    won: list[int] = []
    lost: list[BaseException] = []

    def run(number: int) -> None:
        try:
            claim(barrier)
            won.append(number)
        except (Conflict, threading.BrokenBarrierError) as refused:
            lost.append(refused)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(CLAIMANTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return len(won), lost


def test_claim_units_twenty_at_once_for_one_unit_gives_it_to_one(
    last_unit: tuple[Merchant, UUID, UUID],
) -> None:
    merchant, order_id, line_id = last_unit

    def claim(barrier: threading.Barrier) -> None:
        with merchant_scope(merchant.pk), transaction.atomic():
            OrderLine.objects.filter(pk=line_id).exists()
            barrier.wait()
            claim_units(order_id, {line_id: 1})

    won, lost = race(claim)

    assert won == 1
    assert [type(each) for each in lost] == [Conflict] * (CLAIMANTS - 1)
    assert {each.facts["left"] for each in lost if isinstance(each, Conflict)} == {0}
    with merchant_scope(merchant.pk), transaction.atomic():
        assert OrderLine.objects.get().claimed_quantity == 2


def test_control_reading_then_writing_gives_the_unit_away_many_times(
    last_unit: tuple[Merchant, UUID, UUID],
) -> None:
    merchant, _, line_id = last_unit

    def claim(barrier: threading.Barrier) -> None:
        with merchant_scope(merchant.pk), transaction.atomic():
            line = OrderLine.objects.get(pk=line_id)
            barrier.wait()
            if line.claimed_quantity >= line.fulfilled_quantity:
                raise Conflict("None left.")
            OrderLine.objects.filter(pk=line_id).update(claimed_quantity=line.claimed_quantity + 1)

    won, _ = race(claim)

    assert won == CLAIMANTS
