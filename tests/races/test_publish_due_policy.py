"""Ten sweeps find the same scheduled policy version; it comes into force once.

The control does what the sweep must not: look without a lock, then publish. It publishes more than
once, so the race is real on this machine.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction

from returns_portal.activity.models import Event
from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import at, now
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.policy import lock_versions, publish_policy, put_in_force, save_draft
from rma.actions.policy_versions import publish_due_policy, schedule_policy
from rma.models import PolicyVersion
from rma.policy.document import default_policy
from tests.factories import make_merchant
from tests.rma.returning import publish

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

SWEEPS = 10


@pytest.fixture
def planned(transactional_db: None) -> Merchant:
    """Return a merchant with a live version and one that comes into force in an hour."""
    merchant = make_merchant("planned")
    with merchant_scope(merchant.pk), transaction.atomic():
        publish()
        save_draft(default_policy("EUR") | {"refund_days": 9}, actor=SYSTEM)
        schedule_policy(now() + timedelta(hours=1), actor=SYSTEM)
    return merchant


def at_once(sweep: Callable[[threading.Barrier, int], int]) -> int:
    """Run ``sweep`` in ten threads, each on a connection of its own; return what they published."""
    barrier = threading.Barrier(SWEEPS, timeout=30)
    done: list[int] = []
    later = now() + timedelta(hours=2)

    def one(number: int) -> None:
        try:
            with at(later):
                done.append(sweep(barrier, number))
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(SWEEPS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return sum(done)


def published(merchant: Merchant) -> tuple[dict[int, str], int]:
    with merchant_scope(merchant.pk), transaction.atomic():
        statuses = dict(PolicyVersion.objects.values_list("number", "status"))
        return statuses, Event.objects.filter(kind="policy.published").count()


def test_publish_due_policy_ten_sweeps_at_once_publish_it_once(planned: Merchant) -> None:
    def sweep(barrier: threading.Barrier, _number: int) -> int:
        with merchant_scope(planned.pk):
            barrier.wait()
            return publish_due_policy()

    assert at_once(sweep) == 1
    assert published(planned) == ({1: "retired", 2: "live"}, 2)


def test_publish_due_policy_beside_people_who_publish_keeps_one_version_live(
    planned: Merchant,
) -> None:
    with merchant_scope(planned.pk), transaction.atomic():
        save_draft(default_policy("EUR") | {"refund_days": 4}, actor=SYSTEM)

    def sweep(barrier: threading.Barrier, number: int) -> int:
        with merchant_scope(planned.pk):
            barrier.wait()
            if number:
                return publish_due_policy()
            with transaction.atomic():
                publish_policy(actor=SYSTEM)
            return 1

    assert at_once(sweep) == 2
    statuses, events = published(planned)
    assert sorted(statuses.values()) == ["live", "retired", "retired"]
    assert events == 3


def test_control_looking_without_a_lock_publishes_it_many_times(planned: Merchant) -> None:
    def sweep(barrier: threading.Barrier, _number: int) -> int:
        with merchant_scope(planned.pk), transaction.atomic():
            version = PolicyVersion.objects.get(status="scheduled")
            barrier.wait()
            versions = lock_versions()
            put_in_force(version, [one for one in versions if one.number == 1], actor=SYSTEM)
            return 1

    assert at_once(sweep) > 1
    assert published(planned)[1] > 2
