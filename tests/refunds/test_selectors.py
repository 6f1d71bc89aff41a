"""Reading refunds and orders: the right rows, in the same number of queries for any number."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from refunds.calculation import RefundPolicy, ReturnRequest, TaxAmount, quote
from refunds.selectors import (
    RefundFilters,
    refund_counts,
    refund_detail,
    refund_list,
    refundable,
    refunds_about,
)
from refunds.snapshots import order_snapshot
from returns_portal.commerce.models import Order, OrderLine, Payment
from returns_portal.core.ids import new_id
from returns_portal.core.money import Money
from tests.refunds.money import ask, make_order

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]


def _queries(rows: int) -> int:
    order = make_order(100000, number=f"NL-{rows}")
    for number in range(rows):
        ask(order, 10, key=f"{rows}:{number}")
    with CaptureQueriesContext(
        connection,
    ) as captured:
        for refund in refund_list():
            assert refund.order.number
            assert [part.payment.label for part in refund.allocations.all()]
    return len(captured)


def test_refund_list_takes_the_same_queries_for_two_and_twenty() -> None:
    assert _queries(2) == _queries(20) == 2


def test_refund_list_filters_narrow() -> None:
    about = new_id()
    first = ask(make_order(500, number="NL-7"), 100, key="a", about_id=about)
    second = ask(make_order(500, number="NL-8"), 100, key="b", method="manual")

    def found(**filters: object) -> list[object]:
        rows = refund_list(RefundFilters(**filters))  # type: ignore[arg-type]
        return [row.pk for row in rows]

    assert found() == [second.pk, first.pk]
    assert found(method="manual") == [second.pk]
    assert found(about_id=about) == [first.pk]
    assert found(order_id=first.order_id) == [first.pk]
    assert found(search="NL-8") == found(search="nl8") == [second.pk]
    assert found(status="failed") == []
    assert [row.pk for row in refunds_about(about)] == [first.pk]
    assert refund_counts()["approved"] == 2
    assert refund_counts()["failed"] == 0


def test_refund_detail_of_an_unknown_refund_is_none() -> None:
    assert refund_detail(new_id()) is None


def test_refundable_is_what_the_payments_still_hold() -> None:
    order = make_order(3000, 2000)
    ask(order, 3500)

    assert refundable(order.pk) == Money(1500, "EUR")
    assert refundable(new_id()) is None


def _taxed(order: Order, *, inclusive: bool, tax_lines: list[dict[str, object]]) -> Order:
    Order.objects.update(
        taxes_included=inclusive,
        shipping_minor=600,
        shipping_tax_lines=[{"code": "VAT", "rate_ppm": 200000, "minor": 100}],
    )
    OrderLine.objects.update(
        unit_price_minor=13000,
        net_minor=9750,
        tax_minor=1950,
        paid_minor=11700,
        tax_lines=tax_lines,
    )
    return Order.objects.prefetch_related("lines", "payments").get(pk=order.pk)


@pytest.mark.parametrize(("inclusive", "shipping"), [(True, 600), (False, 700)])
def test_order_snapshot_prices_what_was_paid(inclusive: bool, shipping: int) -> None:
    taxes = [{"code": "VAT", "rate_ppm": 200000, "minor": 1950}]
    order = _taxed(make_order(12400), inclusive=inclusive, tax_lines=taxes)

    snapshot = order_snapshot(order)
    whole = quote(snapshot, (), ReturnRequest(everything=True), RefundPolicy())

    assert snapshot.lines[0].line_id == str(order.lines.all()[0].pk)
    assert snapshot.lines[0].taxes == (TaxAmount("VAT", 1950, inclusive),)
    assert whole.total_minor == 11700 + shipping
    assert whole.tax_by_code == {"VAT": 2050}
    assert snapshot.paid_minor == 12400


def test_order_snapshot_tax_codes_that_do_not_add_up_are_one_sum() -> None:
    taxes = [{"code": "VAT", "rate_ppm": 200000, "minor": 1}]
    order = _taxed(make_order(12400), inclusive=True, tax_lines=taxes)

    assert order_snapshot(order).lines[0].taxes == (TaxAmount("tax", 1950, True),)


def test_order_snapshot_refunded_elsewhere_lessens_what_can_be_paid() -> None:
    order = make_order(5000)
    Payment.objects.update(refunded_elsewhere_minor=1200)
    order = Order.objects.prefetch_related("lines", "payments").get(pk=order.pk)

    assert order_snapshot(order).paid_minor == 3800
