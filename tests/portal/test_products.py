"""Another product in place of an item: searched, looked at, priced, chosen and held."""

from __future__ import annotations

import pytest
from django.db import transaction

from returns_portal.commerce.models import OrderLine, Product, Variant
from returns_portal.core.ids import new_id
from returns_portal.tenancy.models import Merchant
from rma.models import Exchange, Return, ReturnLine
from tests import factories, flows
from tests.inventory.stock import stock_of
from tests.portal.conftest import Shopper, publish, sizes, statements, text
from tests.portal.test_resolution import wish, wishes

ANY = {"any_product": True, "cheaper": "refund", "dearer": "never"}


def product(title: str, price: int, *, units: int = 2, **variants: int) -> dict[str, Variant]:
    """Make a product with these sizes, by price each, or with one variant."""
    with transaction.atomic():
        made = Product.objects.create(source="csv", external_id=title, title=title)
        found = {
            size: Variant.objects.create(
                product=made, source="csv", external_id=f"{title}-{size}", title=size,
                currency="EUR", price_minor=costs,
            )
            for size, costs in (variants or {"": price}).items()
        }  # fmt: skip
    for one in found.values():
        flows.stock(OrderLine(variant_id=one.pk), units)
    return found


@pytest.fixture
def chosen(shopper: Shopper, lines: list[OrderLine]) -> Shopper:
    """Have the first item, worth 85.50, chosen as too small."""
    publish(exchange=ANY)
    shopper.find()
    shopper.choose(lines[0], reason="too_small")
    return shopper


def shelf(shopper: Shopper, line: OrderLine, query: str = "") -> str:
    return f"r/{shopper.token}/products/{line.pk}{query}"


