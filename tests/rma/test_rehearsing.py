"""Rehearsals from start to end: who runs at once, what comes out, what a dead worker leaves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from returns_portal.activity.models import Event
from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import now, shifted
from returns_portal.core.crashpoints import armed
from returns_portal.core.db import attempt
from returns_portal.core.errors import Conflict, InvalidInput, NotFound
from returns_portal.core.ids import new_id
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions import rehearsal_parts, rehearsing
from rma.actions.policy import publish_policy, save_draft
from rma.actions.rehearsal_parts import rehearse_part
from rma.actions.rehearsing import cancel_rehearsal, forget_old_rehearsals, start_rehearsal
from rma.models import PolicyVersion, Rehearsal, RehearsalPart, RehearsedReturn, Return
from rma.policy.document import default_policy
from rma.rehearsal.running import rehearse_due
from rma.rehearsal.selectors import is_stale, last_result, latest_rehearsal
from tests import flows


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(rehearsal_parts, "PART_SIZE", 2)
    yield
    armed.clear()


def draft(**changes: Any) -> PolicyVersion:
    """Save a draft of the default policy; ``window__days=10`` changes one value of a section."""
    document = default_policy("EUR")
    for path, wanted in changes.items():
        section, _, name = path.partition("__")
        document[section][name] = wanted
    return save_draft(document, actor=SYSTEM)


def history() -> dict[str, Return]:
    """Return past returns: three allowed (one a fault), one too dear, one refused by the window."""
    return {
        "easy": flows.request(flows.order(number="NL-1")),
        "two": flows.request(flows.order(number="NL-2", email="b@example.com")),
        "own": flows.request(flows.order(number="NL-3", email="c@example.com"), method="own"),
        "dear": flows.request(flows.order(number="NL-4", prices=(30_000,), email="d@example.com")),
        "late": flows.request(
            flows.order(number="NL-5", delivered_days_ago=60, email="e@example.com")
        ),
    }


def run_all() -> Rehearsal:
    """Do every part, as one worker would."""
    while rehearse_part():
        pass
    return Rehearsal.objects.latest("created_at")


def events(kind: str) -> list[dict[str, Any]]:
    rows = Event.objects.filter(kind=kind).order_by("pk")
    return list(rows.values_list("facts", flat=True))


def test_start_rehearsal_copies_the_draft_and_names_what_it_is_compared_with(
    shop: Merchant,
) -> None:
    saved = draft(window__days=10)
    live = PolicyVersion.objects.get(status="live")

    found = start_rehearsal(90, SYSTEM)
    save_draft(default_policy("EUR") | {"refund_days": 1}, actor=SYSTEM)

    found.refresh_from_db()
    assert (found.status, found.number, found.is_draft) == ("waiting", saved.number, True)
    assert found.document["window"]["days"] == 10
    assert (found.live_version_id, found.days, found.started_by) == (live.pk, 90, SYSTEM.name)
    assert found.until - found.since == timedelta(days=90)
    assert events("rehearsal.started") == [{"number": 2, "days": 90}]


def test_start_rehearsal_of_another_period_is_refused(shop: Merchant) -> None:
    with pytest.raises(InvalidInput) as refused:
        start_rehearsal(31, SYSTEM)

    assert refused.value.field == "days"
    assert not Rehearsal.objects.exists()


def test_start_rehearsal_without_any_policy_is_refused(scoped: Merchant) -> None:
    with pytest.raises(Conflict, match="Write one first"), attempt():
        start_rehearsal(30, SYSTEM)

    assert not Rehearsal.objects.exists()


def test_start_rehearsal_cancels_the_one_that_runs(shop: Merchant) -> None:
    history()
    first = start_rehearsal(30, SYSTEM)
    rehearse_part()

    second = start_rehearsal(90, SYSTEM)

    first.refresh_from_db()
    assert (first.status, second.status) == ("cancelled", "waiting")
    assert first.finished_at is not None
    assert len(events("rehearsal.cancelled")) == 1
    assert run_all() == second
    assert not RehearsalPart.objects.filter(rehearsal=first, status="done").exists()


def test_rehearsal_of_the_live_policy_reproduces_every_decision(shop: Merchant) -> None:
    history()
    start_rehearsal(365, SYSTEM)

    found = run_all()

    assert (found.status, found.is_draft, found.total, found.done) == ("done", False, 5, 5)
    assert (found.changed, found.totals["changed"], found.totals["unreadable"]) == (0, 0, 0)
    assert found.totals["flows"] == {"allow>allow": 3, "review>review": 1, "refuse>refuse": 1}
    assert not RehearsedReturn.objects.exists()
    assert [facts["status"] for facts in events("rehearsal.finished")] == ["done"]


def test_rehearsal_of_a_draft_keeps_the_returns_that_change_and_counts_all(
    shop: Merchant,
) -> None:
    past = history()
    draft(
        approval__max_value_minor=None, fee__amount_minor=0, window__days=90, window__fault_days=730
    )
    start_rehearsal(30, SYSTEM)

    found = run_all()

    rows = {row.rma_id: row for row in RehearsedReturn.objects.all()}
    dear, late, easy = (rows[past[name].pk] for name in ("dear", "late", "easy"))
    assert set(rows) == {past[name].pk for name in ("easy", "two", "dear", "late")}
    assert (dear.verdict_before, dear.verdict_after) == ("review", "allow")
    assert (dear.rule_before, dear.rule_after) == ("value_limit", "")
    assert (dear.fee_before_minor, dear.fee_after_minor) == (495, 0)
    assert (dear.worth_minor, dear.title) == (past["dear"].expected_minor, "Trail Runner 1")
    assert (late.verdict_before, late.verdict_after, late.worth_minor) == ("refuse", "allow", 4500)
    assert easy.changed == ["fee"]
    assert (found.total, found.done, found.changed) == (5, 5, 4)
    assert found.totals["flows"] == {"allow>allow": 3, "review>allow": 1, "refuse>allow": 1}
    assert found.totals["labels"] == {"before": 2, "after": 4}
    assert found.totals["money"]["EUR"]["fees_before"] == 3 * 495
    assert found.totals["money"]["EUR"]["fees_after"] == 0
    assert found.totals["countries"] == {"SE": {"better": 2, "worse": 0}}


def test_rehearsal_leaves_out_returns_of_before_the_period(shop: Merchant) -> None:
    with shifted(-timedelta(days=40)):
        flows.request(flows.order(number="NL-OLD"))
    inside = flows.request(flows.order(number="NL-NEW", email="n@example.com"))
    draft(approval__automatic=False)
    start_rehearsal(30, SYSTEM)

    found = run_all()

    assert (found.total, found.totals["returns"]) == (1, 1)
    assert [row.rma_id for row in RehearsedReturn.objects.all()] == [inside.pk]


def test_rehearsal_of_no_returns_ends_with_nothing(shop: Merchant) -> None:
    start_rehearsal(30, SYSTEM)

    found = run_all()

    assert (found.status, found.total, found.totals["returns"]) == ("done", 0, 0)


def test_rehearsal_names_returns_whose_facts_cannot_be_read(shop: Merchant) -> None:
    past = history()
    Return.objects.filter(pk=past["easy"].pk).update(facts={"order": {}, "request": {}})
    start_rehearsal(30, SYSTEM)

    found = run_all()

    assert (found.status, found.done, found.totals["unreadable"]) == ("done", 5, 1)
    assert found.totals["unreadable_numbers"] == [past["easy"].number]
    assert sum(found.totals["flows"].values()) == 4


def test_rehearsal_warns_of_what_was_not_accepted_later(shop: Merchant) -> None:
    dear = flows.order(number="NL-D", prices=(30_000,))
    rma = flows.received(flows.approved(dear))
    rma.inspections.update(is_accepted=False)
    draft(approval__max_value_minor=None)
    start_rehearsal(30, SYSTEM)

    found = run_all()

    worth = {"EUR": rma.expected_minor}
    assert found.totals["not_accepted_later"] == {"count": 1, "worth_minor": worth}


def test_cancel_rehearsal_stops_within_the_part_and_counts_nothing_of_it(shop: Merchant) -> None:
    history()
    draft(approval__automatic=False)
    found = start_rehearsal(30, SYSTEM)
    rehearse_part()
    rehearse_part()
    armed["rehearsal.decided"] = lambda: cancel_rehearsal(found.pk, actor=SYSTEM) and None

    rehearse_part()

    found.refresh_from_db()
    assert (found.status, found.done) == ("cancelled", 2)
    assert RehearsedReturn.objects.count() == found.changed
    assert not rehearse_part()
    assert len(events("rehearsal.cancelled")) == 1
    assert events("rehearsal.finished") == []


def test_cancel_rehearsal_that_has_ended_changes_nothing(shop: Merchant) -> None:
    start_rehearsal(30, SYSTEM)
    ended = run_all()

    assert cancel_rehearsal(ended.pk, actor=SYSTEM).status == "done"
    assert events("rehearsal.cancelled") == []
    with pytest.raises(NotFound):
        cancel_rehearsal(new_id(), actor=SYSTEM)


@pytest.mark.parametrize("point", ["rehearsal.claimed", "rehearsal.decided", "rehearsal.written"])
def test_a_killed_worker_leaves_its_part_to_the_next_after_the_lease(
    shop: Merchant, point: str
) -> None:
    history()
    draft(approval__automatic=False)
    start_rehearsal(30, SYSTEM)
    rehearse_part()

    def die() -> None:
        raise Killed

    armed[point] = die
    with pytest.raises(Killed):
        rehearse_part()
    armed.clear()
    while rehearse_part():
        pass

    stuck = Rehearsal.objects.get()
    assert (stuck.status, stuck.done) == ("running", 3)
    with shifted(rehearsal_parts.LEASE + timedelta(seconds=1)):
        ended = run_all()
    assert (ended.status, ended.done, ended.totals["returns"]) == ("done", 5, 5)
    assert ended.changed == RehearsedReturn.objects.count() == ended.totals["changed"]
    assert ended.changed == 4  # all but the one that is refused anyway


def test_a_part_that_was_taken_over_is_not_counted_by_who_held_it_before(shop: Merchant) -> None:
    history()
    draft(approval__automatic=False)
    start_rehearsal(30, SYSTEM)
    rehearse_part()

    def overtake() -> None:
        armed.clear()
        with shifted(rehearsal_parts.LEASE + timedelta(seconds=1)):
            run_all()

    armed["rehearsal.decided"] = overtake
    rehearse_part()

    ended = Rehearsal.objects.get()
    assert (ended.status, ended.done, ended.totals["returns"]) == ("done", 5, 5)
    assert ended.changed == RehearsedReturn.objects.count() == 4
    assert len(events("rehearsal.finished")) == 1


def test_a_part_that_fails_every_time_ends_the_rehearsal_with_words(
    shop: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    history()
    start_rehearsal(30, SYSTEM)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(rehearsal_parts, "past_returns", broken)
    ended = run_all()

    assert (ended.status, ended.done) == ("failed", 0)
    assert "Run it again" in ended.error
    assert [facts["status"] for facts in events("rehearsal.finished")] == ["failed"]


def test_a_document_that_cannot_be_read_any_more_ends_the_rehearsal_with_words(
    shop: Merchant,
) -> None:
    history()
    found = start_rehearsal(30, SYSTEM)
    Rehearsal.objects.filter(pk=found.pk).update(document={"schema": 99})

    ended = run_all()

    assert ended.status == "failed"
    assert ended.error.startswith("The policy can’t be read: ")


def test_drain_finishes_a_rehearsal(merchant: Merchant) -> None:
    flows.open_for_business(merchant)
    connection.testing_inside_atomic = True
    with merchant_scope(merchant.pk):
        history()
        start_rehearsal(30, SYSTEM)

    call_command("drain", "--until-idle", verbosity=0)

    with merchant_scope(merchant.pk):
        assert Rehearsal.objects.get().status == "done"
    del connection.testing_inside_atomic


def test_rehearse_due_does_the_merchants_in_turn_and_keeps_them_apart(
    merchant: Merchant, other_merchant: Merchant
) -> None:
    for one in (merchant, other_merchant):
        flows.open_for_business(one)
        with merchant_scope(one.pk):
            flows.request(flows.order(number="NL-1", currency=one.currency))
            start_rehearsal(30, SYSTEM)

    rehearse_due()

    for one in (merchant, other_merchant):
        with merchant_scope(one.pk):
            ended = Rehearsal.objects.get()
            assert (ended.status, ended.total) == ("done", 1)
    assert rehearse_due() == 0


def test_forget_old_rehearsals_keeps_the_newest(
    shop: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsing, "KEPT", 2)
    history()
    draft(approval__automatic=False)
    for _ in range(4):
        start_rehearsal(30, SYSTEM)
        run_all()
    kept = list(Rehearsal.objects.order_by("-created_at")[:2])
    running = start_rehearsal(30, SYSTEM)

    assert forget_old_rehearsals() == 2

    assert set(Rehearsal.objects.all()) == {*kept, running}
    for model in (RehearsalPart, RehearsedReturn):
        assert set(model.objects.values_list("rehearsal_id", flat=True)) == {one.pk for one in kept}


def test_a_result_is_stale_once_the_draft_has_changed(shop: Merchant) -> None:
    def stale() -> bool:
        found = last_result()
        assert found is not None
        return is_stale(found, {row.status: row for row in PolicyVersion.objects.all()})

    draft(window__days=10)
    start_rehearsal(30, SYSTEM)
    run_all()
    assert not stale()

    draft(window__days=11)
    assert stale()

    draft(window__days=10)
    publish_policy(actor=SYSTEM)
    assert not stale()


def test_latest_rehearsal_is_not_one_that_was_cancelled(shop: Merchant) -> None:
    start_rehearsal(30, SYSTEM)
    ended = run_all()
    cancelled = start_rehearsal(90, SYSTEM)
    cancel_rehearsal(cancelled.pk, actor=SYSTEM)

    assert latest_rehearsal() == ended == last_result()
    assert now() >= ended.created_at
