"""A statement before a person: shown on its return, matched to an order, judged by its moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client

from returns_portal.activity.models import StaffTask
from returns_portal.commerce.models import Order
from returns_portal.core.clock import shifted
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.models import Note, Return, Withdrawal
from tests import flows
from tests.backoffice.conftest import HOME

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(shop: Merchant) -> Order:
    with merchant_scope(shop.pk):
        return flows.order(prices=(8550, 11700), shipping=590)


def page_of(kept: Withdrawal) -> str:
    return f"{HOME}withdrawals/{kept.pk}/"


def unmatched(shop: Merchant, order: Order) -> Withdrawal:
    with merchant_scope(shop.pk):
        return flows.withdrawn(order, known=False)


def sent(shop: Merchant, order: Order, units: int = 1) -> dict[str, str]:
    with merchant_scope(shop.pk):
        lines = flows.lines_of(order)
    return {"order": str(order.pk), **{f"units-{line.pk.hex}": str(units) for line in lines}}


def test_return_shows_the_statement_and_its_acknowledgement(
    owner: Client, shop: Merchant, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The carrier is built in: its calls may happen inside the test's own transaction.
    monkeypatch.setattr(connection, "testing_inside_atomic", True, raising=False)
    with merchant_scope(shop.pk):
        kept = flows.withdrawn(order)
        assert kept.rma is not None
        number = kept.rma.number
    before = owner.get(f"{HOME}returns/{number}/").content.decode()
    flows.drain()
    after = owner.get(f"{HOME}returns/{number}/").content.decode()

    assert "I withdraw from order NL-1001." in before
    assert "Not yet" in before
    assert f"/r/northloom/withdraw/{kept.token}" in before
    assert "Acknowledged by e-mail" in after
    assert "/app/northloom/messages/" in after
    assert "Approved by EU right of withdrawal" in after
    assert "EU right of withdrawal: 14 days after" in after


def test_other_returns_show_no_statement(owner: Client, waiting: Return) -> None:
    page = owner.get(f"{HOME}returns/{waiting.number}/").content.decode()

    assert "Withdrawal from contract" not in page


def test_task_opens_the_statement_and_finds_the_order(
    owner: Client, shop: Merchant, order: Order
) -> None:
    kept = unmatched(shop, order)

    assert page_of(kept) in owner.get(f"{HOME}tasks/").content.decode()
    page = owner.get(page_of(kept)).content.decode()
    assert "I withdraw from order NL-1001." in page
    assert f"?order={order.pk}" in page
    chosen = owner.get(page_of(kept), {"order": str(order.pk)}).content.decode()
    assert "Trail Runner 2" in chosen
    assert "Open until" in chosen


def test_taking_up_makes_the_return_by_law_and_settles_the_task(
    owner: Client, shop: Merchant, order: Order
) -> None:
    kept = unmatched(shop, order)

    with shifted(timedelta(days=60)):
        answer = owner.post(page_of(kept), sent(shop, order))

    with merchant_scope(shop.pk), transaction.atomic():
        rma = Return.objects.get()
        task = StaffTask.objects.get()
        assert answer["Location"] == f"{HOME}returns/{rma.number}/"
        assert (rma.status, rma.channel, rma.expected_minor) == ("open", "staff", 20_840)
        assert rma.decided_by == "EU right of withdrawal"
        day = kept.declared_at.date()
        assert rma.refund_promised_on is not None
        assert timedelta(13) <= rma.refund_promised_on - day <= timedelta(15)
        assert (task.status, task.done_note) == ("done", f"Taken up as {rma.number}")
        assert Withdrawal.objects.get().rma is None
        assert not Note.objects.exists()
    again = owner.post(page_of(kept), sent(shop, order))
    assert again["Location"] == answer["Location"]
    assert rma.number in owner.get(page_of(kept)).content.decode()
    assert "Withdrawal from contract" in owner.get(answer["Location"]).content.decode()


@pytest.mark.parametrize("days", [40, 90])
def test_taking_up_a_late_statement_is_refused_with_its_dates(
    owner: Client, shop: Merchant, days: int
) -> None:
    with merchant_scope(shop.pk):
        late = flows.order(number="NL-3", delivered_days_ago=days)
        kept = flows.withdrawn(late, known=False)

    answer = owner.post(page_of(kept), sent(shop, late))

    assert answer.status_code == 422
    assert "when your order was complete, ended on" in answer.content.decode()
    with merchant_scope(shop.pk), transaction.atomic():
        assert Return.objects.count() == 0
        assert StaffTask.objects.get().status == "open"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"order": ""}, "Choose the order"),
        ({"order": "x"}, "Choose the order"),
        ({"units": "0"}, "Choose at least one item"),
        ({"units": "-1"}, "Write how many"),
        ({"units": "2"}, "can be withdrawn"),
        ({"units": "9999999"}, "Write how many"),
    ],
)
def test_taking_up_with_bad_input_says_so_and_changes_nothing(
    owner: Client, shop: Merchant, order: Order, change: dict[str, str], words: str
) -> None:
    kept, body = unmatched(shop, order), sent(shop, order)
    units = change.pop("units", None)
    body |= {name: units for name in body if units and name.startswith("units-")} | change

    answer = owner.post(page_of(kept), body)

    assert answer.status_code in (400, 422)
    assert words in answer.content.decode()
    with merchant_scope(shop.pk), transaction.atomic():
        assert Return.objects.count() == 0


def test_a_doubtful_right_is_opened_by_the_person_who_looked(
    owner: Client, shop: Merchant, order: Order
) -> None:
    with merchant_scope(shop.pk), transaction.atomic():
        Order.objects.update(country="")
    with merchant_scope(shop.pk):
        kept = flows.withdrawn(order)
        assert kept.rma is None

    owner.post(page_of(kept), sent(shop, order))

    with merchant_scope(shop.pk), transaction.atomic():
        rma = Return.objects.get()
        assert (rma.status, rma.decided_by, rma.fee_minor) == ("open", "Owner Person", 0)
        assert "checked by a person" in Note.objects.get().body


def test_who_may_not_decide_does_not_take_up(
    sign_in: Callable[..., Client], shop: Merchant, order: Order
) -> None:
    kept = unmatched(shop, order)

    assert sign_in("warehouse").post(page_of(kept), sent(shop, order)).status_code == 403
    assert page_of(kept) not in sign_in("analyst").get(f"{HOME}tasks/").content.decode()
    with merchant_scope(shop.pk), transaction.atomic():
        assert Return.objects.count() == 0
