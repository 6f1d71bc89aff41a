"""Risk: points that add up, lists that never refuse, and how right the score was."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from returns_portal.activity.models import Event
from returns_portal.core import clock
from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import now
from returns_portal.core.db import attempt
from returns_portal.core.errors import InvalidInput, NotFound
from returns_portal.core.ids import new_id
from returns_portal.tenancy.models import Merchant
from rma.actions.marks import end_mark, mark_shopper
from rma.actions.policy import publish_policy, save_draft
from rma.actions.review import approve_return, decline_return
from rma.models import Return, ShopperMark
from rma.policy.document import default_policy
from rma.policy.engine import evaluate
from rma.risk import Precision, mark_of, precision, standing_marks
from tests import flows
from tests.rma.policy.builders import ask, order, policy, request
from tests.rma.policy.test_own_rules import HISTORY, SHOES, do, rule, when

OFTEN = rule(when("customer.returns_90", "at_least", 1), do("risk_points", 40), key="often")
DEAR = rule(when("return.value", "over", 4000), do("risk_points", 35), key="dear")
UNMARKED = replace(HISTORY, mark="")


def decide(mark: str = "", *, shadow: bool = False, review_at: int = 70) -> Any:
    rules = policy(rules=[OFTEN, DEAR], risk={"review_at": review_at, "shadow": shadow})
    facts = order(SHOES, history=replace(HISTORY, mark=mark))
    return evaluate(facts, request(ask()), rules)


def said(decision: Any) -> Any:
    return next(one for one in decision.rules_spoken if one.key == "risk")


@pytest.mark.parametrize(
    ("options", "verdict", "result", "staff"),
    [
        ({}, "review", "review", "Risk score 75 of 70: Often 40, Dear 35."),
        ({"review_at": 75}, "review", "review", "Risk score 75 of 75: Often 40, Dear 35."),
        ({"review_at": 76}, "allow", "pass", "Risk score 75 of 76: Often 40, Dear 35."),
        ({"shadow": True}, "allow", "note",
         "Risk score 75 of 70: Often 40, Dear 35. Only noted."),
        ({"mark": "allow"}, "allow", "pass",
         "On the allow list. Risk score 75 of 70: Often 40, Dear 35."),
        ({"mark": "block", "review_at": 999}, "review", "review",
         "On the block list. Risk score 75 of 999: Often 40, Dear 35."),
        ({"mark": "block", "shadow": True}, "review", "review",
         "On the block list. Risk score 75 of 70: Often 40, Dear 35."),
    ],
)  # fmt: skip
def test_score_sends_to_a_person_and_shows_its_parts(
    options: dict[str, Any], verdict: str, result: str, staff: str
) -> None:
    decision = decide(**options)

    assert decision.verdict == verdict
    assert (said(decision).result, said(decision).staff) == (result, staff)
    assert said(decision).facts["parts"] == [["often", 40], ["dear", 35]]


def test_rule_that_applies_to_two_lines_counts_once() -> None:
    rules = policy(rules=[DEAR], risk={"review_at": 70, "shadow": False})
    two = order(replace(SHOES, key="line-1"), replace(SHOES, key="line-2"))

    decision = evaluate(two, request(ask(), ask(line_key="line-2")), rules)

    assert said(decision).facts["score"] == 35


def test_policy_without_the_section_scores_nobody() -> None:
    decision = evaluate(order(SHOES, history=UNMARKED), request(ask()), policy(rules=[OFTEN]))

    assert not [one for one in decision.rules_spoken if one.key == "risk"]


@pytest.mark.parametrize(
    ("risk", "path"),
    [
        ({"review_at": 0, "shadow": True}, "risk.review_at"),
        ({"review_at": 10, "shadow": 1}, "risk.shadow"),
        ({"review_at": 10}, "risk.shadow"),
        ({"review_at": 10, "shadow": True, "refuse": True}, "risk.refuse"),
        ("high", "risk"),
    ],
)
def test_mistakes_in_the_section_are_named(risk: Any, path: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        policy(risk=risk)

    assert path in {error["path"] for error in refusal.value.facts["errors"]}


@pytest.fixture
def shop(scoped: Merchant) -> Merchant:
    return flows.open_for_business(scoped)


def publish(*rules: dict[str, Any], shadow: bool = False) -> None:
    document = default_policy("EUR") | {
        "rules": list(rules), "risk": {"review_at": 30, "shadow": shadow}
    }  # fmt: skip
    with transaction.atomic():
        save_draft(document, actor=SYSTEM)
        publish_policy(actor=SYSTEM)


def test_mark_is_kept_with_reason_and_end_and_counts_until_then(shop: Merchant) -> None:
    publish()
    placed = flows.order(number="NL-1")

    mark = mark_shopper(placed.pk, kind="block", reason=" Empty boxes. ", days=30, actor=SYSTEM)

    assert (mark.hint, mark.kind, mark.reason) == ("m…@example.com", "block", "Empty boxes.")
    assert mark.expires_at is not None
    assert (mark.expires_at - mark.created_at).days == 30
    event = Event.objects.get(subject_id=mark.pk)
    assert (event.kind, event.facts) == (
        "settings.changed", {"what": "shopper_marked", "list": "block"}
    )  # fmt: skip
    held = flows.request(placed)
    assert (held.status, held.risk_score) == ("requested", 0)
    assert held.review_reason == "On the block list. Risk score 0."
    with clock.shifted(timedelta(days=31)):
        assert mark_of(bytes(placed.email_index)) is None
        later = flows.request(flows.order(number="NL-2"))
    assert later.status == "open"


def test_new_mark_ends_the_one_before(shop: Merchant) -> None:
    placed = flows.order()
    first = mark_shopper(placed.pk, kind="block", reason="Empty.", days=None, actor=SYSTEM)

    second = mark_shopper(placed.pk, kind="allow", reason="Proved wrong.", days=None, actor=SYSTEM)

    first.refresh_from_db()
    assert first.ended_at is not None
    assert list(standing_marks()) == [second]
    ended = end_mark(second.pk, actor=SYSTEM)
    assert end_mark(second.pk, actor=SYSTEM).ended_at == ended.ended_at
    assert not standing_marks().exists()
    assert [one.facts["what"] for one in Event.objects.filter(subject_kind="shopper_mark")] == [
        "shopper_marked", "shopper_mark_ended", "shopper_marked", "shopper_mark_ended",
    ]  # fmt: skip


def test_database_keeps_one_standing_mark_a_shopper(shop: Merchant) -> None:
    placed = flows.order()
    mark = mark_shopper(placed.pk, kind="block", reason="Empty.", days=None, actor=SYSTEM)

    with pytest.raises(IntegrityError, match="shopper_mark_one"), transaction.atomic():
        ShopperMark.objects.create(
            email_index=mark.email_index, hint="x", kind="allow", reason="y", created_by="z"
        )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "maybe"}, "kind"), ({"reason": " "}, "reason"), ({"reason": "x" * 301}, "reason"),
        ({"days": 0}, "days"), ({"days": 4000}, "days"),
    ],
)  # fmt: skip
def test_mark_that_says_too_little_is_refused(
    shop: Merchant, change: dict[str, Any], field: str
) -> None:
    placed = flows.order()
    said = {"kind": "block", "reason": "Empty boxes.", "days": 9, "actor": SYSTEM} | change

    with pytest.raises(InvalidInput) as refusal, attempt():
        mark_shopper(placed.pk, **said)

    assert refusal.value.field == field
    assert not ShopperMark.objects.exists()


def test_mark_of_nobody_is_not_found(shop: Merchant) -> None:
    with pytest.raises(NotFound), attempt():
        mark_shopper(new_id(), kind="block", reason="Empty.", days=None, actor=SYSTEM)
    with pytest.raises(NotFound), attempt():
        end_mark(new_id(), actor=SYSTEM)


@pytest.mark.django_db(transaction=True)
def test_precision_counts_what_people_found(shop: Merchant) -> None:
    publish(DEAR, shadow=True)
    kept = flows.refunded(flows.order(number="NL-1", prices=(5000,)))
    flows.refunded(flows.order(number="NL-2", prices=(1000,)))
    publish(DEAR)
    held = flows.request(flows.order(number="NL-3", prices=(6000,)))
    flows.request(flows.order(number="NL-4", prices=(7000,)))
    assert (kept.risk_score, held.risk_score, held.status) == (35, 35, "requested")

    with transaction.atomic():
        decline_return(held.pk, actor=SYSTEM, reason="The label of another shop.")
    other = flows.request(flows.order(number="NL-5", prices=(8000,)))
    with transaction.atomic():
        approve_return(other.pk, actor=SYSTEM)

    with transaction.atomic(), CaptureQueriesContext(connection) as statements:
        found = precision(now() - timedelta(days=1), 30)
    assert found == Precision(scored=5, flagged=4, confirmed=1, cleared=1)
    assert found.percent == 50
    assert len([one for one in statements if "rma_return" in one["sql"]]) == 1
    assert Precision(0, 0, 0, 0).percent is None
    with transaction.atomic():
        assert precision(now(), 30).scored == 0
        assert Return.objects.get(order__number="NL-2").risk_score == 0
