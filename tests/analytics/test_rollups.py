"""The daily figures equal a recomputation from the facts, whatever happened in between (I35)."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import transaction

from analytics import invariants, metrics, rollups
from analytics.handlers import MARK_DAY
from analytics.models import DailyReturnFact, DirtyDay
from returns_portal.activity.models import Delivery
from returns_portal.commerce.models import Order, OrderLine
from returns_portal.core import clock
from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import today
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.review import cancel_return, decline_return
from rma.actions.shipping import set_own_tracking
from rma.models import Resolution, Return, ReturnLine, Shipment
from tests import flows

ZONE = ZoneInfo("Europe/Dublin")


@pytest.fixture
def shop(scoped: Merchant) -> Merchant:
    return flows.open_for_business(scoped)


def totals(**where: object) -> dict[str, int]:
    """Sum every measure over the rows for any reason."""
    summed: dict[str, int] = defaultdict(int)
    names = [field.name for field in DailyReturnFact._meta.fields if field.name not in _KEYS]
    with transaction.atomic():
        facts = list(DailyReturnFact.objects.filter(**{"reason": "", **where}))
    for fact in facts:
        for name in names:
            summed[name] += getattr(fact, name)
    return dict(summed)


_KEYS = {"id", "merchant", "day", "currency", "country", "reason", "refund_minutes"}


def recomputed() -> dict[str, int]:
    """The same figures from the pure definitions, row by row, over all days."""
    orders = list(Order.objects.exclude(status="cancelled"))
    sold: list[metrics.SoldLine] = []
    for line in OrderLine.objects.filter(order__in=orders, is_removed=False):
        back = sum(
            one.quantity - one.released_quantity
            for one in ReturnLine.objects.filter(order_line=line).select_related("rma")
            if metrics.is_counted(one.rma.status)
        )
        sold.append(metrics.SoldLine(str(line.order_id), line.quantity, line.net_minor, back))
    by_order = metrics.order_return_rate(sold)
    by_unit = metrics.unit_return_rate(sold)
    by_value = metrics.value_return_rate(sold)
    found = {
        "orders": by_order.whole,
        "orders_returned": by_order.part,
        "units_sold": by_unit.whole,
        "units_returned": by_unit.part,
        "value_sold_minor": by_value.whole,
        "value_returned_minor": by_value.part,
        "requested": Return.objects.count(),
        "refunded_minor": 0,
        "credited_minor": 0,
        "ended_full": 0,
        "ended_partial": 0,
    }
    for rma in Return.objects.all():
        paid = {"refund": 0, "store_credit": 0}
        for one in Resolution.objects.filter(rma=rma).select_related("refund", "credit_entry"):
            if (one.refund and one.refund.status == "succeeded") or one.credit_entry:
                paid[one.kind] += one.amount_minor
        found["refunded_minor"] += paid["refund"]
        found["credited_minor"] += paid["store_credit"]
        claim = sum(
            line.order_line.paid_minor * line.quantity // line.order_line.quantity
            for line in rma.lines.select_related("order_line")
            if line.wanted != "exchange"
        )
        if rma.status == "closed" and paid["refund"]:
            kind = metrics.refund_class(sum(paid.values()), claim, is_closed=True)
            found[f"ended_{kind}"] += 1
    return found


def assert_level_with_facts() -> None:
    with transaction.atomic():
        assert not DirtyDay.objects.exists()
        counted, expected = totals(), recomputed()
    assert {name: counted.get(name, 0) for name in expected} == expected


@pytest.mark.django_db(transaction=True)
def test_refresh_after_every_step_equals_recomputation(shop: Merchant) -> None:
    """Walk returns through every end there is and compare at each step."""
    first = flows.order(number="NL-1", prices=(4500, 2000), quantity=2)
    second = flows.order(number="NL-2", prices=(3000,), delivered_days_ago=6)
    flows.order(number="NL-3", prices=(999,), quantity=3)
    step()
    assert totals()["orders"] == 3
    assert totals()["requested"] == 0

    lines = flows.lines_of(first)
    rma = flows.approved(
        first,
        flows.wish(lines[0], quantity=1, reason="too_small"),
        flows.wish(lines[1], quantity=2, wanted="store_credit"),
    )
    step()
    assert totals()["units_returned"] == 3
    assert totals()["awaiting_money"] == 1
    assert totals()["labels_minor"] > 0

    flows.inspected(flows.received(flows.moved(rma, 4)))
    step()
    assert totals()["awaiting_money"] == 0
    assert totals()["refunded_minor"] > 0
    assert totals()["credited_minor"] > 0

    declined = flows.request(second, operation_id="to-decline")
    if declined.status == "open":
        with transaction.atomic():
            cancel_return(declined.pk, actor=SYSTEM)
    else:
        with transaction.atomic():
            decline_return(declined.pk, actor=SYSTEM, reason="Worn outdoors.")
    step()
    assert totals()["declined"] + totals()["cancelled"] == 1
    assert totals()["orders_returned"] == 1


def step() -> None:
    flows.drain()
    rollups.refresh_dirty_days()
    assert_level_with_facts()


@pytest.mark.django_db(transaction=True)
def test_refresh_twice_changes_nothing(shop: Merchant) -> None:
    flows.refunded(flows.order())
    flows.drain()
    rollups.refresh_dirty_days()
    before = rows()

    with transaction.atomic():
        rollups.mark_all_days()
    again = rollups.refresh_dirty_days()

    assert again == 2  # the order's day and the return's
    assert rows() == before
    assert rollups.refresh_dirty_days() == 0


def rows() -> list[tuple[object, ...]]:
    names = [field.attname for field in DailyReturnFact._meta.fields if field.name != "id"]
    with transaction.atomic():
        return sorted(DailyReturnFact.objects.values_list(*names), key=str)


@pytest.mark.django_db(transaction=True)
def test_reason_rows_count_a_return_once_per_reason(shop: Merchant) -> None:
    placed = flows.order(prices=(1000, 2000), quantity=2)
    one, two = flows.lines_of(placed)
    flows.request(placed, flows.wish(one, reason="too_small"), flows.wish(two, quantity=2))
    flows.drain()
    rollups.refresh_dirty_days()

    with transaction.atomic():
        asked = {
            fact.reason: (fact.requested, fact.units)
            for fact in DailyReturnFact.objects.filter(requested__gt=0)
        }
        back = {
            fact.reason: (fact.orders_returned, fact.units_returned, fact.value_returned_minor)
            for fact in DailyReturnFact.objects.filter(orders_returned__gt=0)
        }
    assert asked == {"": (1, 3), "too_small": (1, 1), "changed_mind": (1, 2)}
    assert back == {"": (1, 3, 5000), "too_small": (1, 1, 1000), "changed_mind": (1, 2, 4000)}


@pytest.mark.django_db(transaction=True)
def test_day_is_the_merchants_own(shop: Merchant) -> None:
    """Half past midnight in Dublin in summer is still the day before in UTC."""
    placed = flows.order()
    with clock.at(datetime(2026, 7, 1, 23, 30, tzinfo=UTC)), transaction.atomic():
        Return.objects.filter(pk=flows.request(placed).pk).update(created_at=clock.now())
        rollups.mark_all_days()
    rollups.refresh_dirty_days()

    with transaction.atomic():
        fact = DailyReturnFact.objects.get(reason="", requested=1)
    assert fact.day == date(2026, 7, 2)


def test_day_bounds_on_clock_change_days_are_25_and_23_hours() -> None:
    def hours(day: date) -> float:
        start, end = rollups.day_bounds(day, ZONE)
        return (end.astimezone(UTC) - start.astimezone(UTC)) / timedelta(hours=1)

    assert hours(date(2026, 10, 25)) == 25
    assert hours(date(2026, 3, 29)) == 23
    assert hours(date(2026, 7, 1)) == 24


@pytest.mark.django_db(transaction=True)
def test_mark_names_the_days_of_order_and_return(shop: Merchant) -> None:
    placed = flows.order(delivered_days_ago=3)
    rma = flows.request(placed)
    with transaction.atomic():
        DirtyDay.objects.all().delete()
        rollups.mark_days_of(rma.pk)
        rollups.mark_days_of(placed.pk)
        days = sorted(DirtyDay.objects.values_list("day", flat=True))

    assert days == sorted({placed.placed_at.astimezone(ZONE).date(), today("Europe/Dublin")})


@pytest.mark.django_db(transaction=True)
def test_own_parcel_costs_the_merchant_no_label(shop: Merchant) -> None:
    rma = flows.approved(flows.order(), method="own")
    with transaction.atomic():
        set_own_tracking(rma.pk, actor=SYSTEM, carrier="An Post", tracking_code="RR1IE")
        assert Shipment.objects.filter(rma=rma, cost_minor=None).exists()
    flows.drain()
    rollups.refresh_dirty_days()

    with transaction.atomic():
        assert totals()["labels_minor"] == 0
        assert totals()["labels_unpriced"] == 0


@pytest.mark.django_db(transaction=True)
def test_rebuild_command_makes_the_same_figures_for_its_merchant_alone(
    merchant: Merchant, other_merchant: Merchant
) -> None:
    for shop in (merchant, other_merchant):
        flows.open_for_business(shop)
        with merchant_scope(shop.pk):
            flows.refunded(flows.order())
            rollups.refresh_dirty_days()
    before = rows_of(merchant), rows_of(other_merchant)
    for shop in (merchant, other_merchant):
        with merchant_scope(shop.pk), transaction.atomic():
            DailyReturnFact.objects.all().delete()

    call_command("rebuild_reports", "--merchant", merchant.slug, stdout=StringIO())

    assert all(before)
    assert rows_of(merchant) == before[0]
    assert rows_of(other_merchant) == []


def rows_of(shop: Merchant) -> list[tuple[object, ...]]:
    with merchant_scope(shop.pk):
        return rows()


def test_statement_leaves_out_the_same_statuses_as_the_definitions() -> None:
    gone = ", ".join(f"'{status}'" for status in sorted(metrics.NOT_COUNTED))

    assert rollups.REMAKE.count(f"NOT IN ({gone})") == 2


@pytest.mark.django_db(transaction=True)
def test_invariant_names_a_figure_that_the_facts_do_not_bear_out(shop: Merchant) -> None:
    placed = flows.order()
    flows.request(placed)
    flows.drain()
    before = rows()
    with transaction.atomic():
        assert invariants.problems() == []
    assert rows() == before

    with transaction.atomic():
        DailyReturnFact.objects.filter(reason="", orders=1).update(orders=2)
        found = invariants.problems()

    day = placed.placed_at.astimezone(ZONE).date()
    assert found == [f"orders of {day} (EUR SE) is 2, the facts say 1"]
    with transaction.atomic():
        DirtyDay.objects.create(day=day)
        assert invariants.problems() == []


@pytest.mark.django_db(transaction=True)
def test_invariant_waits_for_events_that_are_on_their_way(shop: Merchant) -> None:
    placed = flows.order()
    flows.drain()

    flows.request(placed)

    with transaction.atomic():
        assert Delivery.objects.filter(handler=MARK_DAY, status="waiting").exists()
        assert invariants.problems() == []
        assert not DirtyDay.objects.exists()
        Delivery.objects.filter(handler=MARK_DAY).update(status="given_up")
        assert any("requested of" in problem for problem in invariants.problems())
