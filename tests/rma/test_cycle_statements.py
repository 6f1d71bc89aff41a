"""What one return costs in SQL statements, from the request to the money back, with real commits.

Counted is every statement the database sees but BEGIN, COMMIT and savepoints: scope settings, the
worker's claim of the call, the outcome it writes and the closing of the return included. The
built-in gateway's own books, the deliveries that tell shopper and reports, and looks that find
nothing to do are counted apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from inventory.models import Location
from refunds.providers import builtin
from returns_portal.activity import deliver
from returns_portal.activity.models import Delivery
from returns_portal.core.actor import SYSTEM
from returns_portal.core.ids import new_token
from returns_portal.core.scope import merchant_scope
from returns_portal.integrations.calls import run_due_calls
from returns_portal.tenancy.models import Merchant
from rma.actions.inspection import inspect_unit
from rma.actions.receiving import ReceivedUnits, receive_parcel
from rma.models import Inspection
from rma.states import ReceiptLineStatus, ReturnStatus
from tests import flows

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT = 60
STEPS = {"request": 7, "receive": 9, "inspect": 20, "pay": 10, "close": 12}
_FREE = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")


class Ledger:
    """Every statement under the name of the step that sent it."""

    def __init__(self) -> None:
        self.sent: dict[str, list[str]] = {}
        self._steps: list[str] = []

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Book what is sent inside the block under ``name``; the innermost block counts."""
        self.sent.setdefault(name, [])
        self._steps.append(name)
        try:
            yield
        finally:
            self._steps.pop()

    def note(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        if self._steps and not str(sql).startswith(_FREE):
            self.sent[self._steps[-1]].append(" ".join(str(sql).split()))
        return execute(sql, params, many, context)

    def count(self, *names: str) -> int:
        return sum(len(self.sent.get(name, [])) for name in names)

    def __str__(self) -> str:
        lines = []
        for name, statements in self.sent.items():
            lines.append(f"{name}: {len(statements)}")
            lines += [f"    {sql[:160]}" for sql in statements]
        return "\n".join(lines)


@pytest.fixture
def booked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """Count statements, with the gateway's own and each handler's under names of their own."""
    ledger = Ledger()
    send, claim, hand_over = builtin.BuiltinRefunds.send, deliver._claim, deliver._deliver

    def gateway(*args: Any, **kwargs: Any) -> Any:
        with ledger.step("gateway"):
            return send(*args, **kwargs)

    def claimed(size: int) -> list[Delivery]:
        with ledger.step("claim"):
            rows = claim(size)
        taken = ledger.sent.pop("claim")
        ours = any(row.handler == "rma.on_refund" for row in rows)
        ledger.sent.setdefault("close" if ours else "others", []).extend(taken)
        return rows

    def delivered(row: Delivery) -> None:
        with ledger.step("close" if row.handler == "rma.on_refund" else "others"):
            hand_over(row)

    monkeypatch.setattr(builtin.BuiltinRefunds, "send", gateway)
    monkeypatch.setattr(deliver, "_claim", claimed)
    monkeypatch.setattr(deliver, "_deliver", delivered)
    with connection.execute_wrapper(ledger.note):
        yield ledger


def in_request(merchant: Merchant, work: Callable[[], Any]) -> Any:
    with merchant_scope(merchant.pk), transaction.atomic():
        return work()


def test_whole_cycle_stays_within_its_statements(merchant: Merchant, booked: Ledger) -> None:
    flows.open_for_business(merchant)
    with merchant_scope(merchant.pk):
        # The policy is parsed once per process; the first return of all pays for that.
        flows.request(flows.order(number="NL-0"), method="own")
        placed = flows.order(number="NL-1")
        wish = flows.wish(flows.lines_of(placed)[0])
        with transaction.atomic():
            place = Location.objects.get(is_default=True)
    deliver.deliver_due()
    booked.sent.clear()

    with booked.step("request"), merchant_scope(merchant.pk):
        rma = flows.request(placed, wish, method="own")
    deliver.deliver_due()
    with merchant_scope(merchant.pk), transaction.atomic():
        line = rma.lines.get()
    with booked.step("receive"):
        in_request(
            merchant,
            lambda: receive_parcel(
                rma.pk,
                location_id=place.pk,
                units=[ReceivedUnits(line.pk, 1, ReceiptLineStatus.RECEIVED)],
                operation_id=new_token(),
                actor=SYSTEM,
            ),
        )
    deliver.deliver_due()
    with merchant_scope(merchant.pk), transaction.atomic():
        unit = Inspection.objects.get()
    with booked.step("inspect"):
        in_request(
            merchant,
            lambda: inspect_unit(
                unit.pk,
                grade="A",
                disposition="restock",
                accepted=True,
                actor=SYSTEM,
                expected_version=1,
            ),
        )
    deliver.deliver_due()
    with booked.step("pay"):
        assert run_due_calls(limit=1) == 1
    deliver.deliver_due()

    with merchant_scope(merchant.pk):
        closed = flows.fresh(rma)
    assert (closed.status, closed.stage) == (ReturnStatus.CLOSED, "refunded")
    for step, allowed in STEPS.items():
        assert 0 < booked.count(step) <= allowed, f"{step}:\n{booked}"
    assert 0 < booked.count("gateway") <= 3, str(booked)
    assert booked.count(*STEPS) <= LIMIT, str(booked)
