"""What every answer of every face carries, errors as well: headers, cookies, nothing kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from tests.attack.conftest import Attack
from tests.attack.scene import office_addresses, portal_addresses, root_addresses

# Addresses whose answers name nobody and may be kept, and photos kept by one browser alone.
KEPT = {
    "brand_css",
    "logo",
    "icon",
    "draft_photo",
    "return_photo",
    "openapi",
    "api_docs",
    "branding_css",
}
# Pages shown in a frame of our own pages.
FRAMED = {"message_html", "branding_preview"}


def answers(attack: Attack) -> Iterator[tuple[str, str, HttpResponse]]:
    """Yield an answer of every address to everybody: found, refused, missing, not allowed."""
    stage = attack.stage
    here = stage.here
    nobody = Client(raise_request_exception=False)
    owner, analyst, shopper = here.staff("owner"), here.staff("analyst"), here.shopper()
    key = {"Authorization": f"Bearer {here.key}"}
    for addresses, visitors in (
        (office_addresses(here), [(owner, {}), (analyst, {}), (nobody, {})]),
        (portal_addresses(here), [(shopper, {}), (nobody, {})]),
        (root_addresses(here), [(nobody, {}), (owner, {}), (nobody, {"headers": key})]),
    ):
        for address in addresses:
            for client, options in visitors:
                url = address.url + address.query
                yield address.name, url, attack.send(client, "GET", url, **options)
            yield address.name, url, attack.send(visitors[0][0], "DELETE", url)
    for url in (
        "/nothing/here",
        "/app/nobody/",
        "/r/nobody/",
        "/r/northloom/s/short",
        "/app/x%00/",
    ):
        yield "missing", url, attack.send(owner, "GET", url)


def test_every_answer_carries_the_headers_that_protect_it(attack: Attack) -> None:
    wrong: list[tuple[str, str, str]] = []
    for name, url, answer in answers(attack):
        expected = {
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "X-Frame-Options": "SAMEORIGIN" if name in FRAMED else "DENY",
        }
        is_framed = name in FRAMED and answer.status_code == 200
        if not is_framed:
            expected["X-Frame-Options"] = "DENY"
        for header, value in expected.items():
            if answer.get(header) != value and not (name in FRAMED and header == "X-Frame-Options"):
                wrong.append((header, url, f"{answer.status_code} {answer.get(header)}"))
        policy = answer.get("Content-Security-Policy", "")
        if "default-src 'none'" not in policy or "unsafe-eval" in policy:
            wrong.append(("csp", url, policy))
        if "frame-ancestors" not in policy or "script-src 'unsafe-inline'" in policy:
            wrong.append(("csp", url, policy))
        if not answer.get("X-Request-Id"):
            wrong.append(("X-Request-Id", url, ""))
        kept = answer.get("Cache-Control", "")
        if name not in KEPT and "no-store" not in kept:
            wrong.append(("Cache-Control", url, kept))
        if name in KEPT and answer.status_code >= 400 and "no-store" not in kept:
            wrong.append(("Cache-Control", url, kept))
    assert wrong == []


def test_every_cookie_is_out_of_reach_of_scripts_and_other_sites(attack: Attack) -> None:
    wrong = []
    for _name, url, answer in answers(attack):
        for cookie, morsel in answer.cookies.items():
            if not morsel["httponly"] or morsel["samesite"] not in ("Lax", "Strict"):
                wrong.append((cookie, url))
    assert wrong == []


def test_over_https_every_cookie_is_secure(attack: Attack) -> None:
    names = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")
    before = {name: getattr(settings, name) for name in names}
    try:
        for name in names:
            setattr(settings, name, True)
        here = attack.stage.here
        client = Client()
        login = attack.send(client, "GET", "/accounts/login/", secure=True)
        staff = attack.send(
            client, "POST", "/accounts/login/", secure=True,
            form={"login": here.world.members["owner"].email, "password": "a-long-password"},
        )  # fmt: skip
        found = attack.send(
            client, "POST", "/r/northloom/", secure=True,
            form={"order": "NL-7", "who": "maya@example.com"},
        )  # fmt: skip
        cookies = {**login.cookies, **staff.cookies, **found.cookies}
        assert {"csrftoken", "sessionid", "rp_drafts"} <= cookies.keys()
        assert [name for name, morsel in cookies.items() if not morsel["secure"]] == []
    finally:
        for name, value in before.items():
            setattr(settings, name, value)


def test_the_portal_never_sees_nor_sets_the_staffs_session(attack: Attack) -> None:
    here = attack.stage.here
    owner = here.staff("owner")
    page = attack.send(owner, "GET", "/r/northloom/")
    assert "sessionid" not in page.cookies
    assert not page.wsgi_request.user.is_authenticated
    assert here.world.members["owner"].email not in page.content.decode()


@pytest.mark.parametrize("path", ["/app/northloom/", "/r/northloom/", "/accounts/login/", "/x"])
@pytest.mark.parametrize("host", ["evil.example", "a b", "testserver@evil", ""])
def test_a_foreign_host_is_refused_and_never_linked_to(
    attack: Attack, path: str, host: str
) -> None:
    client = Client(raise_request_exception=False)
    answer = attack.send(client, "GET", path, HTTP_HOST=host, HTTP_X_FORWARDED_HOST="evil.example")
    body = answer.content.decode()
    assert answer.status_code == 400 or not host
    assert "evil.example" not in body + answer.get("Location", "")


@pytest.mark.parametrize(
    "target",
    ["//evil.example/", "/\\evil.example", "https:evil.example", "https://evil.example/",
     "javascript:alert(1)", "/%2f/evil.example", "\t//evil.example", "///evil.example",
     "http://testserver@evil.example/", "data:text/html,x", "/\r\nSet-Cookie: a=b"],
)  # fmt: skip
def test_after_signing_in_nobody_is_sent_elsewhere(attack: Attack, target: str) -> None:
    here = attack.stage.here
    client = Client(raise_request_exception=False)
    answer = attack.send(
        client, "POST", "/accounts/login/",
        form={"login": here.world.members["owner"].email, "password": "a-long-password",
              "next": target},
    )  # fmt: skip
    assert answer.status_code in (200, 302, 400)
    assert answer.get("Location", "/").startswith("/")
    assert not answer.get("Location", "/").startswith(("//", "/\\"))
    assert "a" not in answer.cookies


def test_a_form_without_its_token_is_refused_everywhere(attack: Attack) -> None:
    here = attack.stage.here
    staff, shopper = Client(enforce_csrf_checks=True), Client(enforce_csrf_checks=True)
    staff.force_login(here.world.members["owner"])
    shopper.cookies["rp_drafts"] = here.cookie
    wrong = []
    for client, addresses in ((staff, office_addresses(here)), (shopper, portal_addresses(here))):
        for address in addresses:
            status = attack.send(client, "POST", address.url, form={"a": "b"}).status_code
            if status not in (403, 405):
                wrong.append((address.name, status))
    assert wrong == []
