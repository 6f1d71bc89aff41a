"""Owners write, move, switch off and try rules: by keyboard only, and without scripts."""

from __future__ import annotations

import re

import pytest
from django.db import transaction
from playwright.sync_api import Page, Route, expect

from returns_portal.core.actor import SYSTEM
from returns_portal.tenancy.models import Merchant
from rma.actions.policy import save_draft
from rma.actions.policy_rules import document_digest, switch_rule
from rma.models import PolicyVersion
from rma.policy.document import default_policy
from tests import flows
from tests.e2e.browsing import DESKTOP, PHONE, look
from tests.e2e.conftest import Visit
from tests.rma.policy.test_own_rules import do, rule

pytestmark = pytest.mark.browser


def rules() -> list[tuple[str, bool]]:
    with transaction.atomic():
        document = PolicyVersion.objects.get(status="draft").document
    return [(one["name"], one["on"]) for one in document["rules"]]


def digest() -> str:
    return document_digest(PolicyVersion.objects.get(status="draft").document)


def type_into(page: Page, name: str, text: str) -> None:
    """Tab to the field with this accessible name and type."""
    tab_to(page, name)
    page.keyboard.type(text)


def tab_to(page: Page, name: str, *, most: int = 60) -> None:
    """Press Tab until the focus is on what has this accessible name."""
    for _ in range(most):
        page.keyboard.press("Tab")
        told = page.evaluate(
            """() => {
              const e = document.activeElement;
              return e.getAttribute("aria-label") || e.labels?.[0]?.innerText || e.innerText || "";
            }"""
        )
        if told.strip().startswith(name):
            return
    raise AssertionError(f"no way to {name} by Tab")


def settled(page: Page) -> None:
    """Wait until the fields suit what is chosen."""
    expect(page.locator("[data-rule-form]")).to_have_attribute("aria-busy", "false")


def pick(page: Page, name: str, value: str) -> None:
    """Tab to a select, type the beginning of an option, and let the fields that suit come."""
    tab_to(page, name)
    page.keyboard.type(value)
    settled(page)
    chosen = page.locator("select:focus option:checked")
    expect(chosen).to_have_text(re.compile(f"^{re.escape(value)}"))


def open_new(page: Page) -> None:
    """Press the key for a new rule and wait until its form is at work."""
    page.keyboard.press("a")
    expect(page.get_by_role("heading", level=1)).to_have_text("New rule")
    settled(page)


def test_rule_is_written_moved_switched_off_and_tried_by_keyboard(
    shop: Merchant, staff: Visit
) -> None:
    flows.order(number="NL-1001", prices=(30_000, 2500))
    page = staff().open(f"/app/{shop.slug}/policies/")

    open_new(page)
    type_into(page, "Name", "Dear items stay")
    pick(page, "Fact", "Price paid")
    expect(page.locator("#c-0-fact")).to_be_focused()
    pick(page, "Comparison", "is over")
    type_into(page, "Value", "250")
    tab_to(page, "Add condition")
    page.keyboard.press("Enter")
    expect(page.locator("#c-1-fact")).to_be_focused()
    page.keyboard.type("Reason is our")
    settled(page)
    tab_to(page, "Value")
    page.keyboard.type("not true")
    pick(page, "What the rule does", "Can")
    type_into(page, "Shoppers read in English", "Dear items stay with you.")
    tab_to(page, "Save rule")
    page.keyboard.press("Enter")
    expect(page.locator("#rule-dear_items_stay")).to_be_focused()
    expect(page.locator("#live")).to_contain_text("“Dear items stay” is in the draft.")

    open_new(page)
    type_into(page, "Name", "Late")
    tab_to(page, "Remove condition")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing is asked: the rule always holds.")).to_be_visible()
    expect(page.locator("#add-condition")).to_be_focused()
    settled(page)
    pick(page, "What the rule does", "Days to return")
    type_into(page, "Value", "60")
    page.keyboard.press("Enter")
    expect(page.locator("#rule-late")).to_be_focused()
    assert rules() == [("Dear items stay", True), ("Late", True)]

    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("#live")).to_contain_text("Rule 2 moved to 1.")
    expect(page.locator("#rule-late")).to_be_focused()
    assert rules() == [("Late", True), ("Dear items stay", True)]

    tab_to(page, "Rule 1, Late")
    page.keyboard.press("Enter")
    expect(page.locator("#rule-late")).to_have_attribute("data-off", "")
    expect(page.locator("#rule-late")).to_be_focused()
    assert rules() == [("Late", False), ("Dear items stay", True)]

    type_into(page, "Order number", "NL-1001")
    page.keyboard.press("Enter")
    dear = page.get_by_role("region", name="Trail Runner 1")
    expect(dear.get_by_text("v2 draft")).to_be_visible()
    expect(dear.get_by_text("Price paid a unit: €300.00")).to_be_visible()
    expect(dear.get_by_text("Dear items stay with you").first).to_be_visible()


