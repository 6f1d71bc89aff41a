"""Details of a reason in the back office: written as lines, told in words, found in the queue."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from returns_portal.backoffice.detail_lines import DetailLineError, as_lines, from_lines
from returns_portal.backoffice.policy_change_words import NOT_THERE, compare
from returns_portal.core.actor import SYSTEM
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.policy import publish_policy, save_draft
from rma.models import PolicyVersion
from rma.policy.document import parse_policy
from rma.policy.model import PHOTO_MODES, RESOLUTIONS
from rma.policy.starters import starter_named
from tests import flows
from tests.backoffice.conftest import HOME
from tests.backoffice.test_question_lines import LABELS
from tests.backoffice.test_settings import policy_form

SUBJECTS = ({"en": "the item", "de": "das Teil"}, {"en": "the box"})


@st.composite
def details(draw: Any) -> list[dict[str, Any]]:
    labels = draw(st.lists(LABELS, max_size=4, unique_by=lambda one: one["en"]))
    own = st.fixed_dictionaries(
        {},
        optional={
            "product_types": st.lists(st.sampled_from(["Shoes", "Hats"]), min_size=1, unique=True),
            "resolutions": st.lists(st.sampled_from(RESOLUTIONS), min_size=1, unique=True),
            "photo": st.sampled_from(PHOTO_MODES),
            "photos_of": st.lists(st.sampled_from(SUBJECTS), max_size=2, unique_by=str),
            "fault": st.booleans(),
            "free_text": st.booleans(),
            "questions": st.just([{"key": "q", "labels": {"en": "Where?"}, "required": True}]),
        },
    )
    return [
        {"key": f"d{place}", "labels": label, **draw(own)} for place, label in enumerate(labels)
    ]


@given(details(), LABELS)
def test_details_survive_being_shown_and_saved(
    known: list[dict[str, Any]], new: dict[str, str]
) -> None:
    assert from_lines(as_lines(known), known) == known

    more = from_lines(f"{as_lines(known)}\nsomething new {new['en']}", known)

    assert more[:-1] == known
    assert more[-1]["labels"] == {"en": f"something new {new['en']}"}


def test_new_lines_become_details_with_keys_of_their_own() -> None:
    text = (
        "[Shoes, Boots] Too narrow | Exchange, refund | photos needed | photos of the sole; the box"
        " | our fault\n\nToo small\n"
    )

    assert from_lines(text, [], {"too_small"}) == [
        {
            "key": "too_narrow", "labels": {"en": "Too narrow"},
            "product_types": ["Shoes", "Boots"], "resolutions": ["exchange", "refund"],
            "photo": "required", "photos_of": [{"en": "the sole"}, {"en": "the box"}],
            "fault": True,
        },
        {"key": "too_small_2", "labels": {"en": "Too small"}},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Too small\nToo large | gold", "Line 2: “gold” says nothing here"),
        ("| refund", "Line 1"),
        ("Worn | photos of", "“photos of” says nothing"),
        ("Worn | photos of a;b;c;d;e", "Line 1: name one to 4 things photos show"),
    ],
)
def test_line_that_says_nothing_is_named(text: str, says: str) -> None:
    with pytest.raises(DetailLineError, match=says):
        from_lines(text, [])


def apparel() -> dict[str, Any]:
    starter = starter_named("apparel")
    assert starter is not None
    return starter.document("EUR")


def publish(shop: Merchant, document: dict[str, Any]) -> None:
    with merchant_scope(shop.pk), transaction.atomic():
        save_draft(document, actor=SYSTEM)
        publish_policy(actor=SYSTEM)


def draft(shop: Merchant) -> dict[str, Any]:
    with merchant_scope(shop.pk), transaction.atomic():
        found: dict[str, Any] = PolicyVersion.objects.get(status="draft").document
        return found


def test_form_keeps_details_and_takes_new_ones(owner: Client, shop: Merchant) -> None:
    document = apparel()
    document["approval"]["review_reasons"] = ["faulty", "too_short"]
    publish(shop, document)
    body = policy_form(owner)
    assert "Too small\nToo large" in str(body["r-0-details"])

    owner.post(f"{HOME}policies/edit/", body)
    unchanged = draft(shop)
    lines = f"{body['r-0-details']}\nColour is off | refund | photos welcome"
    owner.post(f"{HOME}policies/edit/", body | {"r-0-details": lines})

    assert unchanged == document
    assert draft(shop)["reasons"][0]["details"][-1] == {
        "key": "colour_is_off", "labels": {"en": "Colour is off"}, "resolutions": ["refund"],
        "photo": "optional",
    }  # fmt: skip


def test_form_folds_what_a_reason_does_not_use(owner: Client, shop: Merchant) -> None:
    document = apparel()
    plain = [one["key"] for one in document["reasons"]].index("changed_mind")
    publish(shop, document)

    rows = owner.get(f"{HOME}policies/edit/").content.decode().split('<li class="pe-rule">')[1:]

    assert "<details open>" in rows[0]
    assert "<details>" in rows[plain]
    body = policy_form(owner) | {f"r-{plain}-details": "Colour is off | nonsense"}
    refused = owner.post(f"{HOME}policies/edit/", body).content.decode()
    assert "<details open>" in refused.split('<li class="pe-rule">')[plain + 1]


def test_form_names_what_photos_show_and_keeps_other_languages(
    owner: Client, shop: Merchant
) -> None:
    document = apparel()
    faulty = next(n for n, one in enumerate(document["reasons"]) if one["key"] == "faulty")
    document["reasons"][faulty]["photos_of"] = [{"en": "the item", "de": "das Teil"}]
    publish(shop, document)
    body = policy_form(owner)
    assert body[f"r-{faulty}-photos_of"] == "the item"

    owner.post(f"{HOME}policies/edit/", body | {f"r-{faulty}-photos_of": "the label\nthe item\n"})
    named = draft(shop)["reasons"][faulty]["photos_of"]
    owner.post(f"{HOME}policies/edit/", body | {f"r-{faulty}-photos_of": ""})
    unnamed = draft(shop)["reasons"][faulty]
    many = owner.post(f"{HOME}policies/edit/", body | {f"r-{faulty}-photos_of": "a\nb\nc\nd\ne"})

    assert named == [{"en": "the label"}, {"en": "the item", "de": "das Teil"}]
    assert "photos_of" not in unnamed
    assert many.status_code == 422
    assert "Name up to 4 things, one a line." in many.content.decode()
    assert draft(shop)["reasons"][faulty] == unnamed


def test_staff_read_what_the_photos_were_to_show(owner: Client, shop: Merchant) -> None:
    publish(shop, apparel())
    with merchant_scope(shop.pk):
        placed = flows.order()
        wish = flows.wish(flows.lines_of(placed)[0], reason="faulty")
        rma = flows.request(placed, wish, channel="api")

    page = owner.get(f"{HOME}returns/{rma.number}/").content.decode()

    assert "Photos asked of: the item, the damage close up. None was sent" in page


def test_form_says_beside_the_field_what_it_does_not_know(owner: Client, shop: Merchant) -> None:
    body = policy_form(owner) | {"r-0-details": "Too small | gold"}

    answer = owner.post(f"{HOME}policies/edit/", body)

    assert answer.status_code == 422
    (words,) = answer.context["reasons"][0].errors["details"]
    assert words.startswith("Line 1: “gold” says nothing here. Use refund, ")


def told(before: Any, after: Any) -> list[tuple[str, str, str]]:
    return [(one.about, one.was, one.now) for part in compare(before, after) for one in part.told]


@pytest.mark.parametrize(
    ("name", "value", "now"),
    [
        ("photo", "required", "Photos are needed"),
        ("photos_of", [{"en": "the box"}], "Photos show the box"),
        ("fault", True, "It is our fault"),
        ("resolutions", ["refund"], "Allows refund"),
        ("product_types", ["Hats"], "Only for Hats"),
        ("questions", [], "Asks nothing further"),
    ],
)
def test_change_of_a_detail_is_said_in_words(name: str, value: Any, now: str) -> None:
    before, after = apparel(), apparel()
    after["reasons"][0]["details"][0][name] = value

    (found,) = told(before, after)

    assert found == ("Reason “Does not fit”, detail “Too small”", NOT_THERE, now)


def test_new_detail_and_reason_are_said_in_words() -> None:
    before, after = apparel(), apparel()
    taken = after["reasons"][0]["details"].pop()
    del before["reasons"][0]["details"][0]

    found = told(before, after)

    assert taken["labels"] == {"en": "Too wide"}
    assert found == [
        (
            "Reason “Does not fit”, detail “Too wide”",
            "Offers “Too wide”, only for Shoes",
            NOT_THERE,
        ),
        ("Reason “Does not fit”, detail “Too small”", NOT_THERE, "Offers “Too small”"),
    ]
    whole = copy.deepcopy(before)
    del whole["reasons"][0]
    assert any("in detail “Too large”, " in was for _about, was, _now in told(before, whole))


def test_policy_page_tells_details_with_their_reason(owner: Client, shop: Merchant) -> None:
    publish(shop, apparel())

    page = owner.get(f"{HOME}policies/").content.decode()

    assert "<b>Does not fit: Too narrow</b>" in page
    assert "for shoes" in page


def test_queue_finds_details_by_their_reason_and_by_themselves(
    owner: Client, shop: Merchant
) -> None:
    document = apparel()
    document["approval"]["automatic"] = False
    publish(shop, document)
    with merchant_scope(shop.pk):
        for number, reason in (("NL-1", "too_small"), ("NL-2", "too_long"), ("NL-3", "other")):
            placed = flows.order(number=number)
            flows.request(placed, flows.wish(flows.lines_of(placed)[0], reason=reason))

    def orders(reason: str) -> set[str]:
        rows = owner.get(f"{HOME}returns/?view=all&reason={reason}").context["rows"]
        return {row.rma.order.number for row in rows}

    assert orders("does_not_fit") == {"NL-1", "NL-2"}
    assert orders("too_long") == {"NL-2"}
    page = owner.get(f"{HOME}returns/?view=all&reason=too_long").content.decode()
    assert "Does not fit: Too long" in page


def test_policy_of_the_starter_asks_about_shoes_only_what_suits_them() -> None:
    policy = parse_policy(apparel())

    assert [one.key for one in policy.reasons_for("Dress")][:4] == [
        "too_small", "too_large", "too_short", "too_long",
    ]  # fmt: skip
    assert [one.key for one in policy.reasons_for("shoes")][4:6] == ["too_narrow", "too_wide"]
