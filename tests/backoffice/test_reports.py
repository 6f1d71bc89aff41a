"""The report page and its files: who may see them, what they show, what they cost."""

from __future__ import annotations

import csv
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from analytics import rollups
from returns_portal.core.clock import shifted
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from returns_portal.tenancy.permissions import Role
from rma.actions.promises import miss_due_promises
from tests import flows
from tests.factories import make_member

pytestmark = pytest.mark.django_db
# Workers take no part in a transaction, so what they do needs tests without one.
DRAINED = pytest.mark.django_db(transaction=True)
ADDRESS = "/app/northloom/reports/"


@pytest.fixture
def shop(merchant: Merchant) -> Merchant:
    return flows.open_for_business(merchant)


@pytest.fixture
def analyst(shop: Merchant) -> Client:
    return signed_in(shop, "analyst")


def signed_in(shop: Merchant, role: str) -> Client:
    client = Client()
    client.force_login(make_member(shop, role))
    return client


@pytest.fixture
def returns(shop: Merchant) -> None:
    """One order refunded for its size, one asked for by a change of mind, one kept."""
    with merchant_scope(shop.pk):
        first = flows.order(number="NL-1", prices=(4500,))
        line = flows.lines_of(first)[0]
        flows.refunded(first, flows.wish(line, reason="too_small"))
        flows.request(flows.order(number="NL-2", prices=(2500,)))
        flows.order(number="NL-3", prices=(1000,))
        flows.drain()


@pytest.mark.parametrize("role", list(Role))
def test_reports_are_for_those_who_may_read_them(shop: Merchant, role: Role) -> None:
    client = signed_in(shop, role)
    expected = 200 if role in ("owner", "manager", "finance", "analyst") else 403

    assert client.get(ADDRESS).status_code == expected
    assert client.get(f"{ADDRESS}reasons.csv").status_code == expected


@DRAINED
def test_report_of_another_merchant_is_not_there(
    shop: Merchant, other_merchant: Merchant, returns: None
) -> None:
    stranger = signed_in(other_merchant, "owner")

    assert stranger.get(ADDRESS).status_code == 404
    own = stranger.get("/app/southpine/reports/?days=30").content.decode()
    assert "No orders in this period" in own


@DRAINED
@pytest.mark.usefixtures("returns")
def test_page_shows_the_figures_with_their_definitions(analyst: Client) -> None:
    html = analyst.get(ADDRESS, {"days": "30"}).content.decode()

    assert tile(html, "Return rate") == "66.7%"
    assert tile(html, "Returns") == "2"
    assert "few sales: 3 orders" in html
    assert "Orders placed in the period with at least one item returned" in html
    assert "Too small" in html
    assert html.count('role="img"') == 3
    assert not re.search(r"\sstyle=|\son\w+=", html)


def tile(html: str, label: str) -> str:
    """Return the figure of the tile called ``label``."""
    found = re.search(rf'>{label}<span class="vh">.*?kpi__val[^>]*>(.*?)</p>', html, re.S)
    assert found, label
    return re.sub(r"<[^>]*>", "", found[1]).strip()


@DRAINED
@pytest.mark.usefixtures("returns")
def test_figures_lead_to_the_queue_with_the_same_filters(analyst: Client) -> None:
    html = analyst.get(ADDRESS, {"days": "30"}).content.decode()

    assert '/app/northloom/returns/?view=all&amp;days=30"' in html
    address = "/app/northloom/returns/?view=all&days=30&reason=too_small"
    assert address.replace("&", "&amp;") in html
    queue = analyst.get(address).content.decode()
    assert queue.count("data-cursor-row") == 1


@DRAINED
@pytest.mark.usefixtures("returns")
def test_filters_narrow_every_figure(analyst: Client) -> None:
    by_reason = analyst.get(ADDRESS, {"reason": "too_small"}).content.decode()
    by_country = analyst.get(ADDRESS, {"country": "DE"}).content.decode()

    assert tile(by_reason, "Returns") == "1"
    assert tile(by_reason, "Return rate") == "33.3%"
    assert "No orders in this period" in by_country


@DRAINED
@pytest.mark.usefixtures("returns")
def test_other_currency_has_a_report_of_its_own(shop: Merchant, analyst: Client) -> None:
    with merchant_scope(shop.pk):
        flows.order(number="NL-9", currency="USD")
        rollups_refresh()

    euro = analyst.get(ADDRESS).content.decode()
    dollar = analyst.get(ADDRESS, {"currency": "USD"}).content.decode()

    assert 'name="currency"' in euro
    assert tile(euro, "Returns") == "2"
    assert tile(dollar, "Returns") == "0"
    assert "$0.00" in tile(dollar, "Refunded")


