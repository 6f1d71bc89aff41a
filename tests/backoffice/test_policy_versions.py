"""Pages around versions: dates, the list, comparing, starting again, out to a file and in."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from returns_portal.activity.models import Event
from returns_portal.core import clock
from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import now
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.policy import publish_policy, save_draft
from rma.models import PolicyVersion
from rma.policy.document import default_policy
from rma.policy.schema import document_schema
from rma.policy.yaml_reading import MAX_BYTES
from rma.policy.yaml_writing import to_yaml
from rma.tasks import publish_policies
from tests.backoffice.conftest import HOME, SignIn, queries

POLICIES = f"{HOME}policies/"
DUBLIN = ZoneInfo("Europe/Dublin")


def draft(shop: Merchant, **changes: Any) -> None:
    with merchant_scope(shop.pk):
        save_draft(default_policy("EUR") | changes, actor=SYSTEM)


def published(shop: Merchant, **changes: Any) -> None:
    draft(shop, **changes)
    with merchant_scope(shop.pk):
        publish_policy(actor=SYSTEM)


def versions(shop: Merchant) -> dict[int, str]:
    with merchant_scope(shop.pk):
        return dict(PolicyVersion.objects.values_list("number", "status"))


def version(shop: Merchant, number: int) -> PolicyVersion:
    with merchant_scope(shop.pk):
        return PolicyVersion.objects.get(number=number)


def events(shop: Merchant) -> int:
    with merchant_scope(shop.pk):
        return Event.objects.count()


def text(answer: HttpResponse) -> str:
    return str(answer.content.decode())


def tomorrow_at_nine() -> datetime:
    day = now().astimezone(DUBLIN) + timedelta(days=1)
    return day.replace(hour=9, minute=0, second=0, microsecond=0)


def send(client: Client, raw: bytes | str, **more: str) -> HttpResponse:
    body = raw if isinstance(raw, bytes) else raw.encode()
    file = SimpleUploadedFile("policy.yaml", body, "application/yaml")
    return client.post(f"{POLICIES}import/", {"file": file, **more})


# Publishing on a date


def test_publish_later_waits_in_the_shops_time_and_can_be_taken_back(
    owner: Client, shop: Merchant
) -> None:
    draft(shop, refund_days=7)
    at = tomorrow_at_nine()

    answer = owner.post(
        f"{POLICIES}publish/",
        {"name": "Peak", "when": "later", "at": at.strftime("%Y-%m-%dT%H:%M")},
        follow=True,
    )

    assert f"v2 comes into force on {at.day} {at:%B %Y}, 09:00." in text(answer)
    planned = version(shop, 2)
    assert (planned.status, planned.name) == ("scheduled", "Peak")
    assert planned.effective_at == at.astimezone(UTC)
    page = text(owner.get(POLICIES))
    assert "Owner Person decided it." in page
    assert "Take back to draft" in page

    answer = owner.post(f"{POLICIES}take-back/", follow=True)

    assert "v2 is the draft again." in text(answer)
    assert versions(shop) == {1: "live", 2: "draft"}


def test_published_later_comes_into_force_by_itself(owner: Client, shop: Merchant) -> None:
    draft(shop, refund_days=7)
    at = tomorrow_at_nine()
    owner.post(f"{POLICIES}publish/", {"when": "later", "at": at.strftime("%Y-%m-%d %H:%M")})

    with clock.at(at - timedelta(minutes=1)):
        assert publish_policies() == 0
    with clock.at(at):
        assert publish_policies() == 1

    assert versions(shop) == {1: "retired", 2: "live"}


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("", "Choose the day and the time."),
        ("tomorrow", "Write the day and the time, such as 2026-12-01 09:00."),
        ("2020-01-01T09:00", "Choose a time in the next two years."),
        ("9999-12-31T23:59", "Choose a time in the next two years."),
        ("0001-01-01T00:00", "Choose a time in the next two years."),
        ("2027-03-28T01:30", "The clocks change at that time. Choose an hour before or after."),
        ("2027-10-31T01:30", "The clocks change at that time. Choose an hour before or after."),
    ],
)
def test_publish_at_no_time_there_is_says_so_beside_the_field(
    owner: Client, shop: Merchant, at: str, words: str
) -> None:
    draft(shop)
    before = events(shop)

    answer = owner.post(f"{POLICIES}publish/", {"when": "later", "at": at, "name": "Peak"})

    assert answer.status_code == 422
    assert answer.context["publish"].errors == {"at": [words]}
    assert "Peak" in text(answer)
    assert (versions(shop), events(shop)) == ({1: "live", 2: "draft"}, before)


def test_publish_now_does_not_mind_a_time_that_was_left_in_the_form(
    owner: Client, shop: Merchant
) -> None:
    draft(shop)

    owner.post(f"{POLICIES}publish/", {"when": "now", "at": "2020-01-01T09:00"})

    assert versions(shop) == {1: "retired", 2: "live"}


@pytest.mark.parametrize(
    ("body", "field"), [({"when": "never"}, "when"), ({"name": "x" * 121}, "name")]
)
def test_publish_with_what_the_form_does_not_offer_is_refused(
    owner: Client, shop: Merchant, body: dict[str, str], field: str
) -> None:
    draft(shop)

    answer = owner.post(f"{POLICIES}publish/", body)

    assert answer.status_code == 422
    assert set(answer.context["publish"].errors) == {field}
    assert versions(shop) == {1: "live", 2: "draft"}


def test_a_second_version_cannot_wait_behind_the_first(owner: Client, shop: Merchant) -> None:
    at = tomorrow_at_nine().strftime("%Y-%m-%dT%H:%M")
    draft(shop)
    owner.post(f"{POLICIES}publish/", {"when": "later", "at": at})
    draft(shop)

    page = text(owner.get(POLICIES))
    assert 'name="at"' not in page
    assert "Cancel v2" in page
    answer = owner.post(f"{POLICIES}publish/", {"when": "later", "at": at})

    assert answer.status_code == 409
    assert "v2 is scheduled already. Take it back first." in text(answer)
    assert owner.post(f"{POLICIES}take-back/").status_code == 409
    assert versions(shop) == {1: "live", 2: "scheduled", 3: "draft"}

    done = owner.post(f"{POLICIES}cancel-scheduled/", follow=True)
    assert "v2 will not come into force." in text(done)
    assert versions(shop) == {1: "live", 2: "retired", 3: "draft"}
    listed = text(owner.get(f"{POLICIES}versions/"))
    assert "Cancelled" in listed
    assert "Never" in listed
    assert owner.post(f"{POLICIES}cancel-scheduled/").status_code == 409


def test_draft_is_discarded_after_a_look_at_what_is_lost(owner: Client, shop: Merchant) -> None:
    draft(shop, refund_days=9)

    asked = owner.get(f"{POLICIES}discard/")
    page = text(asked)
    assert "Discard draft v2?" in page
    assert "Refund within <b>9 days</b>" in page
    assert versions(shop) == {1: "live", 2: "draft"}
    stale = owner.post(f"{POLICIES}discard/", {"seen": "another"})
    assert stale.status_code == 409
    assert versions(shop) == {1: "live", 2: "draft"}

    draft(shop)
    same = owner.get(f"{POLICIES}discard/")
    assert "Nothing: the draft says what v1 says, which is live." in text(same)
    draft(shop, refund_days=9)

    gone = owner.post(f"{POLICIES}discard/", {"seen": asked.context["seen"]}, follow=True)
    assert "Draft v2 is discarded." in text(gone)
    assert versions(shop) == {1: "live"}
    for answer in (
        owner.get(f"{POLICIES}discard/"),
        owner.post(f"{POLICIES}discard/", {"seen": asked.context["seen"]}),
    ):
        assert answer.status_code == 409
        assert "There is no draft any more." in text(answer)


def test_take_back_with_nothing_scheduled_says_so(owner: Client, shop: Merchant) -> None:
    answer = owner.post(f"{POLICIES}take-back/")

    assert answer.status_code == 409
    assert "No version is scheduled any more." in text(answer)


# The list and one version


def test_versions_are_listed_with_status_name_who_and_when(owner: Client, shop: Merchant) -> None:
    published(shop)
    draft(shop)

    page = text(owner.get(f"{POLICIES}versions/"))

    assert [word for word in ("Live", "Retired", "Draft") if word not in page] == []
    assert "30 days" in page
    assert SYSTEM.name in page
    assert "Not yet" in page
    assert page.index(">v3<") < page.index(">v2<") < page.index(">v1<")


def test_versions_of_any_number_are_listed_with_the_same_statements(
    owner: Client, shop: Merchant
) -> None:
    published(shop)
    few = queries(owner, f"{POLICIES}versions/"), queries(owner, f"{POLICIES}compare/")
    for _ in range(18):
        published(shop)

    assert (queries(owner, f"{POLICIES}versions/"), queries(owner, f"{POLICIES}compare/")) == few


def test_versions_beyond_one_page_are_on_the_next(owner: Client, shop: Merchant) -> None:
    for _ in range(51):
        published(shop)

    first = owner.get(f"{POLICIES}versions/")
    second = owner.get(f"{POLICIES}versions/{first.context['slice'].next_url}")

    assert [row.number for row in second.context["slice"].rows] == [2, 1]


def test_start_from_an_old_version_makes_it_the_draft(owner: Client, shop: Merchant) -> None:
    published(shop, refund_days=9)
    page = text(owner.get(f"{POLICIES}versions/1/"))
    assert "Start from this version" in page
    assert 'name="replace"' not in page

    answer = owner.post(f"{POLICIES}versions/1/start/", follow=True)

    assert "The draft v3 says what v1 said. Nothing is live yet." in text(answer)
    assert version(shop, 3).document == version(shop, 1).document
    assert versions(shop) == {1: "retired", 2: "live", 3: "draft"}


def test_start_from_an_old_version_asks_before_a_draft_is_lost(
    owner: Client, shop: Merchant
) -> None:
    published(shop, refund_days=9)
    draft(shop, refund_days=3)
    assert 'name="replace"' in text(owner.get(f"{POLICIES}versions/1/"))
    before = events(shop)

    refused = owner.post(f"{POLICIES}versions/1/start/")

    assert refused.status_code == 409
    assert "The draft v3 has changes." in str(refused.context["form"].errors["replace"])
    assert (version(shop, 3).document["refund_days"], events(shop)) == (3, before)

    owner.post(f"{POLICIES}versions/1/start/", {"replace": "on"})
    assert version(shop, 3).document["refund_days"] == 5


def test_start_from_the_draft_or_from_nothing_is_refused(owner: Client, shop: Merchant) -> None:
    draft(shop)

    assert owner.post(f"{POLICIES}versions/2/start/").status_code == 409
    assert "Start from this version" not in text(owner.get(f"{POLICIES}versions/2/"))
    assert owner.post(f"{POLICIES}versions/9/start/").status_code == 404
    assert versions(shop) == {1: "live", 2: "draft"}


# Comparing


def test_compare_says_in_words_what_changed(owner: Client, shop: Merchant) -> None:
    draft(shop, refund_days=9, shipping_back="never")

    answer = owner.get(f"{POLICIES}compare/?from=1&to=2")

    page = text(answer)
    assert "<del>Refunds go out within 5 days of receiving</del>" in page
    assert "<ins>Refunds go out within 9 days of receiving</ins>" in page
    assert answer.context["count"] == 2
    assert "2 differences" in page


def test_compare_without_a_choice_takes_the_draft_against_the_live_version(
    owner: Client, shop: Merchant
) -> None:
    def chosen() -> tuple[int, int]:
        context = owner.get(f"{POLICIES}compare/").context
        return context["before"].number, context["after"].number

    assert chosen() == (1, 1)
    assert "Both versions say the same." in text(owner.get(f"{POLICIES}compare/"))
    published(shop, refund_days=9)
    assert chosen() == (1, 2)
    draft(shop)
    assert chosen() == (2, 3)


@pytest.mark.parametrize("number", ["9", "0", "-1", "x", "٣", "9" * 5000, "1.0"])
def test_compare_with_a_version_that_is_not_there_is_not_found(owner: Client, number: str) -> None:
    assert owner.get(f"{POLICIES}compare/", {"from": number}).status_code == 404
    assert owner.get(f"{POLICIES}compare/", {"to": number}).status_code == 404


# Out to a file and in from one


def test_export_is_a_file_that_imports_as_the_same_and_exports_the_same(
    owner: Client, shop: Merchant
) -> None:
    draft(shop, refund_days=9)

    answer = owner.get(f"{POLICIES}versions/2/file/")

    assert answer["Content-Type"] == "application/yaml"
    assert answer["Content-Disposition"] == 'attachment; filename="policy-v2.yaml"'
    raw = answer.content
    with merchant_scope(shop.pk):
        PolicyVersion.objects.filter(number=2).delete()

    done = send(owner, raw)

    assert done.status_code == 302
    assert version(shop, 2).document == default_policy("EUR") | {"refund_days": 9}
    assert owner.get(f"{POLICIES}versions/2/file/").content == raw
    assert versions(shop) == {1: "live", 2: "draft"}


def test_import_names_every_mistake_by_path_and_line(owner: Client, shop: Merchant) -> None:
    raw = to_yaml(default_policy("EUR")).decode()
    raw = raw.replace("  days: 30", "  days: many").replace('photo: "off"', "photo: maybe", 1)
    before = events(shop)

    answer = send(owner, raw)

    assert answer.status_code == 400
    lines = raw.splitlines()
    assert [
        (one["path"], lines[one["line"] - 1].strip()) for one in answer.context["mistakes"]
    ] == [("window.days", "days: many"), ("reasons.0.photo", "photo: maybe")]
    page = text(answer)
    assert "Mend the places below and choose the file again." in page
    assert "Enter days as a whole number from 0 to 3660." in page
    assert (versions(shop), events(shop)) == ({1: "live"}, before)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"a: \xff", "Save the file as UTF-8"),
        (b"a: \0", "There is a hidden character (U+0000)"),
        (b"x" * (MAX_BYTES + 1), "A policy file has up to 256 kB."),
        (b"a: &x {b: *x}", "Anchors (&amp;name)"),
        (b"{", "YAML stops here"),
        (b"<script>alert(1)</script>", "Write settings as name: value"),
    ],
)
def test_import_of_what_is_no_policy_file_is_refused(
    owner: Client, shop: Merchant, raw: bytes, words: str
) -> None:
    answer = send(owner, raw)

    assert answer.status_code == 400
    assert words in text(answer)
    assert "<script>alert" not in text(answer)
    assert versions(shop) == {1: "live"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "Choose a policy file."),
        ({"file": SimpleUploadedFile("p.yaml", b"")}, "The file is empty. Choose another one."),
        ({"file": "not a file"}, "Choose a policy file."),
    ],
)
def test_import_without_a_file_says_so(
    owner: Client, shop: Merchant, body: dict[str, Any], words: str
) -> None:
    answer = owner.post(f"{POLICIES}import/", body)

    assert answer.status_code == 422
    assert answer.context["form"].errors == {"file": [words]}


def test_import_keeps_a_draft_with_changes_unless_told_to(owner: Client, shop: Merchant) -> None:
    draft(shop, refund_days=9)
    raw = to_yaml(default_policy("EUR") | {"refund_days": 2})

    refused = send(owner, raw)
    assert refused.status_code == 409
    assert "The draft v2 has changes." in str(refused.context["form"].errors["replace"])
    assert version(shop, 2).document["refund_days"] == 9

    send(owner, raw, replace="on")
    assert version(shop, 2).document["refund_days"] == 2


def test_import_in_another_currency_is_refused(owner: Client, shop: Merchant) -> None:
    answer = send(owner, to_yaml(default_policy("JPY")))

    assert answer.status_code == 400
    assert "The policy in force is in EUR. Write the amounts in it." in text(answer)
    assert versions(shop) == {1: "live"}


def test_schema_is_served_for_editors(owner: Client) -> None:
    answer = owner.get(f"{POLICIES}schema.json")

    assert answer["Content-Type"] == "application/schema+json"
    assert json.loads(answer.content) == document_schema()


@pytest.mark.parametrize("role", ["agent", "warehouse", "finance", "analyst"])
def test_versions_are_for_those_who_may_change_the_policy(
    sign_in: SignIn, shop: Merchant, role: str
) -> None:
    member = sign_in(role)
    draft(shop, refund_days=9)
    before = events(shop)

    answers = [
        member.get(f"{POLICIES}{path}").status_code
        for path in ("versions/", "versions/1/file/", "compare/", "import/", "schema.json")
    ]
    answers += [
        member.post(f"{POLICIES}versions/1/start/", {"replace": "on"}).status_code,
        member.post(f"{POLICIES}take-back/").status_code,
        send(member, to_yaml(default_policy("EUR")), replace="on").status_code,
    ]

    assert answers == [403] * 8
    assert (version(shop, 2).document["refund_days"], events(shop)) == (9, before)
