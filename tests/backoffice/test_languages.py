"""The languages a merchant offers to shoppers."""

from __future__ import annotations

import pytest
from django.test import Client

from returns_portal.activity.models import Event
from returns_portal.core.languages import NAMES
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from tests.backoffice.conftest import HOME

pytestmark = pytest.mark.django_db
PAGE = f"{HOME}settings/languages/"


def test_languages_are_all_offered_at_first(owner: Client) -> None:
    page = owner.get(PAGE).content.decode()

    assert page.count("checked") == len(NAMES)
    assert "Nederlands" in page


def test_languages_are_kept_and_recorded(owner: Client, shop: Merchant) -> None:
    answer = owner.post(PAGE, {"languages": ["fr", "de"], "default": "fr"})

    assert answer.status_code == 302
    shop.refresh_from_db()
    assert (shop.languages, shop.locale) == (["de", "fr"], "fr")
    with merchant_scope(shop.pk):
        event = Event.objects.filter(kind="settings.changed").latest("id")
    assert event.facts["changed"] == ["languages", "locale"]


def test_all_languages_are_kept_as_no_choice(owner: Client, shop: Merchant) -> None:
    owner.post(PAGE, {"languages": ["de"], "default": "de"})
    owner.post(PAGE, {"languages": list(NAMES), "default": "de"})

    shop.refresh_from_db()
    assert (shop.languages, shop.locale) == ([], "de")


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"default": "de"}, "Choose at least one language."),
        ({"languages": ["de"]}, "Choose a default language."),
        ({"languages": ["de"], "default": "fr"}, "Choose a default language that you offer."),
        ({"languages": ["xx"], "default": "de"}, "Choose languages from the list."),
        ({"languages": ["de"], "default": "xx"}, "Choose a language from the list."),
    ],
)
def test_languages_that_make_no_sense_are_refused(
    owner: Client, shop: Merchant, sent: dict[str, object], words: str
) -> None:
    answer = owner.post(PAGE, sent)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    shop.refresh_from_db()
    assert (shop.languages, shop.locale) == ([], "en")
