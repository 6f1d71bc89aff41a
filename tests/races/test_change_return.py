"""A shopper changes a return while the carrier scans its parcel, and in two tabs at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection, transaction

from returns_portal.core.actor import SHOPPER, SYSTEM
from returns_portal.core.clock import now
from returns_portal.core.errors import DomainError
from returns_portal.core.invariants import problems_of
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.changing import change_return
from rma.actions.tracking import record_scans
from rma.carriers.base import TrackingScan, TrackingStatus
from rma.models import Return, ReturnChange, Shipment
from tests import flows

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def shop(merchant: Merchant, settings: LazySettings, tmp_path: Path) -> Iterator[Merchant]:
    settings.MEDIA_ROOT = tmp_path
    flows.open_for_business(merchant)
    with merchant_scope(merchant.pk):
        yield merchant


def at_once(shop: Merchant, *works: Callable[[], object]) -> list[object]:
    """Run each of ``works`` in a thread and a transaction of its own, started together."""
    barrier = threading.Barrier(len(works), timeout=30)
    answers: list[object] = [None] * len(works)

    def one(place: int) -> None:
        try:
            barrier.wait()
            with merchant_scope(shop.pk), transaction.atomic():
                answers[place] = works[place]()
        except DomainError as refusal:
            answers[place] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


def changer(rma: Return, line: Any, key: str, **options: Any) -> Callable[[], Return]:
    known = {"method": "own", "revision": 0, "quantity": 1, **options}
    wish = flows.wish(line, quantity=known.pop("quantity"))
    return lambda: change_return(rma.pk, lines=[wish], operation_id=key, actor=SHOPPER, **known)


@pytest.mark.parametrize("attempt", range(4))
def test_change_while_a_scan_comes_in_is_made_before_it_or_not_at_all(
    shop: Merchant, attempt: int
) -> None:
    order = flows.order(prices=(4500, 9900))
    first, second = flows.lines_of(order)
    rma = flows.approved(order, flows.wish(first))
    with transaction.atomic():
        parcel = Shipment.objects.get(rma=rma)
    scan = TrackingScan(status=TrackingStatus.IN_TRANSIT, occurred_at=now())

    changed, _scanned = at_once(
        shop,
        changer(rma, second, "a"),
        lambda: record_scans(parcel.pk, [scan], actor=SYSTEM),
    )

    with transaction.atomic():
        claimed = [line.claimed_quantity for line in order.lines.order_by("position")]
        made = ReturnChange.objects.count()
        method = flows.fresh(rma).method
        assert Shipment.objects.get(rma=rma).status == "in_transit"
    if isinstance(changed, DomainError):
        assert (changed.code, claimed, made, method) == ("parcel_moving", [1, 0], 0, "label")
    else:
        # The label was given up before it was used all the same; the parcel is followed.
        assert (claimed, made, method) == ([0, 1], 1, "own")
    assert problems_of(shop.pk) == []


def test_changes_in_two_tabs_at_once_are_one_change_and_one_label(shop: Merchant) -> None:
    order = flows.order(prices=(4500, 9900), quantity=3)
    first, second = flows.lines_of(order)
    rma = flows.approved(order, flows.wish(first), method="own")

    answers = at_once(
        shop,
        changer(rma, first, "a", quantity=3, method="label"),
        changer(rma, second, "b", quantity=2, method="label"),
        changer(rma, first, "a", quantity=3, method="label"),
    )
    flows.drain()

    refused = [one.code for one in answers if isinstance(one, DomainError)]
    with transaction.atomic():
        [change] = ReturnChange.objects.all()
        claimed = [line.claimed_quantity for line in order.lines.order_by("position")]
        assert [one.status for one in Shipment.objects.filter(rma=rma)] == ["ready"]
    if change.operation_id == "a":
        assert (claimed, refused) == ([3, 0], ["changed_meanwhile"])
    else:
        assert (claimed, refused) == ([0, 2], ["changed_meanwhile"] * 2)
    assert problems_of(shop.pk) == []
