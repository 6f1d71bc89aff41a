"""A link by e-mail instead of an order number: who gets one, what it opens, and only once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from notifications.models import Message, Suppression
from returns_portal.activity.models import Event
from returns_portal.commerce.models import Order
from returns_portal.core.actor import SHOPPER, SYSTEM
from returns_portal.core.clock import now, shifted
from returns_portal.core.crypto import blind_index
from returns_portal.portal.throttle import LINKS_PER_EMAIL, TRIES_PER_ADDRESS
from returns_portal.tenancy.models import Merchant
from rma.actions.links import ask_for_link, discard_expired_links, give_out_link
from rma.models import OrderLink, Return, ReturnDraft
from tests import flows
from tests.portal.conftest import EMAIL, Shopper, text
from tests.portal.test_find import comparable
from tests.simulators.mail import MailServer


@pytest.fixture(autouse=True)
def mail_server(settings: Any) -> Iterator[MailServer]:
    with MailServer() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


def ask(shopper: Shopper, email: str = EMAIL) -> Any:
    return shopper.post("link", {"email": email})


def mailed() -> list[Message]:
    """Return the mails with a link, oldest first, after the workers have done their part."""
    flows.drain()
    return list(Message.objects.filter(kind="order_link").order_by("pk"))


def path_in(message: Message) -> str:
    found = re.search(r"/r/northloom/(link/[\w-]+)", message.text)
    assert found is not None
    return found[1]


def opened(shopper: Shopper) -> str:
    """Ask for a link, open it, and return its path."""
    ask(shopper)
    path = path_in(mailed()[-1])
    assert shopper.post(path)["Location"] == shopper.url("orders")
    return path


def links() -> int:
    return OrderLink.objects.count()


def test_link_for_a_known_address_is_mailed_once_in_both_parts(
    shopper: Shopper, order: Order, mail_server: MailServer
) -> None:
    answer = ask(shopper, " MAYA@example.com ")
    (message,) = mailed()
    flows.drain()

    assert answer["Location"] == "/r/northloom/link?sent"
    assert "If we know that address, a link is on its way." in text(shopper.get("link?sent"))
    assert (message.status, message.recipient, message.rma_id) == ("sent", EMAIL, None)
    assert message.subject == "Your link to your Northloom orders"
    assert [mail["Subject"] for mail in mail_server.taken] == [message.subject]
    for part in (message.text, message.html):
        assert path_in(message) in part
        assert "30 minutes" in " ".join(re.sub(r"</?b>", "", part).split())
        assert "Show my orders" in part
        assert "NL-1001" not in part
    assert "<b>once</b>" in message.html
    assert all(len(line) <= 72 or line.startswith("http") for line in message.text.splitlines())


def test_link_for_an_unknown_address_mails_nothing_and_keeps_nothing(
    shopper: Shopper, order: Order, mail_server: MailServer
) -> None:
    ask(shopper, "eve@example.com")

    assert mailed() == []
    assert mail_server.taken == []
    assert links() == 0


def test_link_for_known_and_unknown_addresses_answers_and_works_alike(
    shopper: Shopper, order: Order
) -> None:
    shopper.get("link")
    answers = []
    for email in (EMAIL, "eve@example.com"):
        with CaptureQueriesContext(connection) as caught:
            answer = ask(shopper, email)
        sql = [re.sub(r"'[^']*'|\bs\d+_x\d+", "?", one["sql"]) for one in caught]
        page = comparable(shopper.get("link?sent"))
        headers = {**answer.headers, "X-Request-Id": ""}
        answers.append((answer.status_code, answer.content, headers, sql, page))

    assert answers[0][0] == 302
    assert answers[0] == answers[1]


def test_link_of_another_merchants_shopper_mails_nothing(
    shopper: Shopper, order: Order, other_merchant: Merchant
) -> None:
    flows.open_for_business(other_merchant)
    ask(Shopper(other_merchant))

    assert mailed() == []


@pytest.mark.parametrize("email", ["", "maya", "\x00", "x" * 300, "a@b\nBcc: c@example.com", "@"])
def test_link_for_no_address_says_so_at_its_field(shopper: Shopper, email: str) -> None:
    answer = ask(shopper, email)

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in text(answer)
    assert links() == 0


def test_link_is_refused_after_three_for_an_address_known_or_not(
    shopper: Shopper, order: Order
) -> None:
    for email in (EMAIL, "eve@example.com"):
        for spelling in (email, email.upper(), f" {email}"):
            assert ask(shopper, spelling).status_code == 302
        refused = ask(shopper, email)
        assert refused.status_code == 429
        assert 0 < int(refused["Retry-After"]) <= 900
        assert "Too many tries" in text(refused)

    assert links() == 2 * LINKS_PER_EMAIL


def test_links_and_look_ups_share_the_count_of_a_visitor(shopper: Shopper, order: Order) -> None:
    for place in range(TRIES_PER_ADDRESS):
        assert ask(shopper, f"x{place}@example.com").status_code == 302

    assert ask(shopper).status_code == 429
    assert shopper.find().status_code == 429


def test_link_opens_once_and_remembers_the_shopper(shopper: Shopper, order: Order) -> None:
    ask(shopper)
    path = path_in(mailed()[0])
    looked, thief = Shopper(shopper.merchant), Shopper(shopper.merchant)

    assert looked.get(path).status_code == 200
    assert looked.get("orders").status_code == 403
    answer = shopper.post(path)
    cookie = answer.cookies["rp_shopper"]
    late = thief.post(path)

    assert answer["Location"] == shopper.url("orders")
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (
        "/r/northloom/",
        True,
        "Lax",
    )
    assert "NL-1001" in text(shopper.get("orders"))
    assert (late.status_code, thief.get(path).status_code) == (410, 410)
    assert "Get a new link" in text(late)
    assert "rp_shopper" not in late.cookies
    assert thief.get("orders").status_code == 403


def test_link_after_30_minutes_is_spent_and_thrown_away(shopper: Shopper, order: Order) -> None:
    ask(shopper)
    path = path_in(mailed()[0])

    with shifted(timedelta(minutes=29)):
        assert shopper.get(path).status_code == 200
        assert discard_expired_links() == 0
    with shifted(timedelta(minutes=30, seconds=1)):
        assert shopper.get(path).status_code == shopper.post(path).status_code == 410
        assert discard_expired_links() == 1


def test_link_token_is_stored_hashed_only(shopper: Shopper, order: Order) -> None:
    ask(shopper)
    token = path_in(mailed()[0]).removeprefix("link/")
    stored = bytes(OrderLink.objects.get().token_hash)

    assert len(stored) == 32
    assert token.encode() not in stored
    assert all(token not in str(event.facts) for event in Event.objects.all())


def test_link_and_cookie_of_one_merchant_open_nothing_at_another(
    shopper: Shopper, order: Order, other_merchant: Merchant
) -> None:
    flows.open_for_business(other_merchant)
    ask(shopper)
    path = path_in(mailed()[0])
    there = Shopper(other_merchant)

    assert there.post(path).status_code == 410
    shopper.post(path)
    there.client.cookies = shopper.client.cookies
    assert there.get("orders").status_code in (403, 404)
    assert there.post(f"orders/{order.pk}/start").status_code in (403, 404)


@pytest.mark.parametrize("cookie", ["", "x", "ab:cd:ef", "é"])
def test_orders_with_a_forged_cookie_stay_closed(
    shopper: Shopper, order: Order, cookie: str
) -> None:
    shopper.client.cookies["rp_shopper"] = cookie

    assert shopper.get("orders").status_code == 403
    assert shopper.post(f"orders/{order.pk}/start").status_code == 403
    assert ReturnDraft.objects.count() == 0


def test_orders_list_what_can_be_done_with_each(shopper: Shopper, order: Order) -> None:
    flows.order(number="NL-7", email="kai@example.com")
    rma = flows.request(flows.order(number="NL-1002"))
    flows.order(number="NL-1003", delivered_days_ago=400)
    opened(shopper)
    page = text(shopper.get("orders"))

    assert page.count("Start a return</") + page.count("Start a return<svg") >= 1
    assert f"/orders/{order.pk}/start" in page
    assert f"/orders/{rma.order_id}/start" not in page
    assert "Everything we sent is in a return." in page
    assert f"/s/{rma.token}" in page
    assert "NL-7" not in page
    assert "NL-1003" not in page


def test_orders_take_the_same_statements_for_2_and_20(shopper: Shopper, order: Order) -> None:
    flows.request(flows.order(number="NL-2"))
    opened(shopper)
    counts = []
    for numbers in ((), range(3, 21)):
        for number in numbers:
            flows.request(flows.order(number=f"NL-{number}"))
        with CaptureQueriesContext(connection) as caught:
            assert shopper.get("orders").status_code == 200
        counts.append(len(caught))

    assert counts[0] == counts[1]


def test_start_opens_one_draft_that_goes_on(shopper: Shopper, order: Order) -> None:
    opened(shopper)
    first = shopper.post(f"orders/{order.pk}/start")
    second = shopper.post(f"orders/{order.pk}/start")

    assert first.status_code == 302
    assert first["Location"] == second["Location"]
    assert shopper.client.get(first["Location"]).status_code == 200
    assert ReturnDraft.objects.count() == 1
    assert Return.objects.count() == 0


def test_start_with_somebody_elses_order_is_not_found(shopper: Shopper, order: Order) -> None:
    theirs = flows.order(number="NL-7", email="kai@example.com")
    opened(shopper)

    assert shopper.post(f"orders/{theirs.pk}/start").status_code == 404
    assert ReturnDraft.objects.count() == 0


def test_give_out_link_twice_gives_one_token(shop: Merchant, order: Order) -> None:
    with transaction.atomic():
        link = ask_for_link(EMAIL, locale="en", actor=SHOPPER)

        assert give_out_link(link.pk, actor=SYSTEM) is not None
        assert give_out_link(link.pk, actor=SYSTEM) is None


def test_link_that_no_worker_took_up_for_an_hour_is_not_sent(
    shopper: Shopper, order: Order
) -> None:
    ask(shopper)
    with shifted(timedelta(minutes=61)):
        assert mailed() == []


def test_link_to_a_suppressed_address_is_kept_and_not_sent(
    shopper: Shopper, order: Order, mail_server: MailServer
) -> None:
    index = blind_index(EMAIL, merchant_id=shopper.merchant.pk, purpose="email")
    Suppression.objects.create(address_index=index, reason="Bounced", created_at=now())
    ask(shopper)

    assert [message.status for message in mailed()] == ["suppressed"]
    assert mail_server.taken == []


def test_link_is_mailed_to_the_address_of_the_order_and_no_lookalike(
    shopper: Shopper, shop: Merchant
) -> None:
    flows.order(number="NL-5", email="kai@strasse.example")
    flows.order(number="NL-6", email="kai@straße.example")
    ask(shopper, "kai@straße.example")

    assert [message.recipient for message in mailed()] == ["kai@strasse.example"]
