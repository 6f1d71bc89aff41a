from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from returns_portal.commerce.actions import upsert_order
from returns_portal.commerce.counters import claim_units, release_units
from returns_portal.commerce.models import Order, OrderLine
from returns_portal.commerce.platforms.base import OrderRecord
from returns_portal.core.actor import SYSTEM
from returns_portal.core.db import attempt
from returns_portal.core.errors import Conflict, InvalidInput

pytestmark = pytest.mark.usefixtures("scoped")


@pytest.fixture
def order(record: OrderRecord) -> Order:
    jacket = record.lines[0]
    socks = replace(jacket, external_id="12", title="Wool socks", fulfilled_quantity=1)
    return upsert_order(replace(record, lines=(jacket, socks)), actor=SYSTEM)[0]


def claimed(order: Order) -> list[int]:
    rows = OrderLine.objects.filter(order=order).order_by("position")
    return list(rows.values_list("claimed_quantity", flat=True))


def keys(order: Order) -> list:
    return list(
        OrderLine.objects.filter(order=order).order_by("position").values_list("pk", flat=True)
    )


def test_claim_units_takes_several_lines_in_one_statement(order: Order) -> None:
    jacket, socks = keys(order)

    with CaptureQueriesContext(connection) as queries:
        claim_units(order.pk, {jacket: 2, socks: 1})

    assert claimed(order) == [2, 1]
    assert len(queries) == 1


def test_claim_units_beyond_what_is_left_names_the_line_and_takes_nothing(order: Order) -> None:
    jacket, socks = keys(order)
    claim_units(order.pk, {jacket: 1})

    with pytest.raises(Conflict) as refused, attempt():
        claim_units(order.pk, {socks: 1, jacket: 2})

    assert refused.value.code == "units_taken"
    assert refused.value.message == (
        "Only 1 unit of Ridge jacket can still be returned. Choose a smaller quantity."
    )
    assert refused.value.facts == {"line_id": str(jacket), "left": 1, "wanted": 2}
    assert claimed(order) == [1, 0]


def test_claim_units_of_another_order_is_refused(order: Order, record: OrderRecord) -> None:
    other, _ = upsert_order(replace(record, external_id="2"), actor=SYSTEM)

    with pytest.raises(Conflict) as refused, attempt():
        claim_units(order.pk, {keys(other)[0]: 1})

    assert refused.value.code == "unknown_line"
    assert claimed(other) == [0]


@pytest.mark.parametrize("units", [{}, {"x": 0}, {"x": -1}, {"x": True}, {"x": 1.0}])
def test_claim_units_without_sense_is_refused(order: Order, units: dict) -> None:
    with pytest.raises(InvalidInput):
        claim_units(order.pk, {uuid4(): quantity for quantity in units.values()})


def test_release_units_gives_back_once(order: Order) -> None:
    jacket, _ = keys(order)
    claim_units(order.pk, {jacket: 2})

    release_units({jacket: 2})
    with pytest.raises(Conflict), attempt():
        release_units({jacket: 1})

    assert claimed(order) == [0, 0]


def test_database_itself_refuses_claims_beyond_what_was_sent(order: Order) -> None:
    jacket, _ = keys(order)

    with pytest.raises(IntegrityError), transaction.atomic():
        OrderLine.objects.filter(pk=jacket).update(claimed_quantity=3)
