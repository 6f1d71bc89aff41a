"""What every carrier that sells labels promises, asked of each of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytest_django import Settings

from returns_portal.core.errors import NotFound
from returns_portal.core.money import Money
from returns_portal.integrations.outcomes import Declined
from rma.carriers import registry
from rma.carriers.base import LabelRefund, TrackingStatus
from rma.carriers.labels import label_format_of
from rma.carriers.manual import ManualCarrier
from tests.contracts.carrier_cases import SHOPPER, CarrierCase, label_order


def test_prepare_prices_without_selling(carrier_case: CarrierCase) -> None:
    prepared = carrier_case.carrier.prepare(label_order())

    assert prepared.shipment_id
    assert prepared.rate_id
    assert prepared.cost is not None
    assert prepared.cost.currency == "USD"
    assert 0 < prepared.cost.minor <= 2000
    assert carrier_case.sold() == []


def test_buy_sells_the_prepared_label(carrier_case: CarrierCase) -> None:
    order = label_order()
    prepared = carrier_case.carrier.prepare(order)

    label = carrier_case.carrier.buy(order, prepared)

    assert carrier_case.sold() == [label.tracking_code]
    assert label.provider_shipment_id == prepared.shipment_id
    assert (label.cost, label.service) == (prepared.cost, prepared.service)
    assert label.label_pdf or label.label_url


def test_label_file_is_a_label(carrier_case: CarrierCase, settings: Settings) -> None:
    settings.ALLOW_PRIVATE_OUTBOUND = True
    order = label_order()
    label = carrier_case.carrier.buy(order, carrier_case.carrier.prepare(order))

    content = label.label_pdf or carrier_case.carrier.fetch_label(label.label_url or "")

    assert label_format_of(content) is label.label_format


def test_buy_repeated_sells_one_label(carrier_case: CarrierCase) -> None:
    order = label_order()
    prepared = carrier_case.carrier.prepare(order)

    labels = [carrier_case.carrier.buy(order, prepared) for _ in range(3)]

    assert len({label.tracking_code for label in labels}) == 1
    assert carrier_case.sold() == [labels[0].tracking_code]


def test_find_before_buying_finds_nothing(carrier_case: CarrierCase) -> None:
    order = label_order()
    prepared = carrier_case.carrier.prepare(order)

    assert carrier_case.carrier.find(order, prepared) is None
    assert carrier_case.sold() == []


def test_find_after_buying_returns_the_same_label(carrier_case: CarrierCase) -> None:
    order = label_order()
    prepared = carrier_case.carrier.prepare(order)
    bought = carrier_case.carrier.buy(order, prepared)

    found = carrier_case.carrier.find(order, prepared)

    assert found is not None
    assert found.tracking_code == bought.tracking_code
    assert (found.cost, found.carrier, found.service) == (
        bought.cost,
        bought.carrier,
        bought.service,
    )


def test_prepare_again_and_buy_the_first_sells_one_label(carrier_case: CarrierCase) -> None:
    order = label_order()
    prepared = carrier_case.carrier.prepare(order)
    carrier_case.carrier.prepare(order)

    carrier_case.carrier.buy(order, prepared)

    assert len(carrier_case.sold()) == 1


def test_prepare_over_the_cap_is_declined(carrier_case: CarrierCase) -> None:
    with pytest.raises(Declined) as refusal:
        carrier_case.carrier.prepare(label_order(cost_cap=Money(1, "USD")))

    assert refusal.value.code == "over_cost_cap"
    assert carrier_case.sold() == []


def test_prepare_without_a_street_names_the_field(carrier_case: CarrierCase) -> None:
    with pytest.raises(Declined) as refusal:
        carrier_case.carrier.prepare(label_order(sender=replace(SHOPPER, line1="")))

    assert refusal.value.field
    assert "street" in refusal.value.field


def test_prepare_for_an_unknown_service_is_declined(carrier_case: CarrierCase) -> None:
    with pytest.raises(Declined) as refusal:
        carrier_case.carrier.prepare(label_order(service="Teleport"))

    assert refusal.value.code == "no_rates"


def test_track_follows_the_parcel(carrier_case: CarrierCase) -> None:
    order = label_order()
    label = carrier_case.carrier.buy(order, carrier_case.carrier.prepare(order))

    carrier_case.hand_in(label.tracking_code)
    scans = carrier_case.carrier.track(label.tracking_code)

    assert scans[-1].status is TrackingStatus.IN_TRANSIT
    moments = [scan.occurred_at for scan in scans if scan.occurred_at]
    assert moments == sorted(moments)
    assert all(moment.utcoffset() is not None for moment in moments)


def test_cancel_unused_label_gives_the_price_back(carrier_case: CarrierCase) -> None:
    order = label_order()
    label = carrier_case.carrier.buy(order, carrier_case.carrier.prepare(order))

    first, again = carrier_case.carrier.cancel(label), carrier_case.carrier.cancel(label)

    assert first in (LabelRefund.SUBMITTED, LabelRefund.REFUNDED)
    assert again is first


def test_registry_knows_each_carrier_by_its_name(carrier_case: CarrierCase) -> None:
    kind = type(carrier_case.carrier)

    assert registry.carrier_class(kind.name) is kind
    assert kind.label


def test_registry_refuses_an_unknown_name() -> None:
    with pytest.raises(NotFound, match="builtin, easypost, manual"):
        registry.build("pigeon", {})


def test_own_label_buys_nothing_and_tracks_nothing() -> None:
    carrier = ManualCarrier({})

    with pytest.raises(Declined) as refusal:
        carrier.prepare(label_order())

    assert refusal.value.code == "no_labels"
    assert not carrier.capabilities.sells_labels
    assert carrier.track("1Z999") == []