def rollups_refresh() -> None:
    with transaction.atomic():
        rollups.mark_all_days()
    rollups.refresh_dirty_days()


@pytest.mark.parametrize(
    "query",
    [
        {"days": "31"},
        {"days": "free"},
        {"days": "free", "since": "2026-13-01", "until": "2026-12-01"},
        {"days": "free", "since": "2026-12-02", "until": "2026-12-01"},
        {"days": "free", "since": "2001-01-01", "until": "2026-12-01"},
        {"days": "free", "since": "0001-01-01", "until": "0001-01-02"},
        {"country": "de"},
        {"country": "DE\n"},
        {"currency": "XXQ"},
        {"reason": "x" * 41},
    ],
)
def test_broken_question_is_named_and_answered(analyst: Client, query: dict[str, str]) -> None:
    page = analyst.get(ADDRESS, query)

    assert page.status_code in (200, 422)
    if page.status_code == 422:
        assert 'role="alert"' in page.content.decode() or "error-summary" in page.content.decode()
        assert analyst.get(f"{ADDRESS}periods.csv", query).status_code == 400


def read(response: object) -> list[dict[str, str]]:
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.DictReader(StringIO(text, newline="")))


@DRAINED
@pytest.mark.usefixtures("returns")
def test_files_hold_the_same_figures_as_the_page(analyst: Client) -> None:
    reasons = read(analyst.get(f"{ADDRESS}reasons.csv", {"days": "30"}))
    periods = read(analyst.get(f"{ADDRESS}periods.csv", {"days": "30"}))
    places = read(analyst.get(f"{ADDRESS}countries.csv", {"days": "30"}))
    rows = read(analyst.get(f"{ADDRESS}returns.csv", {"days": "30"}))

    assert {row["reason"]: row["units"] for row in reasons} == {
        "too_small": "1",
        "changed_mind": "1",
    }
    assert len(periods) == 30
    assert sum(int(row["requested"]) for row in periods) == 2
    assert periods[-1]["unfinished"] == "yes"
    assert places == [
        {
            "country": "SE",
            "orders": "3",
            "orders_returned": "2",
            "return_rate_percent": "66.67",
            "few_sales": "yes",
            "return_rate_percent_before": "",
        }
    ]
    assert [row["order"] for row in rows] == ["NL-1", "NL-2"]
    paid = sum(float(row["refunded"]) for row in rows)
    assert paid == pytest.approx(sum(float(row["refunded"]) for row in periods))
    assert paid > 0


def test_unknown_file_is_not_there(analyst: Client) -> None:
    assert analyst.get(f"{ADDRESS}customers.csv").status_code == 404


def test_page_needs_the_same_statements_for_many_returns(shop: Merchant, analyst: Client) -> None:
    def statements() -> int:
        analyst.get(ADDRESS)
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert analyst.get(ADDRESS).status_code == 200
        return len(caught)

    def grow(numbers: range) -> None:
        with merchant_scope(shop.pk):
            for number in numbers:
                flows.request(flows.order(number=f"NL-{number}", prices=(900 + number,)))
            rollups_refresh()

    grow(range(2))
    few = statements()
    grow(range(2, 20))

    assert statements() == few
    assert few <= 25


def test_report_that_is_not_counted_yet_says_so(analyst: Client, shop: Merchant) -> None:
    with merchant_scope(shop.pk), transaction.atomic():
        flows.order()
        rollups.mark_all_days()

    said = analyst.get(ADDRESS).content.decode()
    with merchant_scope(shop.pk):
        rollups.refresh_dirty_days()

    assert "The figures are being worked out" in said
    assert "The figures are being worked out" not in analyst.get(ADDRESS).content.decode()


@DRAINED
def test_report_shows_promises_kept_and_sends_them_as_csv(shop: Merchant) -> None:
    with merchant_scope(shop.pk):
        flows.refunded(flows.order(number="NL-71"))
        flows.received(flows.approved(flows.order(number="NL-72")))
        with shifted(timedelta(days=25)):
            assert miss_due_promises() == 1
    with shifted(timedelta(days=25)):
        analyst = signed_in(shop, "analyst")
        shown = analyst.get(ADDRESS, {"days": "30"}).content.decode()
        rows = read(analyst.get(f"{ADDRESS}promises.csv", {"days": "30"}))
        other = read(analyst.get(f"{ADDRESS}promises.csv", {"days": "30", "country": "FR"}))

    assert "1 of 2" in shown
    assert "50.0%" in shown
    [due] = [row for row in rows if row["made"] != "0"]
    assert (due["made"], due["kept"], due["missed"], due["kept_percent"]) == (
        "2",
        "1",
        "1",
        "50.00",
    )
    assert all(row["made"] == "0" for row in other)
