"""Settling, refunds and exchanges in the browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from refunds.actions.request import request_refund
from refunds.models import Refund
from returns_portal.core.actor import SYSTEM
from returns_portal.core.money import Money
from returns_portal.core.scope import merchant_scope
from returns_portal.integrations.models import ProviderAccount
from returns_portal.tenancy.models import Merchant
from rma.models import Exchange, Inspection, Resolution, Return
from tests import flows
from tests.backoffice.conftest import HOME, at_bench, queries
from tests.factories import member_actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def partly(shop: Merchant) -> Return:
    """Return a return of two units, one of which was not accepted: a person settles it."""
    rma = at_bench(shop, quantity=2)
    with merchant_scope(shop.pk):
        flows.received(rma)
        first, second = Inspection.objects.filter(rma=rma).order_by("pk")
        for unit, accepted in ((first, True), (second, False)):
            flows.inspect_unit(
                unit.pk, grade="A", disposition="restock", accepted=accepted, rejection="Worn.",
                actor=SYSTEM, expected_version=1,
            )  # fmt: skip
    return rma


def owed(shop: Merchant, actor: object, minor: int = 3000, **changes: object) -> Refund:
    """Return a refund asked for on a paid order."""
    with merchant_scope(shop.pk):
        placed = flows.order(number=f"NL-9{minor}")
        return request_refund(
            order_id=placed.pk, key=f"test:{minor}", amount=Money(minor, "EUR"), breakdown={},
            about_id=None, reason="goodwill", actor=actor, **changes,
        )  # fmt: skip


def test_settle_shows_the_money_before_it_pays(
    owner: Client, shop: Merchant, partly: Return
) -> None:
    page = owner.get(f"{HOME}returns/{partly.number}/settle/")

    assert page.context["preview"].refund == Money(4500, "EUR")
    with merchant_scope(shop.pk):
        assert not Resolution.objects.exists()


def test_settle_pays_once_what_was_shown(owner: Client, shop: Merchant, partly: Return) -> None:
    owner.post(f"{HOME}returns/{partly.number}/settle/")
    owner.post(f"{HOME}returns/{partly.number}/settle/")

    with merchant_scope(shop.pk):
        assert [refund.amount for refund in Refund.objects.all()] == [Money(4500, "EUR")]


def test_settle_before_the_bench_is_done_is_refused_in_words(owner: Client, shop: Merchant) -> None:
    rma = at_bench(shop)
    with merchant_scope(shop.pk):
        flows.received(rma)

    answer = owner.post(f"{HOME}returns/{rma.number}/settle/")

    assert answer.status_code == 409
    with merchant_scope(shop.pk):
        assert not Refund.objects.exists()


def test_refund_above_the_limit_needs_a_second_person(
    sign_in: Callable[..., Client], shop: Merchant
) -> None:
    shop.second_person_above_minor = 1000
    shop.save(update_fields=["second_person_above_minor"])
    first, second = sign_in("finance", "a@x.example"), sign_in("finance", "b@x.example")
    refund = owed(shop, member_actor(first.user, shop))  # type: ignore[attr-defined]
    address = f"{HOME}refunds/{refund.pk}/approve/"

    refused = first.post(address)
    second.post(address)

    assert refused.status_code in (403, 409, 422)
    with merchant_scope(shop.pk):
        found = Refund.objects.get(pk=refund.pk)
    assert (found.status != "requested", found.approved_by) == (True, "Finance Person")


def test_refund_by_hand_is_marked_as_paid_with_its_reference(owner: Client, shop: Merchant) -> None:
    with merchant_scope(shop.pk):
        ProviderAccount.objects.filter(role="refunds").update(provider="manual")
    refund = owed(shop, SYSTEM, method="manual")
    with merchant_scope(shop.pk):
        part = refund.allocations.get()

    page = owner.get(f"{HOME}refunds/{refund.pk}/").content.decode()
    owner.post(f"{HOME}refunds/{refund.pk}/parts/{part.pk}/paid/", {"reference": "SEPA 4711"})

    assert "Mark as paid" in page
    with merchant_scope(shop.pk):
        part.refresh_from_db()
        assert (part.status, part.provider_refund_id) == ("succeeded", "SEPA 4711")
        assert Refund.objects.get(pk=refund.pk).status == "succeeded"


def test_refund_list_costs_the_same_with_2_and_20_rows(owner: Client, shop: Merchant) -> None:
    for number in range(2):
        owed(shop, SYSTEM, 100 + number)
    few = queries(owner, f"{HOME}refunds/")
    for number in range(2, 20):
        owed(shop, SYSTEM, 100 + number)

    assert queries(owner, f"{HOME}refunds/") == few


def test_exchange_is_sent_with_its_tracking_number(owner: Client, shop: Merchant) -> None:
    with merchant_scope(shop.pk):
        placed = flows.order(number="NL-7001")
        line = flows.lines_of(placed)[0]
        flows.stock(line, 2)
        wish = flows.wish(line, reason="too_small", wanted="exchange", variant_id=line.variant_id)
        rma = flows.request(placed, wish, method="own")
        flows.inspected(flows.received(rma))
        exchange = Exchange.objects.get()
    assert rma.number in owner.get(f"{HOME}exchanges/").content.decode()

    owner.post(f"{HOME}exchanges/{exchange.pk}/ship/", {"tracking_code": "AP1IE"})

    with merchant_scope(shop.pk):
        exchange.refresh_from_db()
    assert (exchange.status, exchange.tracking_code) == ("shipped", "AP1IE")
