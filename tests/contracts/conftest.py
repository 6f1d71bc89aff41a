"""Providers and carriers for the contract suites, and their simulators."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from refunds.providers import builtin_ledger
from refunds.providers.builtin import BuiltinRefunds
from refunds.providers.manual import ManualRefunds
from refunds.providers.stripe import StripeRefunds
from returns_portal.tenancy.models import Merchant
from rma.carriers import builtin_parcels
from rma.carriers.builtin import BuiltinCarrier
from rma.carriers.easypost import EasyPostCarrier
from tests.contracts.carrier_cases import CarrierCase
from tests.contracts.refund_cases import RefundCase
from tests.simulators import easypost as easypost_rules
from tests.simulators import stripe as stripe_rules
from tests.simulators.easypost import EasyPostSimulator
from tests.simulators.stripe import StripeSimulator


@pytest.fixture
def stripe_sim() -> Iterator[StripeSimulator]:
    with StripeSimulator() as simulator:
        yield simulator


@pytest.fixture
def easypost_sim() -> Iterator[EasyPostSimulator]:
    with EasyPostSimulator() as simulator:
        yield simulator


@pytest.fixture
def stripe_refunds(stripe_sim: StripeSimulator) -> StripeRefunds:
    credentials = {"api_key": stripe_rules.API_KEY, "webhook_secret": stripe_rules.SECRET}
    return StripeRefunds(credentials, api_base=stripe_sim.address)


@pytest.fixture
def easypost_carrier(easypost_sim: EasyPostSimulator) -> EasyPostCarrier:
    credentials = {"api_key": easypost_rules.API_KEY, "webhook_secret": easypost_rules.SECRET}
    return EasyPostCarrier(credentials, api_base=easypost_sim.api_base)


@pytest.fixture(params=["stripe", "builtin", "manual"])
def refund_case(request: pytest.FixtureRequest, scoped: Merchant) -> RefundCase:
    if request.param == "stripe":
        simulator: StripeSimulator = request.getfixturevalue("stripe_sim")
        payment = simulator.add_payment(10_000)
        return RefundCase(
            request.getfixturevalue("stripe_refunds"),
            payment.intent,
            lambda: [one["metadata"]["operation_id"] for one in simulator.refunds_of(payment)],
        )
    if request.param == "builtin":
        return RefundCase(
            BuiltinRefunds({}),
            "pay_1",
            lambda: [entry.operation_id for entry in builtin_ledger.entries()],
        )
    return RefundCase(ManualRefunds({}), "pay_1", None)


@pytest.fixture(params=["easypost", "builtin"])
def carrier_case(request: pytest.FixtureRequest, scoped: Merchant) -> CarrierCase:
    if request.param == "easypost":
        simulator: EasyPostSimulator = request.getfixturevalue("easypost_sim")
        return CarrierCase(
            request.getfixturevalue("easypost_carrier"),
            lambda: [one["tracking_code"] for one in simulator.labels()],
            lambda code: simulator.scan(code, "in_transit") and None,
        )
    return CarrierCase(
        BuiltinCarrier({"currency": "USD"}),
        lambda: [entry.tracking_code for entry in builtin_parcels.entries()],
        lambda code: builtin_parcels.advance(code) and None,
    )