def test_products_are_not_offered_where_the_policy_has_none(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    product("Wool Scarf", 3000)
    shopper.find()
    shopper.choose(lines[0], reason="too_small")

    assert "Something else from the shop" not in text(shopper.step("resolution"))
    assert shopper.get(shelf(shopper, lines[0])).status_code == 404


def test_products_list_what_is_in_stock_and_not_dearer(
    chosen: Shopper, lines: list[OrderLine]
) -> None:
    product("Wool Scarf", 3000)
    product("Linen Shirt", 8550)
    product("Down Parka", 8551)
    product("Gone Cap", 1000, units=0)
    product("Free Sample", 0)
    page = text(chosen.get(shelf(chosen, lines[0])))

    assert "Your item is worth €85.50." in page
    assert page.index("Linen Shirt") < page.index("Wool Scarf")
    assert "€55.50 back" in page
    assert "No charge" in page
    for title in ("Down Parka", "Gone Cap", "Free Sample", ">Trail Runner 1</b>"):
        assert title not in page


def test_products_are_found_by_all_words_of_a_search(
    chosen: Shopper, lines: list[OrderLine]
) -> None:
    product("Wool Scarf", 3000)
    product("Wool Hat", 3000)
    page = text(chosen.get(shelf(chosen, lines[0], "?q=hat+WOOL")))
    nothing = text(chosen.get(shelf(chosen, lines[0], "?q=wool+100%25_")))
    wrong = chosen.get(shelf(chosen, lines[0], "?q=wo%00ol"))
    long = chosen.get(shelf(chosen, lines[0], f"?q={'x' * 81}"))

    assert "Wool Hat" in page
    assert "Wool Scarf" not in page
    assert "Nothing in stock matches. Try fewer words, or clear the search." in nothing
    assert (wrong.status_code, long.status_code) == (422, 422)
    assert "Use up to 80 characters." in text(long)


def test_products_come_in_pages_with_the_same_statements(
    chosen: Shopper, lines: list[OrderLine]
) -> None:
    product("Scarf 00", 3000)
    few = statements(chosen, shelf(chosen, lines[0]))
    for place in range(1, 26):
        product(f"Scarf {place:02}", 3000)
    first = text(chosen.get(shelf(chosen, lines[0])))
    second = text(chosen.get(shelf(chosen, lines[0], "?page=2")))

    assert statements(chosen, shelf(chosen, lines[0])) == few
    assert ("Scarf 23" in first, "Scarf 24" in first) == (True, False)
    assert ("Scarf 23" in second, "Scarf 24" in second, "Scarf 25" in second) == (
        False, True, True,
    )  # fmt: skip
    assert "?page=2" in first
    assert 'rel="next"' not in second
    for odd in ("0", "-1", "x", "9" * 30):
        assert chosen.get(shelf(chosen, lines[0], f"?page={odd}")).status_code == 200


def test_product_shows_its_variants_with_price_difference_and_stock(
    chosen: Shopper, lines: list[OrderLine]
) -> None:
    made = product("Wool Scarf", 0, S=3000, L=8550, XL=9000)
    page = text(chosen.get(shelf(chosen, lines[0], f"?product={made['S'].product_id}")))

    assert "S <small>€30.00, €55.50 back, 2 left</small>" in page
    assert "L <small>€85.50, No charge, 2 left</small>" in page
    assert "XL <small>" not in page
    assert chosen.get(shelf(chosen, lines[0], f"?product={new_id()}")).status_code == 404


def test_chosen_product_is_priced_confirmed_and_held(
    chosen: Shopper, lines: list[OrderLine], shop: Merchant
) -> None:
    scarf = product("Wool Scarf", 3000, Red=3000)["Red"]
    response = chosen.post(
        shelf(chosen, lines[0]), {"product": scarf.product_id, "variant": scarf.pk}
    )
    assert response["Location"].endswith(f"/resolution#item-{lines[0].pk.hex}")
    page = text(chosen.step("resolution"))
    assert "€55.50 back" in page
    assert "We’ll hold Wool Scarf, Red for you until" in page
    assert 'value="other" id' in page
    assert "New item, Wool Scarf, Red" in page
    assert "€55.50 refund + Wool Scarf, Red" in page

    assert chosen.step("resolution", wish(lines[0], "other")).status_code == 302
    assert wishes(chosen) == {lines[0].pk: ("exchange", scarf.pk)}
    check = text(chosen.step("method"))
    assert "Exchange for Wool Scarf, Red" in check
    assert "€55.50" in check
    token = chosen.confirm()["Location"].split("/")[-1]

    with transaction.atomic():
        rma, line = Return.objects.get(), ReturnLine.objects.get()
        assert Exchange.objects.get().variant_id == scarf.pk
        assert stock_of(scarf) == {"sellable": 1, "reserved": 1}
    assert (rma.status, rma.expected_minor, line.exchange_unit_minor) == ("open", 5550, 3000)
    shown = text(chosen.get(f"s/{token}"))
    assert "Exchange for Wool Scarf, Red, held for you until" in shown
    assert "€55.50" in shown


def test_dearer_product_says_what_is_to_pay_until_it_is_collected(
    chosen: Shopper, lines: list[OrderLine]
) -> None:
    publish(exchange={**ANY, "dearer": "collect"})
    parka = product("Down Parka", 9999)[""]
    listed = text(chosen.get(shelf(chosen, lines[0])))
    chosen.post(shelf(chosen, lines[0]), {"variant": parka.pk})
    page = text(chosen.step("resolution"))
    check = text(chosen.step("method"))
    token = chosen.confirm()["Location"].split("/")[-1]
    with transaction.atomic():
        rma = Return.objects.get(token=token)
    agreed = text(chosen.get(f"s/{token}"))
    flows.inspected(flows.received(rma))
    owed = text(chosen.get(f"s/{token}"))

    assert "€14.49 to pay" in listed
    assert "€14.49 to pay" in page
    assert "Once we have checked your item we tell you how to pay." in page
    for shown in (check, agreed):
        assert "To pay" in shown
        assert "€14.49" in shown
    assert "€14.49 is still to pay" in owed


@pytest.mark.parametrize("sent", [{}, {"variant": "a pony"}, {"variant": "\x00"}])
def test_product_without_a_choice_is_shown_again(
    chosen: Shopper, lines: list[OrderLine], sent: dict[str, str]
) -> None:
    scarf = product("Wool Scarf", 0, S=3000, M=3000)["S"]
    response = chosen.post(shelf(chosen, lines[0]), {"product": scarf.product_id, **sent})

    assert response.status_code == 422
    assert "Choose one." in text(response)
    assert wishes(chosen)[lines[0].pk] == ("", None)


def test_product_sold_out_meanwhile_is_said_beside_it(
    chosen: Shopper, lines: list[OrderLine]
) -> None:
    made = product("Wool Scarf", 0, S=3000, M=3000)
    flows.stock(OrderLine(variant_id=made["S"].pk), 0)
    response = chosen.post(
        shelf(chosen, lines[0]), {"product": made["S"].product_id, "variant": made["S"].pk}
    )

    assert response.status_code == 422
    assert "Sold out a moment ago. Choose another." in text(response)


def test_product_of_another_shop_or_too_dear_is_never_chosen(
    chosen: Shopper, lines: list[OrderLine]
) -> None:
    parka = product("Down Parka", 9999)[""]
    for variant in (parka.pk, lines[0].variant_id, new_id()):
        assert chosen.post(shelf(chosen, lines[0]), {"variant": variant}).status_code == 404
    assert chosen.get(shelf(chosen, lines[1])).status_code == 404

    assert wishes(chosen)[lines[0].pk] == ("", None)


def test_choice_of_another_product_without_one_says_so(
    chosen: Shopper, lines: list[OrderLine]
) -> None:
    response = chosen.step("resolution", wish(lines[0], "other"))

    assert response.status_code == 422
    assert "Choose the product you want in place of Trail Runner 1" in text(response)


def test_going_to_the_products_keeps_what_was_chosen_for_other_items(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    publish(exchange=ANY)
    made = sizes(lines[1], M=2)
    shopper.find()
    shopper.choose(*lines, reason="too_small")
    sent = wish(lines[0], "other") | wish(lines[1], "exchange", axis_0="M")
    response = shopper.step("resolution", sent | {"choose": lines[0].pk.hex})

    assert response["Location"].endswith(f"/products/{lines[0].pk}")
    assert wishes(shopper) == {
        lines[0].pk: ("", None),
        lines[1].pk: ("exchange", made["M"].pk),
    }
    assert shopper.step("resolution", sent | {"choose": "x"}).status_code == 404


def test_product_chosen_before_is_gone_once_another_outcome_is(
    chosen: Shopper, lines: list[OrderLine]
) -> None:
    scarf = product("Wool Scarf", 3000)[""]
    chosen.post(shelf(chosen, lines[0]), {"variant": scarf.pk})
    chosen.step("resolution", wish(lines[0], "refund"))

    assert wishes(chosen) == {lines[0].pk: ("refund", None)}


def test_product_of_a_stranger_is_refused(shopper: Shopper, lines: list[OrderLine]) -> None:
    publish(exchange=ANY)
    shopper.find()
    shopper.choose(lines[0], reason="too_small")
    other = Shopper(flows.open_for_business(factories.make_merchant("elsewhere")))
    other.token = shopper.token

    assert other.get(shelf(other, lines[0])).status_code == 403
