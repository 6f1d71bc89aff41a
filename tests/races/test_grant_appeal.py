"""Two people grant one objection at the same time: it is paid once.

The control reads that the objection is open without locking the return, and pays twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import connection, transaction

from refunds.actions.request import request_refund
from refunds.models import Refund
from returns_portal.core.actor import SHOPPER, SYSTEM, Actor, ActorKind
from returns_portal.core.errors import DomainError
from returns_portal.core.ids import new_token
from returns_portal.core.invariants import problems_of
from returns_portal.core.money import Money
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.appeals import grant_appeal, open_appeal
from rma.actions.inspection import inspect_unit
from rma.actions.resolution import commit_resolution
from rma.models import Appeal, Inspection, Resolution, Return
from tests import flows
from tests.factories import make_merchant

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def objected(
    transactional_db: None, settings: LazySettings, tmp_path: Path
) -> tuple[Merchant, Return]:
    """Return a closed return whose only unit was refused, with an open objection."""
    settings.MEDIA_ROOT = tmp_path
    merchant = flows.open_for_business(make_merchant("objected"))
    with merchant_scope(merchant.pk):
        rma = flows.received(flows.approved(flows.order()))
        with transaction.atomic():
            unit = Inspection.objects.get(rma=rma)
            inspect_unit(
                unit.pk,
                grade="D",
                disposition="dispose",
                accepted=False,
                rejection="Worn outdoors",
                actor=SYSTEM,
                expected_version=unit.version,
            )
            commit_resolution(rma.pk, actor=SYSTEM)
            open_appeal(rma.pk, actor=SHOPPER, words="Never worn.")
    return merchant, rma


def at_once(merchant: Merchant, *runs: Callable[[], object]) -> list[str]:
    """Run all in threads with connections of their own; return the codes of the refusals."""
    barrier = threading.Barrier(len(runs), timeout=30)
    refused: list[str] = []

    def one(run: Callable[[], object]) -> None:
        try:
            with merchant_scope(merchant.pk):
                barrier.wait()
                with transaction.atomic():
                    run()
        except DomainError as refusal:
            refused.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return refused


def person(number: int) -> Actor:
    return Actor(ActorKind.MEMBER, f"u{number}", f"Person {number}", frozenset({"returns:decide"}))


def test_two_people_granting_at_once_pay_once(objected: tuple[Merchant, Return]) -> None:
    merchant, rma = objected
    grants = [
        lambda number=number: grant_appeal(rma.pk, actor=person(number), answer="You are right.")
        for number in range(4)
    ]
    with merchant_scope(merchant.pk):
        refused = at_once(merchant, *grants)
        flows.drain()
        with transaction.atomic():
            amounts = list(Resolution.objects.values_list("amount_minor", flat=True))
            sent = list(Refund.objects.values_list("amount_minor", "status"))

    assert refused == ["no_appeal"] * 3
    assert (amounts, sent) == ([4005], [(4005, "succeeded")])
    assert problems_of(merchant.pk) == []


def test_control_without_the_lock_pays_twice(objected: tuple[Merchant, Return]) -> None:
    merchant, rma = objected
    looked = threading.Barrier(2, timeout=30)

    def careless() -> None:
        is_open = Appeal.objects.filter(rma=rma, status="open").exists()
        looked.wait()
        if is_open:
            request_refund(
                order_id=rma.order_id,
                key=new_token(),
                amount=Money(1000, "EUR"),
                breakdown={},
                about_id=rma.pk,
                reason="return",
                actor=SYSTEM,
            )

    with merchant_scope(merchant.pk):
        at_once(merchant, careless, careless)
        with transaction.atomic():
            assert Refund.objects.count() == 2
