"""A scan leads to the return, the parcel or the item it stands for."""

from __future__ import annotations

import pytest

from rma.models import Shipment
from rma.numbers import barcode_form
from rma.scanning import ScanKind, find_by_scan
from tests import flows

pytestmark = pytest.mark.usefixtures("shop")


@pytest.fixture
def rma():
    return flows.approved(flows.order())


def test_scan_of_a_return_number_in_any_form_finds_it(rma):
    for text in (rma.number, rma.number.lower(), barcode_form(rma.number), f"]C1{rma.number}"):
        hit = find_by_scan(text)
        assert (hit.kind, hit.rma) == (ScanKind.RETURN, rma)


def test_scan_of_a_tracking_number_finds_parcel_and_return(rma):
    shipment = Shipment.objects.get()

    hit = find_by_scan(f" {shipment.tracking_code.lower()} ")

    assert (hit.kind, hit.shipment, hit.rma) == (ScanKind.PARCEL, shipment, rma)


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        ("9400111899223100000000", "420941039400111899223100000000"),
        ("9400111899223100000000", "4209410312349400111899223100000000"),
        ("123456789012", "9632001960000000000400123456789012"),
    ],
)
def test_scan_of_a_parcel_barcode_with_its_postal_prefix_finds_it(rma, code, printed):
    Shipment.objects.update(tracking_code=code, tracking_key=code)

    assert find_by_scan(printed).rma == rma


@pytest.mark.parametrize("code", ["TR-1", "5391524000001"])
def test_scan_of_an_item_finds_the_open_returns_that_wait_for_it(rma, code):
    other = flows.request(flows.order(number="NL-2"), method="own")
    flows.refunded(flows.order(number="NL-3"))

    hit = find_by_scan(code)

    assert hit.kind is ScanKind.ITEM
    assert hit.returns == (rma, other)
    assert hit.rma is None
    assert hit.variant.sku == "TR-1"


@pytest.mark.parametrize("code", ["", "   ", "R-7K4P-2M9X-WC", "nonsense", "x" * 500])
def test_scan_of_anything_else_is_unknown(rma, code):
    hit = find_by_scan(code)

    assert (hit.kind, hit.rma) == (ScanKind.UNKNOWN, None)
