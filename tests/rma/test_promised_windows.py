"""The window of an order line is kept when the order comes in, and holds from then on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from returns_portal.activity.models import Delivery
from returns_portal.commerce.models import OrderLine
from returns_portal.core.clock import now
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.windows import keep_promised_windows
from rma.models import PolicyVersion, PromisedWindow, Return
from rma.policy.engine import offer
from rma.policy.facts import build
from rma.policy.live import live_policy
from rma.replaying import replayed_returns
from tests import flows
from tests.rma.policy.test_own_rules import do, rule, when
from tests.rma.returning import ask_for, make_line, make_order, publish, wish


def in_force_since(version: PolicyVersion, days: int) -> PolicyVersion:
    """Let a version have come into force ``days`` ago."""
    published = now() - timedelta(days=days)
    PolicyVersion.objects.filter(pk=version.pk).update(published_at=published)
    return version


def kept() -> list[tuple[int, int]]:
    """Return version and days of every kept window, in the order of the lines."""
    rows = PromisedWindow.objects.order_by("order_line__position", "order_line_id")
    return [(row.terms["version"], row.terms["window"]["days"]) for row in rows]


def window_said(rma: Return) -> dict[str, Any]:
    spoken: list[dict[str, Any]] = rma.decision["rules_spoken"]
    return next(one for one in spoken if one["key"] == "window")


def test_order_bought_under_an_older_version_keeps_its_window(scoped: Merchant) -> None:
    in_force_since(publish(), 60)
    order = make_order(placed_at=now() - timedelta(days=30))
    OrderLine.objects.update(delivered_at=now() - timedelta(days=20))
    in_force_since(publish(window__days=7, window__grace_days=0), 10)
    late = make_order("NL-2", placed_at=now() - timedelta(days=9))
    OrderLine.objects.filter(order=late).update(delivered_at=now() - timedelta(days=8))

    assert (keep_promised_windows(order.pk), keep_promised_windows(late.pk)) == (1, 1)

    old, new = ask_for(order), ask_for(late)
    assert kept() == [(1, 30), (2, 7)]
    assert (old.status, new.status) == ("open", "declined")
    said = window_said(old)
    assert (said["facts"]["promised_by"], said["facts"]["days"]) == (1, 30)
    assert ", as v1 promised on " in said["staff"]
    assert "promised_by" not in window_said(new)["facts"]
    assert {one.number: one.differences for page in replayed_returns() for one in page} == {
        old.number: (),
        new.number: (),
    }


def test_order_without_a_kept_window_is_judged_as_before(scoped: Merchant) -> None:
    in_force_since(publish(), 60)
    order = make_order(placed_at=now() - timedelta(days=30))
    OrderLine.objects.update(delivered_at=now() - timedelta(days=20))
    publish(window__days=7)

    rma = ask_for(order)

    assert rma.status == "declined"
    assert rma.facts["order"]["lines"][0]["promised"] is None


def test_order_older_than_every_version_has_what_held_when_it_came_in(scoped: Merchant) -> None:
    in_force_since(publish(), 3)
    order = make_order(placed_at=now() - timedelta(days=30), imported_at=now() - timedelta(days=2))
    in_force_since(publish(window__days=7), 1)

    assert keep_promised_windows(order.pk) == 1
    assert kept() == [(1, 30)]


def test_order_older_than_the_policy_itself_has_no_promise(scoped: Merchant) -> None:
    order = make_order(imported_at=now() - timedelta(days=2))
    publish()

    assert keep_promised_windows(order.pk) == 0
    assert not PromisedWindow.objects.exists()


def test_draft_and_scheduled_versions_promise_nothing(scoped: Merchant) -> None:
    version = publish()
    PolicyVersion.objects.create(
        number=2, document={}, status="scheduled", effective_at=now() - timedelta(days=1)
    )
    order = make_order(placed_at=now() + timedelta(seconds=1))

    keep_promised_windows(order.pk)

    assert kept() == [(version.number, 30)]


def test_rules_are_kept_line_by_line(scoped: Merchant) -> None:
    shoes = rule(when("item.type", "is_one_of", ["shoes"]), do("set_window", 60))
    in_force_since(publish(rules=[shoes]), 60)
    order = make_order(lines=[{"product_type": "Shoes"}, {}])

    keep_promised_windows(order.pk)

    assert kept() == [(1, 60), (1, 30)]


def test_line_that_was_added_later_is_kept_and_the_others_stay(scoped: Merchant) -> None:
    in_force_since(publish(), 60)
    order = make_order()
    assert keep_promised_windows(order.pk) == 1
    rows = list(PromisedWindow.objects.values_list("pk", "terms"))
    make_line(order, 1)

    assert keep_promised_windows(order.pk) == 1
    assert keep_promised_windows(order.pk) == 0

    assert PromisedWindow.objects.count() == 2
    assert [row for row in PromisedWindow.objects.values_list("pk", "terms") if row in rows] == rows


def test_kept_window_is_never_changed(scoped: Merchant) -> None:
    in_force_since(publish(), 60)
    keep_promised_windows(make_order().pk)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        PromisedWindow.objects.update(terms={})

    assert kept() == [(1, 30)]


def test_kept_windows_of_a_merchant_are_seen_by_nobody_else(
    scoped: Merchant, other_merchant: Merchant
) -> None:
    in_force_since(publish(), 60)
    keep_promised_windows(make_order().pk)

    with merchant_scope(other_merchant.pk):
        assert not PromisedWindow.objects.exists()


def test_imported_order_is_kept_by_a_worker_and_an_update_adds_nothing(shop: Merchant) -> None:
    PolicyVersion.objects.update(published_at=now() - timedelta(days=60))
    record = flows.order_record(prices=(4500, 9900))
    flows.order(record)
    assert not PromisedWindow.objects.exists()

    flows.drain()
    flows.order(flows.replace(record, email="new@example.com"))
    flows.drain()

    assert kept() == [(1, 30), (1, 30)]
    assert Delivery.objects.filter(handler="rma.keep_windows", status="done").count() == 2


def test_promise_costs_a_request_no_statement(scoped: Merchant) -> None:
    in_force_since(publish(), 60)
    order, plain = make_order(), make_order("NL-2")
    line, other = order.lines.get(), plain.lines.get()
    ask_for(make_order("NL-0"))
    keep_promised_windows(order.pk)

    with CaptureQueriesContext(connection) as with_promise:
        ask_for(order, wish(line))
    with CaptureQueriesContext(connection) as without:
        ask_for(plain, wish(other))

    assert len(with_promise) == len(without)


def test_promise_costs_an_offer_one_statement_for_any_number_of_lines(scoped: Merchant) -> None:
    in_force_since(publish(), 60)
    order = make_order(lines=[{}] * 4)
    keep_promised_windows(order.pk)
    policy = live_policy()[1]
    list(order.lines.all())

    with CaptureQueriesContext(connection) as caught:
        facts = build(order, now(), policy=policy, time_zone="Europe/Dublin")

    assert len([q for q in caught if "rma_promisedwindow" in q["sql"]]) == 1
    assert all(line.promised is not None for line in facts.lines)
    assert all(one.returnable for one in offer(facts, policy).lines)


def test_replay_command_agrees_on_promised_decisions(scoped: Merchant) -> None:
    in_force_since(publish(), 60)
    order = make_order()
    keep_promised_windows(order.pk)
    publish(window__days=1, window__grace_days=0)
    assert ask_for(order).status == "open"

    call_command("replay_decisions", verbosity=0)
