"""The page of the shop's own domain: what to set, what the DNS said, what can be done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from returns_portal.core.scope import merchant_scope
from returns_portal.integrations.domains import check_due_domains, record_name, record_text
from returns_portal.tenancy.models import Merchant, PortalDomain
from tests.backoffice.conftest import HOME
from tests.simulators.dns import NameServer, name_server

pytestmark = pytest.mark.django_db
PAGE = f"{HOME}settings/domain/"
HOST = "returns.northloom.example"


@pytest.fixture
def dns(settings: Any) -> Iterator[NameServer]:
    with name_server() as running:
        settings.DNS_SERVERS, settings.DNS_TIMEOUT = [running.address], 2
        connection.testing_inside_atomic = True
        yield running
        del connection.testing_inside_atomic


def entered(owner: Client, shop: Merchant) -> PortalDomain:
    assert owner.post(PAGE, {"host": HOST}).status_code == 302
    with merchant_scope(shop.pk):
        return PortalDomain.objects.get()


def test_page_shows_the_record_and_waits_for_the_answer(
    owner: Client, shop: Merchant, dns: NameServer
) -> None:
    domain = entered(owner, shop)
    page = owner.get(PAGE).content.decode()
    assert (record_name(domain) in page, record_text(domain) in page) == (True, True)
    assert "Not proved yet" in page

    owner.post(f"{PAGE}{domain.pk}/check/")
    waiting = owner.get(f"{PAGE}state/")
    assert "We are asking the DNS" in waiting.content.decode()
    assert "X-Poll" not in waiting.headers
    assert f'data-poll="{PAGE}state/"' in owner.get(PAGE).content.decode()
    check_due_domains()

    answer = owner.get(f"{PAGE}state/")
    assert "We found no such record" in answer.content.decode()
    assert answer["X-Poll"] == "stop"


@pytest.mark.parametrize(
    ("records", "mood", "words"),
    [
        ([], "well", "We found no such record"),
        (["something else"], "well", "it says something else"),
        ([], "broken", "gave no answer in time"),
    ],
)
def test_page_says_what_the_dns_said(
    owner: Client, shop: Merchant, dns: NameServer, records: list[str], mood: str, words: str
) -> None:
    domain = entered(owner, shop)
    dns.records[record_name(domain)], dns.mood = records, mood

    owner.post(f"{PAGE}{domain.pk}/check/")
    check_due_domains()

    assert words in owner.get(PAGE).content.decode()


def test_proved_domain_is_told_and_can_be_removed(
    owner: Client, shop: Merchant, dns: NameServer
) -> None:
    domain = entered(owner, shop)
    dns.records[record_name(domain)] = [record_text(domain)]
    owner.post(f"{PAGE}{domain.pk}/check/")
    check_due_domains()

    assert f"Your portal answers at {HOST}." in owner.get(PAGE).content.decode()
    dns.records.clear()
    owner.post(f"{PAGE}{domain.pk}/check/")
    check_due_domains()
    assert "Without the record your portal no longer answers" in owner.get(PAGE).content.decode()

    assert owner.post(f"{PAGE}{domain.pk}/remove/").status_code == 302
    shop.refresh_from_db()
    assert (shop.portal_host, "A domain of your own" in owner.get(PAGE).content.decode()) == (
        "",
        True,
    )


@pytest.mark.parametrize(
    ("host", "status", "words"),
    [
        ("", 422, "Write the domain"),
        ("https://x.example", 400, "Write the host alone"),
        ("127.0.0.1", 400, "Write a name, not a number"),
        ("x" * 301, 422, "Write the host alone"),
    ],
)
def test_host_of_no_use_is_refused_beside_its_field(
    owner: Client, shop: Merchant, host: str, status: int, words: str
) -> None:
    answer = owner.post(PAGE, {"host": host})

    assert answer.status_code == status
    assert words in answer.content.decode().partition('id="id_host-error"')[2]
    with merchant_scope(shop.pk):
        assert not PortalDomain.objects.exists()
