"""Webhooks that nobody we know has sent, or that say nothing we understand."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from returns_portal.core.clock import now
from returns_portal.core.scope import merchant_scope
from returns_portal.integrations import inbox
from returns_portal.integrations.models import InboundWebhook, ProviderAccount
from returns_portal.tenancy.models import Merchant
from tests.factories import make_account

pytestmark = pytest.mark.django_db

STRIPE = {"api_key": "sk_test_1", "webhook_secret": "whsec_north"}
EASYPOST = {"api_key": "EZTK_1", "webhook_secret": "pärcel"}
EVENT = {
    "id": "evt_1",
    "object": "event",
    "type": "refund.updated",
    "livemode": False,
    "data": {"object": {"id": "re_1", "object": "refund", "status": "succeeded"}},
}
TRACKER = {
    "id": "evt_track",
    "object": "Event",
    "description": "tracker.updated",
    "mode": "test",
    "result": {"object": "Tracker", "id": "trk_1", "tracking_code": "EZ1", "status": "in_transit"},
}


def stripe_headers(body: bytes, secret: str = "whsec_north", skew: int = 0) -> dict[str, str]:
    stamp = int(time.time()) + skew
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={stamp},v1={mac}"}


def easypost_headers(body: bytes, secret: str = "pa\u0308rcel") -> dict[str, str]:
    mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hmac-Signature": f"hmac-sha256-hex={mac}"}


def account(merchant: Merchant, role: str, provider: str, keys: dict[str, str]) -> ProviderAccount:
    with merchant_scope(merchant.pk), transaction.atomic():
        return make_account(role, provider, credentials=keys)


@pytest.fixture
def stripe(merchant: Merchant) -> ProviderAccount:
    return account(merchant, "refunds", "stripe", STRIPE)


@pytest.fixture
def easypost(merchant: Merchant) -> ProviderAccount:
    return account(merchant, "carrier", "easypost", EASYPOST)


def send(to: ProviderAccount, body: bytes, headers: dict[str, str], **options: Any) -> Any:
    return Client().post(
        f"/hooks/{to.webhook_token}/",
        data=body,
        content_type=options.pop("content_type", "application/json"),
        headers=headers,
        **options,
    )


def stored(merchant: Merchant) -> list[InboundWebhook]:
    with merchant_scope(merchant.pk), transaction.atomic():
        return list(InboundWebhook.objects.order_by("pk"))


def test_hook_signed_by_its_account_is_stored_once(
    merchant: Merchant, stripe: ProviderAccount
) -> None:
    body = json.dumps(EVENT).encode()
    first = send(stripe, body, stripe_headers(body))
    again = send(stripe, body, stripe_headers(body))
    assert first.json() == {"received": True, "duplicate": False}
    assert again.json() == {"received": True, "duplicate": True}
    assert [row.external_id for row in stored(merchant)] == ["evt_1"]


@pytest.mark.parametrize(
    "headers",
    [
        lambda body: {},
        lambda body: {"Stripe-Signature": ""},
        lambda body: {"Stripe-Signature": "t=,v1="},
        lambda body: {"Stripe-Signature": "t=٣,v1=é"},
        lambda body: {"Stripe-Signature": "t=" + "9" * 5000 + ",v1=00"},
        lambda body: stripe_headers(body, "whsec_other"),
        lambda body: stripe_headers(body, skew=-301),
        lambda body: stripe_headers(body, skew=301),
        lambda body: stripe_headers(body + b" "),
    ],
)
def test_hook_with_a_bad_signature_is_refused(
    merchant: Merchant, stripe: ProviderAccount, headers: Callable[[bytes], dict[str, str]]
) -> None:
    body = json.dumps(EVENT).encode()
    given = {name: value.encode().decode("latin-1") for name, value in headers(body).items()}
    assert send(stripe, body, given).status_code == 401
    assert stored(merchant) == []


def test_hook_of_another_merchants_account_is_refused(
    merchant: Merchant, other_merchant: Merchant, stripe: ProviderAccount
) -> None:
    theirs = account(
        other_merchant, "refunds", "stripe", STRIPE | {"webhook_secret": "whsec_south"}
    )
    body = json.dumps(EVENT).encode()
    assert send(theirs, body, stripe_headers(body)).status_code == 401
    assert send(stripe, body, stripe_headers(body, "whsec_south")).status_code == 401
    assert stored(merchant) == stored(other_merchant) == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"1", b"[" * 50_000])
def test_hook_signed_but_no_object_is_a_bad_request(
    merchant: Merchant, stripe: ProviderAccount, easypost: ProviderAccount, body: bytes
) -> None:
    assert send(stripe, body, stripe_headers(body)).status_code == 400
    assert send(easypost, body, easypost_headers(body)).status_code == 400
    assert stored(merchant) == []


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "", "\u00e9/x"])
def test_hook_is_judged_by_its_signature_whatever_its_content_type(
    merchant: Merchant, stripe: ProviderAccount, kind: str
) -> None:
    body = json.dumps(EVENT).encode()
    assert send(stripe, body, stripe_headers(body), content_type=kind).status_code == 200


def test_hook_over_five_megabytes_is_refused(merchant: Merchant, stripe: ProviderAccount) -> None:
    body = b'{"id": "' + b"x" * inbox.MAX_BODY + b'"}'
    assert send(stripe, body, stripe_headers(body)).status_code == 413
    assert stored(merchant) == []


@pytest.mark.parametrize("length", ["abc", "-5", ""])
def test_hook_with_a_broken_length_never_breaks(stripe: ProviderAccount, length: str) -> None:
    body = json.dumps(EVENT).encode()
    answer = send(stripe, body, stripe_headers(body), CONTENT_LENGTH=length)
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("provider", ["manual", "builtin"])
def test_hook_of_a_provider_without_any_is_nobodys(merchant: Merchant, provider: str) -> None:
    by_hand = account(merchant, "refunds", provider, {})
    known = send(by_hand, b"{}", {})
    unknown = Client().post("/hooks/" + "x" * 32 + "/", data=b"{}", content_type="text/plain")
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert known.status_code == 404


@pytest.mark.parametrize("token", ["%00", "a%00b", "x" * 2000, "%C3%A9" * 20, "%FF"])
def test_hook_at_a_broken_address_is_not_found(db: None, token: str) -> None:
    assert Client().post(f"/hooks/{token}/", data={}).status_code == 404


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"id": None, "type": None, "data": None},
        {"id": 1, "type": ["x"], "data": {"object": []}},
        {"id": "e" * 3000, "type": "t" * 3000, "livemode": "yes"},
        {"id": "a\0b", "type": "refund.updated\0", "data": {"object": {"id": "\0"}}},
        {"id": "\ud800", "type": "\ud800", "data": {"object": {"id": "\ud800"}}},
        EVENT | {"id": "evt_2", "type": "nobody.knows.this"},
        EVENT | {"id": "evt_3", "data": {"object": {"id": {"x": 1}, "object": "refund"}}},
        EVENT | {"id": "evt_4", "data": {"object": {"metadata": {"operation_id": "no uuid"},
                                                     "id": "re_9", "object": "refund"}}},
        EVENT | {"id": "evt_5", "type": "charge.dispute.created",
                 "data": {"object": {"object": "dispute", "charge": 12, "status": [1]}}},
    ],
)  # fmt: skip
def test_hook_with_odd_facts_is_stored_and_ignored(
    merchant: Merchant, stripe: ProviderAccount, event: dict[str, Any]
) -> None:
    body = json.dumps(event).encode()
    answer = send(stripe, body, stripe_headers(body))
    assert answer.status_code in (200, 400)
    inbox.take_due_webhooks()
    rows = stored(merchant)
    assert [row.status for row in rows] == ["ignored"] * (answer.status_code == 200)


@pytest.mark.parametrize(
    "result",
    [None, [], "x", {"tracking_code": "\0"}, {"tracking_code": "\ud800", "object": "Tracker"},
     {"object": "Tracker", "tracking_code": "EZ1", "tracking_details": [None, 3, {"status": 1}]},
     {"object": "Tracker", "tracking_code": "EZ1", "status": {"a": 1}, "updated_at": 10**30}],
)  # fmt: skip
def test_tracker_hook_with_odd_facts_never_breaks(
    merchant: Merchant, easypost: ProviderAccount, result: Any
) -> None:
    body = json.dumps(TRACKER | {"result": result}).encode()
    answer = send(easypost, body, easypost_headers(body))
    assert answer.status_code in (200, 400)
    inbox.take_due_webhooks()
    assert all(row.status in ("ignored", "received") for row in stored(merchant))


def test_tracker_hook_of_an_unknown_parcel_is_tried_again(
    merchant: Merchant, easypost: ProviderAccount
) -> None:
    body = json.dumps(TRACKER).encode()
    assert send(easypost, body, easypost_headers(body)).status_code == 200
    assert inbox.take_due_webhooks() == 1
    row = stored(merchant)[0]
    assert (row.status, row.attempts) == ("received", 1)
    assert row.due_at > now()
