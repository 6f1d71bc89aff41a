"""A merchant's own domain: entered, proved against a name server on loopback, watched, lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection, transaction

from returns_portal.activity.models import Event, StaffTask
from returns_portal.core import clock
from returns_portal.core.actor import SYSTEM
from returns_portal.core.errors import Conflict, DomainError, InvalidInput, NotFound
from returns_portal.core.scope import merchant_scope
from returns_portal.integrations.domains import (
    ask_check,
    check_due_domains,
    enter_domain,
    normal_host,
    record_name,
    record_text,
    remove_domain,
)
from returns_portal.tenancy.links import portal_link
from returns_portal.tenancy.models import Merchant, PortalDomain
from tests.simulators.dns import NameServer, name_server

pytestmark = pytest.mark.django_db
HOST = "returns.northloom.example"
OURS = "http://localhost:8000/r/northloom/"


@pytest.fixture
def dns(settings: Any) -> Iterator[NameServer]:
    """Run a name server; looking at it may happen inside the test's own transaction."""
    with name_server() as running:
        settings.DNS_SERVERS, settings.DNS_TIMEOUT = [running.address], 2
        settings.PUBLIC_URL = "http://localhost:8000"
        connection.testing_inside_atomic = True
        yield running
        del connection.testing_inside_atomic


@pytest.fixture
def domain(scoped: Merchant) -> PortalDomain:
    with transaction.atomic():
        return enter_domain(HOST, actor=SYSTEM)


def prove(domain: PortalDomain, dns: NameServer) -> None:
    dns.records[record_name(domain)] = ["v=spf1", record_text(domain)]
    look(domain)


def look(domain: PortalDomain) -> None:
    with transaction.atomic():
        ask_check(domain.pk, actor=SYSTEM)
    assert check_due_domains() == 1
    with transaction.atomic():
        domain.refresh_from_db()


def later(domain: PortalDomain, by: timedelta) -> int:
    """Let the daily look happen ``by`` from now; return how many domains were looked at."""
    with clock.shifted(by):
        done = check_due_domains()
    with transaction.atomic():
        domain.refresh_from_db()
    return done


def link(merchant: Merchant) -> str:
    with transaction.atomic():
        merchant.refresh_from_db()
    return portal_link(merchant, "find")


def tasks() -> list[tuple[str, str]]:
    with transaction.atomic():
        return list(StaffTask.objects.values_list("kind", "status"))


def test_domain_serves_once_its_record_is_found(
    domain: PortalDomain, dns: NameServer, scoped: Merchant
) -> None:
    assert link(scoped) == OURS

    prove(domain, dns)

    assert (domain.outcome, domain.is_asked, domain.verified_at is not None) == (
        "found",
        False,
        True,
    )
    assert link(scoped) == f"http://{HOST}/"
    with transaction.atomic():
        said = [event.facts for event in Event.objects.filter(kind="settings.changed")]
    assert said[-1] == {"changed": ["domain"], "host": HOST}


@pytest.mark.parametrize(
    ("records", "mood", "outcome"),
    [
        ([], "well", "missing"),
        (["returns-portal=of-somebody-else"], "well", "other"),
        ([], "broken", "no_answer"),
    ],
)
def test_domain_is_not_proved_by_anything_else(
    domain: PortalDomain, dns: NameServer, scoped: Merchant,
    records: list[str], mood: str, outcome: str,
) -> None:  # fmt: skip
    dns.records[record_name(domain)], dns.mood = records, mood

    look(domain)

    assert (domain.outcome, domain.verified_at, domain.due_at) == (outcome, None, None)
    assert (link(scoped), tasks()) == (OURS, [])


def test_record_that_goes_missing_costs_the_domain_after_a_week(
    domain: PortalDomain, dns: NameServer, scoped: Merchant
) -> None:
    prove(domain, dns)
    dns.records.clear()

    assert later(domain, timedelta(hours=23)) == 0
    assert later(domain, timedelta(days=1, minutes=1)) == 1
    assert (domain.outcome, domain.failing_since is not None) == ("missing", True)
    assert (link(scoped), tasks()) == (f"http://{HOST}/", [("domain.record", "open")])
    assert later(domain, timedelta(days=7)) == 1
    assert link(scoped) == f"http://{HOST}/"
    assert later(domain, timedelta(days=8, minutes=5)) == 1
    assert (domain.verified_at, domain.due_at, link(scoped)) == (None, None, OURS)
    assert tasks() == [("domain.record", "open")]


