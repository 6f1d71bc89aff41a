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
from rma.models import Exchange, Inspection, PolicyVersion, Repair, Resolution, Return
from tests import flows
from tests.backoffice.conftest import HOME, at_bench, queries
from tests.factories import member_actor
from tests.portal.conftest import publish

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


def owed_swap(shop: Merchant) -> Exchange:
    """Return a replacement that costs 7.99 more than the accepted goods."""
    with merchant_scope(shop.pk):
        publish(exchange={"any_product": True, "cheaper": "refund", "dearer": "collect"})
        placed = flows.order(number="NL-7002", prices=(4500, 5299))
        line, other = flows.lines_of(placed)
        flows.stock(other, 1)
        wish = flows.wish(line, reason="too_small", wanted="exchange", variant_id=other.variant_id)
        flows.inspected(flows.received(flows.request(placed, wish, method="own")))
        return Exchange.objects.get()


def test_dearer_exchange_is_packed_once_its_difference_is_collected(
    owner: Client, shop: Merchant
) -> None:
    exchange = owed_swap(shop)
    held = owner.get(f"{HOME}exchanges/?status=reserved").content.decode()
    assert "To collect:" in held
    assert "€7.99" in held

    owner.post(f"{HOME}exchanges/{exchange.pk}/give-up/")
    with merchant_scope(shop.pk):
        exchange.refresh_from_db()
    assert exchange.status == "reserved"
    owner.post(f"{HOME}exchanges/{exchange.pk}/collect/")

    with merchant_scope(shop.pk):
        exchange.refresh_from_db()
    assert (exchange.status, exchange.due_minor) == ("released", 799)
    assert exchange.collected_by
    assert "€7.99" not in owner.get(f"{HOME}exchanges/?status=released").content.decode()


def test_dearer_exchange_nobody_pays_is_refunded_instead(owner: Client, shop: Merchant) -> None:
    exchange = owed_swap(shop)
    refused = owner.post(f"{HOME}exchanges/{exchange.pk}/instead/", {"wanted": "a pony"})
    assert refused.status_code == 400
    with merchant_scope(shop.pk):
        assert Refund.objects.count() == 0

    owner.post(f"{HOME}exchanges/{exchange.pk}/instead/", {"wanted": "refund"})

    with merchant_scope(shop.pk):
        exchange.refresh_from_db()
        assert (exchange.status, Refund.objects.get().amount_minor) == ("cancelled", 4500)


def owed_repair(shop: Merchant) -> Repair:
    """Return the repair of an accepted unit."""
    with merchant_scope(shop.pk):
        live = PolicyVersion.objects.get(status="live").document
        publish(reasons=[{**one, "resolutions": ["repair", "refund"]} for one in live["reasons"]])
        placed = flows.order(number="NL-7003")
        wish = flows.wish(flows.lines_of(placed)[0], wanted="repair")
        rma = flows.request(placed, wish, method="own")
        flows.inspected(flows.received(rma), grade="D", disposition="repair")
        return Repair.objects.get()


def test_repair_is_started_and_sent_back(owner: Client, shop: Merchant) -> None:
    repair = owed_repair(shop)
    assert "Trail Runner 1" in owner.get(f"{HOME}repairs/").content.decode()

    owner.post(f"{HOME}repairs/{repair.pk}/start/")
    assert "Trail Runner 1" in owner.get(f"{HOME}repairs/?status=in_repair").content.decode()
    owner.post(f"{HOME}repairs/{repair.pk}/send/", {"tracking_code": "T1"})

    with merchant_scope(shop.pk):
        repair.refresh_from_db()
    assert (repair.status, repair.tracking_code) == ("sent_back", "T1")
    assert "T1" in owner.get(f"{HOME}repairs/?status=sent_back").content.decode()


def test_repair_that_can_not_be_done_becomes_a_refund(owner: Client, shop: Merchant) -> None:
    repair = owed_repair(shop)

    sent = {"wanted": "refund", "note": "Board is dead"}
    owner.post(f"{HOME}repairs/{repair.pk}/give-up/", sent)
    owner.post(f"{HOME}repairs/{repair.pk}/give-up/", sent)

    with merchant_scope(shop.pk):
        assert Refund.objects.get().amount_minor == 4500
        repair.refresh_from_db()
    assert (repair.status, repair.note) == ("given_up", "Board is dead")
    assert "Board is dead" in owner.get(f"{HOME}repairs/?status=given_up").content.decode()
