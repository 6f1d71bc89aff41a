"""The pages of the merchant's own rules: the list, the form, and what one press does."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from returns_portal.backoffice.policy_words import in_words
from returns_portal.commerce.models import Order
from returns_portal.core.actor import SYSTEM
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.policy import publish_policy, save_draft
from rma.actions.policy_rules import document_digest
from rma.models import PolicyVersion
from rma.policy.document import default_policy, parse_policy
from tests import flows
from tests.backoffice.conftest import HOME, SignIn, queries
from tests.factories import make_member
from tests.rma.policy.test_own_rules import do, rule, when

pytestmark = pytest.mark.django_db
POLICIES = f"{HOME}policies/"

SHOES = rule(
    {"all": [when("item.type", "is_one_of", ["Shoes"]), when("item.price", "over", 15000)]},
    do("decline"), key="shoes", text={"en": "Shoes stay.", "de": "Schuhe bleiben."},
)  # fmt: skip
COUNTRY = rule(when("order.country", "is_one_of", ["de"]), do("set_fee", 990), key="germany")
FAULTS = rule(when("asked.reason", "is_one_of", ["faulty"]), do("review"), key="faults")


def document(*rules: dict[str, Any]) -> dict[str, Any]:
    return {**default_policy("EUR"), "rules": list(rules)}


def with_rules(shop: Merchant, *rules: dict[str, Any], live: bool = False) -> str:
    """Keep a draft with ``rules``, or publish it; return the digest the pages show."""
    with merchant_scope(shop.pk):
        save_draft(document(*rules), actor=SYSTEM)
        if live:
            publish_policy(actor=SYSTEM)
    return document_digest(document(*rules))


def draft_of(shop: Merchant) -> dict[str, Any] | None:
    with merchant_scope(shop.pk):
        found = PolicyVersion.objects.filter(status="draft").first()
    return found and found.document


def keys_of(shop: Merchant) -> list[tuple[str, bool]]:
    return [(one["key"], one["on"]) for one in (draft_of(shop) or {}).get("rules", [])]


def sent(seen: str, **changes: object) -> dict[str, object]:
    """Return the form of a rule about dear items as a browser sends it."""
    return {
        "seen": seen, "name": "Dear items", "on": "on", "match": "all", "do": "save",
        "c-0-fact": "item.price", "c-0-test": "over", "c-0-value": "250", "c-0-drawn": "money",
        "e-0-do": "review", "e-0-drawn": "",
    } | changes  # fmt: skip


DEAR = {
    "key": "dear_items", "name": "Dear items", "on": True,
    "when": {"all": [when("item.price", "over", 25000)]}, "then": [do("review")],
}  # fmt: skip


# The list


def test_rules_say_how_often_they_spoke_and_list_the_returns(owner: Client, shop: Merchant) -> None:
    with_rules(shop, {**FAULTS, "when": None}, COUNTRY, live=True)
    with merchant_scope(shop.pk):
        rma = flows.request(flows.order())
    with_rules(shop, {**FAULTS, "when": None}, SHOES, COUNTRY)

    answer = owner.get(POLICIES)

    groups = answer.context["rule_groups"]
    assert {line.key: line.hits for one in groups for line in one.lines} == {
        "faults": 1,
        "shoes": 0,
        "germany": 0,
    }
    page = answer.content.decode()
    assert "Matched in 90 days, of 1 decision" in page
    address = f"{HOME}returns/?view=all&amp;rule=faults&amp;days=90"
    assert f'href="{address}" aria-label="Rule 1: 1 of 1 in 90 days">1</a>' in page
    listed = owner.get(address.replace("&amp;", "&"))
    assert [row.rma.number for row in listed.context["rows"]] == [rma.number]
    assert {"field": "Rule", "value": "is Faults", "remove_url": "?view=all&days=90"} in (
        listed.context["chips"]
    )
    none = owner.get(f"{HOME}returns/?view=all&rule=shoes&days=90")
    assert none.context["rows"] == []
    assert ("shoes", "shoes") in next(
        one["choices"] for one in none.context["fields"] if one["name"] == "rule"
    )


def test_rules_are_told_in_sentences_by_what_they_do(owner: Client, shop: Merchant) -> None:
    with_rules(shop, SHOES, COUNTRY, FAULTS)

    answer = owner.get(POLICIES)

    page = answer.content.decode()
    assert "If <b>Product type</b> is <b>shoes</b> and <b>Price paid a unit</b> is over" in page
    assert "If <b>Country</b> is <b>Germany</b>: <b>Return shipping costs: €9.90</b>" in page
    assert "If <b>Reason</b> is <b>Faulty or damaged</b>: <b>A person checks first</b>" in page
    assert "Shoppers read in English: “Shoes stay.”" in page
    assert "German: “Schuhe bleiben.”" in page
    groups = answer.context["rule_groups"]
    assert [(one.title, [line.number for line in one.lines]) for one in groups] == [
        ("Who can return, and until when", [1]),
        ("When a person checks first", [3]),
        ("Fees, outcomes and methods", [2]),
    ]


def test_rules_are_marked_against_the_live_version(owner: Client, shop: Merchant) -> None:
    with_rules(shop, SHOES, COUNTRY, FAULTS, live=True)
    with_rules(shop, {**SHOES, "on": False}, COUNTRY, DEAR)

    answer = owner.get(POLICIES)

    groups = answer.context["rule_groups"]
    marks = {line.key: line.was for group in groups for line in group.lines}
    assert marks == {"germany": "", "shoes": "Changed", "dear_items": "New"}
    assert [line.key for line in answer.context["rules_gone"]] == ["faults"]
    assert answer.context["changes"] == 3


def test_moved_rule_is_marked_and_those_it_passed_are_not(owner: Client, shop: Merchant) -> None:
    with_rules(shop, SHOES, COUNTRY, FAULTS, live=True)
    with_rules(shop, FAULTS, SHOES, COUNTRY)

    groups = owner.get(POLICIES).context["rule_groups"]

    marks = {line.key: line.was for group in groups for line in group.lines}
    assert marks == {"shoes": "", "germany": "", "faults": "Moved"}


def test_oddity_stands_beside_its_rule(owner: Client, shop: Merchant) -> None:
    with_rules(shop, rule(None, do("review"), key="all"), FAULTS)

    page = owner.get(POLICIES).content.decode()

    beside = page[page.index('id="rule-faults"') :]
    assert "Rule 2 never runs: rule 1 takes all its cases." in beside


def test_nothing_of_the_rules_is_left_unsaid_on_the_version_page(
    owner: Client, shop: Merchant
) -> None:
    with_rules(shop, SHOES, {**COUNTRY, "on": False}, live=True)

    page = owner.get(f"{POLICIES}versions/2/").content.decode()
    for words in (
        "Shoes.",
        "€150.00",
        "Can’t be returned",
        "“Schuhe bleiben.”",
        "Germany",
        "€9.90",
    ):
        assert words in page
    own = [group for group in in_words(parse_policy(document(SHOES, COUNTRY))) if group.is_own]
    assert [one.number for group in own for one in group.sentences] == [1, 2]


def test_page_escapes_what_people_wrote(owner: Client, shop: Merchant) -> None:
    nasty = "<script>alert(1)</script>"
    written = {
        **rule(when("item.tags", "has_any", [nasty]), do("tag", [nasty]), key="x"),
        "name": nasty, "text": {"en": nasty, nasty: nasty},
    }  # fmt: skip
    with_rules(shop, written)

    pages = [
        owner.get(f"{POLICIES}{path}").content.decode()
        for path in ("", "rules/x/", "rules/x/delete/")
    ]

    assert all(nasty not in page and "&lt;script&gt;" in page for page in pages)


@pytest.mark.parametrize("path", ["", "rules/rule0/", "try/?number=NL-1001"])
def test_pages_use_as_many_statements_for_twenty_rules_as_for_two(
    owner: Client, shop: Merchant, order: Order, path: str
) -> None:
    many = [{**FAULTS, "key": f"rule{n}", "then": [do("review_hours", n + 1)]} for n in range(20)]
    with_rules(shop, *many[:2])
    few = queries(owner, f"{POLICIES}{path}")
    with_rules(shop, *many)

    assert queries(owner, f"{POLICIES}{path}") == few


# The form


def test_rule_is_added_to_the_draft_and_the_list_shows_it(owner: Client, shop: Merchant) -> None:
    seen = owner.get(f"{POLICIES}new-rule/").context["seen"]

    answer = owner.post(f"{POLICIES}new-rule/", sent(seen))

    assert answer["Location"] == f"{POLICIES}#rule-dear_items"
    assert draft_of(shop) == document(DEAR)


def test_rule_is_changed_and_keeps_its_key(owner: Client, shop: Merchant) -> None:
    with_rules(shop, SHOES, FAULTS)
    page = owner.get(f"{POLICIES}rules/shoes/")
    assert page.context["form"].summary == []

    owner.post(f"{POLICIES}rules/shoes/", sent(page.context["seen"]))

    assert draft_of(shop) == document({**DEAR, "key": "shoes"}, FAULTS)


def test_errors_stand_beside_their_fields_and_nothing_is_kept(
    owner: Client, shop: Merchant
) -> None:
    seen = owner.get(f"{POLICIES}new-rule/").context["seen"]

    answer = owner.post(f"{POLICIES}new-rule/", sent(seen, name="", **{"c-0-value": "much"}))

    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="name-error"' in page
    assert 'href="#c-0-value"' in page
    assert 'value="much"' in page
    assert draft_of(shop) is None


def test_row_is_added_without_saving_anything(owner: Client, shop: Merchant) -> None:
    answer = owner.post(f"{POLICIES}new-rule/", sent("", do="add"))

    assert answer.status_code == 200
    assert [row.fact_key for row in answer.context["form"].rows] == ["item.price", ""]
    assert draft_of(shop) is None


@pytest.mark.parametrize("path", ["new-rule/", "rules/shoes/"])
def test_change_of_a_draft_somebody_else_changed_keeps_what_was_typed(
    owner: Client, shop: Merchant, path: str
) -> None:
    seen = with_rules(shop, SHOES)
    with_rules(shop, SHOES, FAULTS)

    answer = owner.post(f"{POLICIES}{path}", sent(seen))

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody else changed the draft." in page
    assert 'value="Dear items"' in page
    assert 'value="250"' in page
    assert draft_of(shop) == document(SHOES, FAULTS)
    # What is shown now is the draft as it is, so saving again is a decision.
    owner.post(f"{POLICIES}{path}", sent(answer.context["seen"]))
    assert DEAR["name"] in [one["name"] for one in (draft_of(shop) or {})["rules"]]


def test_rule_deleted_meanwhile_is_saved_as_a_new_one(owner: Client, shop: Merchant) -> None:
    seen = with_rules(shop, SHOES, FAULTS)
    with_rules(shop, FAULTS)

    answer = owner.post(f"{POLICIES}rules/shoes/", sent(seen))

    assert answer.status_code == 409
    assert "Somebody else deleted this rule." in answer.content.decode()
    owner.post(answer.context["address"], sent(answer.context["seen"]))
    assert keys_of(shop) == [("faults", True), ("dear_items", True)]


def test_rule_that_does_not_exist_is_not_found(owner: Client) -> None:
    assert owner.get(f"{POLICIES}rules/nothing/").status_code == 404
    assert owner.get(f"{POLICIES}rules/nothing/delete/").status_code == 404


def test_form_with_zero_bytes_is_refused(owner: Client, shop: Merchant) -> None:
    seen = owner.get(f"{POLICIES}new-rule/").context["seen"]

    assert owner.post(f"{POLICIES}new-rule/", sent(seen, name="a\0b")).status_code == 400
    assert draft_of(shop) is None


def test_rules_of_a_shop_without_a_policy_are_refused_with_a_way_on(merchant: Merchant) -> None:
    owner = Client()
    owner.force_login(make_member(merchant, "owner"))

    answer = owner.get(f"{POLICIES}new-rule/")

    assert answer.status_code == 409
    assert "There is no policy yet. Write one, then add rules." in answer.content.decode()


# One press


@pytest.mark.parametrize(
    ("path", "body", "keys"),
    [
        ("shoes/move/", {"to": "3"}, [("germany", True), ("faults", True), ("shoes", True)]),
        ("faults/move/", {"position": "1"}, [("faults", True), ("shoes", True), ("germany", True)]),
        ("germany/switch/", {"on": "0"}, [("shoes", True), ("germany", False), ("faults", True)]),
        ("shoes/duplicate/", {}, [("shoes", True), ("shoes_copy", False), ("germany", True),
                                  ("faults", True)]),
        ("shoes/delete/", {}, [("germany", True), ("faults", True)]),
    ],
)  # fmt: skip
def test_rule_is_moved_switched_copied_and_deleted(
    owner: Client, shop: Merchant, path: str, body: dict[str, str], keys: list[tuple[str, bool]]
) -> None:
    seen = with_rules(shop, SHOES, COUNTRY, FAULTS)

    answer = owner.post(f"{POLICIES}rules/{path}", {"seen": seen, **body})

    assert answer["Location"].startswith(POLICIES)
    assert keys_of(shop) == keys


@pytest.mark.parametrize("path", ["move/", "switch/", "duplicate/", "delete/"])
def test_press_on_a_list_that_is_out_of_date_changes_nothing(
    owner: Client, shop: Merchant, path: str
) -> None:
    seen = with_rules(shop, SHOES, COUNTRY)
    with_rules(shop, SHOES, FAULTS)

    answer = owner.post(f"{POLICIES}rules/shoes/{path}", {"seen": seen, "to": "2", "on": "0"})

    assert answer.status_code == 409
    assert "Somebody else changed the draft." in answer.content.decode()
    assert keys_of(shop) == [("shoes", True), ("faults", True)]


@pytest.mark.parametrize("position", ["", "x", "-1", "1.5", "9" * 30])
def test_move_to_no_place_is_refused(owner: Client, shop: Merchant, position: str) -> None:
    seen = with_rules(shop, SHOES, COUNTRY)

    answer = owner.post(f"{POLICIES}rules/shoes/move/", {"seen": seen, "position": position})

    assert answer.status_code == 400
    assert keys_of(shop) == [("shoes", True), ("germany", True)]


def test_move_says_where_the_rule_went(owner: Client, shop: Merchant) -> None:
    seen = with_rules(shop, SHOES, COUNTRY, FAULTS)

    page = owner.post(
        f"{POLICIES}rules/faults/move/", {"seen": seen, "position": "2"}, follow=True
    ).content.decode()

    assert "Rule 3 moved to 2." in page


def test_agents_change_no_rules(sign_in: SignIn, shop: Merchant) -> None:
    seen = with_rules(shop, SHOES)
    agent = sign_in("agent")

    assert agent.post(f"{POLICIES}rules/shoes/delete/", {"seen": seen}).status_code == 403
    assert keys_of(shop) == [("shoes", True)]