def test_what_is_typed_while_fields_are_on_their_way_stays(shop: Merchant, staff: Visit) -> None:
    page = staff().open(f"/app/{shop.slug}/policies/new-rule/")
    settled(page)
    held: list[Route] = []
    page.route("**/policies/new-rule/", lambda route: held.append(route), times=1)

    # The first answer is held back; meanwhile the owner goes on everywhere.
    with page.expect_request("**/policies/new-rule/"):
        page.get_by_label("Fact").select_option("item.price")
    expect(page.locator("[data-rule-form]")).to_have_attribute("aria-busy", "true")
    page.get_by_label("What the rule does").select_option("set_window")
    page.get_by_role("button", name="Add condition").click()
    page.locator("#c-1-fact").select_option("item.quantity")
    page.get_by_label("Name", exact=True).fill("Dear items")
    page.get_by_label("Switched on").uncheck()
    page.get_by_label("Shoppers read in English").press_sequentially("Fourteen d")
    held[0].continue_()
    page.keyboard.type("ays")
    settled(page)

    expect(page.get_by_label("Shoppers read in English")).to_be_focused()
    expect(page.get_by_label("Shoppers read in English")).to_have_value("Fourteen days")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Dear items")
    expect(page.get_by_label("Switched on")).not_to_be_checked()
    expect(page.locator("#c-0-fact")).to_have_value("item.price")
    expect(page.locator("#c-1-fact")).to_have_value("item.quantity")
    for value in ("#c-0-value", "#c-1-value", "#e-0-value"):
        expect(page.locator(value)).to_be_visible()


def three_rules(shop: Merchant) -> None:
    rules = [rule(None, do("tag", [key]), key=key) for key in ("first", "second", "third")]
    with transaction.atomic():
        save_draft({**default_policy("EUR"), "rules": rules}, actor=SYSTEM)


def grips(page: Page) -> list[tuple[float, float]]:
    """Return the middle of each rule's grip."""
    boxes = [one.bounding_box() for one in page.locator("[data-grip]").all()]
    return [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes if box]


def test_rule_is_dragged_to_its_place(shop: Merchant, staff: Visit) -> None:
    three_rules(shop)
    page = staff().open(f"/app/{shop.slug}/policies/")
    expect(page.locator("[data-grip]").last).to_be_visible()
    first, _, third = grips(page)

    page.mouse.move(*third)
    page.mouse.down()
    page.mouse.move(first[0], first[1] - 20, steps=4)
    expect(page.locator("#rule-first")).to_have_attribute("data-drop", "before")
    page.keyboard.press("Escape")
    expect(page.locator("[data-drop], [data-dragging]")).to_have_count(0)
    page.mouse.up()
    page.mouse.move(*third)
    page.mouse.down()
    page.mouse.move(first[0], first[1] - 20, steps=4)
    page.mouse.up()

    expect(page.locator("#live")).to_contain_text("Rule 3 moved to 1.")
    expect(page.locator("#rule-third")).to_be_focused()
    assert [name for name, _ in rules()] == ["Third", "First", "Second"]


def test_rule_is_dragged_by_touch(shop: Merchant, staff: Visit) -> None:
    three_rules(shop)
    page = staff("owner", width=PHONE).open(f"/app/{shop.slug}/policies/")
    page.evaluate("document.getElementById('rule-second').scrollIntoView({block: 'center'})")
    first = grips(page)[0]
    below = page.locator("#rule-second").bounding_box()
    assert below is not None
    finger = page.context.new_cdp_session(page)

    def touch(kind: str, *at: tuple[float, float]) -> None:
        points = [{"x": x, "y": y} for x, y in at]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", first)
    touch("touchMove", (first[0], first[1] + 20))
    touch("touchMove", (first[0], below["y"] + below["height"] * 0.75))
    expect(page.locator("#rule-second")).to_have_attribute("data-drop", "after")
    touch("touchEnd")

    expect(page.locator("#live")).to_contain_text("Rule 1 moved to 2.")
    assert [name for name, _ in rules()] == ["Second", "First", "Third"]


