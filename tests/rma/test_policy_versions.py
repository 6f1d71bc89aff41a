"""Versions: what the database keeps, dates, taking back, starting again from an older one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError

from returns_portal.activity.models import Event, StaffTask
from returns_portal.core import clock
from returns_portal.core.actor import SYSTEM, Actor, ActorKind
from returns_portal.core.clock import now
from returns_portal.core.db import attempt
from returns_portal.core.errors import Conflict, InvalidInput, NotFound
from returns_portal.tenancy.models import Merchant
from rma.actions.policy import publish_policy, save_draft
from rma.actions.policy_rules import document_digest
from rma.actions.policy_versions import (
    cancel_scheduled_policy,
    discard_draft,
    import_policy,
    publish_due_policy,
    schedule_policy,
    start_from_version,
    take_back_policy,
)
from rma.models import PolicyVersion
from rma.policy.document import default_policy
from rma.policy.live import live_policy
from rma.tasks import publish_policies
from tests.rma.returning import publish

pytestmark = pytest.mark.usefixtures("scoped")
RUTH = Actor(ActorKind.MEMBER, name="Ruth")


def versions() -> list[tuple[int, str]]:
    return list(PolicyVersion.objects.order_by("number").values_list("number", "status"))


def draft(**changes: Any) -> PolicyVersion:
    return save_draft(default_policy("EUR") | changes, actor=RUTH)


def waiting(**changes: Any) -> PolicyVersion:
    """Return a version that comes into force in two hours."""
    draft(**changes)
    return schedule_policy(now() + timedelta(hours=2), actor=RUTH, name="Peak")


def told(what: str) -> list[dict[str, Any]]:
    events = Event.objects.filter(kind="settings.changed", facts__what=what)
    return [event.facts for event in events.order_by("id")]


@pytest.mark.parametrize("number", [1, 2, 3], ids=["retired", "live", "scheduled"])
@pytest.mark.parametrize(
    "change",
    [
        lambda row: row.update(document={}),
        lambda row: row.update(number=9),
        lambda row: row.update(status="draft", document={}),
        lambda row: row.delete(),
    ],
    ids=["document", "number", "both at once", "delete"],
)
def test_database_keeps_what_was_published(number: int, change: Callable[[Any], object]) -> None:
    publish()
    publish(refund_days=6)
    waiting(refund_days=7)
    before = list(PolicyVersion.objects.order_by("number").values())

    with pytest.raises(DatabaseError, match="was published"), attempt():
        change(PolicyVersion.objects.filter(number=number))

    assert list(PolicyVersion.objects.order_by("number").values()) == before


@pytest.mark.parametrize(
    ("number", "status"),
    [(1, "draft"), (1, "scheduled"), (1, "live"), (2, "draft"), (2, "scheduled"), (3, "retired")],
)
def test_database_refuses_a_status_that_leads_back(number: int, status: str) -> None:
    publish()
    publish()
    draft()

    with pytest.raises(DatabaseError, match="cannot become"), attempt():
        PolicyVersion.objects.filter(number=number).update(status=status, effective_at=now())

    assert versions() == [(1, "retired"), (2, "live"), (3, "draft")]


def test_database_lets_a_draft_be_changed_and_deleted() -> None:
    draft()
    draft(refund_days=9)

    assert PolicyVersion.objects.get().document["refund_days"] == 9
    PolicyVersion.objects.all().delete()
    assert versions() == []


@pytest.mark.parametrize("columns", [{"status": "draft"}, {"status": "scheduled"}])
def test_database_holds_one_draft_and_one_scheduled_version(columns: dict[str, str]) -> None:
    publish()
    waiting()
    draft()

    with pytest.raises(IntegrityError), attempt():
        PolicyVersion.objects.create(number=9, document={}, effective_at=now(), **columns)

    assert versions() == [(1, "live"), (2, "scheduled"), (3, "draft")]


def test_database_wants_a_time_with_a_scheduled_version() -> None:
    with pytest.raises(IntegrityError), attempt():
        PolicyVersion.objects.create(number=1, document={}, status="scheduled")


def test_publish_policy_says_from_when_it_is_in_force() -> None:
    version = publish()

    assert timedelta(0) <= version.published_at - version.effective_at < timedelta(minutes=1)


def test_schedule_policy_waits_and_changes_nothing_yet() -> None:
    live = publish()
    at = now() + timedelta(days=3)
    draft(refund_days=6)

    version = schedule_policy(at, actor=RUTH, name="Peak")

    assert versions() == [(1, "live"), (2, "scheduled")]
    assert live_policy()[0] == live.pk
    version.refresh_from_db()
    assert (version.effective_at, version.name, version.published_by) == (at, "Peak", "Ruth")
    assert version.published_at is None
    assert told("policy_scheduled") == [
        {"what": "policy_scheduled", "number": 2, "effective_at": at.isoformat()}
    ]


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(days=-1), timedelta(days=800)])
def test_schedule_policy_outside_the_next_two_years_is_refused(ahead: timedelta) -> None:
    draft()

    with pytest.raises(InvalidInput) as refused, attempt():
        schedule_policy(now() + ahead, actor=RUTH)

    assert refused.value.field == "at"
    assert versions() == [(1, "draft")]


def test_schedule_policy_without_a_draft_or_behind_another_is_refused() -> None:
    with pytest.raises(Conflict, match="no draft"), attempt():
        schedule_policy(now() + timedelta(days=1), actor=RUTH)
    waiting()
    draft()

    with pytest.raises(Conflict, match="v1 is scheduled already. Take it back first"), attempt():
        schedule_policy(now() + timedelta(days=1), actor=RUTH)

    assert versions() == [(1, "scheduled"), (2, "draft")]


def test_save_draft_beside_a_scheduled_version_makes_the_next_one() -> None:
    planned = waiting(refund_days=6)
    draft(refund_days=7)

    assert versions() == [(1, "scheduled"), (2, "draft")]
    planned.refresh_from_db()
    assert planned.document["refund_days"] == 6


def test_take_back_policy_makes_it_the_draft_again() -> None:
    publish()
    planned = waiting()

    back = take_back_policy(actor=RUTH)

    assert back.pk == planned.pk
    back.refresh_from_db()
    assert (back.status, back.effective_at, back.published_by) == ("draft", None, "")
    assert told("policy_taken_back") == [{"what": "policy_taken_back", "number": 2}]
    with clock.shifted(timedelta(days=1)):
        assert publish_due_policy() == 0


def test_take_back_policy_with_nothing_planned_or_another_draft_is_refused() -> None:
    with pytest.raises(Conflict, match="No version is scheduled"), attempt():
        take_back_policy(actor=RUTH)
    waiting()
    draft()

    with pytest.raises(Conflict, match="There is a draft, v2"), attempt():
        take_back_policy(actor=RUTH)

    assert versions() == [(1, "scheduled"), (2, "draft")]


def test_cancel_scheduled_policy_keeps_the_draft_and_never_comes_into_force() -> None:
    publish()
    planned = waiting(refund_days=6)
    draft(refund_days=8)

    cancelled = cancel_scheduled_policy(actor=RUTH)

    assert cancelled.pk == planned.pk
    cancelled.refresh_from_db()
    assert (cancelled.effective_at, cancelled.published_at) == (None, None)
    assert versions() == [(1, "live"), (2, "retired"), (3, "draft")]
    assert [(one["number"], one["effective_at"]) for one in told("policy_cancelled")] == [
        (2, planned.effective_at.isoformat() if planned.effective_at else None)
    ]
    with clock.shifted(timedelta(days=1)):
        assert publish_due_policy() == 0
    with pytest.raises(Conflict, match="No version is scheduled"), attempt():
        cancel_scheduled_policy(actor=RUTH)
    with pytest.raises(DatabaseError, match="it cannot become"), attempt():
        PolicyVersion.objects.filter(number=2).update(status="live")


def test_discard_draft_deletes_the_one_seen_and_says_so() -> None:
    publish()
    kept = draft(refund_days=6)
    with pytest.raises(Conflict, match="Somebody else changed"), attempt():
        discard_draft(seen=document_digest(default_policy("EUR")), actor=RUTH)
    assert versions() == [(1, "live"), (2, "draft")]

    assert discard_draft(seen=document_digest(kept.document), actor=RUTH) == 2

    assert versions() == [(1, "live")]
    event = Event.objects.get(facts__what="policy_discarded")
    assert (event.subject_id, event.actor_name) == (kept.pk, "Ruth")
    with pytest.raises(Conflict, match="no draft any more"), attempt():
        discard_draft(seen=document_digest(kept.document), actor=RUTH)


def test_publish_due_policy_puts_it_in_force_once_its_time_has_come(scoped: Merchant) -> None:
    publish()
    planned = waiting(refund_days=6)

    assert publish_due_policy() == 0
    assert versions() == [(1, "live"), (2, "scheduled")]
    with clock.shifted(timedelta(hours=3)):
        assert publish_due_policy() == 1
        assert publish_due_policy() == 0
        assert publish_policies() == 0

    assert versions() == [(1, "retired"), (2, "live")]
    assert live_policy()[1].refund_days == 6
    event = Event.objects.filter(kind="policy.published").order_by("id").last()
    assert event is not None
    assert (event.subject_id, event.facts, event.actor_name) == (
        planned.pk, {"number": 2}, SYSTEM.name,
    )  # fmt: skip
    assert Event.objects.filter(kind="policy.published").count() == 2
    published = PolicyVersion.objects.get(number=2)
    assert (published.name, published.published_by) == ("Peak", "Ruth")
    assert published.effective_at == planned.effective_at
    assert published.published_at is not None
    assert published.published_at > published.effective_at


def test_publish_due_policy_that_cannot_be_read_is_put_before_a_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publish()
    waiting()

    def stricter(document: object) -> None:
        raise InvalidInput("fee.cap: This is missing.")

    monkeypatch.setattr("rma.actions.policy_versions.parse_policy", stricter)
    with clock.shifted(timedelta(hours=3)):
        assert publish_due_policy() == 0
        assert publish_due_policy() == 0

    assert versions() == [(1, "live"), (2, "scheduled")]
    task = StaffTask.objects.get()
    assert task.title == "Policy v2 could not come into force"
    assert task.detail.startswith("fee.cap: This is missing.")


def test_publishing_now_overtakes_a_scheduled_version_until_its_day() -> None:
    publish()
    waiting(refund_days=6)
    draft(refund_days=7)
    publish_policy(actor=RUTH)

    assert versions() == [(1, "retired"), (2, "scheduled"), (3, "live")]
    with clock.shifted(timedelta(hours=3)):
        assert publish_due_policy() == 1
    assert versions() == [(1, "retired"), (2, "live"), (3, "retired")]


def test_start_from_version_makes_an_old_policy_the_draft_and_a_new_version() -> None:
    publish(refund_days=3)
    publish(refund_days=8)

    started = start_from_version(1, actor=RUTH)

    assert (started.number, started.document["refund_days"]) == (3, 3)
    assert told("policy_draft")[-1] == {"what": "policy_draft", "number": 3, "started_from": 1}
    publish_policy(actor=RUTH)
    assert versions() == [(1, "retired"), (2, "retired"), (3, "live")]
    assert live_policy()[1].refund_days == 3


def test_start_from_version_does_not_lose_a_draft_unless_told_to() -> None:
    publish(refund_days=3)
    publish(refund_days=8)
    draft(refund_days=9)

    with pytest.raises(Conflict, match="The draft v3 has changes") as refused, attempt():
        start_from_version(1, actor=RUTH)
    assert refused.value.field == "replace"
    assert PolicyVersion.objects.get(number=3).document["refund_days"] == 9

    start_from_version(1, actor=RUTH, replace=True)
    assert PolicyVersion.objects.get(number=3).document["refund_days"] == 3


def test_start_from_version_over_a_draft_without_changes_needs_no_word() -> None:
    publish(refund_days=3)
    publish(refund_days=8)
    draft(refund_days=8)

    assert start_from_version(1, actor=RUTH).number == 3


def test_start_from_version_unknown_or_the_draft_itself_is_refused() -> None:
    draft()

    with pytest.raises(NotFound), attempt():
        start_from_version(7, actor=RUTH)
    with pytest.raises(Conflict, match="v1 is the draft already"), attempt():
        start_from_version(1, actor=RUTH)


def test_import_policy_is_read_first_and_keeps_a_draft_with_changes() -> None:
    publish()
    draft(refund_days=9)

    with pytest.raises(InvalidInput), attempt():
        import_policy(default_policy("EUR") | {"refund_days": -1}, actor=RUTH, replace=True)
    with pytest.raises(Conflict, match="has changes"), attempt():
        import_policy(default_policy("EUR"), actor=RUTH)
    assert PolicyVersion.objects.get(number=2).document["refund_days"] == 9

    import_policy(default_policy("EUR"), actor=RUTH, replace=True)
    assert PolicyVersion.objects.get(number=2).document == default_policy("EUR")
    assert told("policy_draft")[-1] == {"what": "policy_draft", "number": 2, "imported": True}
