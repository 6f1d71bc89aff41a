"""The refund date as data: made, moved, kept, missed and paid late, once each."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from refunds.models import Refund
from returns_portal.activity.models import Event
from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import now, shifted
from rma.actions.promises import miss_due_promises
from rma.actions.review import cancel_return
from rma.models import Promise, Return
from tests import flows

pytestmark = pytest.mark.usefixtures("shop")


def steps(rma: Return) -> list[tuple[str, str]]:
    with transaction.atomic():
        rows = Promise.objects.filter(rma=rma).order_by("recorded_at", "pk")
        return list(rows.values_list("step", "rule"))


def test_request_approved_at_once_makes_the_promise() -> None:
    rma = flows.approved(flows.order())

    [made] = Promise.objects.filter(rma=rma)
    assert (made.step, made.rule) == ("made", "send_window")
    assert made.promised_on == rma.refund_promised_on
    assert made.settled_on is None


def test_receive_parcel_moves_the_promise_forward_and_keeps_the_first() -> None:
    rma = flows.approved(flows.order())
    first = rma.refund_promised_on
    rma = flows.received(rma)

    made, changed = Promise.objects.filter(rma=rma).order_by("recorded_at", "pk")
    assert (made.step, made.promised_on) == ("made", first)
    assert (changed.step, changed.rule) == ("changed", "arrival")
    assert changed.promised_on == rma.refund_promised_on < first


def test_money_out_by_the_day_keeps_the_promise_once() -> None:
    rma = flows.refunded(flows.order())

    assert [step for step, _ in steps(rma)] == ["made", "changed", "kept"]
    kept = Promise.objects.get(step="kept")
    assert kept.settled_on == now().date() <= kept.promised_on
    with shifted(timedelta(days=60)):
        assert miss_due_promises() == 0


def test_sweep_marks_an_unpaid_promise_as_missed_once_with_its_event() -> None:
    rma = flows.received(flows.approved(flows.order()))
    promised = rma.refund_promised_on

    with shifted(timedelta(days=60)):
        assert miss_due_promises() == 1
        assert miss_due_promises() == 0

    missed = Promise.objects.get(step="missed")
    assert (missed.promised_on, missed.stage, missed.settled_on) == (promised, "received", None)
    event = Event.objects.get(kind="promise.missed")
    assert (event.about_id, event.facts["stage"]) == (rma.pk, "received")
    assert event.facts["promised_on"] == promised.isoformat()


def test_sweep_on_the_promised_day_itself_misses_nothing() -> None:
    rma = flows.received(flows.approved(flows.order()))
    left = (rma.refund_promised_on - now().date()).days

    with shifted(timedelta(days=left)):
        assert miss_due_promises() == 0
    assert not Promise.objects.filter(step="missed").exists()


@pytest.mark.parametrize("swept", [True, False])
def test_money_out_after_the_day_is_missed_and_paid_late(swept: bool) -> None:
    rma = flows.received(flows.approved(flows.order()))

    with shifted(timedelta(days=60)):
        if swept:
            miss_due_promises()
        flows.inspected(rma)
        flows.drain()
        paid = now().date()

    assert Refund.objects.get().status == "succeeded"
    assert [step for step, _ in steps(rma)] == ["made", "changed", "missed", "paid_late"]
    assert Promise.objects.get(step="paid_late").settled_on == paid


def test_cancelled_return_owes_nothing_and_misses_nothing() -> None:
    rma = flows.approved(flows.order())
    cancel_return(rma.pk, actor=SYSTEM)

    with shifted(timedelta(days=60)):
        assert miss_due_promises() == 0
    assert [step for step, _ in steps(rma)] == ["made"]
