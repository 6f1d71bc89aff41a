"""The form of what the law of withdrawal leaves to the merchant."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from returns_portal.core.actor import SYSTEM
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.policy import save_draft
from rma.models import PolicyVersion
from rma.policy.document import default_policy
from tests.backoffice.conftest import HOME

pytestmark = pytest.mark.django_db
PAGE = f"{HOME}policies/withdrawal/"
SECTION: dict[str, Any] = {
    "sells_to_eu": False, "shopper_pays_postage": True,
    "holidays": ["2026-12-25", "2026-12-26"],
    "exempt": [
        {"exception": "hygiene_seal", "tags": ["underwear"], "product_types": []},
        {"exception": "made_to_order", "tags": [], "product_types": ["Engraved", "Sewn"]},
    ],
    "labels": {"de": "Vertrag hier widerrufen", "fi": "Peruuta sopimus"},
}  # fmt: skip


def drafts(shop: Merchant) -> list[dict[str, Any]]:
    with merchant_scope(shop.pk):
        return [row.document for row in PolicyVersion.objects.filter(status="draft")]


def with_section(shop: Merchant, section: dict[str, Any]) -> None:
    with merchant_scope(shop.pk):
        save_draft(default_policy("EUR") | {"withdrawal": section}, actor=SYSTEM)


def sent(client: Client, **changes: object) -> dict[str, object]:
    """Return the form as the page shows it, with changes, as a browser sends it."""
    initial = client.get(PAGE).context["form"].initial | changes
    return {name: value for name, value in initial.items() if value is not False}


def test_form_goes_through_the_document_unchanged(owner: Client, shop: Merchant) -> None:
    with_section(shop, SECTION)

    answer = owner.post(PAGE, sent(owner))

    assert answer.status_code == 302
    assert [one["withdrawal"] for one in drafts(shop)] == [SECTION]


def test_policy_without_the_section_stays_without_it(owner: Client, shop: Merchant) -> None:
    assert owner.post(PAGE, sent(owner)).status_code == 302

    assert drafts(shop) == [default_policy("EUR")]


def test_changes_are_kept_with_what_the_form_does_not_ask(owner: Client, shop: Merchant) -> None:
    with_section(shop, SECTION)

    answer = owner.post(
        PAGE,
        sent(
            owner, sells_to_eu="on", shopper_pays_postage=False,
            holidays="2027-01-01\n\n2026-12-25\n2027-01-01", tags_hygiene_seal="",
            types_made_to_order="Sewn", tags_perishable="cheese, Flowers ,",
            label_de="", label_en="Withdraw here",
        ),
    )  # fmt: skip

    assert answer.status_code == 302
    assert drafts(shop)[0]["withdrawal"] == {
        "sells_to_eu": True, "shopper_pays_postage": False,
        "holidays": ["2026-12-25", "2027-01-01"],
        "exempt": [
            {"exception": "made_to_order", "tags": [], "product_types": ["Sewn"]},
            {"exception": "perishable", "tags": ["Flowers", "cheese"], "product_types": []},
        ],
        "labels": {"fi": "Peruuta sopimus", "en": "Withdraw here"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("holidays", "2026-12-25\n26.12.2026", "“26.12.2026” is none."),
        ("holidays", "20261225", "Write each day as year-month-day"),
        ("label_fr", "x" * 61, "Write 60 letters at most."),
        ("label_en", "Withdraw\u200b here", "up to 60 characters"),
        ("tags_mixed", "x" * 2001, "at most 2000"),
    ],
)
def test_mistake_stands_beside_its_field_and_nothing_is_saved(
    owner: Client, shop: Merchant, field: str, value: str, words: str
) -> None:
    answer = owner.post(PAGE, sent(owner, **{field: value}))

    assert answer.status_code == 422
    assert words in " ".join(answer.context["form"].errors[field])
    assert f'id="id_{field}"' in answer.content.decode()
    assert drafts(shop) == []


def test_policies_page_leads_to_the_form(owner: Client, shop: Merchant) -> None:
    page = owner.get(f"{HOME}policies/").content.decode()

    assert f'href="{PAGE}" aria-label="Change: EU right of withdrawal"' in page
