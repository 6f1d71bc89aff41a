"""Every address of every face, as every kind of visitor: who gets in, and who changes nothing.

An address without an entry in its face's table fails, so none is ever forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import clear_script_prefix, get_resolver, reverse, set_script_prefix

from returns_portal.activity.models import Event
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.api_tokens import new_token
from returns_portal.tenancy.models import ApiKey, Merchant
from returns_portal.tenancy.permissions import ROLE_PERMISSIONS, Permission, Role
from tests.architecture.access import api, backoffice, portal
from tests.architecture.access.entry import Entry
from tests.architecture.access.portal import Opens
from tests.architecture.access.world import World, build_world
from tests.factories import make_merchant

# The worlds are made once a test, by workers too, so each test walks every address for everybody.
pytestmark = pytest.mark.django_db(transaction=True)

OFFICE = "returns_portal.backoffice.urls"
PORTAL = "returns_portal.portal.urls"
API = "returns_portal.api.urls"
ROOT = "returns_portal.urls"


def names_of(urlconf: str) -> set[str]:
    """Return the names of every address of a face."""
    return {str(pattern.name) for pattern in get_resolver(urlconf).url_patterns}


def address(name: str, urlconf: str, prefix: str, kwargs: Mapping[str, object]) -> str:
    set_script_prefix(prefix)
    try:
        return reverse(name, urlconf=urlconf, kwargs=dict(kwargs) or None)
    finally:
        clear_script_prefix()


def call(client: Client, url: str, method: str, body: dict[str, object]) -> HttpResponse:
    """Call an address and take back whatever it did."""
    with transaction.atomic():
        answer = client.get(url) if method == "GET" else client.post(url, body)
        answer.close()
        transaction.set_rollback(True)
    return answer


@pytest.fixture
def world(settings: object, tmp_path: object) -> World:
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    return build_world(make_merchant("northloom"))


@pytest.fixture
def elsewhere(world: World) -> World:
    """Return a second merchant's rows, by whose names nothing of the first is found."""
    return build_world(make_merchant("southpine"))


def office_calls(of: World) -> Iterator[tuple[str, str, Entry, str, dict[str, object]]]:
    for name, entry in backoffice.ENTRIES.items():
        url = address(name, OFFICE, "/app/northloom/", entry.kwargs(of)) + entry.query
        for method in entry.methods:
            yield name, method, entry, url, dict(entry.body(of)) if method == "POST" else {}


def events_of(merchant: Merchant) -> int:
    with merchant_scope(merchant.pk), transaction.atomic():
        return Event.objects.count()


def test_every_back_office_address_has_an_entry() -> None:
    assert names_of(OFFICE) == set(backoffice.ENTRIES)


def test_every_back_office_view_names_the_permission_of_its_entry() -> None:
    for pattern in get_resolver(OFFICE).url_patterns:
        entry = backoffice.ENTRIES[str(pattern.name)]
        assert pattern.callback.permission == entry.permission, pattern.name
        assert set(pattern.callback.methods) == set(entry.methods), pattern.name


def test_members_reach_what_their_role_allows_and_nothing_else(world: World) -> None:
    before = events_of(world.merchant)
    wrong = []
    for role in Role:
        client = Client()
        client.force_login(world.members[role.value])
        for name, method, entry, url, body in office_calls(world):
            allowed = entry.permission is None or entry.permission in ROLE_PERMISSIONS[role]
            status = call(client, url, method, body).status_code
            if status not in (entry.ok if allowed else {403}):
                wrong.append((role.value, name, method, status))
    assert wrong == []
    assert events_of(world.merchant) == before


def test_nobody_else_gets_in_and_no_row_of_another_merchant_is_found(
    world: World, elsewhere: World
) -> None:
    before = events_of(world.merchant), events_of(elsewhere.merchant)
    stranger, owner = Client(), Client()
    stranger.force_login(elsewhere.members["owner"])
    owner.force_login(world.members["owner"])
    wrong = []
    for name, method, _, url, body in office_calls(world):
        signed_out = call(Client(), url, method, body)
        if not signed_out.get("Location", "").startswith("/accounts/login/?"):
            wrong.append(("anonymous", name, method, signed_out.status_code))
        status = call(stranger, url, method, body).status_code
        if status != 404:
            wrong.append(("stranger", name, method, status))
    for name, method, entry, url, body in office_calls(elsewhere):
        status = call(owner, url, method, body).status_code
        if entry.of_merchant and status != 404:
            wrong.append(("foreign row", name, method, status))
    assert wrong == []
    assert (events_of(world.merchant), events_of(elsewhere.merchant)) == before


def test_every_portal_and_api_address_has_an_entry() -> None:
    assert names_of(PORTAL) == set(portal.ENTRIES)
    assert names_of(API) == {*api.ENTRIES, api.UNKNOWN}


def test_portal_opens_by_link_or_proof_and_never_across_merchants(
    world: World, elsewhere: World
) -> None:
    before = events_of(world.merchant), events_of(elsewhere.merchant)
    wrong = []
    for name, entry in portal.ENTRIES.items():
        for method in entry.methods:
            own, foreign = (
                address(name, PORTAL, "/r/northloom/", entry.kwargs(of))
                for of in (world, elsewhere)
            )
            body = dict(entry.body(world)) if method == "POST" else {}
            status = call(Client(), own, method, body).status_code
            allowed = entry.ok if entry.opens is not Opens.BY_PROOF else {403}
            if status not in allowed:
                wrong.append((name, method, status))
            across = call(Client(), foreign, method, body).status_code
            if entry.opens is not Opens.TO_ALL and across not in (403, 404):
                wrong.append(("across", name, method, across))
    assert wrong == []
    assert (events_of(world.merchant), events_of(elsewhere.merchant)) == before


def key_of(merchant: Merchant, *scopes: str) -> str:
    token = new_token(merchant.pk)
    with merchant_scope(merchant.pk), transaction.atomic():
        ApiKey.objects.create(
            name="Walk", key_id=token.key_id, secret_hash=token.secret_hash, scopes=list(scopes)
        )
    return f"Bearer {token}"


def ask(url: str, method: str, key: str = "", body: Mapping[str, str] | None = None) -> int:
    with transaction.atomic():
        answer = Client().generic(
            method, url, json.dumps(dict(body or {})), content_type="application/json",
            headers={"Authorization": key, "Idempotency-Key": "walk"} if key else {},
        )  # fmt: skip
        transaction.set_rollback(True)
    return answer.status_code


def test_api_wants_a_key_of_the_merchant_with_the_scope(world: World, elsewhere: World) -> None:
    everything = [permission.value for permission in Permission]
    foreign = key_of(elsewhere.merchant, *everything)
    wrong = []
    for name, entry in api.ENTRIES.items():
        url = address(name, ROOT, "/", entry.kwargs(world))
        if not entry.scopes and ask(url, "GET") != 200:
            wrong.append(("open", name, "GET"))
        for method, scope in entry.scopes.items():
            others = [one for one in everything if one != scope.value]
            answers = {
                "no key": ask(url, method) == 401,
                "no scope": ask(url, method, key_of(world.merchant, *others)) == 403,
                "scope": ask(url, method, key_of(world.merchant, scope.value), entry.body)
                in (200, 201, 400, 409, 422),
                "foreign": not entry.of_merchant or ask(url, method, foreign, entry.body) == 404,
            }
            wrong += [(what, name, method) for what, fine in answers.items() if not fine]
    assert wrong == []
