"""Proof: who may see an order, what the others learn, and how often they may guess."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.core import signing
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from returns_portal.commerce.deep_links import deep_link
from returns_portal.commerce.models import Order
from returns_portal.core.clock import shifted
from returns_portal.portal.throttle import TRIES_PER_ADDRESS, TRIES_PER_ORDER, WINDOW_SECONDS
from returns_portal.tenancy.models import Merchant
from rma.models import ReturnDraft
from tests import flows
from tests.portal.conftest import EMAIL, Shopper, text


def drafts() -> int:
    with transaction.atomic():
        return ReturnDraft.objects.count()


@pytest.mark.parametrize(
    ("number", "proof"),
    [
        ("NL-1001", EMAIL),
        ("#nl 1001", " MAYA@Example.com "),
        ("nl1001", "111 23"),
        ("NL-1001", "11123"),
        ("NL-1001", "070-000 00 01"),
        ("NL-1001", "+46 70 000 00 01"),
    ],
)
def test_find_with_number_and_proof_opens_the_items(
    shopper: Shopper, order: Order, number: str, proof: str
) -> None:
    response = shopper.find(number, proof)

    assert response.status_code == 302
    assert response["Location"] == f"/r/northloom/r/{shopper.token}/items"
    cookie = response.cookies["rp_drafts"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (
        "/r/northloom/",
        True,
        "Lax",
    )
    assert shopper.step("items").status_code == 200
    assert drafts() == 1


def test_find_again_goes_on_with_the_same_draft(shopper: Shopper, order: Order) -> None:
    shopper.find()
    first = shopper.token
    shopper.find()

    assert shopper.token == first
    assert drafts() == 1


def comparable(response: Any, *typed: str) -> str:
    """Return a page without what differs by itself: the token of the form and what was typed."""
    page = re.sub(r'(csrfmiddlewaretoken" value="|x-csrftoken": ")[^"]+', r"\1", text(response))
    for word in typed:
        page = page.replace(word, "")
    return page


def test_find_answers_a_wrong_number_and_a_wrong_proof_alike(
    shopper: Shopper, order: Order
) -> None:
    shopper.get()
    answers = []
    for number, proof in (("NL-9999", EMAIL), ("NL-1001", "eve@example.com"), ("NL-1001", "99999")):
        cache.clear()
        with CaptureQueriesContext(connection) as caught:
            response = shopper.find(number, proof)
        answers.append((response.status_code, len(caught), comparable(response, number, proof)))
        assert number in text(response)
        assert "rp_drafts" not in response.cookies

    assert answers[0][0] == 422
    assert "We can’t find that order" in answers[0][2]
    assert answers[0] == answers[1] == answers[2]
    assert drafts() == 0


def test_find_shows_nothing_of_the_order_before_proof(shopper: Shopper, order: Order) -> None:
    for response in (shopper.get("?order=NL-1001"), shopper.find("NL-1001", "eve@example.com")):
        page = text(response)
        assert EMAIL not in page
        assert "Lindqvist" not in page
        assert "Trail Runner" not in page
        assert response["Cache-Control"] == "no-store"


def test_find_at_another_merchant_finds_nothing(
    other_merchant: Merchant, order: Order, shopper: Shopper
) -> None:
    flows.open_for_business(other_merchant)
    stranger = Shopper(other_merchant)

    assert stranger.find().status_code == 422
    shopper.find()
    stranger.client.cookies = shopper.client.cookies
    assert stranger.get(f"r/{shopper.token}/items").status_code in (403, 404)


def test_find_a_cancelled_order_finds_nothing(shopper: Shopper, order: Order) -> None:
    with transaction.atomic():
        Order.objects.filter(pk=order.pk).update(status=Order.Status.CANCELLED)

    assert shopper.find().status_code == 422


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"order": "", "who": ""},
        {"order": "NL-1001"},
        {"order": "\x00", "who": "\x00\x00"},
        {"order": "N" * 5000, "who": "x" * 5000},
        {"order": '💥’";--', "who": "\u202e\ud7ff"},
        {"order": ["a", "b"], "who": ["c"]},
    ],
)
def test_find_with_garbage_shows_the_form_again(shopper: Shopper, order: Order, sent: Any) -> None:
    response = shopper.client.post(shopper.url(), sent)

    assert response.status_code == 422
    assert 'role="alert"' in text(response)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data"])
def test_find_with_a_body_of_another_kind_is_refused(
    shopper: Shopper, order: Order, content_type: str
) -> None:
    response = shopper.client.post(shopper.url(), b"{broken", content_type=content_type)

    assert 400 <= response.status_code < 500


def test_find_after_ten_wrong_tries_asks_to_wait(shopper: Shopper, order: Order) -> None:
    for place in range(TRIES_PER_ADDRESS):
        assert shopper.find(f"NL-{place}", EMAIL).status_code == 422
    refused = shopper.find()

    assert refused.status_code == 429
    assert "Too many tries. Wait 15 minutes, then try again." in text(refused)
    assert 0 < int(refused["Retry-After"]) <= WINDOW_SECONDS
    assert drafts() == 0


def test_find_after_the_wait_works_again(shopper: Shopper, order: Order) -> None:
    for _ in range(TRIES_PER_ORDER):
        assert shopper.find("NL-1001", "eve@example.com").status_code == 422
    assert shopper.find().status_code == 429
    # The cache keeps its own time, so the window is over when its keys are gone.
    cache.clear()
    with shifted(timedelta(seconds=WINDOW_SECONDS)):
        assert shopper.find().status_code == 302


def test_find_five_wrong_tries_of_one_order_close_it_for_everybody(
    shopper: Shopper, order: Order
) -> None:
    for place in range(TRIES_PER_ORDER):
        other = Shopper(shopper.merchant)
        other.client.defaults["REMOTE_ADDR"] = f"192.0.2.{place}"
        assert other.find("nl 1001", "eve@example.com").status_code == 422
    stranger = Shopper(shopper.merchant)
    stranger.client.defaults["REMOTE_ADDR"] = "192.0.2.99"

    assert stranger.find("NL-1001", "eve@example.com").status_code == 429
    assert stranger.find("NL-7777", "eve@example.com").status_code == 422


def test_find_right_answers_do_not_count(shopper: Shopper, order: Order) -> None:
    for _ in range(TRIES_PER_ADDRESS + 2):
        assert shopper.find().status_code == 302


def test_find_counts_each_merchant_by_itself(
    shopper: Shopper, other_merchant: Merchant, order: Order
) -> None:
    flows.open_for_business(other_merchant)
    for place in range(TRIES_PER_ADDRESS):
        shopper.find(f"NL-{place}", EMAIL)

    assert Shopper(other_merchant).find("NL-1", EMAIL).status_code == 422


def test_find_behind_a_proxy_counts_the_visitor_it_saw(
    shopper: Shopper, order: Order, settings: Any
) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    for place in range(TRIES_PER_ADDRESS):
        forged = f"203.0.113.{place}, 198.51.100.7"
        shopper.post("", {"order": f"NL-{place}", "who": EMAIL}, HTTP_X_FORWARDED_FOR=forged)
    blocked = shopper.post(
        "", {"order": "NL-1001", "who": EMAIL}, HTTP_X_FORWARDED_FOR="203.0.113.200, 198.51.100.7"
    )
    other = shopper.post(
        "", {"order": "NL-1001", "who": EMAIL}, HTTP_X_FORWARDED_FOR="203.0.113.200, 198.51.100.8"
    )

    assert (blocked.status_code, other.status_code) == (429, 302)


def test_find_without_the_cache_refuses_and_keeps_what_was_typed(
    shopper: Shopper, order: Order, settings: Any
) -> None:
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    }
    response = shopper.find()

    assert response.status_code == 503
    assert "We can’t look up orders for a moment" in text(response)
    assert "NL-1001" in text(response)
    assert drafts() == 0


def test_track_a_single_return_opens_it(shopper: Shopper, lines: list[Any]) -> None:
    rma = shopper.ask_for(lines[0])
    response = shopper.post("track", {"order": "NL-1001", "who": EMAIL})
    listed = shopper.client.get(response["Location"])

    assert listed["Location"] == f"/r/northloom/s/{rma.token}"


def test_track_an_order_without_returns_offers_to_start(shopper: Shopper, order: Order) -> None:
    response = shopper.post("track", {"order": "NL-1001", "who": EMAIL})
    listed = shopper.client.get(response["Location"])

    assert listed.status_code == 200
    assert "No returns yet" in text(listed)


@pytest.mark.parametrize("step", ["items", "resolution", "method", "returns"])
def test_a_draft_without_the_cookie_stays_shut(shopper: Shopper, order: Order, step: str) -> None:
    shopper.find()
    stranger = Shopper(shopper.merchant)
    response = stranger.get(f"r/{shopper.token}/{step}")

    assert response.status_code == 403
    assert "Find your order again" in text(response)
    assert "NL-1001" not in text(response)


def test_a_draft_with_a_forged_cookie_stays_shut(shopper: Shopper, order: Order) -> None:
    shopper.find()
    stranger = Shopper(shopper.merchant)
    stranger.client.cookies["rp_drafts"] = f'["{shopper.token}"]'

    assert stranger.get(f"r/{shopper.token}/items").status_code == 403


def test_a_draft_that_ran_out_says_so(shopper: Shopper, order: Order) -> None:
    shopper.find()
    with transaction.atomic():
        ReturnDraft.objects.update(expires_at=order.placed_at)
    response = shopper.step("items")

    assert response.status_code == 404
    assert "not finished in time" in text(response)


def test_find_after_three_misses_offers_the_mailed_link_first(
    shopper: Shopper, order: Order
) -> None:
    offers = "Let us find it for you"
    shown = [offers in text(shopper.find(f"NL-{place}", EMAIL)) for place in range(4)]
    page = text(shopper.get())

    assert shown == [False, False, True, True]
    assert page.index(offers) < page.index('name="order"')
    assert offers in text(shopper.find("NL-1001", "eve@example.com"))


def test_find_after_a_right_answer_forgets_no_miss_and_adds_none(
    shopper: Shopper, order: Order
) -> None:
    for _ in range(4):
        assert shopper.find().status_code == 302

    assert "Let us find it for you" not in text(shopper.get())


def test_find_by_a_deep_link_lands_on_the_items(shopper: Shopper, order: Order) -> None:
    first, again = (shopper.client.get(deep_path(order)) for _ in range(2))

    assert (first.status_code, first["Location"]) == (302, again["Location"])
    assert "Trail Runner 1" in text(shopper.client.get(first["Location"]))
    assert drafts() == 1


@pytest.mark.parametrize("change", ["cut", "flipped", "none", "zero", "swapped"])
def test_find_by_a_forged_deep_link_shows_the_first_page_with_a_sentence(
    shopper: Shopper, order: Order, change: str
) -> None:
    told = parse_qs(urlsplit(deep_path(order)).query)["t"][0]
    payload, _, signature = told.partition(":")
    other = signing.dumps([order.pk.hex, 10**11], salt="commerce.deep_link:somebody")
    forged = {
        "cut": told[:-1],
        "flipped": f"{payload[::-1]}:{signature}",
        "none": "",
        "zero": "\x00é",
        "swapped": other,
    }[change]
    answer = shopper.get("?" + urlencode({"t": forged}))

    assert answer.status_code == 422
    assert "This link has run out or isn’t whole" in text(answer)
    assert 'name="order"' in text(answer)
    assert "rp_drafts" not in answer.cookies
    assert drafts() == 0


def test_find_by_a_deep_link_works_30_days(shopper: Shopper, order: Order) -> None:
    path = deep_path(order)

    with shifted(timedelta(days=29, hours=23)):
        assert shopper.client.get(path).status_code == 302
    with shifted(timedelta(days=30, seconds=1)):
        assert shopper.client.get(path).status_code == 422


def test_find_by_a_deep_link_of_another_merchant_or_a_cancelled_order_opens_nothing(
    shopper: Shopper, order: Order, other_merchant: Merchant
) -> None:
    flows.open_for_business(other_merchant)
    path = deep_path(order)
    with transaction.atomic():
        Order.objects.filter(pk=order.pk).update(status=Order.Status.CANCELLED)

    assert Client().get(path.replace("northloom", other_merchant.slug)).status_code == 422
    assert shopper.client.get(path).status_code == 422
    assert drafts() == 0


def deep_path(order: Order) -> str:
    """Return the path of a new signed link to an order."""
    with transaction.atomic():
        url = urlsplit(deep_link(Merchant.objects.get(pk=order.merchant_id), order).url)
    return f"{url.path}?{url.query}"
