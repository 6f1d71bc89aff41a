"""A parcel is scanned twice at once, and scanned while a person settles: it is paid once.

The control takes the return's lock away and does what the product must not: look whether something
was paid, then pay. It owes twice, so the race is real on this machine.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import connection, transaction

from refunds.actions.request import request_refund
from refunds.models import Refund
from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import now
from returns_portal.core.errors import DomainError
from returns_portal.core.ids import new_token
from returns_portal.core.invariants import problems_of
from returns_portal.core.money import Money
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.early import pay_ahead
from rma.actions.policy import publish_policy, save_draft
from rma.actions.tracking import record_scans
from rma.carriers.base import TrackingScan, TrackingStatus
from rma.models import Resolution, Return, Shipment
from rma.policy.document import default_policy
from tests import flows
from tests.factories import make_merchant

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

WORKERS = 6


def opened(moments: dict[str, str]) -> tuple[Merchant, Return]:
    merchant = flows.open_for_business(make_merchant("early"))
    with merchant_scope(merchant.pk):
        with transaction.atomic():
            usual = dict.fromkeys(("refund", "store_credit", "exchange"), "inspection")
            document = default_policy("EUR") | {"processing": usual | moments}
            save_draft(document, actor=SYSTEM)
            publish_policy(actor=SYSTEM)
        placed = flows.order(prices=(4500, 3000))
        first, second = flows.lines_of(placed)
        wishes = [flows.wish(first), flows.wish(second, wanted="store_credit")]
        return merchant, flows.approved(placed, *wishes)


@pytest.fixture(autouse=True)
def media(settings: LazySettings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def at_once(merchant: Merchant, *runs: Callable[[], object]) -> list[DomainError]:
    """Run all in threads with connections of their own, started together; return the refusals."""
    barrier = threading.Barrier(len(runs), timeout=30)
    refused: list[DomainError] = []

    def one(run: Callable[[], object]) -> None:
        try:
            with merchant_scope(merchant.pk):
                barrier.wait()
                with transaction.atomic():
                    run()
        except DomainError as refusal:
            refused.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return refused


def scan(rma: Return, minutes: int) -> Callable[[], object]:
    with transaction.atomic():
        shipment_id = Shipment.objects.get(rma=rma).pk
    moment = now() - timedelta(minutes=minutes)

    def run() -> object:
        seen = TrackingScan(TrackingStatus.IN_TRANSIT, moment, f"Scan {minutes}")
        return record_scans(shipment_id, [seen], actor=SYSTEM)

    return run


def owed(rma: Return) -> list[tuple[str, int]]:
    with transaction.atomic():
        rows = Resolution.objects.filter(rma=rma).order_by("kind")
        assert Refund.objects.count() == len([one for one in rows if one.kind == "refund"])
        return [(one.kind, one.amount_minor) for one in rows]


def test_scans_at_once_pay_once(transactional_db: None) -> None:
    merchant, rma = opened({"refund": "first_scan"})
    with merchant_scope(merchant.pk):
        refused = at_once(merchant, *(scan(rma, minutes) for minutes in range(1, WORKERS + 1)))

        assert (refused, owed(rma)) == ([], [("refund", 4005)])
        assert flows.fresh(rma).part_settled
        flows.drain()
    assert problems_of(merchant.pk) == []


def test_scan_while_a_person_pays_settles_each_outcome_once(transactional_db: None) -> None:
    merchant, rma = opened({"refund": "first_scan", "store_credit": "hand"})
    with merchant_scope(merchant.pk):
        people = [lambda: pay_ahead(rma.pk, actor=SYSTEM)] * 3
        refused = at_once(merchant, scan(rma, 1), *people, scan(rma, 2))

        assert (refused, owed(rma)) == ([], [("refund", 4005), ("store_credit", 3000)])
        flows.drain()
        rma = flows.inspected(flows.received(rma))
        assert owed(rma) == [("refund", 4005), ("store_credit", 3000)]
    assert problems_of(merchant.pk) == []


def test_control_without_the_lock_owes_twice(
    transactional_db: None,
) -> None:
    merchant, rma = opened({"refund": "hand"})
    looked = threading.Barrier(2, timeout=30)

    def careless() -> None:
        with transaction.atomic():
            known = Refund.objects.filter(about_id=rma.pk).exists()
            looked.wait()
            if not known:
                _owe(rma)

    with merchant_scope(merchant.pk):
        at_once(merchant, careless, careless)
        with transaction.atomic():
            assert Refund.objects.filter(about_id=rma.pk).count() == 2


def _owe(rma: Return) -> None:
    request_refund(
        order_id=rma.order_id,
        key=new_token(),
        amount=Money(1000, "EUR"),
        breakdown={},
        about_id=rma.pk,
        reason="return",
        actor=SYSTEM,
    )
