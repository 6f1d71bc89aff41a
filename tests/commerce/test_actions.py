from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from returns_portal.activity.models import Event
from returns_portal.commerce.actions import Upserted, upsert_order
from returns_portal.commerce.counters import claim_units
from returns_portal.commerce.models import (
    Customer,
    Fulfilment,
    Order,
    OrderLine,
    Payment,
    Product,
    Variant,
)
from returns_portal.commerce.platforms.base import LineRecord, OrderRecord, PaymentRecord
from returns_portal.core.actor import SYSTEM
from returns_portal.core.money import Money
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant

pytestmark = pytest.mark.usefixtures("scoped")


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def line(key: str, quantity: int = 1, *, sent: int = 1, paid: int = 5000) -> LineRecord:
    return LineRecord(
        external_id=key,
        title=f"Item {key}",
        quantity=quantity,
        fulfilled_quantity=sent,
        unit_price=eur(paid // quantity),
        subtotal=eur(paid),
        total=eur(paid),
        product_external_id=f"p{key}",
        variant_external_id=f"v{key}",
    )


def with_lines(record: OrderRecord, *lines: LineRecord) -> OrderRecord:
    return replace(record, lines=lines)


def test_upsert_order_new_writes_every_part(record: OrderRecord) -> None:
    order, outcome = upsert_order(record, actor=SYSTEM)

    assert outcome is Upserted.CREATED
    order = Order.objects.get()
    assert (order.number, order.number_key, order.source) == ("#1001", "1001", "shopify")
    assert order.total == eur(12900)
    assert order.shipping_minor == 900
    assert order.shipping_tax_lines == [{"code": "Moms", "rate_ppm": 250_000, "minor": 60}]
    assert order.email == "maya@example.com"
    assert order.shipping_address["zip"] == "114 55"
    assert order.shop_currency == ""
    [stored] = OrderLine.objects.all()
    assert (stored.net_minor, stored.tax_minor, stored.paid_minor) == (10000, 2000, 12000)
    assert (stored.quantity, stored.fulfilled_quantity, stored.claimed_quantity) == (2, 2, 0)
    assert stored.discount_minor == 2000
    assert stored.tax_lines == [{"code": "Moms", "rate_ppm": 250_000, "minor": 2000}]
    assert stored.delivered_at == datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
    assert stored.shipped_at == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert stored.variant.product.title == "Ridge jacket"
    [payment] = Payment.objects.all()
    assert (payment.gateway, payment.amount_minor) == ("stripe", 12900)
    [parcel] = Fulfilment.objects.all()
    assert parcel.lines == [{"line": "11", "quantity": 2}]
    [event] = Event.objects.all()
    assert (event.kind, event.subject_id) == ("order.imported", order.pk)


def test_upsert_order_again_changes_and_records_nothing(record: OrderRecord) -> None:
    upsert_order(record, actor=SYSTEM)
    before = Order.objects.values().get()

    _, outcome = upsert_order(replace(record, updated_at=None), actor=SYSTEM)

    assert outcome is Upserted.UNCHANGED
    assert Order.objects.values().get() == before
    assert Event.objects.count() == 1


def test_upsert_order_changed_updates_the_mirror_in_place(record: OrderRecord) -> None:
    first, _ = upsert_order(record, actor=SYSTEM)
    sooner = record.lines[0]
    changed = replace(record, email="new@example.com", lines=(replace(sooner, title="Renamed"),))

    second, outcome = upsert_order(changed, actor=SYSTEM)

    assert (outcome, second.pk) == (Upserted.UPDATED, first.pk)
    assert OrderLine.objects.get().title == "Renamed"
    assert Order.objects.get().email == "new@example.com"
    assert [event.kind for event in Event.objects.order_by("pk")] == [
        "order.imported",
        "order.updated",
    ]
    assert (Payment.objects.count(), Fulfilment.objects.count()) == (1, 1)


def grouped(record: OrderRecord, *groups: str) -> OrderRecord:
    return replace(record, customer=replace(record.customer, groups=groups))


def test_upsert_order_keeps_the_groups_of_the_purchase(record: OrderRecord) -> None:
    upsert_order(grouped(record, "VIP", "Wholesale"), actor=SYSTEM)

    _, same = upsert_order(grouped(record, "Former"), actor=SYSTEM)
    later = replace(grouped(record, "Former"), email="new@example.com")
    _, outcome = upsert_order(later, actor=SYSTEM)

    order = Order.objects.get()
    assert (same, outcome) == (Upserted.UNCHANGED, Upserted.UPDATED)
    assert (order.customer_groups, order.email) == (["VIP", "Wholesale"], "new@example.com")


def test_upsert_order_told_groups_later_takes_the_first_of_them(record: OrderRecord) -> None:
    upsert_order(record, actor=SYSTEM)
    assert Order.objects.get().customer_groups is None

    _, outcome = upsert_order(grouped(record), actor=SYSTEM)
    _, again = upsert_order(grouped(record, "VIP"), actor=SYSTEM)

    assert (outcome, again) == (Upserted.UPDATED, Upserted.UNCHANGED)
    assert Order.objects.get().customer_groups == []


def test_upsert_order_older_than_the_mirror_is_ignored(record: OrderRecord) -> None:
    upsert_order(record, actor=SYSTEM)
    assert record.updated_at
    late = replace(record, updated_at=record.updated_at - timedelta(hours=1), email="old@x.example")

    _, outcome = upsert_order(late, actor=SYSTEM)

    assert outcome is Upserted.UNCHANGED
    assert Order.objects.get().email == "maya@example.com"


def test_upsert_order_never_counts_fewer_units_than_returns_claimed(record: OrderRecord) -> None:
    order, _ = upsert_order(with_lines(record, line("a", 3, sent=3, paid=9000)), actor=SYSTEM)
    stored = OrderLine.objects.get()
    claim_units(order.pk, {stored.pk: 2})

    upsert_order(with_lines(record, line("a", 1, sent=1, paid=3000)), actor=SYSTEM)

    stored.refresh_from_db()
    assert (stored.claimed_quantity, stored.fulfilled_quantity) == (2, 2)
    assert (stored.quantity, stored.paid_minor) == (3, 9000)


def test_upsert_order_line_gone_at_the_shop_is_marked_and_comes_back(record: OrderRecord) -> None:
    both = with_lines(record, line("a"), line("b"))
    order, _ = upsert_order(both, actor=SYSTEM)
    gone = OrderLine.objects.get(external_id="b")
    claim_units(order.pk, {gone.pk: 1})

    upsert_order(with_lines(record, line("a")), actor=SYSTEM)

    gone.refresh_from_db()
    assert (gone.is_removed, gone.claimed_quantity, gone.fulfilled_quantity) == (True, 1, 1)
    assert not OrderLine.objects.get(external_id="a").is_removed

    upsert_order(both, actor=SYSTEM)

    gone.refresh_from_db()
    assert not gone.is_removed


def test_upsert_order_units_refunded_at_the_shop_cannot_be_returned(record: OrderRecord) -> None:
    refunded = replace(line("a", 3, sent=3), refunded_quantity=2)

    upsert_order(with_lines(record, refunded), actor=SYSTEM)

    assert OrderLine.objects.get().fulfilled_quantity == 1


def test_upsert_order_final_sale_tag_marks_the_line(record: OrderRecord) -> None:
    upsert_order(with_lines(record, replace(line("a"), tags=("Final-Sale",))), actor=SYSTEM)

    assert OrderLine.objects.get().is_final_sale


def payment(key: str, captured: int, refunded: int = 0) -> PaymentRecord:
    return PaymentRecord(
        external_id=key,
        gateway="stripe",
        status="captured",
        amount=eur(captured),
        captured=eur(captured),
        refunded=eur(refunded),
    )


def test_upsert_order_refund_at_the_shop_and_ours_stay_within_the_capture(
    record: OrderRecord,
) -> None:
    upsert_order(replace(record, payments=(payment("a", 5000),)), actor=SYSTEM)
    Payment.objects.update(refunded_minor=3000)

    upsert_order(replace(record, payments=(payment("a", 5000, 4000),)), actor=SYSTEM)

    stored = Payment.objects.get()
    assert (stored.refunded_minor, stored.refunded_elsewhere_minor) == (3000, 2000)
    assert stored.refundable == eur(0)


def test_upsert_order_payment_gone_at_the_shop_refunds_no_more(record: OrderRecord) -> None:
    upsert_order(replace(record, payments=(payment("a", 5000), payment("b", 4000))), actor=SYSTEM)
    Payment.objects.filter(external_id="a").update(refunded_minor=1000)

    upsert_order(replace(record, payments=(payment("b", 4000),)), actor=SYSTEM)

    gone = Payment.objects.get(external_id="a")
    assert (gone.amount_minor, gone.refundable) == (1000, eur(0))
    assert Payment.objects.get(external_id="b").refundable == eur(4000)


def test_upsert_order_payment_not_captured_is_not_refundable(record: OrderRecord) -> None:
    held = replace(payment("a", 5000), captured=eur(0), status="authorized")

    upsert_order(replace(record, payments=(held,)), actor=SYSTEM)

    assert not Payment.objects.exists()


def test_upsert_order_guests_with_one_address_are_one_customer(record: OrderRecord) -> None:
    for number in ("1", "2"):
        guest = replace(record.customer, external_id="")
        own = replace(record, external_id=number, number=number, customer=guest)
        own = replace(own, email="Maya@Example.com" if number == "1" else "maya@example.com")
        upsert_order(own, actor=SYSTEM)

    customer = Customer.objects.get()
    assert customer.external_id.startswith("guest-")
    assert customer.orders.count() == 2


def test_upsert_order_knows_variants_again_and_leaves_them_alone(record: OrderRecord) -> None:
    upsert_order(record, actor=SYSTEM)
    Variant.objects.update(barcode="4006381333931")

    upsert_order(replace(record, external_id="2"), actor=SYSTEM)

    assert (Product.objects.count(), Variant.objects.count()) == (1, 1)
    assert Variant.objects.get().barcode == "4006381333931"


def test_upsert_order_long_title_is_shortened_and_kept(record: OrderRecord) -> None:
    upsert_order(with_lines(record, replace(line("a"), title="x" * 900)), actor=SYSTEM)

    assert OrderLine.objects.get().title == "x" * 249 + "…"


@pytest.mark.parametrize("outcome", list(Upserted))
def test_upsert_order_statements_do_not_grow_with_lines(
    record: OrderRecord, outcome: Upserted
) -> None:
    counts = []
    for size in (2, 20):
        own = with_lines(
            replace(record, external_id=f"size{size}"), *(line(f"{size}-{n}") for n in range(size))
        )
        if outcome is not Upserted.CREATED:
            upsert_order(own, actor=SYSTEM)
        if outcome is Upserted.UPDATED:
            own = replace(own, phone="+46 70 000 00 00", email="a@example.com")
        # The first statement in a transaction tells row-level security whose it is.
        Order.objects.exists()
        with CaptureQueriesContext(connection) as queries:
            assert upsert_order(own, actor=SYSTEM)[1] is outcome
        counts.append(len(queries))

    assert counts[0] == counts[1]
    assert counts[0] <= {"created": 20, "updated": 16, "unchanged": 2}[outcome]


def test_upsert_order_of_another_merchant_is_another_order(
    record: OrderRecord, scoped: Merchant, other_merchant: Merchant
) -> None:
    mine, _ = upsert_order(record, actor=SYSTEM)
    with merchant_scope(other_merchant.pk):
        theirs, outcome = upsert_order(record, actor=SYSTEM)
        assert Order.objects.get().pk == theirs.pk

    assert outcome is Upserted.CREATED
    assert Order.objects.get().pk == mine.pk
    # One address, two merchants: nothing in the rows gives it away.
    assert bytes(mine.email_index) != bytes(theirs.email_index)
