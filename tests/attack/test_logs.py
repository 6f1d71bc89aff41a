"""What is written about a request that goes wrong: enough to find it, nobody's facts."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest
from django.test import Client

from returns_portal.core.logging import JsonFormatter, masked
from returns_portal.core.views import health
from tests.attack.conftest import Attack
from tests.attack.corpus import TEXTS

EMAIL = "maya.canary+1@example.co.uk"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Return what the log says, all of it, in the product's own form."""
    target = io.StringIO()
    handler = logging.StreamHandler(target)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield target
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        (f"user {EMAIL} unknown", EMAIL),
        ("GET /find?who=maya%40example.com", "maya"),
        ("Internal Server Error: /r/northloom/s/AbCdEfGhIjKlMnOpQrStUvWx", "AbCdEf"),
        ("/hooks/AbCdEfGhIjKlMnOpQrStUvWxYz012345/", "AbCdEf"),
        ("/accounts/password/reset/key/1a-c9x0dg-9a61d2ff8aebcbd7a5fb6bbd9b2a8c7f/", "9a61d2"),
        ("key rp_abcdefghijklmnopqrstuvwxyz0123_secretsecretsecret", "secretsecret"),
        ("sk_live_abcdefghijkl and whsec_abcdefghij", "abcdefghij"),
        ("duplicate key\nDETAIL:  Key (name)=(Maya Lindqvist) already exists.", "Lindqvist"),
        ("bad\nLINE 1: INSERT INTO x VALUES ('Maya Lindqvist')\n   ^", "Lindqvist"),
        ("/app/x/orders/?q=Lindqvist&a=1", "Lindqvist"),
    ],
)  # fmt: skip
def test_masked_leaves_out_what_names_or_opens(text: str, gone: str) -> None:
    assert gone not in masked(text)


def test_masked_keeps_what_finds_the_row() -> None:
    text = "failed 01a20095-2880-7259-b3bb-ea6b60c44650 at /app/northloom/returns/R-7K4P-2M9X-WC/"
    assert masked(text) == text


def test_a_request_that_breaks_is_logged_by_its_id_without_its_words(
    attack: Attack, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any, **_options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s::int", [EMAIL])

    monkeypatch.setattr("returns_portal.portal.views.find.find_order_for_shopper", broken)
    client = Client(raise_request_exception=False)
    answer = client.post(f"/r/northloom/?q={EMAIL}", {"order": "NL-7", "who": EMAIL})
    page, log = answer.content.decode(), written.getvalue()
    lines = [json.loads(line) for line in log.splitlines()]
    mine = [line for line in lines if line.get("request_id") == answer["X-Request-Id"]]
    assert answer.status_code == 500
    assert any(line["level"] == "error" and "trace" in line for line in mine)
    assert EMAIL not in log
    assert "maya" not in log.replace(EMAIL, "").lower()
    assert answer["X-Request-Id"] in page
    for inside in ("Traceback", "psycopg", "SELECT", "find_order_for_shopper", "/returns_portal/"):
        assert inside not in page


def test_an_api_request_that_breaks_answers_with_a_problem(
    attack: Attack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any, **_options: Any) -> None:
        raise RuntimeError(EMAIL)

    monkeypatch.setattr("returns_portal.api.views.orders.page_of", broken)
    client = Client(raise_request_exception=False)
    key = {"Authorization": f"Bearer {attack.stage.here.key}"}
    answer = client.get("/api/v1/orders/", headers=key)
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    assert answer.json()["request_id"] == answer["X-Request-Id"]
    assert EMAIL not in answer.content.decode()


def test_refused_requests_log_nobodys_words(attack: Attack, written: io.StringIO) -> None:
    here = attack.stage.here
    owner, nobody = here.staff("owner"), Client(raise_request_exception=False)
    words = [EMAIL, here.world.rma.token, here.key]
    for text in TEXTS[:6]:
        attack.send(nobody, "GET", f"/r/northloom/s/{here.world.rma.token}{text[:9]!r}")
    attack.send(nobody, "POST", "/r/northloom/", form={"order": "NL-7", "who": EMAIL})
    attack.send(nobody, "POST", "/accounts/login/", form={"login": EMAIL, "password": "pw-canary"})
    attack.send(nobody, "POST", "/accounts/password/reset/", form={"email": EMAIL})
    attack.send(owner, "GET", f"/app/northloom/orders/?q={EMAIL}")
    attack.send(owner, "GET", f"/app/?x={'e' * 20_000}&q={EMAIL}")
    attack.send(nobody, "GET", "/x", HTTP_HOST=f"{EMAIL}:x")
    for key in (here.key, f"{here.key}x"):
        attack.send(
            nobody, "POST", "/api/v1/returns/", body=f'{{"order": "{EMAIL}"'.encode(),
            content_type="application/json", headers={"Authorization": f"Bearer {key}"},
        )  # fmt: skip
    log = written.getvalue()
    assert [word for word in [*words, "pw-canary", "maya.canary"] if word in log] == []


def test_health_names_no_internals(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: Any) -> None:
        raise OSError("redis://:password@10.0.0.7:6379 refused")

    monkeypatch.setattr(cache, "get", away, raising=False)
    answer = health(HttpRequest())
    assert answer.status_code == 503
    assert b"10.0.0.7" not in answer.content
