"""The built-in gateway and carrier: accidents on request, own books, one row per operation."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from refunds.providers import builtin_ledger
from refunds.providers.base import RefundOrder, RefundStatus
from refunds.providers.builtin import ACCIDENTS, BuiltinRefunds
from returns_portal.core import clock
from returns_portal.core.money import Money
from returns_portal.core.scope import merchant_scope
from returns_portal.integrations.outcomes import Declined, Unavailable, Unknown
from returns_portal.tenancy.models import Merchant
from rma.carriers import builtin_parcels
from rma.carriers.base import Address, LabelRefund, Parcel, TrackingStatus
from rma.carriers.builtin import BuiltinCarrier
from tests import factories
from tests.contracts.carrier_cases import label_order


def order(payment: str = "pay_1", operation_id: str = "op-1", minor: int = 500) -> RefundOrder:
    return RefundOrder(operation_id, payment, Money(minor, "EUR"), "Too small")


@pytest.mark.usefixtures("scoped")
def test_lost_answer_is_unknown_once_and_paid_once() -> None:
    gateway = BuiltinRefunds({})

    with pytest.raises(Unknown):
        gateway.send(order("pay-lost"), key="k")
    found = gateway.find(order("pay-lost"), key="k")
    again = gateway.send(order("pay-lost"), key="k")

    assert found is not None
    assert found.provider_refund_id == again.provider_refund_id
    assert [entry.operation_id for entry in builtin_ledger.entries()] == ["op-1"]


@pytest.mark.usefixtures("scoped")
@pytest.mark.parametrize(("ending", "outcome"), [("-declined", Declined), ("-busy", Unavailable)])
def test_refused_or_busy_books_nothing(ending: str, outcome: type[Exception]) -> None:
    assert ending in ACCIDENTS

    with pytest.raises(outcome):
        BuiltinRefunds({}).send(order("pay" + ending), key="k")

    assert builtin_ledger.entries() == []


@pytest.mark.usefixtures("scoped")
@pytest.mark.parametrize(
    ("ending", "status"), [("-pending", RefundStatus.PENDING), ("-fails", RefundStatus.FAILED)]
)
def test_pending_and_failing_payments_answer_so(ending: str, status: RefundStatus) -> None:
    answer = BuiltinRefunds({}).send(order("pay" + ending), key="k")

    assert answer.status is status
    assert bool(answer.failure_reason) is status.no_money_moved


@pytest.mark.usefixtures("scoped")
def test_bank_moves_a_refund_after_it_succeeded() -> None:
    gateway = BuiltinRefunds({})
    answer = gateway.send(order(), key="k")

    assert builtin_ledger.move(answer.provider_refund_id, "failed")

    assert gateway.read(answer.provider_refund_id).status is RefundStatus.FAILED
    assert not builtin_ledger.move("bgr_unknown", "failed")


@pytest.mark.usefixtures("scoped")
def test_key_used_for_another_refund_is_unknown_and_books_nothing_more() -> None:
    gateway = BuiltinRefunds({})
    gateway.send(order(), key="k")

    for other in (order(minor=501), order(operation_id="op-2"), order("pay_2")):
        with pytest.raises(Unknown):
            gateway.send(other, key="k")

    assert len(builtin_ledger.entries()) == 1


def test_books_of_one_merchant_are_closed_to_another(
    merchant: Merchant, other_merchant: Merchant
) -> None:
    gateway, carrier = BuiltinRefunds({}), BuiltinCarrier({})
    with merchant_scope(merchant.pk):
        answer = gateway.send(order(), key="k")
        code = builtin_parcels.record("op-1", "R-1").tracking_code

    with merchant_scope(other_merchant.pk):
        assert builtin_ledger.entries() == []
        assert builtin_parcels.entries() == []
        assert gateway.find(order(), key="k") is None
        assert carrier.track(code) == []
        with pytest.raises(Declined):
            gateway.read(answer.provider_refund_id)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["refund", "label"])
def test_eight_at_once_book_one(what: str) -> None:
    merchant = factories.make_merchant("northloom")
    barrier = threading.Barrier(8)
    names: list[str] = []

    def act() -> None:
        try:
            with merchant_scope(merchant.pk):
                barrier.wait()
                if what == "refund":
                    names.append(BuiltinRefunds({}).send(order(), key="k").provider_refund_id)
                else:
                    names.append(builtin_parcels.record("op-1", "R-1").tracking_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=act) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with merchant_scope(merchant.pk):
        booked = builtin_ledger.entries() if what == "refund" else builtin_parcels.entries()
        assert len(booked) == 1
    assert len(names) == 8
    assert len(set(names)) == 1


@pytest.mark.usefixtures("scoped")
def test_parcel_travels_its_route_and_stays_delivered() -> None:
    carrier = BuiltinCarrier({})
    code = builtin_parcels.record("op-1", "R-1").tracking_code
    for hours in range(1, 8):
        with clock.shifted(timedelta(hours=hours)):
            builtin_parcels.advance(code)

    scans = carrier.track(code)

    assert [scan.status for scan in scans] == [step[0] for step in builtin_parcels.ROUTE]
    assert [scan.occurred_at for scan in scans] == sorted(scan.occurred_at for scan in scans)


@pytest.mark.usefixtures("scoped")
def test_parcel_can_turn_back_after_delivery() -> None:
    carrier = BuiltinCarrier({})
    code = builtin_parcels.record("op-1", "R-1").tracking_code
    builtin_parcels.move(code, TrackingStatus.DELIVERED)

    builtin_parcels.move(code, TrackingStatus.RETURN_TO_SENDER)

    last = carrier.track(code)[-1]
    assert (last.status, last.message) == (
        TrackingStatus.RETURN_TO_SENDER,
        "On its way back to the sender",
    )


@pytest.mark.usefixtures("scoped")
def test_moving_an_unknown_parcel_does_nothing() -> None:
    assert builtin_parcels.advance("RB0") is None
    assert builtin_parcels.move("RB0", TrackingStatus.DELIVERED) is None
    assert BuiltinCarrier({}).track("RB0") == []


@pytest.mark.usefixtures("scoped")
def test_used_label_has_no_price_to_give_back() -> None:
    carrier = BuiltinCarrier({})
    label = carrier.buy(label_order(), carrier.prepare(label_order()))
    builtin_parcels.advance(label.tracking_code)

    assert carrier.cancel(label) is LabelRefund.NOT_APPLICABLE


@pytest.mark.usefixtures("scoped")
def test_number_already_taken_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtin_parcels.tracking_code_for
    taken = builtin_parcels.record("op-0", "R-0").tracking_code
    monkeypatch.setattr(
        builtin_parcels,
        "tracking_code_for",
        lambda operation_id, attempt=0: taken if attempt == 0 else real(operation_id, attempt),
    )

    second = builtin_parcels.record("op-1", "R-1")

    assert second.tracking_code == real("op-1", 1)
    assert len(builtin_parcels.entries()) == 2


def test_tracking_code_catches_each_wrong_digit_and_most_swaps() -> None:
    code = builtin_parcels.tracking_code_for("op-1")
    assert builtin_parcels.is_tracking_code(code)
    assert code == builtin_parcels.tracking_code_for("op-1")

    for place in range(2, len(code)):
        for digit in "0123456789":
            if digit != code[place]:
                wrong = code[:place] + digit + code[place + 1 :]
                assert not builtin_parcels.is_tracking_code(wrong)
    for wrong in ("", "RB", code[2:], code + "0", code[:-1], "RB" + "٣" * 13):
        assert not builtin_parcels.is_tracking_code(wrong)


@pytest.mark.parametrize(
    ("grams", "service", "currency", "minor"),
    [
        (1, None, "EUR", 495),
        (1000, None, "EUR", 495),
        (1001, None, "EUR", 585),
        (5000, "Express", "EUR", 1590),
        (1000, None, "JPY", 5),
        (1000, None, "KWD", 4950),
    ],
)
def test_price_follows_the_tariff(
    grams: int, service: str | None, currency: str, minor: int
) -> None:
    prepared = BuiltinCarrier({"currency": currency}).prepare(
        label_order(parcel=Parcel(grams), service=service, cost_cap=None)
    )

    assert prepared.cost == Money(minor, currency)


def test_prepare_refuses_what_no_postman_carries() -> None:
    with pytest.raises(Declined) as refusal:
        BuiltinCarrier({}).prepare(label_order(parcel=Parcel(30_001)))
    assert (refusal.value.code, refusal.value.field) == ("parcel_too_heavy", "weight")

    nowhere = Address("Maya", "8 Vicar Street", "", "", "IE")
    with pytest.raises(Declined) as refusal:
        BuiltinCarrier({}).prepare(label_order(receiver=nowhere))
    assert refusal.value.field == "to_address.city"

    with pytest.raises(Declined) as refusal:
        BuiltinCarrier({"currency": "EUR"}).prepare(label_order())
    assert refusal.value.code == "no_rates"
