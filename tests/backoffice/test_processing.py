"""When the money moves: set in the policy's form, told on a return's page, paid by hand."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.test import Client

from refunds.models import Refund
from returns_portal.core.actor import SYSTEM
from returns_portal.core.money import Money
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.policy import publish_policy, save_draft
from rma.models import PolicyVersion, Return
from rma.policy.document import default_policy
from tests import flows
from tests.backoffice.conftest import HOME, SignIn, at_bench
from tests.backoffice.test_settings import policy_form

pytestmark = pytest.mark.django_db


def publish(shop: Merchant, **moments: str) -> None:
    usual = dict.fromkeys(("refund", "store_credit", "exchange"), "inspection")
    with merchant_scope(shop.pk), transaction.atomic():
        save_draft(default_policy("EUR") | {"processing": usual | moments}, actor=SYSTEM)
        publish_policy(actor=SYSTEM)


def refunds(shop: Merchant) -> list[int]:
    with merchant_scope(shop.pk):
        return list(Refund.objects.values_list("amount_minor", flat=True))


def why(client: Client, rma: Return) -> list[str]:
    found: list[str] = client.get(f"{HOME}returns/{rma.number}/").context["why_paid"]
    return found


def test_form_sets_the_moments_and_says_them(owner: Client, shop: Merchant) -> None:
    refused = owner.post(f"{HOME}policies/edit/", policy_form(owner, pays_refund="tomorrow"))
    owner.post(f"{HOME}policies/edit/", policy_form(owner, pays_refund="first_scan"))

    assert refused.status_code == 422
    assert "pays_refund" in refused.context["form"].errors
    with merchant_scope(shop.pk):
        draft = PolicyVersion.objects.get(status="draft").document
    assert draft["processing"] == {
        "refund": "first_scan", "store_credit": "inspection", "exchange": "inspection",
    }  # fmt: skip
    page = owner.get(f"{HOME}policies/").content.decode()
    assert "Refunds go out <b>at the first carrier scan</b>" in page
    edit = owner.get(f"{HOME}policies/edit/")
    assert edit.context["form"]["pays_refund"].value() == "first_scan"


def test_form_sets_the_reminders_and_says_what_is_wrong(owner: Client, shop: Merchant) -> None:
    for wrong in ("soon", "0", "7 7", "1 2 3 4 5 6", "61"):
        body = policy_form(owner, remind_before_days=wrong)
        refused = owner.post(f"{HOME}policies/edit/", body)
        assert refused.status_code == 422
        assert refused.context["form"].errors["remind_before_days"]
    with merchant_scope(shop.pk):
        assert not PolicyVersion.objects.filter(status="draft").exists()

    owner.post(f"{HOME}policies/edit/", policy_form(owner, remind_before_days="2, 7"))

    with merchant_scope(shop.pk):
        draft = PolicyVersion.objects.get(status="draft").document
    assert draft["remind_before_days"] == [7, 2]
    page = owner.get(f"{HOME}policies/").content.decode()
    assert "Remind <b>7, 2</b> days before an approval runs out" in page


@pytest.mark.django_db(transaction=True)
def test_page_of_a_return_says_why_it_is_not_paid_yet(owner: Client, shop: Merchant) -> None:
    publish(shop, refund="first_scan")
    with merchant_scope(shop.pk):
        rma = flows.approved(flows.order())

    assert why(owner, rma) == [
        "Refund: at the first carrier scan. The carrier has not scanned the parcel yet."
    ]
    with merchant_scope(shop.pk):
        flows.moved(rma, 1)
    assert why(owner, rma) == ["Refund: settled. Policy says at the first carrier scan."]
    page = owner.get(f"{HOME}returns/{rma.number}/?tab=history").content.decode()
    assert "settled it: ahead of the goods, Refund at the first carrier scan" in page
    assert owner.get(f"{HOME}returns/{rma.number}/").context["can"]["cancel"] is False


def test_page_of_a_usual_return_waits_for_the_bench(owner: Client, shop: Merchant) -> None:
    rma = at_bench(shop)
    assert why(owner, rma) == ["Refund: after the inspection. Nothing was received yet."]

    with merchant_scope(shop.pk):
        flows.received(rma)

    assert why(owner, rma) == ["Refund: after the inspection. 1 unit at the bench to inspect."]


def test_pay_now_shows_the_money_and_pays_it_once(
    owner: Client, shop: Merchant, sign_in: SignIn
) -> None:
    publish(shop, refund="hand")
    rma = at_bench(shop)
    address = f"{HOME}returns/{rma.number}/settle/"
    page = owner.get(f"{HOME}returns/{rma.number}/")
    assert page.context["can"]["pay_ahead"] is True
    assert "Pay now" in page.content.decode()
    shown = owner.get(address)
    assert shown.context["preview"].refund == Money(4500, "EUR")
    assert 'name="ahead"' in shown.content.decode()
    assert sign_in("warehouse").post(address, {"ahead": "1"}).status_code == 403
    assert refunds(shop) == []

    owner.post(address, {"ahead": "1"})
    owner.post(address, {"ahead": "1"})

    assert refunds(shop) == [4500]
    assert owner.get(f"{HOME}returns/{rma.number}/").context["can"]["pay_ahead"] is False


def test_pay_now_after_the_goods_came_pays_nothing(owner: Client, shop: Merchant) -> None:
    publish(shop, refund="hand")
    rma = at_bench(shop)
    with merchant_scope(shop.pk):
        flows.received(rma)

    refused = owner.post(f"{HOME}returns/{rma.number}/settle/", {"ahead": "1"})

    assert refused.status_code == 409
    assert "Goods have come meanwhile." in refused.content.decode()
    assert refunds(shop) == []
