"""Without the cache and the broker: pages stay up, guessing stops, nothing answers with a crash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.core.cache.backends import dummy
from django.test import Client

from returns_portal.core.scope import merchant_scope
from rma.models import Return
from tests.attack.conftest import Attack
from tests.attack.scene import office_addresses, portal_addresses

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture
def away(attack: Attack, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Attack]:
    """Return the attack with nothing listening where Redis was."""
    here = attack.stage.here
    owner = here.staff("owner")
    attack.owner = owner  # type: ignore[attr-defined]
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": NOWHERE}}
    settings.CELERY_BROKER_URL = NOWHERE
    monkeypatch.setattr("tests.attack.conftest.cache", dummy.DummyCache("", {}))
    yield attack
    caches.close_all()


def test_staff_read_every_page_without_redis(away: Attack) -> None:
    wrong = []
    for address in office_addresses(away.stage.here):
        status = away.send(away.owner, "GET", address.url + address.query).status_code  # type: ignore[attr-defined]
        if status not in (200, 302, 404, 405):
            wrong.append((address.name, status))
    assert wrong == []


def test_staff_decide_without_redis(away: Attack) -> None:
    here = away.stage.here
    url = f"/app/northloom/returns/{here.waiting.number}/approve/"
    assert away.owner.post(url).status_code == 302  # type: ignore[attr-defined]
    with merchant_scope(here.merchant.pk):
        assert Return.objects.get(pk=here.waiting.pk).status == "open"


def test_a_form_that_works_once_says_try_again_without_redis(away: Attack) -> None:
    url = "/app/northloom/settings/api-keys/new/"
    sent = {"name": "ERP", "scopes": ["orders:view"], "operation_id": "x" * 32}
    answer = away.owner.post(url, sent)  # type: ignore[attr-defined]
    assert answer.status_code == 503
    assert "in a minute" in answer.content.decode()


def test_shoppers_go_on_without_redis_and_nobody_guesses(away: Attack) -> None:
    here = away.stage.here
    wrong = []
    for address in portal_addresses(here):
        status = away.send(here.shopper(), "GET", address.url).status_code
        # A mailed link that is spent, and what only a fresh one opens, say so.
        if status not in (200, 302, 403, 404, 405, 410):
            wrong.append((address.name, status))
    assert wrong == []
    answer = here.shopper().post("/r/northloom/", {"order": "NL-7", "who": "maya@example.com"})
    assert answer.status_code == 503
    assert "in a minute" in answer.content.decode()


def test_signing_in_without_redis_is_refused_in_words(away: Attack) -> None:
    here = away.stage.here
    client = Client(raise_request_exception=False)
    assert client.get("/accounts/login/").status_code == 200
    sent = {"login": here.world.members["owner"].email, "password": "a-long-password"}
    answer = client.post("/accounts/login/", sent)
    assert answer.status_code == 503
    assert "in a minute" in answer.content.decode()


def test_programs_go_on_without_redis(away: Attack) -> None:
    key = {"Authorization": f"Bearer {away.stage.here.key}"}
    client = Client(raise_request_exception=False)
    assert client.get("/api/v1/returns/", headers=key).status_code == 200
    assert client.get("/healthz").status_code == 503
