"""A return started for a shopper: the portal’s engine, a preview that writes nothing, sent once."""

from __future__ import annotations

import pytest
from django.test import Client

from returns_portal.activity.models import Event
from returns_portal.commerce.models import Order
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.models import Return
from tests import flows
from tests.backoffice.conftest import HOME

pytestmark = pytest.mark.django_db


def form(**changes: object) -> dict[str, object]:
    return {
        "operation_id": "phone-call-1",
        "method": "own",
        "l0-quantity": "1",
        "l0-reason": "changed_mind",
        "l0-wanted": "refund",
        **changes,
    }


def returns(shop: Merchant) -> list[Return]:
    with merchant_scope(shop.pk):
        return list(Return.objects.all())


def test_search_finds_the_order(owner: Client, order: Order) -> None:
    assert order.number in owner.get(f"{HOME}returns/new/?q=nl1001").content.decode()


def test_form_shows_what_policy_offers_for_each_line(owner: Client, order: Order) -> None:
    page = owner.get(f"{HOME}returns/new/{order.pk}/")

    assert len(page.context["lines"]) == 2
    assert all(line.view.offer.returnable for line in page.context["lines"])


def test_preview_shows_the_outcome_and_writes_nothing(
    owner: Client, shop: Merchant, order: Order
) -> None:
    with merchant_scope(shop.pk):
        before = Event.objects.count()

    page = owner.post(f"{HOME}returns/new/{order.pk}/", form(preview="1"))

    assert page.context["preview"].status == "open"
    assert returns(shop) == []
    with merchant_scope(shop.pk):
        assert Event.objects.count() == before


def test_start_makes_one_return_however_often_it_is_sent(
    owner: Client, shop: Merchant, order: Order
) -> None:
    first = owner.post(f"{HOME}returns/new/{order.pk}/", form())
    second = owner.post(f"{HOME}returns/new/{order.pk}/", form())

    (made,) = returns(shop)
    assert (made.channel, made.status) == ("staff", "open")
    assert first["Location"] == second["Location"] == f"{HOME}returns/{made.number}/"


def test_start_without_an_item_says_so(owner: Client, shop: Merchant, order: Order) -> None:
    page = owner.post(f"{HOME}returns/new/{order.pk}/", form(**{"l0-quantity": ""}))

    assert page.status_code == 400
    assert "Choose at least one item." in page.content.decode()
    assert returns(shop) == []


def test_line_without_a_reason_is_sent_back_with_what_was_entered(
    owner: Client, shop: Merchant, order: Order
) -> None:
    page = owner.post(f"{HOME}returns/new/{order.pk}/", form(**{"l0-reason": ""}))

    assert page.status_code == 422
    assert "Choose why Trail Runner 1 comes back." in page.content.decode()
    assert returns(shop) == []


def test_override_opens_what_policy_refuses_and_keeps_the_reason(
    owner: Client, shop: Merchant
) -> None:
    with merchant_scope(shop.pk):
        late = flows.order(number="NL-OLD", delivered_days_ago=200)
    address = f"{HOME}returns/new/{late.pk}/"

    owner.post(address, form(operation_id="a"))
    owner.post(address, form(operation_id="b", override_reason="Promised by phone."))

    declined, opened = sorted(returns(shop), key=lambda rma: rma.status)
    assert (declined.status, opened.status) == ("declined", "open")
    with merchant_scope(shop.pk):
        assert "Promised by phone." in opened.notes.get().body


def test_more_units_than_there_are_is_refused_and_nothing_is_kept(
    owner: Client, shop: Merchant, order: Order
) -> None:
    page = owner.post(f"{HOME}returns/new/{order.pk}/", form(**{"l0-quantity": "5"}))

    assert page.status_code == 422
    assert returns(shop) == []
