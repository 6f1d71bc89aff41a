"""Trying an order under two versions, and starting from a ready policy."""

from __future__ import annotations

import pytest
from django.test import Client

from returns_portal.commerce.models import Order
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from tests import flows
from tests.backoffice.conftest import HOME, SignIn
from tests.backoffice.test_policy_rules import (
    FAULTS,
    POLICIES,
    SHOES,
    draft_of,
    keys_of,
    with_rules,
)
from tests.rma.policy.test_own_rules import do, rule, when

pytestmark = pytest.mark.django_db

# Trying an order


def test_order_is_tried_under_draft_and_live_side_by_side(
    owner: Client, shop: Merchant, order: Order
) -> None:
    with_rules(shop, rule(when("item.price", "over", 4000), do("decline"), key="dear"))
    before = draft_of(shop)

    answer = owner.get(f"{POLICIES}try/?number=nl-1001")

    dear, cheap = answer.context["items"]
    assert [(one.version, one.verdict) for one in dear.answers] == [
        ("v2 draft", "Refused"), ("v1 live", "May be returned"),
    ]  # fmt: skip
    assert [one.reasons for one in cheap.answers] == [cheap.answers[0].reasons] * 2
    assert [bool(one.reasons) for one in dear.answers] == [False, True]
    assert dear.differs
    assert not cheap.differs
    spoken = next(one for one in dear.answers[0].spoken if one.name == "Rule 1")
    assert spoken.saw == "Price paid a unit: €45.00"
    assert "Rule: Can’t be returned." not in spoken.staff
    page = answer.content.decode()
    assert "This item can&#x27;t be returned" in page
    assert "Price paid a unit: €45.00" in page
    assert draft_of(shop) == before


def test_refused_return_leads_to_its_order_and_the_version_that_decided(
    owner: Client, shop: Merchant, sign_in: SignIn
) -> None:
    closed = rule(when("asked.reason", "is_one_of", ["too_small"]), do("decline"), key="closed")
    with_rules(shop, closed, live=True)
    with merchant_scope(shop.pk):
        placed = flows.order(number="NL-1002")
        rma = flows.request(placed, flows.wish(flows.lines_of(placed)[0], reason="too_small"))
    with_rules(shop, live=True)
    with_rules(shop, FAULTS)
    assert rma.status == "declined"
    link = f"{POLICIES}try/?return={rma.number}"

    detail = owner.get(f"{HOME}returns/{rma.number}/").content.decode()
    assert f'href="{link}">Why was this refused?</a>' in detail
    assert "Why was this refused?" not in (
        sign_in("agent").get(f"{HOME}returns/{rma.number}/").content.decode()
    )
    answer = owner.get(link)

    [item] = answer.context["items"]
    assert [(one.version, one.verdict) for one in item.answers] == [
        ("v4 draft", "May be returned"), ("v3 live", "May be returned"), ("v2 retired", "Refused"),
    ]  # fmt: skip
    assert answer.context["reason"] == "too_small"
    page = answer.content.decode()
    assert f"v2 decided {rma.number}, asked for" in page
    assert f'href="{HOME}returns/{rma.number}/trace/"' in page
    assert owner.get(f"{POLICIES}try/?return=R-0000-0000").status_code == 404
    again = owner.get(f"{POLICIES}try/?number=NL-1002&version=2&reason=too_large")
    assert [one.verdict for one in again.context["items"][0].answers] == ["May be returned"] * 3
    for odd in ("x", "99", "1e3"):
        tried = owner.get(f"{POLICIES}try/?number=NL-1002&version={odd}")
        assert len(tried.context["versions"]) == 2


def test_page_of_an_order_leads_to_trying_it(owner: Client, order: Order) -> None:
    page = owner.get(f"{HOME}orders/{order.pk}/").content.decode()

    assert f'href="{POLICIES}try/?number={order.number}"' in page


def test_order_is_tried_with_the_reason_that_is_chosen(
    owner: Client, shop: Merchant, order: Order
) -> None:
    with_rules(shop, FAULTS)

    answer = owner.get(f"{POLICIES}try/?number=NL-1001&reason=faulty")

    assert answer.context["items"][0].answers[0].tried == "Faulty or damaged, refund"
    names = [one.name for one in answer.context["items"][0].answers[0].spoken]
    assert "Rule 1" in names


def test_order_that_does_not_exist_is_told_beside_the_field(owner: Client, shop: Merchant) -> None:
    answer = owner.get(f"{POLICIES}try/?number=NL-9")

    assert answer.status_code == 422
    assert 'id="number-error"' in answer.content.decode()
    assert owner.get(f"{POLICIES}try/").status_code == 200


def test_order_of_another_shop_is_not_found(
    owner: Client, shop: Merchant, other_merchant: Merchant
) -> None:
    flows.open_for_business(other_merchant)
    with merchant_scope(other_merchant.pk):
        flows.order(number="SP-7")

    assert owner.get(f"{POLICIES}try/?number=SP-7").status_code == 422


# Starting


def test_starter_becomes_the_draft(owner: Client, shop: Merchant) -> None:
    page = owner.get(f"{POLICIES}start/").content.decode()
    assert all(title in page for title in ("Apparel, 30 days", "Final sale", "European Union"))

    answer = owner.post(f"{POLICIES}start/", {"starter": "electronics"})

    assert answer["Location"] == POLICIES
    assert [key for key, _on in keys_of(shop)] == [
        "opened_media", "faults_with_photos", "dear_devices",
    ]  # fmt: skip


def test_starter_asks_before_it_takes_the_place_of_a_draft(owner: Client, shop: Merchant) -> None:
    with_rules(shop, SHOES)

    asked = owner.post(f"{POLICIES}start/", {"starter": "eu"})

    assert asked.status_code == 409
    assert "v2 is a draft already." in asked.content.decode()
    assert keys_of(shop) == [("shoes", True)]
    owner.post(f"{POLICIES}start/", {"starter": "eu", "replacing": asked.context["replacing"]})
    assert [key for key, _on in keys_of(shop)] == ["eu_withdrawal", "outside_eu"]


def test_starter_that_is_none_is_not_found(owner: Client, shop: Merchant) -> None:
    assert owner.post(f"{POLICIES}start/", {"starter": "mine"}).status_code == 404
    assert draft_of(shop) is None
