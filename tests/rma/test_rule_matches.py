"""Which own rules spoke is kept with each return, counted and listed."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import connection, transaction

from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import now
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.policy import publish_policy, save_draft
from rma.models import Return, RuleMatch
from rma.policy.document import default_policy
from rma.queue import QueueFilters, queue
from rma.rule_matches import rule_counts
from tests import flows
from tests.rma.policy.test_own_rules import do, rule, when

pytestmark = pytest.mark.django_db

DEAR = rule(when("item.price", "over", 4000), do("review"), key="dear")
PLAIN = rule(None, do("tag", ["seen"]), key="plain")
NEVER = rule(when("order.country", "is_one_of", ["JP"]), do("decline"), key="never")
OFF = {**rule(None, do("review"), key="off"), "on": False}


@pytest.fixture
def shop(scoped: Merchant) -> Merchant:
    return flows.open_for_business(scoped)


def publish(*rules: dict[str, Any]) -> None:
    with transaction.atomic():
        save_draft({**default_policy("EUR"), "rules": list(rules)}, actor=SYSTEM)
        publish_policy(actor=SYSTEM)


def kept() -> list[tuple[str, str]]:
    rows = RuleMatch.objects.order_by("rma__number", "rule")
    return list(rows.values_list("rma__number", "rule"))


def whole(number: str, *prices: int) -> Return:
    placed = flows.order(number=number, prices=prices)
    return flows.request(placed, *(flows.wish(line) for line in flows.lines_of(placed)))


def test_rules_that_spoke_are_kept_once_with_the_return(shop: Merchant) -> None:
    publish(DEAR, PLAIN, NEVER, OFF)

    both = whole("NL-1", 4500, 5000)
    cheap = whole("NL-2", 2000)

    assert kept() == sorted(
        [(both.number, "dear"), (both.number, "plain"), (cheap.number, "plain")]
    )
    assert set(RuleMatch.objects.values_list("rma_id", "asked_at")) == {
        (both.pk, both.created_at),
        (cheap.pk, cheap.created_at),
    }


def test_declined_request_keeps_the_rule_that_declined_it(shop: Merchant) -> None:
    publish(rule(None, do("decline"), key="closed"))

    rma = whole("NL-1", 2000)

    assert (rma.status, kept()) == ("declined", [(rma.number, "closed")])


def test_counts_are_of_the_time_asked_for_and_of_all_decisions(shop: Merchant) -> None:
    whole("NL-0", 2000)
    publish(DEAR, PLAIN)
    whole("NL-1", 4500)
    between = now()
    whole("NL-2", 2000)

    counts = rule_counts(["dear", "plain", "new"], since=now() - timedelta(days=90))
    assert counts.decisions == 3
    assert counts.by_rule == {"dear": 1, "plain": 2, "new": 0}
    later = rule_counts(["dear", "plain"], since=between)
    assert (later.decisions, later.by_rule) == (1, {"dear": 0, "plain": 1})


def test_queue_narrows_to_the_returns_of_a_rule(shop: Merchant, other_merchant: Merchant) -> None:
    publish(DEAR)
    dear = whole("NL-1", 4500)
    between = now()
    whole("NL-2", 2000)

    def numbers(**changes: Any) -> list[str]:
        return [row.number for row in queue(QueueFilters(**changes)).rows]

    assert numbers(rule="dear") == numbers(rule="dear", view="review") == [dear.number]
    assert numbers(rule="dear", since=between) == numbers(rule="strange") == []
    with merchant_scope(other_merchant.pk):
        assert numbers(rule="dear") == []
        assert rule_counts(["dear"], since=between).by_rule == {"dear": 0}


@pytest.mark.django_db(transaction=True)
def test_earlier_returns_get_theirs_from_the_stored_decisions(shop: Merchant) -> None:
    publish(DEAR, PLAIN)
    with transaction.atomic():
        whole("NL-1", 4500, 5000)
        whole("NL-2", 2000)
        before = list(
            RuleMatch.objects.order_by("rma", "rule").values_list("rma", "rule", "asked_at")
        )
        RuleMatch.objects.all().delete()

    fill = import_module("rma.migrations.0013_rule_matches_of_earlier_returns").FILL
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(fill)

    with transaction.atomic():
        after = RuleMatch.objects.order_by("rma", "rule").values_list("rma", "rule", "asked_at")
        assert (len(before), list(after)) == (3, before)