def test_rule_is_edited_where_it_stands_by_keyboard(shop: Merchant, staff: Visit) -> None:
    three_rules(shop)
    page = staff().open(f"/app/{shop.slug}/policies/#rule-second")
    second = page.locator("#rule-second")
    expect(second).to_be_focused()

    page.keyboard.press("e")
    expect(page.get_by_role("form", name="Edit rule 2")).to_be_visible()
    settled(page)
    name = second.get_by_label("Name")
    expect(name).to_be_focused()
    name.fill("")
    page.keyboard.press("Control+Enter")
    expect(second.get_by_role("alert")).to_be_focused()
    expect(second.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
    assert look(page) == []
    assert rules()[1] == ("Second", True)

    second.get_by_label("Name").fill("Middle")
    pick(page, "What the rule does", "A person checks")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#live")).to_contain_text("“Middle” is saved in the draft.")
    expect(second).to_be_focused()
    expect(second.get_by_text("A person checks first")).to_be_visible()
    assert rules() == [("First", True), ("Middle", True), ("Third", True)]


def test_rule_opened_in_place_is_cancelled_or_kept_open(shop: Merchant, staff: Visit) -> None:
    three_rules(shop)
    page = staff().open(f"/app/{shop.slug}/policies/")
    page.get_by_role("link", name="First", exact=True).click()
    page.locator("#rule-first").get_by_label("Name").fill("Changed")

    # Only one is open at a time, and what was typed is not lost.
    page.get_by_role("link", name="Third", exact=True).click()
    expect(page.get_by_text("Save or cancel the rule that is open first.")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Changed")
    page.get_by_role("link", name="Cancel").click()
    expect(page.locator("#rule-first")).to_be_focused()
    expect(page.get_by_role("form", name="Edit rule 1")).to_have_count(0)

    page.get_by_role("link", name="Third", exact=True).click()
    expect(page.get_by_role("form", name="Edit rule 3")).to_be_visible()
    with transaction.atomic():
        switch_rule("first", on=False, seen=digest(), actor=SYSTEM)
    page.get_by_label("Name", exact=True).fill("Last")
    page.get_by_role("button", name="Save rule").click()
    expect(page.get_by_text("Somebody else changed the draft.")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Last")
    assert rules() == [("First", False), ("Second", True), ("Third", True)]


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_pages_of_rules_are_without_barriers(shop: Merchant, staff: Visit, width: int) -> None:
    flows.order(number="NL-1001")
    page = staff("owner", width=width).open(f"/app/{shop.slug}/policies/")
    found = look(page)
    page.get_by_role("link", name="Start from a policy").click()
    found += look(page)
    page.get_by_role("button", name="Start from this: Electronics, 14 days").click()
    expect(page.get_by_role("link", name="Software and headsets")).to_be_visible()
    found += look(page)
    page.get_by_label("Rule 1: edit, move, duplicate, delete").click()
    page.get_by_role("link", name="Edit", exact=True).last.click()
    page.get_by_label("Name", exact=True).fill("")
    page.get_by_role("button", name="Save rule").click()
    expect(page.get_by_role("alert")).to_be_visible()
    found += look(page)
    page.goto(page.url.partition("rules/")[0] + "try/?number=NL-1001")
    found += look(page)

    assert found == []


def test_rule_is_written_and_moved_without_scripts(shop: Merchant, staff: Visit) -> None:
    page = staff("owner", scripts=False).open(f"/app/{shop.slug}/policies/new-rule/")
    page.get_by_label("Name", exact=True).fill("Germany")
    page.get_by_label("Fact").select_option("order.country")
    page.get_by_role("button", name="Show the fields that suit").click()
    page.get_by_label("Words").fill("Germany, AT")
    page.get_by_label("What the rule does").select_option("set_fee")
    page.get_by_role("button", name="Save rule").click()
    # The amount could not be asked for before; what was typed is still there.
    expect(page.get_by_text("Say which value goes with it.").first).to_be_visible()
    page.get_by_label("Value").fill("9.90")
    page.get_by_role("button", name="Save rule").click()
    expect(page.locator(".pe-s b").filter(has_text="Austria")).to_be_visible()
    page.get_by_label("Rule 1: edit, move, duplicate, delete").click()
    page.get_by_role("button", name="Duplicate").click()
    page.get_by_label("Rule 2: edit, move, duplicate, delete").click()
    page.locator("#p-germany_copy").fill("1")
    page.get_by_role("button", name="Move", exact=True).click()

    expect(page.get_by_text("Rule 2 moved to 1.")).to_be_visible()
    assert rules() == [("Germany copy", False), ("Germany", True)]
