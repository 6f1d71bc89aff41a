"""The last step: one return is made, whatever is pressed twice or changed meanwhile."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from returns_portal.commerce.models import OrderLine
from returns_portal.core.clock import shifted
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.models import Exchange, Photo, Return
from tests import flows
from tests.portal.conftest import Shopper, item, picture, publish, sizes, statements, text


def returns() -> list[Return]:
    with transaction.atomic():
        return list(Return.objects.order_by("created_at"))


@pytest.fixture
def ready(shopper: Shopper, lines: list[OrderLine]) -> Shopper:
    """Have the first line chosen for a refund; only the confirmation is left."""
    shopper.find()
    shopper.choose(lines[0])
    shopper.want(lines[0])
    return shopper


def test_method_shows_everything_once_more(ready: Shopper) -> None:
    page = text(ready.step("method"))

    assert "Check and confirm" in page
    assert "Refund to Visa 4242" in page
    assert "€80.55" in page
    assert "ma•••@example.com" in page
    assert "maya@example.com" not in page
    assert returns() == []


def test_confirm_makes_the_return_and_shows_its_page(
    ready: Shopper, lines: list[OrderLine]
) -> None:
    response = ready.confirm()
    rma = returns()[0]

    assert response["Location"] == f"/r/northloom/s/{rma.token}"
    assert (rma.status, rma.channel, rma.method, rma.locale) == ("open", "portal", "label", "en")
    assert rma.expected_minor == 8550 - 495
    assert [line.order_line_id for line in rma.lines.all()] == [lines[0].pk]


def test_confirm_twice_or_after_going_back_makes_one_return(ready: Shopper) -> None:
    first = ready.confirm()
    again = ready.confirm()
    back = [ready.step(step) for step in ("items", "resolution", "method")]

    assert again["Location"] == first["Location"]
    assert [page["Location"] for page in back] == [first["Location"]] * 3
    assert len(returns()) == 1


def test_confirm_in_two_tabs_with_other_answers_makes_one_return(
    ready: Shopper, lines: list[OrderLine]
) -> None:
    ready.confirm()
    late = ready.choose(lines[1])
    ready.confirm("own")

    assert late.status_code == 302
    assert [rma.method for rma in returns()] == ["label"]


def test_confirm_without_a_method_says_so(ready: Shopper) -> None:
    for method in ("", "pigeon", "label\x00", "9" * 9000):
        response = ready.confirm(method)
        assert response.status_code == 422
        assert "Choose how you send it back" in text(response)
    assert returns() == []


def test_confirm_with_a_method_that_policy_dropped_says_so(ready: Shopper) -> None:
    publish(methods=["own"])

    assert ready.confirm("label").status_code == 422
    assert ready.confirm("own").status_code == 302


def test_confirm_after_the_money_changed_asks_to_look_again(ready: Shopper) -> None:
    seen = re.search(r'name="seen" value="([^"]+)"', text(ready.step("method")))
    assert seen is not None
    publish(fee__amount_minor=900)
    response = ready.confirm(seen=seen[1])

    assert response.status_code == 409
    assert "Something changed since you opened this page" in text(response)
    assert "€76.50" in text(response)
    assert returns() == []


def test_confirm_of_units_taken_meanwhile_leads_back_to_the_items(
    ready: Shopper, lines: list[OrderLine]
) -> None:
    flows.request(lines[0].order, flows.wish(lines[0]))
    response = ready.confirm()

    assert response["Location"].endswith("/resolution")
    assert ready.step("resolution")["Location"].endswith("/items")
    assert len(returns()) == 1


def test_confirm_of_a_sold_out_replacement_leads_back_to_it(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    sizes(lines[0], M=1)
    shopper.find()
    shopper.choose(lines[0], reason="too_small")
    shopper.step(
        "resolution",
        {f"wish-{lines[0].pk.hex}-wanted": "exchange", f"wish-{lines[0].pk.hex}-axis-0": "M"},
    )
    sizes(lines[0], M=0)
    response = shopper.confirm()

    assert response["Location"].endswith(f"/resolution?sold_out={lines[0].pk.hex}")
    assert "Sold out a moment ago" in text(shopper.client.get(response["Location"]))
    assert returns() == []


def test_confirm_of_an_exchange_holds_the_replacement(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    made = sizes(lines[0], M=1)
    shopper.find()
    shopper.choose(lines[0], reason="too_small")
    shopper.step(
        "resolution",
        {f"wish-{lines[0].pk.hex}-wanted": "exchange", f"wish-{lines[0].pk.hex}-axis-0": "M"},
    )
    assert "Exchange for M" in text(shopper.step("method"))
    shopper.confirm()

    with transaction.atomic():
        assert Exchange.objects.get().variant_id == made["M"].pk


def test_confirm_of_a_fault_takes_the_photos_along_and_waits_for_a_person(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    shopper.find()
    shopper.step(f"items/{lines[0].pk}/photos", {"file": picture()})
    shopper.step("items", item(lines[0], reason="faulty", comment="The sole came off"))
    shopper.want(lines[0])
    assert "We look at your photos first" in text(shopper.step("method"))
    shopper.confirm()
    rma = returns()[0]

    assert rma.status == "requested"
    with transaction.atomic():
        photo = Photo.objects.get()
        assert (photo.rma_id, photo.return_line_id) == (rma.pk, rma.lines.get().pk)
        assert rma.lines.get().comment == "The sole came off"


def test_confirm_after_the_window_closed_makes_nothing(ready: Shopper) -> None:
    with shifted(timedelta(days=13, hours=23)):
        assert ready.step("method").status_code == 200
    publish(window__days=1, window__grace_days=0)
    response = ready.confirm()

    assert response.status_code == 302
    assert response["Location"].endswith("/resolution")
    assert returns() == []


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_confirm_in_two_tabs_at_once_makes_one_return(
    merchant: Merchant, tmp_path: Any, settings: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    flows.open_for_business(merchant)
    with merchant_scope(merchant.pk):
        line = flows.lines_of(flows.order())[0]
    shopper = Shopper(merchant)
    shopper.find()
    shopper.choose(line)
    shopper.want(line)
    told: list[str] = []
    start = threading.Barrier(4)

    def press() -> None:
        tab = Shopper(merchant)
        tab.client.cookies, tab.token = shopper.client.cookies, shopper.token
        start.wait()
        told.append(tab.confirm()["Location"])
        connection.close()

    tabs = [threading.Thread(target=press) for _ in range(4)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()

    with merchant_scope(merchant.pk):
        made = returns()
    assert len(made) == 1
    assert told == [f"/r/northloom/s/{made[0].token}"] * 4


def test_method_needs_the_same_statements_for_2_and_20_lines(
    shopper: Shopper, shop: Merchant
) -> None:
    counts = []
    for number, amount in (("NL-2", 2), ("NL-20", 20)):
        placed = flows.order(number=number, prices=[1000 + place for place in range(amount)])
        placed_lines = flows.lines_of(placed)
        shopper.find(number)
        shopper.choose(*placed_lines)
        shopper.want(*placed_lines)
        counts.append(statements(shopper, f"r/{shopper.token}/method"))

    assert counts[0] == counts[1] <= 16


def test_method_with_an_own_carrier_takes_no_return_fee(ready: Shopper) -> None:
    label = text(ready.step("method/quote", {"method": "label"}))
    own = text(ready.step("method/quote", {"method": "own"}))
    seen = re.search(r'name="seen" value="([^"]+)"', text(ready.step("method")))
    assert seen is not None
    response = ready.confirm("own", seen=seen[1])

    assert "€80.55 refund" in label
    assert "€85.50 refund" in own
    assert "You pay your carrier, and no return fee." in own
    assert response.status_code == 302
    assert returns()[0].expected_minor == 8550
