"""The pages about risk: the setting becomes a draft, the lists are kept by number of an order."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from returns_portal.core.actor import SYSTEM
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.policy import publish_policy, save_draft
from rma.models import PolicyVersion, ShopperMark
from rma.policy.document import default_policy
from tests import flows
from tests.factories import make_member
from tests.rma.policy.test_own_rules import do, rule, when

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(merchant: Merchant) -> Merchant:
    flows.open_for_business(merchant)
    with merchant_scope(merchant.pk):
        flows.order(number="NL-1")
    return merchant


def signed_in(shop: Merchant, role: str) -> Client:
    client = Client()
    client.force_login(make_member(shop, role))
    return client


def drafts(shop: Merchant) -> list[dict[str, Any]]:
    with merchant_scope(shop.pk), transaction.atomic():
        return [one.document for one in PolicyVersion.objects.filter(status="draft")]


def marks(shop: Merchant) -> list[ShopperMark]:
    with merchant_scope(shop.pk), transaction.atomic():
        return list(ShopperMark.objects.order_by("pk"))


def test_risk_setting_is_saved_in_the_draft(shop: Merchant) -> None:
    manager = signed_in(shop, "manager")
    address = "/app/northloom/policies/risk/"

    assert "No request was scored yet" in manager.get(address).content.decode()
    refused = manager.post(address, {"mode": "on", "review_at": "0"})
    held = manager.post(address, {"mode": "on", "review_at": "60", "hold_at": "0"})
    asked = manager.post(address, {"mode": "on", "review_at": "60", "photos_at": "1001"})
    saved = manager.post(address, {"mode": "shadow", "review_at": "60", "hold_at": ""})

    assert (refused.status_code, held.status_code, asked.status_code) == (422, 422, 422)
    assert "photos_at" in asked.context["form"].errors
    assert saved.status_code == 302
    assert [one["risk"] for one in drafts(shop)] == [{"review_at": 60, "shadow": True}]
    manager.post(address, {"mode": "on", "review_at": "60", "hold_at": "40"})
    on = {"review_at": 60, "shadow": False, "hold_at": 40}
    assert [one["risk"] for one in drafts(shop)] == [on]
    assert 'name="hold_at" value="40"' in manager.get(address).content.decode()
    manager.post(address, {"mode": "on", "review_at": "60", "photos_at": "30"})
    assert [one["risk"] for one in drafts(shop)] == [
        {"review_at": 60, "shadow": False, "photos_at": 30}
    ]
    assert 'name="photos_at" value="30"' in manager.get(address).content.decode()
    manager.post(address, {"mode": "off", "review_at": "60"})
    assert ["risk" in one for one in drafts(shop)] == [False]


def test_return_and_its_trace_show_what_each_part_of_the_score_saw(shop: Merchant) -> None:
    document = default_policy("EUR") | {"risk": {"review_at": 50, "shadow": False}}
    document["rules"] = [
        rule(when("customer.linked", "over", 0), do("risk_points", 30), key="ring"),
        rule(when("customer.claims_unproven", "is", 0), do("risk_points", 1), key="calm"),
    ]
    with merchant_scope(shop.pk), transaction.atomic():
        save_draft(document, actor=SYSTEM)
        publish_policy(actor=SYSTEM)
        rma = flows.request(flows.order(number="NL-2", email="eve@example.com"))
    agent = signed_in(shop, "agent")
    parts = [
        "Ring, 30 points. Other shoppers linked to them: 1",
        "Calm, 1 point. Faults reported without a photo: 0",
    ]

    page = agent.get(f"/app/northloom/returns/{rma.number}/")
    trace = agent.get(f"/app/northloom/returns/{rma.number}/trace/")

    found = [row for row in page.context["findings"] if row["source"] == "risk"]
    assert [(row["tone"], row["notes"]) for row in found] == [("success", parts)]
    assert "".join(f"<small>{part}</small>" for part in parts) in page.content.decode()
    told = {row["rule"]: row["facts"] for row in trace.context["rows"]}
    assert set(told["rule:ring"]) == {
        "name: Ring", "did: Risk points", "Other shoppers linked to them: 1",
    }  # fmt: skip
    assert set(told["risk"]) == {
        *parts, "score: 31", "shadow: no", "review at: 50",
    }  # fmt: skip
    assert {"value: €45.00", "limit: €250.00"} < set(told["value limit"])
    assert "Faults reported without a photo: 0" in trace.content.decode()


def test_shopper_is_put_on_a_list_and_taken_off(shop: Merchant) -> None:
    agent = signed_in(shop, "agent")
    address = "/app/northloom/shoppers/"
    sent = {"order": "#nl-1", "kind": "block", "reason": "Empty boxes.", "days": "90"}

    unknown = agent.post(address, {**sent, "order": "NL-99"})
    wordless = agent.post(address, {**sent, "reason": ""})
    assert (unknown.status_code, wordless.status_code) == (400, 422)
    assert "There is no order NL-99" in unknown.content.decode()
    assert marks(shop) == []

    agent.post(address, sent)
    with merchant_scope(shop.pk):
        rma = flows.request(flows.order(number="NL-2"))
    shown = agent.get(f"/app/northloom/returns/{rma.number}/").content.decode()
    listed = agent.get(address).content.decode()
    (mark,) = marks(shop)
    agent.post(f"{address}{mark.pk}/off/")

    assert "m…@example.com" in listed
    assert "Block list" in shown
    assert "Empty boxes." in shown
    assert marks(shop)[0].ended_at is not None
    assert "Nobody is on a list." in agent.get(address).content.decode()
