"""Twenty shoppers exchange for the last one in stock: one has it, the others keep their units."""

from __future__ import annotations

import threading
from uuid import UUID

import pytest
from django.db import connection, transaction

from inventory.models import Reservation
from returns_portal.commerce.models import OrderLine
from returns_portal.core.actor import SHOPPER
from returns_portal.core.errors import Conflict
from returns_portal.core.invariants import problems_of
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.requesting import request_return
from rma.models import Exchange, Return
from tests import flows
from tests.factories import make_merchant

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

SHOPPERS = 20


def at_once(merchant: Merchant, lines: list[OrderLine]) -> tuple[list[UUID], list[Conflict]]:
    """Let each line's shopper ask for the same variant at the same moment."""
    barrier = threading.Barrier(len(lines), timeout=30)
    accepted: list[UUID] = []
    refused: list[Conflict] = []

    def one(line: OrderLine) -> None:
        swap = flows.wish(line, reason="too_small", wanted="exchange", variant_id=line.variant_id)
        try:
            barrier.wait()
            with merchant_scope(merchant.pk), transaction.atomic():
                rma = request_return(
                    order_id=line.order_id,
                    lines=[swap],
                    method="own",
                    channel="portal",
                    operation_id=f"for-{line.pk.hex}",
                    actor=SHOPPER,
                )
            accepted.append(rma.pk)
        except Conflict as refusal:
            refused.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(line,)) for line in lines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return accepted, refused


def test_last_replacement_asked_for_by_twenty_is_held_for_one(transactional_db: None) -> None:
    merchant = flows.open_for_business(make_merchant("last-one"))
    with merchant_scope(merchant.pk):
        orders = [flows.order(number=f"NL-{place}") for place in range(SHOPPERS)]
        lines = [flows.lines_of(placed)[0] for placed in orders]
        flows.stock(lines[0], 1)

    accepted, refused = at_once(merchant, lines)

    assert len(accepted) == 1
    assert [refusal.code for refusal in refused] == ["sold_out"] * (SHOPPERS - 1)
    assert {refusal.message for refusal in refused} == {
        "The replacement is sold out. Choose another one, or a refund."
    }
    with merchant_scope(merchant.pk), transaction.atomic():
        assert Return.objects.count() == 1
        assert Reservation.objects.get().quantity == 1
        assert Exchange.objects.get().return_line.rma_id == accepted[0]
        assert sum(OrderLine.objects.values_list("claimed_quantity", flat=True)) == 1
        assert problems_of(merchant.pk) == []