def test_record_that_comes_back_in_time_settles_the_task(
    domain: PortalDomain, dns: NameServer, scoped: Merchant
) -> None:
    prove(domain, dns)
    kept = dns.records.copy()
    dns.records.clear()
    later(domain, timedelta(days=2))
    dns.records.update(kept)

    later(domain, timedelta(days=4))

    assert (domain.outcome, domain.failing_since) == ("found", None)
    assert (link(scoped), tasks()) == (f"http://{HOST}/", [("domain.record", "done")])


def test_dns_that_does_not_answer_starts_and_ends_no_grace(
    domain: PortalDomain, dns: NameServer, scoped: Merchant
) -> None:
    prove(domain, dns)
    dns.mood = "broken"

    assert later(domain, timedelta(days=30)) == 1
    assert (domain.outcome, domain.failing_since) == ("no_answer", None)
    assert later(domain, timedelta(days=30, minutes=59)) == 0
    assert later(domain, timedelta(days=30, minutes=61)) == 1
    assert (link(scoped), tasks()) == (f"http://{HOST}/", [])


def test_host_of_two_shops_belongs_to_the_one_that_proves_it(
    domain: PortalDomain, dns: NameServer, scoped: Merchant, other_merchant: Merchant
) -> None:
    with merchant_scope(other_merchant.pk), transaction.atomic():
        theirs = enter_domain(HOST, actor=SYSTEM)
    prove(domain, dns)
    dns.records[record_name(domain)].append(record_text(theirs))

    with merchant_scope(other_merchant.pk):
        look(theirs)
        assert (theirs.outcome, theirs.verified_at) == ("taken", None)
        with transaction.atomic():
            remove_domain(theirs.pk, actor=SYSTEM)
        with pytest.raises(Conflict, match="Another shop uses this domain"), transaction.atomic():
            enter_domain(HOST, actor=SYSTEM)
    assert link(scoped) == f"http://{HOST}/"
    assert link(other_merchant).startswith("http://localhost:8000/r/southpine/")


def test_domain_removed_while_the_dns_is_asked_stays_removed(
    domain: PortalDomain, dns: NameServer, scoped: Merchant
) -> None:
    def found(_name: str) -> list[str]:
        with transaction.atomic():
            remove_domain(domain.pk, actor=SYSTEM)
        return [record_text(domain)]

    with transaction.atomic():
        ask_check(domain.pk, actor=SYSTEM)
    with patch("returns_portal.integrations.domains.txt_records", found):
        assert check_due_domains() == 1

    assert link(scoped) == OURS
    assert not PortalDomain.objects.exists()


def test_one_domain_at_a_time_and_only_ones_own(
    domain: PortalDomain, scoped: Merchant, other_merchant: Merchant
) -> None:
    with pytest.raises(Conflict, match="Remove your present domain first"), transaction.atomic():
        enter_domain("returns.other.example", actor=SYSTEM)
    with merchant_scope(other_merchant.pk):
        for act in (ask_check, remove_domain):
            with pytest.raises(NotFound), transaction.atomic():
                act(domain.pk, actor=SYSTEM)
    with transaction.atomic():
        assert [row.host for row in PortalDomain.objects.all()] == [HOST]


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        (" Returns.Northloom.example. ", HOST),
        ("rücksendung.geschäft.example", "xn--rcksendung-9db.xn--geschft-9wa.example"),
    ],
)
def test_host_is_written_as_the_dns_writes_it(typed: str, host: str) -> None:
    assert normal_host(typed) == host


@pytest.mark.parametrize(
    "typed",
    [
        "northloom", "https://returns.northloom.example/", "returns.northloom.example:443",
        "127.0.0.1", "[::1]", "1.2.3", "a..b", "-a.example", "a_b.example", "*.example.com",
        "x" * 64 + ".example", ".".join(["abcdefgh"] * 40), "portal.local", "localhost",
        "returns.example.org", "a.returns.example.org", "a b.example", "a\0b.example", "",
    ],
)  # fmt: skip
def test_hosts_no_portal_can_stand_at_are_refused(typed: str, settings: Any) -> None:
    settings.PUBLIC_URL = "https://returns.example.org"

    with pytest.raises(InvalidInput) as refused:
        normal_host(typed)
    assert isinstance(refused.value, DomainError)
    assert refused.value.field == "host"
