"""The third step: what each item may become, the money, and what is in stock."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from returns_portal.commerce.models import Order, OrderLine, Variant
from returns_portal.core.actor import SYSTEM
from returns_portal.core.ids import new_id
from returns_portal.tenancy.models import Merchant
from rma.actions.repairs import send_back, start_repair
from rma.drafts import answers_of
from rma.models import Exchange, KeptSize, PolicyVersion, Repair, Return, ReturnDraft
from rma.policy.document import default_policy
from tests import flows
from tests.portal.conftest import Shopper, is_ticked, publish, sizes, statements, text


def wish(line: OrderLine, wanted: str, **axes: str) -> dict[str, Any]:
    fields = {"wanted": wanted, **{name.replace("_", "-"): value for name, value in axes.items()}}
    return {f"wish-{line.pk.hex}-{name}": value for name, value in fields.items()}


def wishes(shopper: Shopper) -> dict[UUID, tuple[str, UUID | None]]:
    with transaction.atomic():
        answers = answers_of(ReturnDraft.objects.get(token=shopper.token))
    return {key: (one.wanted, one.exchange_variant_id) for key, one in answers.items()}


@pytest.fixture
def chosen(shopper: Shopper, lines: list[OrderLine]) -> Shopper:
    """Have both lines chosen: the first too small, the second for a change of mind."""
    shopper.find()
    shopper.step(
        "items",
        {
            f"item-{lines[0].pk.hex}-chosen": "on",
            f"item-{lines[0].pk.hex}-reason": "too_small",
            f"item-{lines[1].pk.hex}-chosen": "on",
            f"item-{lines[1].pk.hex}-reason": "changed_mind",
        },
    )
    return shopper


def test_resolution_names_the_payment_and_the_money_of_each_item(chosen: Shopper) -> None:
    page = text(chosen.step("resolution"))

    assert page.count("Refund to Visa ending 4242") == 2
    assert page.count("Store credit") >= 2
    assert "€85.50" in page
    assert "€117.00" in page
    assert "Return shipping with our label, €4.95, comes off once." in page
    assert not is_ticked(page)


def test_resolution_offers_an_exchange_only_for_what_is_there(
    chosen: Shopper, lines: list[OrderLine]
) -> None:
    assert "Exchange" not in text(chosen.step("resolution")).split("</h1>")[1]
    sizes(lines[0], M=2, XL=0)
    page = text(chosen.step("resolution"))

    assert "Another size or colour, no return fee" in page
    assert page.count("No charge") == 1


def test_resolution_says_how_many_are_left_of_the_last_few(
    chosen: Shopper, lines: list[OrderLine]
) -> None:
    sizes(lines[0], M=1, L=3, XL=4, XXL=0)
    page = text(chosen.step("resolution"))

    assert "M <small>1 left</small>" in page
    assert "L <small>3 left</small>" in page
    assert page.count(" left</small>") == 2


def test_resolution_counts_what_is_left_of_a_colour_once_the_size_is_picked(
    chosen: Shopper, lines: list[OrderLine]
) -> None:
    made = sizes(lines[0], M=2, L=2)
    with transaction.atomic():
        for size, colour in (("S", "Oat"), ("M", "Oat"), ("L", "Rust")):
            Variant.objects.filter(pk=made[size].pk).update(
                options={"Size": size, "Colour": colour}
            )
        twin = Variant.objects.get(pk=made["M"].pk)
        twin.pk, twin.external_id, twin.options = new_id(), "twin", {"Size": "M", "Colour": "Rust"}
        twin.save(force_insert=True)
    lines[0].variant_id = twin.pk
    flows.stock(lines[0], 1)

    first = text(chosen.step("quote", wish(lines[0], "exchange")))
    picked = text(chosen.step("quote", wish(lines[0], "exchange", axis_0="M")))

    assert "L <small>2 left</small>" in first
    assert "M <small>" not in first
    assert "Oat <small>2 left</small>" in picked
    assert "Rust <small>1 left</small>" in picked


def test_resolution_without_a_customer_offers_no_credit(chosen: Shopper, order: Order) -> None:
    with transaction.atomic():
        Order.objects.filter(pk=order.pk).update(customer=None)

    assert "Store credit" not in text(chosen.step("resolution"))


def test_resolution_keeps_the_wishes_and_goes_on(chosen: Shopper, lines: list[OrderLine]) -> None:
    made = sizes(lines[0], M=2)
    response = chosen.step(
        "resolution", wish(lines[0], "exchange", axis_0="M") | wish(lines[1], "store_credit")
    )

    assert response["Location"] == f"/r/northloom/r/{chosen.token}/method"
    assert wishes(chosen) == {
        lines[0].pk: ("exchange", made["M"].pk),
        lines[1].pk: ("store_credit", None),
    }


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "Choose what you want for Trail Runner 1"),
        ({"wanted": "a pony"}, "Choose what you want for Trail Runner 1"),
        ({"wanted": "exchange"}, "Choose the size you want for Trail Runner 1"),
        ({"wanted": "exchange", "axis_0": "XXL"}, "Choose the size you want for Trail Runner 1"),
        ({"wanted": "exchange", "axis_0": "XL"}, "XL is sold out. Choose another or take a refund"),
        ({"wanted": "exchange", "axis_0": "S"}, "You have S. Choose another or take a refund"),
        ({"wanted": "refund\x00"}, "Choose what you want for Trail Runner 1"),
    ],
)
def test_resolution_with_a_wrong_choice_shows_the_form_again(
    chosen: Shopper, lines: list[OrderLine], sent: dict[str, str], words: str
) -> None:
    sizes(lines[0], S=5, M=2, XL=0)
    response = chosen.step(
        "resolution", wish(lines[0], **{"wanted": "", **sent}) | wish(lines[1], "refund")
    )

    assert response.status_code == 422
    assert words in text(response)
    assert wishes(chosen)[lines[1].pk] == ("", None)


def test_resolution_leaves_out_a_dearer_variant(chosen: Shopper, lines: list[OrderLine]) -> None:
    made = sizes(lines[0], M=2, L=2)
    with transaction.atomic():
        Variant.objects.filter(pk=made["S"].pk).update(price_minor=9000)
        Variant.objects.filter(pk=made["M"].pk).update(price_minor=9000)
        Variant.objects.filter(pk=made["L"].pk).update(price_minor=9900)
    response = chosen.step(
        "resolution", wish(lines[0], "exchange", axis_0="L") | wish(lines[1], "refund")
    )

    assert response.status_code == 422
    assert "L is sold out" in text(response)


def test_resolution_of_a_faulty_item_may_be_the_same_again(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    made = sizes(lines[0], S=1)
    shopper.find()
    shopper.choose(lines[0], reason="not_as_described")
    page = text(shopper.step("resolution"))
    response = shopper.step("resolution", wish(lines[0], "exchange"))

    assert "Exchange or replace" in page
    assert response.status_code == 302
    assert wishes(shopper) == {lines[0].pk: ("exchange", made["S"].pk)}


def test_resolution_with_one_way_only_has_it_chosen(
    shopper: Shopper, lines: list[OrderLine], order: Order
) -> None:
    with transaction.atomic():
        Order.objects.filter(pk=order.pk).update(customer=None)
    shopper.find()
    shopper.choose(lines[0])
    page = text(shopper.step("resolution"))

    assert page.count('type="radio"') == 1
    assert is_ticked(page)
    assert shopper.step("resolution", {"x": ""}).status_code == 302


def test_resolution_before_any_item_goes_back(shopper: Shopper, order: Order) -> None:
    shopper.find()

    assert shopper.step("resolution")["Location"].endswith("/items")
    assert shopper.step("method")["Location"].endswith("/resolution")


def test_quote_shows_the_money_of_the_choices_so_far(
    chosen: Shopper, lines: list[OrderLine]
) -> None:
    sizes(lines[0], M=2)
    nothing = text(chosen.step("quote", {"x": ""}))
    one = text(chosen.step("quote", wish(lines[1], "refund")))
    both = text(
        chosen.step("quote", wish(lines[0], "exchange", axis_0="M") | wish(lines[1], "refund"))
    )

    assert "Nothing chosen yet" in nothing
    assert "€112.05" in one
    assert "−€4.95" in one
    assert "New item, M" in both
    assert "We’ll hold M for you until" in both
    assert "€112.05 refund" in both


def test_quote_of_a_mistake_of_ours_strikes_the_fee(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    shopper.find()
    shopper.choose(lines[0], reason="not_as_described")
    page = text(shopper.step("quote", wish(lines[0], "refund")))

    assert "<s>" in page
    assert "Free, because we made the mistake" in page
    assert "€85.50 refund" in page


def test_resolution_without_a_fee_says_nothing_about_it(
    chosen: Shopper, lines: list[OrderLine]
) -> None:
    publish(fee__amount_minor=0)

    assert "Return shipping" not in text(chosen.step("quote", wish(lines[1], "refund")))


def test_resolution_needs_the_same_statements_for_2_and_20_lines(
    shopper: Shopper, shop: Merchant
) -> None:
    counts = []
    for number, amount in (("NL-2", 2), ("NL-20", 20)):
        placed = flows.order(number=number, prices=[1000 + place for place in range(amount)])
        placed_lines = flows.lines_of(placed)
        sizes(placed_lines[0], M=1)
        shopper.find(number)
        shopper.choose(*placed_lines, reason="too_small")
        counts.append(statements(shopper, f"r/{shopper.token}/resolution"))

    assert counts[0] == counts[1] <= 16


def test_quote_while_still_choosing_complains_about_nothing(
    chosen: Shopper, lines: list[OrderLine]
) -> None:
    sizes(lines[0], M=2)

    assert 'class="error"' not in text(chosen.step("quote", wish(lines[0], "exchange")))


def test_restocking_fee_is_shown_before_anything_is_confirmed(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    publish(
        rules=[
            {
                "key": "restock", "name": "Restock", "on": True, "when": None,
                "then": [{"do": "restocking_fee", "value": 1000}],
            }
        ]
    )  # fmt: skip
    shopper.find()
    shopper.choose(lines[0])
    shopper.want(lines[0])

    page = text(shopper.step("method"))

    assert "Restocking fee" in page
    assert "8.55" in page
    assert "€72.00" in page


def test_fees_are_shown_with_their_ceiling_before_anything_is_confirmed(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    restocking = {"share_bp": 0, "amount_minor": 300, "per": "return", "waived_for_fault": True}
    publish(fee__label_cost=True, restocking=restocking)
    shopper.find()
    shopper.choose(lines[0])
    shopper.want(lines[0])

    page = text(shopper.step("method"))

    assert "What the label costs, €4.95 at most, comes off your refund." in page
    assert "Return shipping, at most" in page
    assert "Restocking fee" in page
    assert "€77.55" in page


def test_bonus_on_credit_is_shown_live_beside_the_refund(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    publish(credit_bonus={"share_bp": 1000, "amount_minor": 0, "most_minor": 500})
    shopper.find()
    shopper.choose(lines[0])

    page = text(shopper.step("resolution"))
    quote = text(shopper.step("quote", wish(lines[0], "store_credit")))

    assert "€5.00 more than as a refund." in page
    assert "€90.50" in page
    assert "Bonus for taking store credit" in quote
    assert "€85.55 store credit" in quote


def replaced() -> None:
    """Let faults that are not as described become a replacement first."""
    with transaction.atomic():
        live = PolicyVersion.objects.get(status="live").document
    publish(
        reasons=[
            {**one, "resolutions": ["replacement", "exchange", "refund"]}
            if one["key"] == "not_as_described"
            else one
            for one in live["reasons"]
        ]
    )


def test_replacement_is_offered_beside_an_exchange_and_confirmed(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    replaced()
    made = sizes(lines[0], S=1, M=1)
    shopper.find()
    shopper.choose(lines[0], reason="not_as_described")
    page = text(shopper.step("resolution"))
    own = shopper.step("resolution", wish(lines[0], "exchange", axis_0="S"))
    shopper.step("resolution", wish(lines[0], "replacement"))
    check = text(shopper.step("method"))
    token = shopper.confirm()["Location"].split("/")[-1]
    shown = text(shopper.get(f"s/{token}"))

    assert page.index("Replacement") < page.index("Another size or colour")
    assert "The same item, new, no return fee" in page
    assert "Exchange or replace" not in page
    assert (own.status_code, "You have S." in text(own)) == (422, True)
    assert "Replacement, not as described" in check
    assert "Replacement, not as described, held for you until" in shown
    with transaction.atomic():
        assert Exchange.objects.get().variant_id == made["S"].pk


def test_replacement_that_is_sold_out_is_told_and_the_rest_offered(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    replaced()
    sizes(lines[0], S=0, M=1)
    shopper.find()
    shopper.choose(lines[0], reason="not_as_described")
    page = text(shopper.step("resolution"))
    refused = shopper.step("resolution", wish(lines[0], "replacement"))

    assert "Sold out at the moment. Choose one of the others." in page
    assert refused.status_code == 422
    assert shopper.step("resolution", wish(lines[0], "refund")).status_code == 302


def test_repair_is_chosen_and_followed_until_it_is_back(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    with transaction.atomic():
        live = PolicyVersion.objects.get(status="live").document
    publish(
        reasons=[
            {**one, "resolutions": ["repair", "refund"]}
            if one["key"] == "not_as_described"
            else one
            for one in live["reasons"]
        ]
    )
    shopper.find()
    shopper.choose(lines[0], reason="not_as_described")
    page = text(shopper.step("resolution"))
    quote = text(shopper.step("quote", wish(lines[0], "repair")))
    shopper.step("resolution", wish(lines[0], "repair"))
    check = text(shopper.step("method"))
    token = shopper.confirm()["Location"].split("/")[-1]
    with transaction.atomic():
        rma = Return.objects.get(token=token)
    flows.inspected(flows.received(rma), grade="D", disposition="repair")
    waits = text(shopper.get(f"s/{token}"))
    with transaction.atomic():
        repair = start_repair(Repair.objects.get().pk, actor=SYSTEM)
    begun = text(shopper.get(f"s/{token}"))
    with transaction.atomic():
        send_back(repair.pk, tracking_code="T1", actor=SYSTEM)
    back = text(shopper.get(f"s/{token}"))

    assert "We repair it and send it back to you, no return fee" in page
    assert "Repair" in quote
    assert "Nothing to pay" in quote
    assert "Repair, not as described" in check
    assert "Your item waits for its repair" in waits
    assert "Your item is being repaired" in begun
    assert "We began the repair" in begun
    assert "Your repaired item is on its way back" in back
    assert "Tracking number T1." in back


@pytest.mark.parametrize(("kept", "shown"), [(4, False), (12, True)])
def test_exchange_tells_which_size_others_kept(
    shopper: Shopper, lines: list[OrderLine], kept: int, shown: bool
) -> None:
    made = sizes(lines[0], M=3, L=3)
    with transaction.atomic():
        KeptSize.objects.create(
            variant=made["S"], reason="too_small", kept=made["M"], exchanges=kept
        )
    shopper.find()
    shopper.choose(lines[0], reason="too_small")
    page = text(shopper.step("resolution"))
    shopper.choose(lines[0], reason="too_large")
    other = text(shopper.step("resolution"))

    assert ("12 of 12 who found S too small kept M." in page) == shown
    assert "who found" not in other


def test_exchange_advises_no_size_that_is_sold_out(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    made = sizes(lines[0], M=0, L=3)
    with transaction.atomic():
        KeptSize.objects.create(variant=made["S"], reason="too_small", kept=made["M"], exchanges=12)
    shopper.find()
    shopper.choose(lines[0], reason="too_small")

    assert "who found" not in text(shopper.step("resolution"))


def test_item_to_keep_is_priced_and_asks_for_no_way_back(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    reasons = default_policy("EUR")["reasons"]
    outcomes = ["refund", "keep_item", "donate"]
    publish(reasons=[{**one, "resolutions": outcomes} for one in reasons])
    shopper.find()
    shopper.choose(lines[0])

    page = text(shopper.step("resolution"))
    shopper.want(lines[0], wanted="keep_item")
    step = text(shopper.step("method"))
    answer = shopper.confirm("")

    assert "Keep it and get a part back" in page
    assert "Give it to charity" in page
    assert "€17.10" in page
    assert "There is nothing to send back." in step
    assert "How will you send it back?" not in step
    assert "Send by" not in step
    assert answer.status_code == 302
    status = text(shopper.client.get(answer["Location"]))
    assert "on its way" in status
    # What comes next is the money, and there is no parcel to put a slip into.
    assert "€17.10 refunded to Visa ending 4242" in status
    assert "new item" not in status
    assert "slip" not in status
    assert shopper.client.get(f"{answer['Location']}/slip.pdf").status_code == 404


def test_item_to_keep_that_waits_for_a_person_is_not_awaited_as_a_parcel(
    shopper: Shopper, lines: list[OrderLine]
) -> None:
    approval = {**default_policy("EUR")["approval"], "automatic": False}
    reasons = [
        {**one, "resolutions": ["refund", "donate"]} for one in default_policy("EUR")["reasons"]
    ]
    publish(reasons=reasons, approval=approval)
    shopper.find()
    shopper.choose(lines[0])
    shopper.want(lines[0], wanted="donate")

    status = text(shopper.client.get(shopper.confirm("")["Location"]))

    assert "We look at your request" in status
    assert "€85.50 refunded to Visa ending 4242" in status
    assert "You send the parcel" not in status
    assert "Checked at our warehouse" not in status
