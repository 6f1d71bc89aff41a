"""A shopper's whole way at a browser, on a desk and on a phone, with scripts and without."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from django.db import transaction
from PIL import Image
from playwright.sync_api import FilePayload, Page, Route, expect

from returns_portal.commerce.models import OrderLine, Product, Variant
from returns_portal.core.actor import SHOPPER, SYSTEM
from returns_portal.core.clock import shifted
from returns_portal.tenancy.models import Merchant
from rma.actions.appeals import open_appeal
from rma.actions.promises import miss_due_promises
from rma.actions.review import ask_for_information, decline_return
from rma.models import Photo, Return, ReturnLine
from tests import flows
from tests.e2e.browsing import DESKTOP, PHONE, look
from tests.e2e.conftest import Visit
from tests.portal.conftest import publish

pytestmark = pytest.mark.browser
BOTH = pytest.mark.parametrize("width", [DESKTOP, PHONE])


def photo() -> FilePayload:
    drawn = BytesIO()
    Image.effect_noise((900, 700), 60).convert("RGB").save(drawn, "JPEG")
    return {"name": "shoe.jpg", "mimeType": "image/jpeg", "buffer": drawn.getvalue()}


def sell(*, prices: tuple[int, ...] = (8550, 11700), sizes: dict[str, int] | None = None) -> None:
    """Have order NL-1001 delivered; its first item comes in ``sizes`` too, ``S`` was bought."""
    line = flows.lines_of(flows.order(prices=prices))[0]
    with transaction.atomic():
        own = line.variant
        assert own is not None
        Variant.objects.filter(pk=own.pk).update(options={"Size": "S"}, title="S")
    for size, units in (sizes or {}).items():
        with transaction.atomic():
            variant = Variant.objects.create(
                product_id=own.product_id,
                source=own.source,
                external_id=f"{own.external_id}-{size}",
                title=size,
                options={"Size": size},
                sku=f"{own.sku}-{size}",
                price_minor=own.price_minor,
                currency=own.currency,
            )
        line.variant_id = variant.pk
        flows.stock(line, units)


def the_return() -> Return:
    with transaction.atomic():
        return Return.objects.get()


def find(page: Page) -> None:
    page.get_by_label("Order number").fill("NL-1001")
    page.get_by_label("E-mail, phone or delivery postcode").fill("maya@example.com")
    page.get_by_role("button", name="Find my order").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What would you like to return?")


@BOTH
def test_return_from_the_first_page_to_the_label(visit: Visit, shop: Merchant, width: int) -> None:
    sell(sizes={"M": 2, "L": 0})
    page = visit(width=width).open(f"/r/{shop.slug}/")
    found = look(page)

    page.get_by_label("Order number").fill("NL-9999")
    page.get_by_label("E-mail, phone or delivery postcode").fill("maya@example.com")
    page.get_by_role("button", name="Find my order").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("Order number")).to_have_value("NL-9999")
    found += look(page)

    find(page)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose at least one item")
    page.get_by_role("checkbox", name=re.compile("Trail Runner 1")).check()
    page.get_by_role("radio", name="Too small").check()
    expect(page.locator(".p-bar")).to_contain_text("1 item")
    expect(page.locator(".p-bar")).to_contain_text("€85.50")
    found += look(page)
    page.get_by_role("button", name="Continue").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("How should we make it right?")
    page.get_by_role("radio", name=re.compile("^Exchange")).check()
    expect(page.get_by_role("radio", name="L (not available)")).to_be_disabled()
    page.get_by_role("radio", name="M 2 left", exact=True).check()
    expect(page.get_by_role("radio", name="M 2 left", exact=True)).to_be_focused()
    expect(page.get_by_text("We’ll hold M for you until")).to_be_visible()
    found += look(page)
    page.get_by_role("radio", name=re.compile("Refund to Visa ending 4242")).check()
    expect(page.get_by_role("region", name="Total")).to_contain_text("€80.55 refund")
    page.get_by_role("button", name="Continue").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("How will you send it back?")
    page.get_by_role("radio", name=re.compile("Print a label")).check()
    found += look(page)
    page.get_by_role("button", name="Confirm return").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Approved. Your label is on its way.")
    found += look(page)
    flows.drain()
    # The page asks by itself while the label is made.
    expect(page.get_by_role("link", name="Get the label")).to_be_visible(timeout=15_000)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Approved. Send it by")
    expect(page.get_by_role("img", name=re.compile("Barcode R"))).to_be_visible()
    found += look(page)
    assert found == []


def test_item_ticked_before_the_scripts_came_is_counted(visit: Visit, shop: Merchant) -> None:
    sell()
    page = visit().open(f"/r/{shop.slug}/")
    held: list[Route] = []
    page.route(re.compile(r"/quote\b.*\.mjs"), lambda route: held.append(route))
    page.get_by_label("Order number").fill("NL-1001")
    page.get_by_label("E-mail, phone or delivery postcode").fill("maya@example.com")
    page.get_by_role("button", name="Find my order").click(no_wait_after=True)

    page.get_by_role("checkbox", name=re.compile("Trail Runner 1")).check()
    page.get_by_role("radio", name="Changed my mind").first.check()
    expect(page.locator(".p-bar")).to_contain_text("No items yet")
    held[0].continue_()

    expect(page.locator(".p-bar")).to_contain_text("€85.50")


@BOTH
def test_fault_with_a_photo_then_a_question_then_no(
    visit: Visit, shop: Merchant, width: int
) -> None:
    sell()
    page = visit(width=width).open(f"/r/{shop.slug}/")
    find(page)
    page.get_by_role("checkbox", name=re.compile("Trail Runner 2")).check()
    shoe = page.locator(".p-item", has_text="Trail Runner 2")
    shoe.get_by_role("radio", name="Faulty or damaged").check()
    expect(shoe.get_by_text("Return shipping is free for this item.")).to_be_visible()
    shoe.locator("input[type=file]").set_input_files([photo()])
    expect(shoe.get_by_text("Uploaded")).to_be_visible()
    shoe.get_by_label("Tell us more").fill("The sole is coming off at the toe.")
    found = look(page)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("radio", name=re.compile("Refund to")).check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("radio", name=re.compile("Print a label")).check()
    expect(page.get_by_text("We look at your photos first")).to_be_visible()
    page.get_by_role("button", name="Confirm return").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("We’re checking your request")
    expect(page.get_by_role("img", name="Your photo 1")).to_be_visible()
    found += look(page)
    page.get_by_label(f"Message to {shop.name}").fill("Is the photo sharp enough?")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Your message is with us.")).to_be_visible()
    expect(page.get_by_text("Is the photo sharp enough?")).to_be_visible()

    rma = the_return()
    with transaction.atomic():
        ask_for_information(rma.pk, actor=SYSTEM, question="Please show the whole shoe.")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("We need one thing from you")
    found += look(page)
    page.locator("#answer-photos").set_input_files([photo()])
    page.get_by_role("button", name="Send").first.click()
    expect(page.get_by_text("Thank you. We look at it")).to_be_visible()
    with transaction.atomic():
        assert Photo.objects.filter(rma=rma).count() == 2
        decline_return(rma.pk, actor=SYSTEM, reason="They were worn outdoors.")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("We can’t accept the Trail Runner 2")
    expect(page.get_by_text("They were worn outdoors.")).to_be_visible()
    found += look(page)
    assert found == []


@BOTH
def test_everything_works_without_scripts(visit: Visit, shop: Merchant, width: int) -> None:
    sell(sizes={"M": 1})
    page = visit(width=width, scripts=False).open(f"/r/{shop.slug}/")
    find(page)
    page.get_by_role("checkbox", name=re.compile("Trail Runner 1")).check()
    page.get_by_role("checkbox", name=re.compile("Trail Runner 2")).check()
    first = page.locator(".p-item", has_text="Trail Runner 1")
    second = page.locator(".p-item", has_text="Trail Runner 2")
    first.get_by_role("radio", name="Too small").check()
    second.get_by_role("radio", name="Faulty or damaged").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("Add a photo of Trail Runner 2")
    second.locator("input[type=file]").set_input_files([photo()])
    page.get_by_role("button", name="Continue").click()

    page.get_by_role("radio", name=re.compile("^Exchange")).first.check()
    page.get_by_role("radio", name="M 1 left", exact=True).check()
    page.get_by_role("radio", name=re.compile("Store credit")).last.check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("radio", name=re.compile("Use my own carrier")).check()
    page.get_by_role("button", name="Confirm return").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("We’re checking your request")
    assert sorted(line.wanted for line in _lines(the_return())) == ["exchange", "store_credit"]
    page.get_by_role("link", name="Cancel return").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cancel this return?")
    page.get_by_role("button", name="Cancel return").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This return is cancelled")


def _lines(rma: Return) -> list[ReturnLine]:
    with transaction.atomic():
        return list(rma.lines.select_related("order_line"))


@BOTH
def test_long_words_and_closed_items_fit_every_width(
    visit: Visit, shop: Merchant, width: int
) -> None:
    record = flows.order_record(prices=(8550, 11700, 1800), quantity=3)
    long = "Donaudampfschifffahrtsgesellschaftskapitänsmützenhalterung"
    lines = (
        replace(record.lines[0], title=long, variant_title=f"{long} / {long}"),
        replace(record.lines[1], title=" ".join(["Trail Runner"] * 18)),
        record.lines[2],
    )
    placed = flows.order(replace(record, lines=lines))
    with transaction.atomic():
        OrderLine.objects.filter(order=placed, position=2).update(is_final_sale=True)
    flows.request(placed, flows.wish(flows.lines_of(placed)[1]))
    page = visit(width=width).open(f"/r/{shop.slug}/")
    find(page)
    expect(page.get_by_text("Can’t be returned online")).to_be_visible()
    expect(page.get_by_text("One is already in return")).to_be_visible()
    found = look(page)
    page.get_by_role("link", name=re.compile("report a fault")).click()
    closed = page.locator(".p-item", has_text="Trail Runner 3")
    expect(closed.get_by_role("checkbox").first).to_be_checked()
    expect(closed.get_by_role("radio", name="Changed my mind")).to_have_count(0)
    page.get_by_role("checkbox", name=re.compile(long)).check()
    page.locator(".p-item", has_text=long).get_by_role("radio", name="Changed my mind").check()
    closed.get_by_role("checkbox").first.uncheck()
    found += look(page)
    page.get_by_role("button", name="Continue").click()
    found += look(page)
    page.get_by_role("radio", name=re.compile("Store credit")).check()
    page.get_by_role("button", name="Continue").click()
    found += look(page)
    page.get_by_role("radio", name=re.compile("Use my own carrier")).check()
    page.get_by_role("button", name="Confirm return").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Approved. Send it by")
    found += look(page)
    page.get_by_role("textbox", name="Carrier").fill("An Post")
    page.get_by_role("textbox", name="Tracking number").fill("RR 123 456 789 IE")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("On its way to us")
    assert found == []


@BOTH
@pytest.mark.parametrize("path", ["track", "policy", "help", "nowhere"])
def test_the_other_pages_put_nothing_in_the_way(
    visit: Visit, shop: Merchant, width: int, path: str
) -> None:
    visitor = visit(width=width)
    page = visitor.open(f"/r/{shop.slug}/{path}")
    if path == "nowhere":
        visitor.complaints.clear()

    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert look(page) == []


@pytest.mark.parametrize("scripts", [True, False])
@BOTH
def test_objection_to_a_declined_return_is_sent_and_shown(
    visit: Visit, shop: Merchant, width: int, scripts: bool
) -> None:
    rma = flows.request(flows.order(prices=[30000]))
    with transaction.atomic():
        decline_return(rma.pk, actor=SYSTEM, reason="The soles are worn.")
    page = visit(width=width, scripts=scripts).open(f"/r/northloom/s/{rma.token}")
    assert not scripts or look(page) == []

    page.get_by_role("button", name="Send objection").click()
    expect(page.get_by_text("Write why you don’t agree").first).to_be_visible()
    page.get_by_label("Why don’t you agree?").fill("They were never worn.")
    page.locator("#appeal-photos").set_input_files(photo())
    page.get_by_role("button", name="Send objection").click()

    expect(page.get_by_role("heading", name="Your objection")).to_be_visible()
    expect(page.get_by_text("They were never worn.")).to_be_visible()
    assert not scripts or look(page) == []
    with transaction.atomic():
        assert Photo.objects.filter(rma=rma).count() == 1


@BOTH
def test_late_refund_says_why_and_what_follows(visit: Visit, shop: Merchant, width: int) -> None:
    rma = flows.received(flows.approved(flows.order()))
    with shifted(timedelta(days=60)):
        assert miss_due_promises() == 1
    page = visit(width=width).open(f"/r/northloom/s/{rma.token}")

    expect(
        page.get_by_text("It is late because your items are still being checked")
    ).to_be_visible()
    assert look(page) == []


def test_staff_answers_an_objection(staff: Visit, shop: Merchant) -> None:
    rma = flows.request(flows.order(prices=[30000]))
    with transaction.atomic():
        decline_return(rma.pk, actor=SYSTEM, reason="The soles are worn.")
        open_appeal(rma.pk, actor=SHOPPER, words="They were never worn.")
    page = staff().open("/app/northloom/returns/?view=appeals")
    page.get_by_role("link", name=rma.number).click()
    assert look(page) == []
    page.get_by_role("link", name="Answer the objection").click()
    assert look(page) == []
    page.get_by_label("Change it in the shopper’s favour").check()
    page.get_by_label("What the shopper reads").fill("You are right.")
    page.get_by_role("button", name="Answer").click()

    expect(page.get_by_text("Decision changed")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
@BOTH
def test_return_is_changed_from_its_page(
    visit: Visit, shop: Merchant, width: int, scripts: bool
) -> None:
    sell()
    with transaction.atomic():
        order = OrderLine.objects.all()[0].order
    rma = flows.approved(order)
    page = visit(width=width, scripts=scripts).open(f"/r/northloom/s/{rma.token}")
    assert not scripts or look(page) == []
    page.get_by_role("button", name="Change items or method").click()

    expect(page.get_by_text(f"You are changing return {rma.number}")).to_be_visible()
    expect(page.get_by_role("checkbox", name=re.compile("Trail Runner 1"))).to_be_checked()
    page.get_by_role("checkbox", name=re.compile("Trail Runner 2")).check()
    page.locator(".p-item", has_text="Trail Runner 2").get_by_role(
        "radio", name="Changed my mind"
    ).check()
    found = look(page) if scripts else []
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("How should we make it right?")
    page.get_by_role("radio", name=re.compile("Refund to")).last.check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("radio", name=re.compile("Print a label"))).to_be_checked()
    found += look(page) if scripts else []
    page.get_by_role("button", name="Save changes").click()

    expect(page.get_by_text("You changed your return")).to_be_visible()
    expect(page.get_by_role("link", name="Get the label")).to_be_visible()
    assert found == []
    assert sorted(line.order_line.title for line in _lines(rma)) == [
        "Trail Runner 1",
        "Trail Runner 2",
    ]


@BOTH
def test_exchange_for_another_product_is_searched_chosen_and_held(
    visit: Visit, shop: Merchant, width: int
) -> None:
    publish(exchange={"any_product": True, "cheaper": "refund", "dearer": "collect"})
    sell()
    goods({"Wool Scarf": 3000, "Wool Hat": 8550, "Down Parka": 9999})
    page = visit(width=width).open(f"/r/{shop.slug}/")
    find(page)
    page.get_by_role("checkbox", name=re.compile("Trail Runner 1")).check()
    page.get_by_role("radio", name="Too small").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("radio", name=re.compile("^Something else from the shop")).check()
    page.get_by_role("button", name=re.compile("^Choose another product")).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("In place of Trail Runner 1")
    expect(page.get_by_role("link", name=re.compile("Down Parka"))).to_contain_text("€14.49 to pay")
    found = look(page)
    page.get_by_label("Search").fill("wool")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("link", name=re.compile("Down Parka"))).to_have_count(0)
    page.get_by_role("link", name=re.compile("Wool Scarf")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Wool Scarf")
    found += look(page)
    page.get_by_role("button", name="Choose this").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("How should we make it right?")
    expect(page.get_by_text("We’ll hold Wool Scarf, Red for you until")).to_be_visible()
    expect(page.get_by_role("region", name="Total")).to_contain_text("€55.50 refund")
    found += look(page)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Exchange for Wool Scarf, Red")).to_be_visible()
    page.get_by_role("radio", name=re.compile("Use my own carrier")).check()
    page.get_by_role("button", name="Confirm return").click()
    expect(page.get_by_text("Exchange for Wool Scarf, Red, held for you until")).to_be_visible()
    found += look(page)

    assert the_return().expected_minor == 5550
    assert found == []


def goods(prices: dict[str, int]) -> None:
    """Put three of each of these products on sale, in one colour."""
    for title, price in prices.items():
        with transaction.atomic():
            made = Product.objects.create(source="csv", external_id=title, title=title)
            variant = Variant.objects.create(
                product=made, source="csv", external_id=title, title="Red", currency="EUR",
                price_minor=price,
            )  # fmt: skip
        flows.stock(OrderLine(variant_id=variant.pk), 3)
