"""Twenty requests for the last unit at the same time: one is accepted.

The control takes the order's lock and the conditional claim away and does what the product must
not: read the counter, decide, write. It accepts several, so the race is real on this machine.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from uuid import UUID

import pytest
from django.db import connection, transaction

from returns_portal.commerce.models import Order, OrderLine
from returns_portal.core.actor import SHOPPER
from returns_portal.core.errors import Conflict, DomainError, PolicyRefused
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions import requesting
from rma.actions.requesting import request_return
from rma.models import Return
from tests.factories import make_merchant
from tests.rma.returning import make_order, publish, wish

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

SHOPPERS = 20


@pytest.fixture
def last_unit(transactional_db: None) -> tuple[Merchant, Order, OrderLine]:
    """Return merchant, order and line of an order with one unit, with a published policy."""
    merchant = make_merchant("last-unit")
    with merchant_scope(merchant.pk), transaction.atomic():
        publish()
        order = make_order(lines=[{"quantity": 1}], total_minor=8550)
        line = order.lines.get()
    return merchant, order, line


def at_once(run: Callable[[int], Return]) -> tuple[list[UUID], list[DomainError]]:
    """Run ``run`` in twenty threads, each on a connection of its own, started together."""
    barrier = threading.Barrier(SHOPPERS, timeout=30)
    accepted: list[UUID] = []
    refused: list[DomainError] = []

    def one(number: int) -> None:
        try:
            barrier.wait()
            accepted.append(run(number).pk)
        except DomainError as refusal:
            refused.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(SHOPPERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return accepted, refused


def requester(
    merchant: Merchant, order: Order, line: OrderLine, key: str
) -> Callable[[int], Return]:
    def request(number: int) -> Return:
        with merchant_scope(merchant.pk), transaction.atomic():
            return request_return(
                order_id=order.pk,
                lines=[wish(line)],
                method="own",
                channel="portal",
                operation_id=key.format(number),
                actor=SHOPPER,
            )

    return request


def test_request_return_twenty_at_once_for_one_unit_accepts_exactly_one(
    last_unit: tuple[Merchant, Order, OrderLine],
) -> None:
    merchant, order, line = last_unit

    accepted, refused = at_once(requester(merchant, order, line, "shopper-{}"))

    assert len(accepted) == 1
    assert len(refused) == SHOPPERS - 1
    assert all(isinstance(refusal, Conflict | PolicyRefused) for refusal in refused)
    with merchant_scope(merchant.pk), transaction.atomic():
        assert Return.objects.count() == 1
        assert OrderLine.objects.get().claimed_quantity == 1


def test_request_return_same_form_twenty_times_is_one_return_for_all(
    last_unit: tuple[Merchant, Order, OrderLine],
) -> None:
    merchant, order, line = last_unit

    accepted, refused = at_once(requester(merchant, order, line, "the-one-form"))

    assert refused == []
    assert len(accepted) == SHOPPERS
    assert len(set(accepted)) == 1


def test_request_return_without_the_guard_accepts_several(
    last_unit: tuple[Merchant, Order, OrderLine], monkeypatch: pytest.MonkeyPatch
) -> None:
    merchant, order, line = last_unit
    together = threading.Barrier(SHOPPERS, timeout=30)

    def read_decide_write(order_id: UUID, units: dict[UUID, int]) -> None:
        for line_id, wanted in units.items():
            row = OrderLine.objects.get(pk=line_id, order_id=order_id)
            together.wait()
            if row.claimed_quantity + wanted > row.fulfilled_quantity:
                raise Conflict("Too late.")
            row.claimed_quantity += wanted
            row.save(update_fields=["claimed_quantity"])

    monkeypatch.setattr(requesting, "lock_order", lambda order_id: Order.objects.get(pk=order_id))
    monkeypatch.setattr(requesting, "claim_units", read_decide_write)

    accepted, _ = at_once(requester(merchant, order, line, "shopper-{}"))

    assert len(accepted) > 1
    with merchant_scope(merchant.pk), transaction.atomic():
        assert OrderLine.objects.get().claimed_quantity == 1
