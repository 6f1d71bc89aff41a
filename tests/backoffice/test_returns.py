"""The queue and the return's page: what they show, to whom, and at what cost."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from returns_portal.core.actor import SYSTEM
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.evidence import store_photo
from rma.models import Return
from tests.backoffice.conftest import HOME, at_bench, queries, wait_for_review
from tests.pictures import png_bytes

pytestmark = pytest.mark.django_db
QUEUE = f"{HOME}returns/"


def test_queue_opens_with_what_needs_review_and_says_why(
    owner: Client, waiting: Return, shop: Merchant
) -> None:
    approved = at_bench(shop)

    page = owner.get(QUEUE).content.decode()

    assert waiting.number in page
    assert waiting.review_reason in page
    assert approved.number not in page


def test_queue_tabs_count_what_they_show(owner: Client, waiting: Return, shop: Merchant) -> None:
    at_bench(shop)

    tabs = {tab["label"]: tab["count"] for tab in owner.get(QUEUE).context["tabs"]}

    assert tabs["Needs review"] == 1
    assert tabs["On the way"] == 1
    assert tabs["All"] == 2


@pytest.mark.parametrize(
    "text", ["{number}", "NL-2001", "nl2001", "NL-2001@example.com", "Maya", "lindq"]
)
def test_search_finds_a_return_by_what_staff_have_at_hand(
    owner: Client, waiting: Return, text: str
) -> None:
    page = owner.get(QUEUE, {"q": text.format(number=waiting.number)}).content.decode()

    assert waiting.number in page


def test_search_without_a_hit_says_so_and_offers_the_way_back(
    owner: Client, waiting: Return
) -> None:
    page = owner.get(QUEUE, {"q": "nobody-at-all"}).content.decode()

    assert "No returns match this" in page
    assert waiting.number not in page


def test_filter_narrows_and_shows_as_a_chip(owner: Client, waiting: Return) -> None:
    kept = owner.get(QUEUE, {"view": "all", "wanted": "refund"})
    gone = owner.get(QUEUE, {"view": "all", "wanted": "exchange"})

    assert waiting.number in kept.content.decode()
    assert [chip["value"] for chip in kept.context["chips"]] == ["is Refund"]
    assert waiting.number not in gone.content.decode()


def test_mine_shows_what_is_assigned_to_the_member(owner: Client, waiting: Return) -> None:
    assert waiting.number not in owner.get(QUEUE, {"view": "mine"}).content.decode()

    owner.post(f"{QUEUE}{waiting.number}/assign/", {"user": str(owner.user.pk)})

    assert waiting.number in owner.get(QUEUE, {"view": "mine"}).content.decode()


@pytest.mark.parametrize("query", ["?view=nonsense", "?stage=nonsense", "?days=x", "?wanted=x"])
def test_filter_that_makes_no_sense_is_left_out(owner: Client, waiting: Return, query: str) -> None:
    assert owner.get(f"{QUEUE}{query}").status_code == 200


def test_broken_page_link_is_refused_in_words(owner: Client, waiting: Return) -> None:
    response = owner.get(f"{QUEUE}?after=broken")

    assert response.status_code == 400
    assert "page link is broken" in response.content.decode()


def test_queue_costs_the_same_with_2_and_20_rows(owner: Client, shop: Merchant) -> None:
    for number in range(2):
        wait_for_review(shop, f"NL-5{number:03}")
    few = queries(owner, f"{QUEUE}?view=all")
    for number in range(2, 20):
        wait_for_review(shop, f"NL-5{number:03}")

    assert queries(owner, f"{QUEUE}?view=all") == few


def test_page_of_a_return_explains_the_decision_and_the_money(
    owner: Client, waiting: Return
) -> None:
    page = owner.get(f"{QUEUE}{waiting.number}/")
    text = page.content.decode()

    assert "Policy asks for a person" in text
    assert page.context["findings"][0]["tone"] == "warning"
    assert page.context["money"].total == waiting.expected
    assert text.count("maya" if "maya" in text else waiting.order.email) >= 1


def test_drawer_is_a_fragment_with_its_actions(owner: Client, waiting: Return) -> None:
    fragment = owner.get(f"{QUEUE}{waiting.number}/?peek=1").content.decode()

    assert "<html" not in fragment
    assert f"{waiting.number}/approve/" in fragment


def test_page_hides_what_the_role_may_not_do(sign_in: object, waiting: Return) -> None:
    page = sign_in("warehouse").get(f"{QUEUE}{waiting.number}/").content.decode()  # type: ignore[operator]

    assert "/approve/" not in page
    assert "/decline/" not in page


def test_number_is_found_however_it_is_written(owner: Client, waiting: Return) -> None:
    plain = waiting.number.replace("-", "").lower()

    assert owner.get(f"{QUEUE}{plain}/").status_code == 200
    assert owner.get(f"{QUEUE}R-0000-0000-XX/").status_code == 404


def test_trace_lists_every_rule_with_its_facts(owner: Client, waiting: Return) -> None:
    page = owner.get(f"{QUEUE}{waiting.number}/trace/")

    assert len(page.context["rows"]) == len(waiting.decision["rules_spoken"])


def test_photo_is_sent_as_a_picture(owner: Client, waiting: Return, shop: Merchant) -> None:
    with merchant_scope(shop.pk):
        upload = SimpleUploadedFile("toe.png", png_bytes(), "image/png")
        photo = store_photo(upload, rma=waiting, actor=SYSTEM)

    answer = owner.get(f"{HOME}photos/{photo.pk}/")

    assert answer.status_code == 200
    assert answer["Content-Type"] == photo.content_type
    assert b"".join(answer.streaming_content)[:2] == b"\xff\xd8"
    answer.close()


def test_slip_is_a_pdf(owner: Client, waiting: Return) -> None:
    answer = owner.get(f"{QUEUE}{waiting.number}/slip.pdf")

    assert answer.content[:5] == b"%PDF-"
