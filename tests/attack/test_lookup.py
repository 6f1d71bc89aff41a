"""Guessing orders, sign-ins and links: equal answers, equal work, and soon an end to it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from returns_portal.core.ids import new_token
from tests.attack.conftest import Attack

EMAIL = "maya@example.com"
WINDOW = 15 * 60


def look_up(order: str, who: str, client: Client | None = None, **options: Any) -> Any:
    client = client or Client(raise_request_exception=False)
    return client.post("/r/northloom/", {"order": order, "who": who}, **options)


def plain(answer: Any, *typed: str) -> str:
    """Return a page without its form token, its request id and what was typed."""
    page = re.sub(
        r'(csrfmiddlewaretoken" value="|x-csrftoken": ")[^"]+', r"\1", answer.content.decode()
    )
    for word in (*typed, answer["X-Request-Id"]):
        page = page.replace(word, "")
    return page


@pytest.mark.parametrize(
    ("order", "who"),
    [("NL-9999", EMAIL), ("NL-7", "eve@example.com"), ("NL-7", "99999"), ("NL-7", "%"),
     ("NL-7", "+46700000009"), ("NL-7", "0700000009"),
     ("NL-7", "' OR 1=1 --"), ("NL_7", "_"), ("%", EMAIL),
     ("NL-7", "maya@example.com.evil.example"), ("NL-7\u200b9", EMAIL)],
)  # fmt: skip
def test_every_wrong_guess_gets_the_same_bytes(attack: Attack, order: str, who: str) -> None:
    cache.clear()
    client = Client()
    client.get("/r/northloom/")
    usual = look_up("NL-0000", "nobody@example.com", client)
    answer = look_up(order, who, client)
    assert answer.status_code == usual.status_code == 422
    shown = plain(answer, *(x for x in (order, who) if len(x) > 2 and "'" not in x))
    if "'" not in who and len(order) > 2 and len(who) > 2:
        assert shown == plain(usual, "NL-0000", "nobody@example.com")
    assert "rp_drafts" not in answer.cookies
    assert dict(answer.headers).keys() == dict(usual.headers).keys()


def test_a_wrong_number_and_a_wrong_proof_do_the_same_work(attack: Attack) -> None:
    client, asked = Client(), []
    look_up("NL-0000", EMAIL, client)
    for order, who in (("NL-9999", EMAIL), ("NL-7", "eve@example.com"), ("NL-7", "0700000009")):
        cache.clear()
        with CaptureQueriesContext(connection) as statements:
            assert look_up(order, who, client).status_code == 422
        asked.append([re.sub(r"'[^']*'|\bs\d+_x\d+", "?", one["sql"]) for one in statements])

    assert asked[0] == asked[1] == asked[2]
    assert any("commerce_order" in sql for sql in asked[0])


def test_forged_addresses_do_not_buy_more_guesses(attack: Attack) -> None:
    cache.clear()
    statuses = []
    for guess in range(14):
        forged = f"203.0.113.{guess}"
        answer = look_up(
            f"NL-{9000 + guess}", EMAIL, HTTP_X_FORWARDED_FOR=forged, HTTP_X_REAL_IP=forged,
            HTTP_FORWARDED=f"for={forged}", HTTP_CLIENT_IP=forged,
        )  # fmt: skip
        statuses.append(answer.status_code)
    assert statuses == [422] * 10 + [429] * 4
    assert re.search(r"Wait 1[45] minutes", answer.content.decode())
    assert 0 < int(answer["Retry-After"]) <= WINDOW


def test_five_guesses_close_an_order_even_from_many_addresses(attack: Attack) -> None:
    cache.clear()
    statuses = [
        look_up(
            "nl-7" if guess % 2 else "#NL 7", f"x{guess}@example.com",
            REMOTE_ADDR=f"198.51.100.{guess}",
        ).status_code
        for guess in range(7)
    ]  # fmt: skip
    assert statuses == [422] * 5 + [429] * 2
    # The neighbour's order of the same number is another order.
    theirs = Client().post("/r/southpine/", {"order": "NL-7", "who": EMAIL})
    assert theirs.status_code == 302


def test_the_tracking_page_shares_the_count_of_the_first_page(attack: Attack) -> None:
    cache.clear()
    client = Client()
    for guess in range(10):
        client.post("/r/northloom/track", {"order": f"NL-{8000 + guess}", "who": EMAIL})
    assert look_up("NL-7", EMAIL, client).status_code == 429


def test_signing_in_is_counted_by_the_real_address(attack: Attack) -> None:
    cache.clear()
    here = attack.stage.here
    client = Client(raise_request_exception=False)
    statuses = [
        client.post(
            "/accounts/login/",
            {"login": here.world.members["owner"].email, "password": password},
            HTTP_X_FORWARDED_FOR=f"203.0.113.{guess}",
        ).status_code
        for guess, password in enumerate([*(f"wrong-{n}" for n in range(12)), "a-long-password"])
    ]
    # The last one is right, and comes too late.
    assert statuses == [200] * 13


def test_nobody_learns_whether_an_account_exists(attack: Attack) -> None:
    here = attack.stage.here
    known, unknown = here.world.members["owner"].email, "nobody@northloom.example"
    for url, field in (("/accounts/password/reset/", "email"), ("/accounts/login/", "login")):
        pages = []
        for address in (known, unknown):
            cache.clear()
            client = Client(raise_request_exception=False)
            client.get(url)
            answer = client.post(url, {field: address, "password": "wrong-password"}, follow=True)
            pages.append((answer.status_code, plain(answer, address)))
        assert pages[0] == pages[1], url


def test_a_link_token_opens_nothing_elsewhere_and_cannot_be_guessed(attack: Attack) -> None:
    here, there = attack.stage.here, attack.stage.there
    token = here.world.rma.token
    assert len(token) >= 32
    client = Client(raise_request_exception=False)
    missing = client.get(f"/r/northloom/s/{new_token()}")
    assert client.get(f"/r/southpine/s/{token}").status_code == 404
    for url in (
        f"/r/northloom/s/{token[:-1]}",
        f"/r/northloom/s/{token.swapcase()}",
        f"/r/northloom/s/{token}x",
        f"/r/northloom/s/{there.world.rma.token}/label",
        f"/r/northloom/s/{there.world.rma.token}/slip.pdf",
        f"/r/northloom/s/{here.draft_token}",
    ):
        answer = client.get(url)
        assert answer.status_code == 404, url
        assert plain(answer) == plain(missing), url


def test_a_draft_opens_only_for_the_browser_that_proved_it(attack: Attack) -> None:
    here, there = attack.stage.here, attack.stage.there
    own = f"/r/northloom/r/{here.draft_token}/items"
    assert here.shopper().get(own).status_code == 200
    name, _, signature = here.cookie.rpartition(":")
    for cookie in (
        "", "x", there.cookie, here.cookie[:-1], f"{name}:{signature[::-1]}", here.cookie * 2,
        f"{here.cookie.split(':')[0]}::", "\u00e9",
    ):  # fmt: skip
        client = Client(raise_request_exception=False)
        client.cookies["rp_drafts"] = cookie
        for url in (own, f"/r/northloom/r/{here.draft_token}/method"):
            assert client.get(url).status_code == 403
            assert client.post(url, {"method": "label"}).status_code == 403
    crossed = Client(raise_request_exception=False)
    crossed.cookies["rp_drafts"] = here.cookie
    assert crossed.get(f"/r/southpine/r/{here.draft_token}/items").status_code == 403
    assert here.staff("owner").get(own).status_code == 403
