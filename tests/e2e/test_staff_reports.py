"""The report in a browser: readable by everybody, at every width, with and without figures."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from analytics.models import DailyReturnFact
from returns_portal.core.clock import today
from returns_portal.tenancy.models import Merchant
from tests.e2e.browsing import DESKTOP, PHONE, look
from tests.e2e.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ADDRESS = "/app/northloom/reports/"
REASONS = {"too_small": 5, "changed_mind": 4, "faulty": 2, "not_as_described": 1}


def write_figures(shop: Merchant) -> None:
    """Write half a year of figures; faults rise in the second half."""
    last = today(shop.time_zone)
    facts = []
    for back in range(180):
        day, recent = last - timedelta(days=back), back < 90
        units = REASONS | {"faulty": 6 if recent else 2}
        whole = sum(units.values())
        for country, orders in (("SE", 30), ("DE", 22), ("MT", 1 if back % 9 == 0 else 0)):
            facts += [
                fact(day, country, reason, count, orders=0) for reason, count in units.items()
            ]
            facts.append(fact(day, country, "", whole, orders=orders, minutes=back * 7))
    with transaction.atomic():
        DailyReturnFact.objects.bulk_create(facts)


def fact(
    day: object, country: str, reason: str, count: int, *, orders: int, minutes: int = 0
) -> DailyReturnFact:
    return DailyReturnFact(
        day=day, currency="EUR", country=country, reason=reason, orders=orders,
        units_sold=orders * 2, value_sold_minor=orders * 9000, orders_returned=min(count, orders),
        units_returned=count, value_returned_minor=count * 4500, requested=count, units=count,
        ended_full=count // 2, ended_partial=count // 6, ended_exchange=count // 5,
        ended_credit=count // 6, declined=count // 8, refunded_minor=count * 3000,
        credited_minor=count * 700, exchanged_minor=count * 900, labels_minor=count * 495,
        fees_minor=count * 100, lost_minor=count * 60,
        refund_minutes=[4000 + minutes + 37 * place for place in range(max(count - 1, 0))],
    )  # fmt: skip


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_report_with_figures_can_be_read_by_everybody(
    shop: Merchant, staff: Visit, width: int
) -> None:
    write_figures(shop)
    page = staff("analyst", width=width).open(ADDRESS)

    assert page.locator("svg.chart[role=img]").count() == 3
    assert "is up" in page.locator("#finding").inner_text()
    page.locator("summary").first.click()
    assert page.locator("details table").first.is_visible()
    assert look(page) == []


def test_report_without_figures_says_so(shop: Merchant, staff: Visit) -> None:
    page = staff("analyst").open(ADDRESS)

    assert page.get_by_role("heading", name="No orders in this period").is_visible()
    assert look(page) == []


def test_choosing_a_period_shows_it_at_once(shop: Merchant, staff: Visit) -> None:
    write_figures(shop)
    page = staff("analyst").open(ADDRESS)

    page.get_by_label("Period").select_option("30")
    page.wait_for_url("**days=30**")
    page.get_by_label("Period").select_option("free")
    page.get_by_label("From", exact=True).wait_for()

    assert page.get_by_label("Period").input_value() == "free"
