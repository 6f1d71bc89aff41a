"""Every stored decision replayed: the same again, and what was tampered with is named."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma import replaying
from rma.models import Return
from rma.policy.changes import Change, How
from rma.replaying import replayed_returns
from tests import flows
from tests.rma.returning import ask_for, make_line, make_order, publish, wish


def replayed(page: int = 500) -> dict[str, tuple[Change, ...]]:
    return {one.number: one.differences for part in replayed_returns(page) for one in part}


def command(**options: Any) -> tuple[str, str]:
    """Return what the command printed and what it ended with."""
    out = StringIO()
    try:
        call_command("replay_decisions", stdout=out, stderr=StringIO(), **options)
    except CommandError as failed:
        return out.getvalue(), str(failed)
    return out.getvalue(), ""


@pytest.fixture
def history(scoped: Merchant) -> list[Return]:
    """Return returns that were allowed, sent to a person and refused, under three versions."""
    publish()
    allowed = ask_for(make_order("NL-1"))
    publish(approval__automatic=False)
    reviewed = ask_for(make_order("NL-2"))
    publish(
        window__days=1,
        rules=[
            {
                "key": "shoes", "name": "Shoes", "on": True, "text": {"en": "Shoes stay."},
                "when": {"fact": "item.type", "test": "is_one_of", "value": ["shoes"]},
                "then": [{"do": "decline"}],
            }
        ],
    )  # fmt: skip
    order = make_order("NL-3")
    shoes = make_line(order, 7, product_type="Shoes")
    return [allowed, reviewed, ask_for(make_order("NL-4")), ask_for(order, wish(shoes))]


def test_replayed_returns_are_what_was_stored(history: list[Return]) -> None:
    assert [rma.status for rma in history] == ["open", "requested", "declined", "declined"]
    assert replayed() == {rma.number: () for rma in history}
    assert command() == (
        "northloom: 4 decisions, 0 differ\nAll 4 decisions are what was stored.\n", "",
    )  # fmt: skip


def test_replay_of_a_whole_life_is_what_was_stored(
    shop: Merchant, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        flows.refunded(flows.order(number="NL-1"))
        flows.received(flows.approved(flows.order(number="NL-2", quantity=2)))

    found = replayed()

    assert len(found) == 2
    assert set(found.values()) == {()}


def test_replay_names_what_was_tampered_with(history: list[Return]) -> None:
    first, second, third, _ = history
    Return.objects.filter(pk=first.pk).update(
        decision={**first.decision, "verdict": "refuse", "fee_minor": 1}
    )
    facts: Any = second.facts
    del facts["order"]["currency"]
    Return.objects.filter(pk=second.pk).update(facts=facts)
    facts = third.facts
    facts["order"]["lines"][0]["delivered_at"] = facts["order"]["now"]
    Return.objects.filter(pk=third.pk).update(facts=facts)

    found = replayed()

    assert found[first.number] == (
        Change(("verdict",), How.CHANGED, "refuse", "allow"),
        Change(("fee_minor",), How.CHANGED, 1, first.decision["fee_minor"]),
    )
    assert [change.path for change in found[second.number]] == [()]
    assert Change(("verdict",), How.CHANGED, "refuse", "allow") in found[third.number]
    assert found[history[3].number] == ()
    printed, ended = command(merchant="northloom")
    assert f'northloom: {first.number}: verdict: stored "refuse", replayed "allow"' in printed
    assert f"northloom: {second.number}: decision: stored null, replayed" in printed
    assert ended == "3 of 4 decisions differ from what was stored."


@pytest.mark.parametrize("stored", [{}, {"verdict": "allow"}, {"moon": 1}])
def test_replay_of_a_decision_that_lost_its_parts_is_a_difference(
    history: list[Return], stored: dict[str, Any]
) -> None:
    Return.objects.filter(pk=history[0].pk).update(decision=stored)

    assert [change.how for change in replayed()[history[0].number]] == [How.CHANGED]


def test_replay_does_not_mind_which_engine_decided(history: list[Return]) -> None:
    rma = history[0]
    Return.objects.filter(pk=rma.pk).update(decision={**rma.decision, "engine_version": 99})

    assert replayed()[rma.number] == ()


def test_replay_reads_in_pages_and_each_return_once(history: list[Return]) -> None:
    with CaptureQueriesContext(connection) as seen:
        pages = [[one.number for one in page] for page in replayed_returns(page=3)]

    assert [len(page) for page in pages] == [3, 1]
    assert sorted(sum(pages, [])) == sorted(rma.number for rma in history)
    assert sum('FROM "rma_return"' in query["sql"] for query in seen) == 3
    assert replaying.PAGE == 500


def test_replay_of_one_merchant_leaves_the_others_alone(
    history: list[Return], other_merchant: Merchant
) -> None:
    with merchant_scope(other_merchant.pk):
        publish()
        stranger = ask_for(make_order("SP-1"))
        Return.objects.filter(pk=stranger.pk).update(decision={})

    assert command(merchant="northloom")[1] == ""
    printed, ended = command()
    assert f"southpine: {stranger.number}: decision: stored null" in printed
    assert ended == "1 of 5 decisions differ from what was stored."


@pytest.mark.usefixtures("db")
def test_replay_of_an_unknown_merchant_says_so() -> None:
    with pytest.raises(CommandError, match="No merchant is called 'nobody'"):
        call_command("replay_decisions", merchant="nobody")
