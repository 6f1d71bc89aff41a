"""Pages that name nobody, and what every page has in common."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import set_script_prefix

from returns_portal.commerce.models import Order
from returns_portal.tenancy.models import Merchant, PortalDomain
from tests.portal.conftest import Shopper, publish, text


def test_policy_page_says_what_the_live_policy_says(shopper: Shopper) -> None:
    publish(window__days=45, fee__amount_minor=700, refund_days=3)
    page = text(shopper.get("policy"))

    assert "Returns are open for 45 days after delivery." in page
    assert "Return shipping costs €7.00 once per return" in page
    assert "within 3 days after your parcel is back" in page
    assert "Faulty or damaged, with a photo: a refund, store credit or an exchange." in page


def test_first_page_shows_the_policy_at_a_glance(shopper: Shopper) -> None:
    publish(fee__amount_minor=0, window__days=14)
    page = text(shopper.get())

    assert "14 days from delivery" in page
    assert "Return shipping is free" in page


def test_pages_before_a_policy_is_published_still_work(merchant: Merchant) -> None:
    shopper = Shopper(merchant)

    assert "at a glance" not in text(shopper.get())
    assert "has not published its return policy yet" in text(shopper.get("policy"))
    assert shopper.get("help").status_code == 200


def test_stylesheet_has_an_address_of_its_own_for_ever(shopper: Shopper) -> None:
    address = re.search(r'href="(/r/northloom/brand-[0-9a-f]+\.css)"', text(shopper.get()))
    assert address is not None
    response = shopper.client.get(address[1])
    old = shopper.get("brand-0123456789ab.css")

    assert response["Content-Type"] == "text/css; charset=utf-8"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "--brand" in text(response)
    assert (old.status_code, old["Cache-Control"]) == (200, "no-store")


def test_stylesheet_of_another_colour_has_another_address(shopper: Shopper) -> None:
    before = re.findall(r"brand-[0-9a-f]+\.css", text(shopper.get()))
    with transaction.atomic():
        Merchant.objects.update(brand_color="#aa1122")

    assert re.findall(r"brand-[0-9a-f]+\.css", text(shopper.get())) != before


def test_logo_is_served_by_its_own_name_only(shopper: Shopper, settings: Any) -> None:
    folder = settings.MEDIA_ROOT / "logos" / str(shopper.merchant.pk)
    folder.mkdir(parents=True)
    (folder / "abc.png").write_bytes(b"\x89PNG")
    (folder / "other.png").write_bytes(b"\x89PNG")
    Merchant.objects.update(logo_path=f"logos/{shopper.merchant.pk}/abc.png")

    assert 'src="/r/northloom/logo/abc.png"' in text(shopper.get())
    shown = shopper.get("logo/abc.png")
    assert (shown.content, shown["Content-Type"]) == (b"\x89PNG", "image/png")
    assert shopper.get("logo/other.png").status_code == 404
    assert shopper.get("logo/..%2Fabc.png").status_code == 404


@pytest.mark.parametrize("path", ["", "track", "policy", "help", "nowhere"])
def test_every_page_keeps_the_strict_policy_and_sets_no_session(
    shopper: Shopper, path: str
) -> None:
    response = shopper.get(path)
    page = text(response)

    assert "script-src 'self'" in response["Content-Security-Policy"]
    assert "sessionid" not in response.cookies
    assert " style=" not in page
    assert " onclick=" not in page
    assert "<style" not in page
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("wanted", ["de-DE,de;q=0.9", "xx", "*", "en-US,en;q=0.8", ";;;", "a" * 99])
def test_a_page_speaks_a_language_it_has(shopper: Shopper, wanted: str) -> None:
    response = shopper.get("", HTTP_ACCEPT_LANGUAGE=wanted)

    assert response.status_code == 200
    language = "de" if wanted.startswith("de") else "en"
    assert f'<html lang="{language}" dir="ltr"' in text(response)


def test_wrong_methods_are_refused(shopper: Shopper) -> None:
    assert shopper.client.delete(shopper.url()).status_code == 405
    assert shopper.post("policy").status_code == 405
    assert shopper.get("s/ABCDEFGHIJKLMNOPQRSTUVWX/messages").status_code == 405


def test_a_form_without_its_token_is_refused(shopper: Shopper) -> None:
    strict = Client(enforce_csrf_checks=True)

    assert strict.post(shopper.url(), {"order": "NL-1", "who": "x"}).status_code == 403


def test_portal_on_a_domain_of_its_own_needs_no_prefix(
    shopper: Shopper, order: Order, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = []
    with transaction.atomic():
        PortalDomain.objects.create(host="returns.northloom.example", verified_at=order.placed_at)
    # A server does this for each request; the test client leaves what the last one had.
    set_script_prefix("/")
    own = Client(HTTP_HOST="returns.northloom.example")
    found = own.post("/", {"order": "NL-1001", "who": "maya@example.com"})

    assert found["Location"].startswith("/r/")
    assert found.cookies["rp_drafts"]["path"] == "/"
    assert own.get(found["Location"]).status_code == 200
    assert 'href="/policy"' in text(own.get("/"))


def test_domain_shows_its_merchants_portal_and_nothing_else(
    shopper: Shopper, other_merchant: Merchant, order: Order, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = []
    with transaction.atomic():
        PortalDomain.objects.create(host="returns.northloom.example", verified_at=order.placed_at)
    set_script_prefix("/")
    own = Client(HTTP_HOST="Returns.Northloom.example.:443")

    for path in ("/app/northloom/", "/accounts/login/", "/r/southpine/", "/api/v1/orders"):
        answer = own.get(path)
        assert (answer.status_code, "sessionid" in answer.cookies) == (404, False)
        assert "Northloom" in text(answer)


def test_forms_at_a_domain_keep_their_token_and_no_other_site_may_send_them(
    shopper: Shopper, order: Order, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = []
    with transaction.atomic():
        PortalDomain.objects.create(host="returns.northloom.example", verified_at=order.placed_at)
    set_script_prefix("/")
    own = Client(HTTP_HOST="returns.northloom.example", enforce_csrf_checks=True)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text(own.get("/")))
    assert token is not None
    form = {"order": "NL-1001", "who": "maya@example.com", "csrfmiddlewaretoken": token[1]}

    there = own.post("/", form, HTTP_ORIGIN="http://evil.example")
    here = own.post("/", form, HTTP_ORIGIN="http://returns.northloom.example")

    assert (there.status_code, here.status_code) == (403, 302)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("Returns.Northloom.example.", 200),
        ("southpine.example", 404),
        ("evil.example", 404),
        ("%00", 404),
        ("", 404),
        ("x" * 5000, 404),
    ],
)
def test_proxy_learns_which_domains_are_proved(
    shopper: Shopper, order: Order, asked: str, status: int
) -> None:
    with transaction.atomic():
        PortalDomain.objects.create(host="returns.northloom.example", verified_at=order.placed_at)

    assert Client().get(f"/domains/ask?domain={asked}").status_code == status
    assert Client().post("/domains/ask?domain=returns.northloom.example").status_code == 405


@pytest.mark.parametrize("host", ["returns.northloom.example", "evil.example", "a b", "[::1", ""])
def test_hosts_nobody_proved_are_not_answered(shopper: Shopper, settings: Any, host: str) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    with transaction.atomic():
        PortalDomain.objects.create(host="returns.northloom.example")

    assert Client(HTTP_HOST=host).get("/").status_code == 400
