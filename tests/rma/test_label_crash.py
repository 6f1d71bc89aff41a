"""A worker dies anywhere in buying a label, with real commits: the carrier sold exactly one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.db import connection, transaction

from returns_portal.core.clock import shifted
from returns_portal.core.crashpoints import armed
from returns_portal.core.invariants import problems_of
from returns_portal.core.scope import merchant_scope
from returns_portal.integrations.calls import run_due_calls
from returns_portal.integrations.models import ProviderAccount, ProviderCall
from returns_portal.tenancy.models import Merchant
from rma.carriers import builtin_parcels
from rma.models import Return, Shipment
from tests import flows
from tests.simulators.easypost import API_KEY, SECRET, EasyPostSimulator
from tests.simulators.server import Fault

pytestmark = pytest.mark.django_db(transaction=True)

POINTS = [
    "call.before_claim",
    "call.claimed",
    "label.prepared",
    "label.kept",
    "label.bought",
    "call.answered",
    "call.finished",
]
FAULTS = {
    "500 before": [Fault("status", "before")],
    "500 after": [Fault("status", "after")],
    "reset after": [Fault("drop", "after")],
    "garbage after": [Fault("garbage", "after")],
    "429 before": [Fault("status", "before", status=429)],
    "reset while preparing, 500 while buying": [Fault("drop", "after"), Fault("status", "after")],
}


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


@pytest.fixture(autouse=True)
def _disarm() -> Iterator[None]:
    yield
    armed.clear()


@pytest.fixture
def easypost(settings: LazySettings) -> Iterator[EasyPostSimulator]:
    with EasyPostSimulator() as simulator:
        settings.EASYPOST_API_BASE = simulator.api_base
        settings.ALLOW_PRIVATE_OUTBOUND = True
        yield simulator


def _requested(merchant: Merchant, provider: str) -> Return:
    flows.open_for_business(merchant)
    with merchant_scope(merchant.pk), transaction.atomic():
        account = ProviderAccount.objects.get(role="carrier")
        account.provider = provider
        account.credentials = {"api_key": API_KEY, "webhook_secret": SECRET}
        account.save()
    with merchant_scope(merchant.pk):
        return flows.request(flows.order())


def _die() -> None:
    connection.close()
    raise Killed


def _sweep() -> None:
    for minutes in (4, 9, 20, 60, 130):
        with shifted(timedelta(minutes=minutes)):
            run_due_calls()


def _check(merchant: Merchant, rma: Return, sold: Callable[[], list[str]]) -> None:
    with merchant_scope(merchant.pk), transaction.atomic():
        shipment = Shipment.objects.get(rma=rma)
        assert sold() == [shipment.tracking_code]
        assert (shipment.status, flows.fresh(rma).stage) == ("ready", "label")
        assert shipment.label_path
        assert ProviderCall.objects.get().status == "done"
    assert problems_of(merchant.pk) == []


@pytest.mark.parametrize("point", POINTS)
def test_worker_killed_anywhere_leaves_one_builtin_label(merchant: Merchant, point: str) -> None:
    rma = _requested(merchant, "builtin")
    armed[point] = _die

    with pytest.raises(Killed):
        run_due_calls()
    armed.clear()
    _sweep()

    _check(merchant, rma, lambda: [one.tracking_code for one in builtin_parcels.entries()])


@pytest.mark.parametrize("point", POINTS)
def test_worker_killed_anywhere_leaves_one_easypost_label(
    merchant: Merchant, easypost: EasyPostSimulator, point: str
) -> None:
    rma = _requested(merchant, "easypost")
    armed[point] = _die

    with pytest.raises(Killed):
        run_due_calls()
    armed.clear()
    _sweep()

    _check(merchant, rma, lambda: [one["tracking_code"] for one in easypost.labels()])


@pytest.mark.parametrize("fault", FAULTS)
def test_easypost_failing_anyhow_sells_one_label(
    merchant: Merchant, easypost: EasyPostSimulator, fault: str
) -> None:
    rma = _requested(merchant, "easypost")
    easypost.fail_next(*FAULTS[fault])

    _sweep()

    _check(merchant, rma, lambda: [one["tracking_code"] for one in easypost.labels()])


def test_buying_lost_and_worker_killed_again_sells_one_label(
    merchant: Merchant, easypost: EasyPostSimulator
) -> None:
    rma = _requested(merchant, "easypost")
    armed["label.kept"] = lambda: easypost.fail_next(Fault("drop", "after"))
    run_due_calls()
    with merchant_scope(merchant.pk), transaction.atomic():
        assert ProviderCall.objects.get().status == "unknown"
    armed["label.bought"] = _die
    with pytest.raises(Killed), shifted(timedelta(minutes=1)):
        run_due_calls()
    armed.clear()

    _sweep()

    _check(merchant, rma, lambda: [one["tracking_code"] for one in easypost.labels()])
