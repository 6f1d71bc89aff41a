"""A real Celery worker is killed, loses its broker and its database: nothing is lost or doubled."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import transaction

from refunds.models import Refund
from refunds.providers import builtin_ledger
from returns_portal.core.invariants import problems_of
from returns_portal.core.scope import merchant_scope
from returns_portal.integrations.models import ProviderCall
from returns_portal.tenancy.models import Merchant
from rma.carriers import builtin_parcels
from rma.models import Return, Shipment
from tests import flows
from tests.crash.processes import (
    KILLED,
    PATIENCE,
    Processes,
    cut_connections,
    end,
    outlive_leases,
    until,
    waiting_connections,
)
from tests.factories import make_account
from tests.simulators import easypost, stripe
from tests.simulators.easypost import EasyPostSimulator
from tests.simulators.mail import MailServer
from tests.simulators.stripe import StripeSimulator

pytestmark = pytest.mark.services

CALLS = "integrations.run_calls"


def label_is_ready(rma: Return) -> bool:
    with transaction.atomic():
        return Shipment.objects.filter(rma=rma, status="ready").exists()


def is_closed(rma: Return) -> bool:
    return flows.fresh(rma).status == "closed"


def test_worker_killed_while_buying_leaves_one_label_and_its_successor_goes_on(
    shop: Merchant, processes: Processes
) -> None:
    rma = flows.request(flows.order())
    processes.wake(CALLS)
    assert processes.worker("label.bought").wait(PATIENCE) == KILLED
    with transaction.atomic():
        assert ProviderCall.objects.get().status == "sending"

    outlive_leases()
    processes.worker()
    processes.sweep()
    until(lambda: label_is_ready(rma))

    assert [parcel.reference for parcel in builtin_parcels.entries()] == [rma.number]


def test_child_of_a_worker_killed_while_paying_leaves_one_refund(
    shop: Merchant, processes: Processes
) -> None:
    rma = flows.inspected(flows.received(flows.approved(flows.order(), method="own")))
    processes.wake(CALLS)
    parent = processes.worker("call.answered", pool="prefork")
    until(lambda: len(builtin_ledger.entries()) == 1)
    assert parent.poll() is None
    end(parent)

    outlive_leases()
    processes.worker()
    until(lambda: _swept(processes) and is_closed(rma))

    assert len(builtin_ledger.entries()) == 1
    with transaction.atomic():
        assert Refund.objects.get().status == "succeeded"
    assert problems_of(shop.pk) == []


def test_flushed_broker_and_cut_connections_lose_nothing(
    shop: Merchant, processes: Processes, mail_server: MailServer
) -> None:
    rma = flows.request(flows.order())
    processes.wake(CALLS)
    assert processes.flush_broker() > 0
    processes.worker()
    processes.sweep()
    until(lambda: label_is_ready(rma))

    flows.inspected(flows.received(rma))
    with transaction.atomic():
        # Held here, the worker has paid and now waits to write so, when its connection is cut.
        Refund.objects.select_for_update().get()
        processes.sweep()
        until(lambda: bool(waiting_connections()))
        assert len(builtin_ledger.entries()) == 1
        assert cut_connections() > 0
    processes.flush_broker()
    outlive_leases()
    until(lambda: _swept(processes) and is_closed(rma))

    assert len(builtin_parcels.entries()) == len(builtin_ledger.entries()) == 1
    until(lambda: _swept(processes) and len(mail_server.taken) == 3)
    assert problems_of(shop.pk) == []


def _swept(processes: Processes) -> bool:
    """Put the beat's messages into the broker, as happens every few seconds in production."""
    processes.sweep()
    return True


@pytest.fixture
def providers(processes: Processes) -> Iterator[tuple[EasyPostSimulator, StripeSimulator]]:
    """Serve an EasyPost and a Stripe of our own to the workers."""
    with EasyPostSimulator() as carrier, StripeSimulator() as bank:
        carrier.currency = "EUR"
        processes.variables["EASYPOST_API_BASE"] = carrier.api_base
        processes.variables["STRIPE_API_BASE"] = bank.address
        yield carrier, bank


def test_real_libraries_killed_on_both_ways_buy_and_pay_once(
    merchant: Merchant,
    processes: Processes,
    providers: tuple[EasyPostSimulator, StripeSimulator],
) -> None:
    """EasyPost sells one label and Stripe pays one refund, read in their own books."""
    carrier, bank = providers
    payment = bank.add_payment(flows.PRICE)
    rma = _return_at(merchant, payment.intent)

    with merchant_scope(merchant.pk):
        assert processes.drain("label.bought") == KILLED
        outlive_leases()
        assert processes.drain() == 0
        assert label_is_ready(rma)
        flows.inspected(flows.received(rma))
        assert processes.drain("call.answered") == KILLED
        outlive_leases()
        assert processes.drain() == 0
        assert is_closed(rma)

    assert len(carrier.labels()) == 1
    refunds = bank.refunds_of(payment)
    assert [refund["status"] for refund in refunds] == ["succeeded"]
    assert payment.refunded == refunds[0]["amount"]
    assert problems_of(merchant.pk) == []


def _return_at(merchant: Merchant, intent: str) -> Return:
    """Return a requested return of a merchant with EasyPost and Stripe accounts."""
    with merchant_scope(merchant.pk):
        with transaction.atomic():
            make_account(
                "carrier",
                "easypost",
                credentials={"api_key": easypost.API_KEY, "webhook_secret": easypost.SECRET},
            )
            make_account(
                "refunds",
                "stripe",
                credentials={"api_key": stripe.API_KEY, "webhook_secret": stripe.SECRET},
            )
        flows.open_for_business(merchant)
        return flows.request(flows.order(gateway="stripe", reference=intent))
