"""Two desks, two inspectors, two clerks at once: each unit is received, moved and paid once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction

from inventory.models import Location
from refunds.models import Refund
from returns_portal.core.actor import SYSTEM, Actor, ActorKind
from returns_portal.core.errors import Conflict
from returns_portal.core.invariants import problems_of
from returns_portal.core.scope import merchant_scope
from rma.actions.inspection import inspect_unit
from rma.actions.receiving import ReceivedUnits, receive_parcel
from rma.actions.resolution import commit_resolution
from rma.models import Inspection, Receipt, Resolution
from rma.states import ReceiptLineStatus
from tests import flows
from tests.inventory.stock import stock_of

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
DESKS = 8


@pytest.fixture
def open_shop(merchant):
    return flows.open_for_business(merchant)


def at_once(merchant, work: Callable[[int], object]) -> list[object]:
    """Run ``work(n)`` at DESKS desks that start together, each in a transaction of its own."""
    barrier = Barrier(DESKS)

    def one(number: int) -> object:
        try:
            barrier.wait(timeout=30)
            with merchant_scope(merchant.pk), transaction.atomic():
                return work(number)
        except Conflict as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(DESKS) as pool:
        return list(pool.map(one, range(DESKS)))


def waiting_return(merchant):
    with merchant_scope(merchant.pk):
        rma = flows.request(flows.order(), method="own")
        with transaction.atomic():
            return rma, rma.lines.get(), Location.objects.get(is_default=True)


def refused(results):
    return sum(isinstance(result, Conflict) for result in results)


@pytest.mark.parametrize("same_operation", [True, False])
def test_parcel_received_at_eight_desks_is_received_once(open_shop, same_operation):
    rma, line, place = waiting_return(open_shop)

    results = at_once(
        open_shop,
        lambda number: (
            receive_parcel(
                rma.pk,
                location_id=place.pk,
                units=[ReceivedUnits(line.pk, 1, ReceiptLineStatus.RECEIVED)],
                operation_id="scan" if same_operation else f"scan-{number}",
                actor=SYSTEM,
            ).pk
        ),
    )

    assert refused(results) == (0 if same_operation else DESKS - 1)
    with merchant_scope(open_shop.pk), transaction.atomic():
        assert (Receipt.objects.count(), Inspection.objects.count()) == (1, 1)
        assert stock_of(line.order_line.variant) == {"on_hold": 1}
    assert problems_of(open_shop.pk) == []


def test_unit_inspected_by_eight_is_moved_and_paid_once(open_shop):
    rma, line, _ = waiting_return(open_shop)
    with merchant_scope(open_shop.pk):
        flows.received(rma)
        with transaction.atomic():
            unit = Inspection.objects.get()

    results = at_once(
        open_shop,
        lambda number: (
            inspect_unit(
                unit.pk,
                grade="A",
                disposition="restock",
                accepted=True,
                actor=Actor(ActorKind.MEMBER, id=str(number), name=f"Inspector {number}"),
                expected_version=1,
            ).pk
        ),
    )

    assert refused(results) == DESKS - 1
    with merchant_scope(open_shop.pk), transaction.atomic():
        assert stock_of(line.order_line.variant) == {"sellable": 1}
        assert (Resolution.objects.count(), Refund.objects.count()) == (1, 1)
    assert problems_of(open_shop.pk) == []


def test_return_settled_by_eight_clerks_is_paid_once(open_shop):
    with merchant_scope(open_shop.pk):
        placed = flows.order(quantity=2)
        wish = flows.wish(flows.lines_of(placed)[0], quantity=2)
        rma = flows.received(flows.request(placed, wish, method="own"))
        for unit, accepted in zip((0, 1), (True, False), strict=True):
            with transaction.atomic():
                found = Inspection.objects.order_by("pk")[unit]
                inspect_unit(
                    found.pk,
                    grade="A" if accepted else "D",
                    disposition="restock" if accepted else "dispose",
                    accepted=accepted,
                    rejection="" if accepted else "Worn",
                    actor=SYSTEM,
                    expected_version=1,
                )

    results = at_once(
        open_shop, lambda _: [one.pk for one in commit_resolution(rma.pk, actor=SYSTEM)]
    )

    assert len({tuple(result) for result in results}) == 1
    with merchant_scope(open_shop.pk), transaction.atomic():
        assert (Resolution.objects.count(), Refund.objects.count()) == (1, 1)
    assert problems_of(open_shop.pk) == []
