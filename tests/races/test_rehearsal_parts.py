"""Several workers share one rehearsal: each part is decided by one of them and counted once.

The control does what the product must not: look for a free part, then say that it is taken. It
shows that the workers really meet on this machine.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from django.db import connection, transaction

from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import now
from returns_portal.core.crashpoints import armed
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions import rehearsal_parts
from rma.actions.policy import save_draft
from rma.actions.rehearsal_parts import LEASE, rehearse_part
from rma.actions.rehearsing import start_rehearsal
from rma.models import Rehearsal, RehearsalPart, RehearsedReturn
from rma.policy.document import default_policy
from tests import flows

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

WORKERS = 4
RETURNS = 8


@pytest.fixture
def planned(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> Iterator[Merchant]:
    """Return a merchant with a rehearsal of eight returns in five parts, the last one empty."""
    monkeypatch.setattr(rehearsal_parts, "PART_SIZE", 2)
    flows.open_for_business(merchant)
    with merchant_scope(merchant.pk):
        for number in range(RETURNS):
            flows.request(flows.order(number=f"NL-{number}", email=f"{number}@example.com"))
        document = default_policy("EUR")
        document["approval"]["automatic"] = False
        with transaction.atomic():
            save_draft(document, actor=SYSTEM)
            start_rehearsal(30, SYSTEM)
        rehearse_part()
    yield merchant
    armed.clear()


def at_once(work: Callable[[], None], merchant_id: UUID) -> None:
    """Run ``work`` in WORKERS threads, each on a connection of its own."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            with merchant_scope(merchant_id):
                work()
        except BaseException as error:
            failed.append(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []


def test_rehearse_part_four_workers_take_different_parts_and_count_each_once(
    planned: Merchant,
) -> None:
    barrier = threading.Barrier(WORKERS, timeout=30)
    armed["rehearsal.claimed"] = lambda: barrier.wait() and None
    at_once(lambda: rehearse_part() and None, planned.pk)
    armed.clear()

    with merchant_scope(planned.pk), transaction.atomic():
        assert [part.attempts for part in RehearsalPart.objects.all()].count(1) == WORKERS
    with merchant_scope(planned.pk):
        while rehearse_part():
            pass
        with transaction.atomic():
            ended = Rehearsal.objects.get()
            assert (ended.status, ended.done, ended.changed) == ("done", RETURNS, RETURNS)
            assert ended.totals["returns"] == RehearsedReturn.objects.count() == RETURNS
            assert {part.attempts for part in RehearsalPart.objects.all()} == {1}


def test_rehearse_part_workers_that_finish_at_once_end_the_rehearsal_once(
    planned: Merchant,
) -> None:
    with merchant_scope(planned.pk):
        rehearse_part()
    barrier = threading.Barrier(WORKERS, timeout=30)
    armed["rehearsal.decided"] = lambda: barrier.wait() and None
    at_once(lambda: rehearse_part() and None, planned.pk)

    with merchant_scope(planned.pk), transaction.atomic():
        ended = Rehearsal.objects.get()
        assert (ended.status, ended.done, ended.totals["returns"]) == ("done", RETURNS, RETURNS)


def test_control_looking_then_taking_gives_one_part_to_all(planned: Merchant) -> None:
    barrier = threading.Barrier(WORKERS, timeout=30)
    taken: list[UUID] = []

    def take() -> None:
        with transaction.atomic():
            part = RehearsalPart.objects.filter(status="waiting").order_by("position")[0]
            barrier.wait()
            RehearsalPart.objects.filter(pk=part.pk).update(
                status="running", lease_until=now() + LEASE
            )
            taken.append(part.pk)

    at_once(take, planned.pk)

    assert len(taken) == WORKERS
    assert len(set(taken)) == 1
