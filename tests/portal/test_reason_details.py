"""A reason that asks what exactly: one press more, with and without scripts, kept as the detail."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import transaction

from returns_portal.commerce.models import OrderLine
from rma.drafts import answers_of
from rma.models import Return, ReturnDraft
from rma.policy.starters import starter_named
from tests.portal.conftest import Shopper, picture, publish, text


@pytest.fixture
def apparel(shopper: Shopper) -> None:
    starter = starter_named("apparel")
    assert starter is not None
    publish(reasons=starter.document("EUR")["reasons"])


def is_typed(line: OrderLine, product_type: str) -> None:
    with transaction.atomic():
        OrderLine.objects.filter(pk=line.pk).update(product_type=product_type)


def card(page: str, line: OrderLine) -> str:
    """Return the part of a page about one item."""
    return page.partition(f'id="item-{line.pk.hex}"')[2].partition('<li class="p-item"')[0]


def pills(part: str) -> list[str]:
    return re.findall(r'-reason" value="([a-z_]+)"', part)


def test_details_stand_below_their_reason_as_they_suit_the_goods(
    apparel: None, shopper: Shopper, lines: list[OrderLine]
) -> None:
    is_typed(lines[0], "Shoes")
    shopper.find()

    page = text(shopper.step("items"))

    assert pills(card(page, lines[0]))[:7] == [
        "does_not_fit", "too_small", "too_large", "too_short", "too_long", "too_narrow", "too_wide",
    ]  # fmt: skip
    assert "too_wide" not in pills(card(page, lines[1]))
    assert "Does not fit: what exactly?" in page


def test_detail_is_chosen_by_one_value_and_kept_up_to_the_return(
    apparel: None, shopper: Shopper, lines: list[OrderLine]
) -> None:
    shopper.find()

    assert shopper.choose(lines[0], reason="too_long").status_code == 302

    page = card(text(shopper.step("items")), lines[0])
    assert re.search(r'value="too_long"[^>]* checked', page)
    assert "Does not fit: Too long" in text(shopper.step("resolution"))
    shopper.want(lines[0])
    token = shopper.confirm("label")["Location"].split("/")[-1]
    with transaction.atomic():
        rma = Return.objects.get(token=token)
        assert (rma.lines.get().reason, rma.status) == ("too_long", "open")


def test_reason_alone_is_asked_what_exactly_beside_it(
    apparel: None, shopper: Shopper, lines: list[OrderLine]
) -> None:
    shopper.find()

    refused = shopper.choose(lines[0], reason="does_not_fit")

    assert refused.status_code == 422
    part = card(text(refused), lines[0])
    assert "Choose what exactly for Trail Runner 1: Does not fit" in part
    assert re.search(r'value="does_not_fit"[^>]* checked', part)
    with transaction.atomic():
        assert answers_of(ReturnDraft.objects.get(token=shopper.token)) == {}


def test_detail_that_does_not_suit_the_goods_is_no_reason(
    apparel: None, shopper: Shopper, lines: list[OrderLine]
) -> None:
    shopper.find()

    refused = shopper.choose(lines[0], reason="too_wide")

    assert refused.status_code == 422
    assert "Choose why you’re returning Trail Runner 1" in text(refused)


def test_photos_are_asked_for_by_name_and_a_missing_one_is_said_beside_them(
    apparel: None, shopper: Shopper, lines: list[OrderLine]
) -> None:
    shopper.find()
    photos = f"item-{lines[0].pk.hex}-photos"

    shown = card(text(shopper.step("items")), lines[0])
    one = shopper.choose(lines[0], reason="faulty", photos=picture())
    two = shopper.choose(lines[0], reason="faulty", photos=picture("close.jpg"))

    asks = re.search(r'value="faulty" data-asks="([^"]*)"', shown)
    assert asks is not None
    place = asks[1].split()[-1]
    assert f'data-when="{place}">Photos of: the item, the damage close up</p>' in shown
    assert (one.status_code, two.status_code) == (422, 302)
    words = "Add photos of Trail Runner 1: the item, the damage close up"
    assert f'<a href="#{photos}">{words}</a>' in text(one)
    assert words in card(text(one), lines[0])


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", ["Passt nicht", "Passt nicht: Was genau?", "Zu lang"]),
        ("ar", ["المقاس غير مناسب", "طويل جدًا"]),
    ],
)
def test_our_own_details_speak_the_shoppers_language(
    apparel: None, shopper: Shopper, lines: list[OrderLine], language: str, words: list[str]
) -> None:
    shopper.find()

    page: Any = text(shopper.get(f"r/{shopper.token}/items?language={language}"))

    assert [one for one in words if one not in page] == []
