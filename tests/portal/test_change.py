"""Changing a return in the portal: the steps again, prefilled, and confirmed at the end."""

from __future__ import annotations

import pytest
from django.db import transaction

from returns_portal.commerce.models import OrderLine
from returns_portal.core.actor import SHOPPER
from rma.actions.review import cancel_return
from rma.models import Photo, Return, ReturnChange, ReturnDraft, ReturnLine
from tests import flows
from tests.portal.conftest import Shopper, is_ticked, item, picture, publish, statements, text


@pytest.fixture
def rma(shopper: Shopper, lines: list[OrderLine]) -> Return:
    """Return an approved return of the first item, its label made."""
    found = shopper.ask_for(lines[0])
    flows.drain()
    return found


def begin(shopper: Shopper, rma: Return) -> None:
    """Press the button on the return's page and go on with the draft it opens."""
    response = shopper.post(f"s/{rma.token}/change")
    assert response.status_code == 302
    shopper.token = response["Location"].split("/")[-2]


def rows(rma: Return) -> list[tuple[str, int, str, str]]:
    found = ReturnLine.objects.filter(rma=rma).order_by("position")
    return [(one.order_line.title, one.quantity, one.reason, one.wanted) for one in found]


def test_change_walks_the_steps_with_what_was_asked_for(
    shopper: Shopper, lines: list[OrderLine], rma: Return
) -> None:
    assert "Change items or method" in text(shopper.get(f"s/{rma.token}"))
    begin(shopper, rma)

    shown = text(shopper.step("items"))
    assert f"You are changing return {rma.number}" in shown
    assert is_ticked(shown)
    assert "already in return" not in shown
    shopper.choose(*lines, reason="too_small")
    shopper.want(*lines, wanted="store_credit")
    assert "Save changes" in text(shopper.step("method"))
    done = shopper.confirm("own")

    assert done["Location"].endswith(f"/s/{rma.token}")
    changed = flows.fresh(rma)
    assert (changed.number, changed.method, changed.status) == (rma.number, "own", "open")
    assert rows(rma) == [
        ("Trail Runner 1", 1, "too_small", "store_credit"),
        ("Trail Runner 2", 1, "too_small", "store_credit"),
    ]
    assert "You changed your return" in text(shopper.get(f"s/{rma.token}"))
    assert Return.objects.count() == 1


def test_change_left_half_way_leaves_the_return_as_it_is(
    shopper: Shopper, lines: list[OrderLine], rma: Return
) -> None:
    before = Return.objects.filter(pk=rma.pk).values().get()
    begin(shopper, rma)
    shopper.choose(*lines)

    assert Return.objects.filter(pk=rma.pk).values().get() == before
    assert rows(rma) == [("Trail Runner 1", 1, "changed_mind", "refund")]


def test_change_confirmed_twice_or_in_a_second_tab_is_made_once(
    shopper: Shopper, lines: list[OrderLine], rma: Return
) -> None:
    begin(shopper, rma)
    first = shopper.token
    begin(shopper, rma)
    second = shopper.token
    for token in (first, second):
        shopper.token = token
        shopper.choose(*lines)
        shopper.want(*lines)
    shopper.token = first
    done, again = shopper.confirm(), shopper.confirm()
    shopper.token = second
    late = shopper.confirm("own")

    assert done["Location"] == again["Location"]
    assert late.status_code == 409
    assert "This return was changed meanwhile" in text(late)
    assert (ReturnChange.objects.count(), flows.fresh(rma).method) == (1, "label")
    assert shopper.get(f"r/{first}/items")["Location"].endswith(f"/s/{rma.token}")


def test_change_begun_before_a_scan_came_is_refused_with_the_reason(
    shopper: Shopper, lines: list[OrderLine], rma: Return
) -> None:
    begin(shopper, rma)
    shopper.choose(*lines)
    shopper.want(*lines)
    flows.moved(rma)

    refused = shopper.confirm("own")
    assert refused.status_code == 409
    assert "The parcel is on its way" in text(refused)
    assert rows(rma) == [("Trail Runner 1", 1, "changed_mind", "refund")]
    assert "Change items or method" not in text(shopper.get(f"s/{rma.token}"))
    response = shopper.post(f"s/{rma.token}/change")
    assert response.status_code == 409
    assert "The parcel is on its way" in text(response)
    assert ReturnDraft.objects.filter(changes=rma).count() == 1


def test_change_of_a_cancelled_return_opens_nothing(shopper: Shopper, rma: Return) -> None:
    begin(shopper, rma)
    with transaction.atomic():
        cancel_return(rma.pk, actor=SHOPPER)

    assert shopper.step("items").status_code == 409
    assert shopper.post(f"s/{rma.token}/change").status_code == 409


def test_change_keeps_the_photos_that_are_there(shopper: Shopper, lines: list[OrderLine]) -> None:
    shopper.find()
    shopper.step(f"items/{lines[0].pk}/photos", {"file": picture()})
    rma = shopper.ask_for(lines[0], reason="faulty", comment="It broke")
    begin(shopper, rma)

    assert shopper.choose(lines[0], reason="faulty", comment="At the toe").status_code == 302
    shopper.want(lines[0])
    assert shopper.confirm().status_code == 302
    assert ReturnLine.objects.get(rma=rma).comment == "At the toe"
    assert Photo.objects.get().return_line == ReturnLine.objects.get(rma=rma)


def test_change_that_the_policy_refuses_says_why(
    shopper: Shopper, lines: list[OrderLine], rma: Return
) -> None:
    begin(shopper, rma)
    shopper.choose(*lines)
    shopper.want(*lines)
    publish(methods=["own"])

    assert shopper.confirm("label").status_code == 422
    assert rows(rma) == [("Trail Runner 1", 1, "changed_mind", "refund")]


def test_change_is_no_draft_that_a_look_up_goes_on_with(
    shopper: Shopper, lines: list[OrderLine], rma: Return
) -> None:
    begin(shopper, rma)
    change = shopper.token
    shopper.find()

    assert shopper.token != change
    shown = text(shopper.step("items"))
    assert "You are changing" not in shown
    assert "Save changes" not in shown


def test_change_pages_need_the_same_statements_for_2_and_20_lines(shopper: Shopper) -> None:
    counts = []
    for number, amount in (("NL-2", 2), ("NL-20", 20)):
        placed = flows.order(number=number, prices=[1000 + place for place in range(amount)])
        rma = flows.request(placed, *[flows.wish(one) for one in flows.lines_of(placed)])
        begin(shopper, rma)
        counts.append(statements(shopper, f"r/{shopper.token}/items"))

    assert counts[0] == counts[1] <= 22


def test_change_of_somebody_elses_draft_needs_the_cookie(
    shopper: Shopper, lines: list[OrderLine], rma: Return
) -> None:
    begin(shopper, rma)
    stranger = Shopper(shopper.merchant)
    stranger.token = shopper.token

    assert stranger.step("items").status_code == 403
    assert stranger.step("items", item(lines[0])).status_code == 403
