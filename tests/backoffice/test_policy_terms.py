"""The money terms of a policy are edited on its form, and refused beside their fields."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.models import PolicyVersion
from tests.backoffice.conftest import HOME
from tests.backoffice.test_settings import policy_form

pytestmark = pytest.mark.django_db
EDIT = f"{HOME}policies/edit/"


def draft(shop: Merchant) -> dict[str, Any]:
    with merchant_scope(shop.pk):
        document: dict[str, Any] = PolicyVersion.objects.get(status="draft").document
    return document


FEES = {
    "fee_by_country": "Germany: 3.95\nAT 4.50\n", "label_cost": "on", "fee_tax": "19",
    "fees_most": "15", "restocking_share": "12.5", "restocking_amount": "2.50",
    "restocking_per": "line", "restocking_tax": "19", "restocking_fault": "on", "r-2-free": "on",
    "r-2-not_restocked": "on", "bonus_share": "10", "bonus_amount": "1", "bonus_most": "20",
    "keep_share": "30", "donate_share": "100",
}  # fmt: skip

USUAL = {"keep_share": "20", "donate_share": "100"}


def test_fees_are_kept_and_shown_again(owner: Client, shop: Merchant) -> None:
    owner.post(EDIT, policy_form(owner, **FEES))

    document = draft(shop)
    assert document["fee"] == {
        "amount_minor": 495, "waived_for_fault": True, "waived_for_exchange": True,
        "by_country": {"DE": 395, "AT": 450}, "waived_reasons": ["changed_mind"],
        "label_cost": True, "tax_bp": 1900, "most_minor": 1500,
    }  # fmt: skip
    assert document["restocking"] == {
        "share_bp": 1250, "amount_minor": 250, "per": "line", "waived_for_fault": True,
        "waived_reasons": ["changed_mind"], "tax_bp": 1900,
    }  # fmt: skip

    assert document["keeping"] == {"keep_item_bp": 3000, "donate_bp": 10_000}
    assert document["credit_bonus"] == {
        "share_bp": 1000, "amount_minor": 100, "most_minor": 2000,
    }  # fmt: skip

    owner.post(EDIT, policy_form(owner))

    assert draft(shop) == document


def test_fees_taken_away_leave_the_document_as_it_was(owner: Client, shop: Merchant) -> None:
    owner.post(EDIT, policy_form(owner, **FEES))

    owner.post(EDIT, policy_form(owner, **{**dict.fromkeys(FEES, ""), **USUAL}))

    with merchant_scope(shop.pk):
        live = PolicyVersion.objects.get(status="live").document
    assert draft(shop) == live


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("fee_by_country", "Atlantis 3", "There is no country “Atlantis”"),
        ("fee_by_country", "DE 3\nGermany 4", "Germany is there twice. Keep one line."),
        ("fee_by_country", "DE -3", "An amount can’t be below zero."),
        ("fee_by_country", "DE", "There is no country"),
        ("fee_tax", "101", "Enter a percentage from 0 to 100, such as 12.5."),
        ("fees_most", "much", "Write"),
        ("restocking_share", "1.234", "Enter a percentage"),
        ("restocking_amount", "4.999", "more decimal places"),
        ("restocking_per", "week", "Select a valid choice"),
    ],
)
def test_fee_that_makes_no_sense_is_refused_beside_its_field(
    owner: Client, shop: Merchant, field: str, typed: str, words: str
) -> None:
    answer = owner.post(EDIT, policy_form(owner, **{field: typed}))

    assert answer.status_code == 422
    assert words in " ".join(answer.context["terms"].errors[field])
    with merchant_scope(shop.pk):
        assert not PolicyVersion.objects.filter(status="draft").exists()


def test_fees_are_said_in_sentences(owner: Client, shop: Merchant) -> None:
    owner.post(EDIT, policy_form(owner, **FEES))

    page = owner.get(f"{HOME}policies/").content.decode()

    for words in (
        "Take what the label cost, <b>€4.95</b> at most, off refunds",
        "From <b>DE</b>, take <b>€3.95</b> instead",
        "Keep <b>12.5 %</b>, <b>€2.50 for each item of the order with 19 % tax</b> for restocking",
        "All fees together: <b>€15.00</b> at most",
        "Store credit brings <b>10 %</b>, <b>€1.00</b> on top, €20.00 per order at most",
    ):
        assert words in page


def test_gifts_are_switched_off_and_on_again(owner: Client, shop: Merchant) -> None:
    before = policy_form(owner)
    assert before["gift_returns"] == "on"

    owner.post(EDIT, {key: told for key, told in before.items() if key != "gift_returns"})
    assert draft(shop)["gift_returns"] is False
    assert "gift_returns" not in policy_form(owner)
    owner.post(EDIT, policy_form(owner, gift_returns="on"))
    assert draft(shop)["gift_returns"] is True
