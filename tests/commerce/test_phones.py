"""Orders of an earlier version, which know a phone number and have no index of it."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command
from django.db import transaction

from returns_portal.commerce import phones
from returns_portal.commerce.models import Order
from returns_portal.commerce.selectors import find_order_for_shopper
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from tests import flows


def run() -> list[str]:
    out = io.StringIO()
    call_command("index_order_phones", stdout=out)
    return out.getvalue().splitlines()


@pytest.fixture
def old(merchant: Merchant) -> list[Order]:
    """Return three orders as an earlier version left them."""
    with merchant_scope(merchant.pk):
        orders = [flows.order(number=f"NL-{place}") for place in range(3)]
        with transaction.atomic():
            Order.objects.update(phone_index=b"", national_phone_index=b"")
    return orders


def test_index_order_phones_lets_old_orders_be_found(
    merchant: Merchant, old: list[Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phones, "PAGE", 2)

    assert run() == ["northloom: 3 orders indexed"]
    with merchant_scope(merchant.pk), transaction.atomic():
        for typed in ("070-000 00 01", "+46 70 000 00 01"):
            assert [find_order_for_shopper(one.number, typed) for one in old] == old
    assert run() == ["northloom: 0 orders indexed"]


def test_index_order_phones_takes_the_customers_phone_where_the_address_has_none(
    merchant: Merchant, old: list[Order]
) -> None:
    with merchant_scope(merchant.pk), transaction.atomic():
        order = Order.objects.select_related("customer").get(pk=old[0].pk)
        order.shipping_address = {}
        order.save()
        assert order.customer is not None
        order.customer.phone = "070-111 11 11"
        order.customer.save()

    run()
    with merchant_scope(merchant.pk), transaction.atomic():
        assert find_order_for_shopper("NL-0", "+46 70 111 11 11") == order


def test_index_order_phones_leaves_an_index_that_is_there(
    merchant: Merchant, old: list[Order]
) -> None:
    with merchant_scope(merchant.pk), transaction.atomic():
        Order.objects.filter(pk=old[0].pk).update(phone_index=b"kept")

    assert run() == ["northloom: 2 orders indexed"]
    with merchant_scope(merchant.pk), transaction.atomic():
        assert bytes(Order.objects.get(pk=old[0].pk).phone_index) == b"kept"
