"""Withdrawing from a contract: the statement, the return it becomes, and the money, to the cent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from refunds.models import Refund
from returns_portal.activity.models import Event, StaffTask
from returns_portal.commerce.models import Order, OrderLine
from returns_portal.core import clock
from returns_portal.core.actor import SHOPPER, SYSTEM
from returns_portal.core.clock import shifted
from returns_portal.core.errors import Conflict, InvalidInput, PolicyRefused
from returns_portal.core.ids import new_token
from returns_portal.core.invariants import problems_of
from returns_portal.tenancy.models import Merchant
from rma.actions.policy import publish_policy, save_draft
from rma.actions.review import expire_due_returns
from rma.actions.withdrawing import Statement, declare_withdrawal
from rma.models import PolicyVersion, Return, Withdrawal
from rma.policy.withdrawal_terms import REASON
from rma.states import ReturnStatus
from tests import flows
from tests.rma.policy.test_withdrawal import HARSH, section

SHIPPING = 590


def publish(**changes: Any) -> None:
    document = PolicyVersion.objects.get(status="live").document
    for path, wanted in changes.items():
        part, _, name = path.partition("__")
        document[part] = {**document[part], name: wanted} if name else wanted
    save_draft(document, actor=SYSTEM)
    publish_policy(actor=SYSTEM)


def kinds(about: Return) -> list[str]:
    told = Event.objects.filter(about_id=about.pk).order_by("pk")
    return list(told.values_list("kind", flat=True))


def opened(withdrawal: Withdrawal) -> Return:
    assert withdrawal.rma is not None
    return withdrawal.rma


def test_whole_order_becomes_an_open_return_by_law(shop: Merchant) -> None:
    placed = flows.order(prices=(8550, 11700), shipping=SHIPPING)

    rma = opened(flows.withdrawn(placed))

    assert (rma.status, rma.channel, rma.decided_by) == (
        "open", "portal", "EU right of withdrawal",
    )  # fmt: skip
    assert [
        (line.quantity, line.reason, line.wanted, line.expected_minor)
        for line in rma.lines.order_by("position")
    ] == [(1, REASON, "refund", 8550), (1, REASON, "refund", 11700)]
    assert (rma.expected_minor, rma.fee_minor) == (8550 + 11700 + SHIPPING, 0)
    spoken = rma.decision["rules_spoken"]
    assert [(one["key"], one["result"]) for one in spoken] == [
        ("withdrawal", "pass"), ("withdrawal", "pass"), ("fee", "note"),
    ]  # fmt: skip
    today = clock.today(shop.time_zone)
    assert spoken[0]["facts"]["declared"] == today.isoformat()
    assert rma.refund_promised_on == today + timedelta(days=14)
    assert kinds(rma) == ["return.requested", "return.approved", "withdrawal.declared"]
    assert StaffTask.objects.count() == 0
    assert problems_of(shop.pk) == []


def test_the_statement_is_kept_as_declared(shop: Merchant) -> None:
    placed = flows.order(prices=(8550, 11700))
    line = flows.lines_of(placed)[1]

    kept = flows.withdrawn(placed, units={line.pk: 1})

    assert (kept.name, kept.email, kept.order_number) == (
        "Maya Lindqvist", "maya@example.com", "NL-1001",
    )  # fmt: skip
    assert kept.text == "I withdraw from order NL-1001 of these items: [1]."
    assert kept.lines == [{"order_line": str(line.pk), "title": "Trail Runner 2", "quantity": 1}]
    (answer,) = kept.answers
    assert (answer["title"], answer["quantity"]) == ("Trail Runner 2", 1)
    assert answer["standing"] == "open"
    assert answer["sentence"].startswith("Withdrawn in time. Open until ")
    assert kept.order_id == placed.pk
    event = Event.objects.get(pk=kept.event_id)
    assert (event.subject_id, event.about_id) == (kept.pk, kept.rma_id)
    assert event.facts == {"known_order": True}


def test_the_statement_can_neither_be_changed_nor_deleted(shop: Merchant) -> None:
    kept = flows.withdrawn(flows.order())

    for change in (
        lambda: Withdrawal.objects.filter(pk=kept.pk).update(order_number="NL-9"),
        lambda: Withdrawal.objects.filter(pk=kept.pk).delete(),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    assert Withdrawal.objects.get().order_number == "NL-1001"


def test_the_policy_has_no_say(shop: Merchant) -> None:
    publish(**HARSH)
    placed = flows.order(prices=(30_000,), shipping=SHIPPING)
    with transaction.atomic():
        OrderLine.objects.update(is_final_sale=True, tags=["sale"], product_type="sweater")

    rma = opened(flows.withdrawn(placed))

    assert (rma.status, rma.expected_minor, rma.fee_minor) == ("open", 30_000 + SHIPPING, 0)


def test_shopper_pays_postage_where_the_merchant_says_so(shop: Merchant) -> None:
    publish(withdrawal=section(shopper_pays_postage=True))

    rma = opened(flows.withdrawn(flows.order(shipping=SHIPPING)))

    assert (rma.fee_minor, rma.expected_minor) == (495, 4500 + SHIPPING - 495)


def test_part_of_an_order_leaves_delivery_and_the_rest_takes_it(shop: Merchant) -> None:
    placed = flows.order(prices=(8550, 11700), shipping=SHIPPING)
    first, _second = flows.lines_of(placed)

    part = opened(flows.withdrawn(placed, units={first.pk: 1}))
    rest = flows.withdrawn(placed)

    assert part.expected_minor == 8550
    assert [line.order_line_id for line in opened(rest).lines.all()] == [_second.pk]
    assert sorted(answer["standing"] for answer in rest.answers) == ["closed", "open"]
    assert rest.answers[0]["sentence"].startswith(f"In return {part.number} since ")
    assert problems_of(shop.pk) == []


def test_some_units_of_a_line(shop: Merchant) -> None:
    placed = flows.order(prices=(2000,), quantity=3, shipping=SHIPPING)
    (line,) = flows.lines_of(placed)

    first = opened(flows.withdrawn(placed, units={line.pk: 2}))
    second = opened(flows.withdrawn(placed))

    assert (first.expected_minor, second.expected_minor) == (4000, 2000)
    assert [one.quantity for one in second.lines.all()] == [1]


def test_money_goes_back_whole_with_delivery(shop: Merchant) -> None:
    publish(**HARSH)
    placed = flows.order(prices=(8550, 11700), shipping=SHIPPING)
    rma = opened(flows.withdrawn(placed))
    flows.drain()

    rma = flows.inspected(flows.received(flows.fresh(rma)))
    flows.drain()

    refund = Refund.objects.get(about_id=rma.pk)
    assert (refund.amount_minor, refund.status) == (8550 + 11700 + SHIPPING, "succeeded")
    assert flows.fresh(rma).status == ReturnStatus.CLOSED
    assert problems_of(shop.pk) == []


def test_money_of_two_withdrawals_is_what_was_paid(shop: Merchant) -> None:
    placed = flows.order(prices=(8550, 11700), shipping=SHIPPING)
    first, second = flows.lines_of(placed)
    for line in (first, second):
        rma = opened(flows.withdrawn(placed, units={line.pk: 1}))
        flows.drain()
        flows.inspected(flows.received(flows.fresh(rma)))
        flows.drain()

    amounts = sorted(Refund.objects.values_list("amount_minor", flat=True))
    assert amounts == [8550, 11700 + SHIPPING]
    assert problems_of(shop.pk) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"delivered_days_ago": 40}, "Nothing of it is open by the dates."),
        ({"country": "GB"}, "Nothing of it is open by the dates."),
    ],
)
def test_what_is_not_open_is_kept_and_goes_to_a_person(
    shop: Merchant, options: dict[str, Any], words: str
) -> None:
    kept = flows.withdrawn(flows.order(**options))

    assert kept.rma is None
    assert [answer["standing"] for answer in kept.answers] == ["closed"]
    assert Return.objects.count() == 0
    task = StaffTask.objects.get(kind="withdrawal_check")
    assert task.title == "A withdrawal from order NL1001 needs a person"
    assert words in task.detail
    assert (task.subject_kind, task.subject_id) == ("withdrawal", kept.pk)
    assert flows.lines_of(Order.objects.get())[0].claimed_quantity == 0


def test_a_statement_that_proves_no_order_is_kept_and_names_nobody(shop: Merchant) -> None:
    kept = flows.withdrawn(flows.order(), known=False)

    assert (kept.order, kept.rma, kept.answers) == (None, None, [])
    task = StaffTask.objects.get()
    assert "Number and e-mail fit no order" in task.detail
    assert "maya" not in (task.title + task.detail).casefold()
    event = Event.objects.get(pk=kept.event_id)
    assert event.facts == {"known_order": False}


def test_items_in_words_are_read_by_a_person(shop: Merchant) -> None:
    kept = flows.withdrawn(flows.order(), described="The blue ones")

    assert kept.rma is None
    assert "described in words" in StaffTask.objects.get().detail


def test_unsent_units_are_stopped_by_a_person_and_the_rest_comes_back(shop: Merchant) -> None:
    placed = flows.order(prices=(2000,), quantity=3)
    with transaction.atomic():
        OrderLine.objects.update(fulfilled_quantity=1)

    kept = flows.withdrawn(placed)

    assert [line.quantity for line in opened(kept).lines.all()] == [1]
    assert [(one["quantity"], one["standing"]) for one in kept.answers] == [
        (1, "open"), (2, "unclear"),
    ]  # fmt: skip
    assert "2 withdrawn before they were sent" in StaffTask.objects.get().detail


def test_exempt_goods_stay_and_the_others_come_back(shop: Merchant) -> None:
    engraved = {"exception": "made_to_order", "tags": ["engraved"], "product_types": []}
    publish(withdrawal=section(exempt=[engraved]))
    placed = flows.order(prices=(8550, 11700), shipping=SHIPPING)
    first, second = flows.lines_of(placed)
    with transaction.atomic():
        OrderLine.objects.filter(pk=first.pk).update(tags=["engraved"])

    kept = flows.withdrawn(placed)

    assert [line.order_line_id for line in opened(kept).lines.all()] == [second.pk]
    assert opened(kept).expected_minor == 11700
    assert sorted(one["standing"] for one in kept.answers) == ["exempt", "open"]
    assert StaffTask.objects.count() == 0


def test_without_a_published_policy_it_is_kept(shop: Merchant) -> None:
    placed = flows.order()
    PolicyVersion.objects.update(status="retired")

    kept = flows.withdrawn(placed)

    assert kept.rma is None
    assert "has not published its return policy yet" in StaffTask.objects.get().detail


def test_the_same_page_sent_twice_is_one_withdrawal(shop: Merchant) -> None:
    placed, operation_id = flows.order(), new_token()

    first = flows.withdrawn(placed, operation_id=operation_id)
    second = flows.withdrawn(placed, operation_id=operation_id)

    assert first.pk == second.pk
    assert (Withdrawal.objects.count(), Return.objects.count()) == (1, 1)


def test_an_operation_id_does_not_open_the_statement_of_another(shop: Merchant) -> None:
    placed, operation_id = flows.order(), new_token()
    flows.withdrawn(placed, operation_id=operation_id)

    with pytest.raises(Conflict):
        flows.withdrawn(placed, operation_id=operation_id, described="Others")
    assert Withdrawal.objects.count() == 1


def statement(**changes: Any) -> Statement:
    told = {"name": "Maya", "email": "maya@example.com", "order_number": "NL-1001", "text": "Text"}
    return Statement(**{**told, **changes})


@pytest.mark.parametrize(
    ("changes", "operation_id"),
    [
        ({"name": "\x00"}, new_token()),
        ({"email": " "}, new_token()),
        ({"text": "x" * 100_001}, new_token()),
        ({}, "1"),
        ({}, "x" * 65),
        ({}, "\x00" * 20),
    ],
)
def test_what_is_no_statement_is_refused(
    shop: Merchant, changes: dict[str, Any], operation_id: str
) -> None:
    with pytest.raises(InvalidInput):
        declare_withdrawal(
            statement(**changes),
            merchant=shop,
            order_id=None,
            operation_id=operation_id,
            actor=SHOPPER,
        )
    assert Withdrawal.objects.count() == 0
    assert not Event.objects.filter(kind="withdrawal.declared").exists()


def test_nobody_asks_for_a_withdrawal_without_its_statement(shop: Merchant) -> None:
    placed = flows.order()

    with pytest.raises(PolicyRefused) as refused:
        flows.request(placed, flows.wish(flows.lines_of(placed)[0], reason=REASON), channel="api")

    assert refused.value.code == "withdrawal_statement"
    assert Return.objects.count() == 0


def test_goods_that_come_late_do_not_undo_it(shop: Merchant) -> None:
    rma = opened(flows.withdrawn(flows.order()))
    flows.drain()

    with shifted(timedelta(days=20)):
        assert expire_due_returns() == 0
        assert expire_due_returns() == 0

    rma = flows.fresh(rma)
    assert (rma.status, rma.expires_at) == ("open", None)
    assert flows.lines_of(rma.order)[0].claimed_quantity == 1
    task = StaffTask.objects.get(kind="withdrawal_goods")
    assert rma.number in task.title
