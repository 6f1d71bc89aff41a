"""Colleagues who change one policy at once: one change is kept, the others are told."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, transaction

from returns_portal.core.actor import SYSTEM
from returns_portal.core.errors import Conflict
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.policy_rules import add_rule, document_digest
from rma.actions.policy_starting import start_draft
from rma.models import PolicyVersion
from rma.policy.document import default_policy
from rma.policy.starters import starters
from tests import flows
from tests.rma.policy.test_own_rules import do

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
COLLEAGUES = 4


def at_once(merchant: Merchant, work: Callable[[int], object]) -> list[object]:
    """Run ``work(n)`` for colleagues who start together, each in a transaction of their own."""
    barrier = Barrier(COLLEAGUES)

    def one(number: int) -> object:
        try:
            barrier.wait(timeout=30)
            with merchant_scope(merchant.pk), transaction.atomic():
                return work(number)
        except Conflict as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(COLLEAGUES) as pool:
        return list(pool.map(one, range(COLLEAGUES)))


def draft_of(merchant: Merchant) -> dict[str, object]:
    with merchant_scope(merchant.pk), transaction.atomic():
        found: dict[str, object] = PolicyVersion.objects.get(status="draft").document
    return found


def entry(number: int) -> dict[str, object]:
    return {"name": f"Rule {number}", "on": True, "when": None, "then": [do("review_hours", 4)]}


def test_rules_added_at_once_to_a_live_version_lose_none_that_was_kept(merchant: Merchant) -> None:
    flows.open_for_business(merchant)
    seen = document_digest(default_policy(merchant.currency))

    results = at_once(merchant, lambda n: add_rule(entry(n), seen=seen, actor=SYSTEM))

    kept = [n for n, result in enumerate(results) if not isinstance(result, Conflict)]
    assert len(kept) == 1
    rules = draft_of(merchant)["rules"]
    assert rules == [{"key": f"rule_{kept[0]}", **entry(kept[0])}]


def test_policies_started_at_once_make_one_draft(merchant: Merchant) -> None:
    flows.open_for_business(merchant)
    documents = [starter.document(merchant.currency) for starter in starters()]

    results = at_once(merchant, lambda n: start_draft(documents[n], actor=SYSTEM))

    kept = [n for n, result in enumerate(results) if not isinstance(result, Conflict)]
    assert len(kept) == 1
    assert draft_of(merchant) == documents[kept[0]]
