"""One order told many times at the same moment becomes one order."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from django.db import connection, transaction

from returns_portal.activity.models import Event
from returns_portal.commerce.actions import upsert_order
from returns_portal.commerce.models import Customer, Order, OrderLine, Payment, Variant
from returns_portal.commerce.platforms.base import OrderRecord
from returns_portal.core.actor import SYSTEM
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from tests.commerce.conftest import record as record

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

TELLERS = 8


def test_upsert_order_told_eight_times_at_once_is_created_once(record: OrderRecord) -> None:
    merchant = Merchant.objects.create(slug="told-often", name="Told often")
    barrier = threading.Barrier(TELLERS, timeout=30)
    outcomes: list[str] = []

    def tell() -> None:
        try:
            with merchant_scope(merchant.pk), transaction.atomic():
                Order.objects.exists()
                barrier.wait()
                outcomes.append(upsert_order(record, actor=SYSTEM)[1])
        finally:
            connection.close()

    threads = [threading.Thread(target=tell) for _ in range(TELLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert Counter(outcomes) == {"created": 1, "unchanged": TELLERS - 1}
    with merchant_scope(merchant.pk), transaction.atomic():
        for model in (Order, OrderLine, Payment, Customer, Variant):
            assert model.objects.count() == 1, model.__name__
        assert Event.objects.filter(kind="order.imported").count() == 1
