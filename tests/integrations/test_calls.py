"""A provider call happens exactly once, wherever the process dies and whatever the answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import transaction

from returns_portal.activity.models import StaffTask
from returns_portal.core import crashpoints
from returns_portal.core.clock import shifted
from returns_portal.core.ids import new_id
from returns_portal.core.scope import merchant_scope
from returns_portal.integrations import calls
from returns_portal.integrations.calls import MAX_ATTEMPTS, Operation, plan_call, run_due_calls
from returns_portal.integrations.models import ProviderCall
from returns_portal.integrations.outcomes import Declined, Unavailable, Unknown
from returns_portal.tenancy.models import Merchant

pytestmark = pytest.mark.django_db(transaction=True)


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


class Till(Operation):
    """A provider with a ledger of its own and no idempotency key: only reading helps."""

    kind = "till.pay"

    def __init__(self) -> None:
        self.ledger: list[str] = []
        self.applied: list[str] = []
        self.sends: list[Exception | None] = []
        self.acts_before_failing = False
        self.resend = True

    def send(self, call: ProviderCall) -> dict[str, object]:
        failure = self.sends.pop(0) if self.sends else None
        if failure is None or self.acts_before_failing:
            self.ledger.append(call.key)
        if failure is not None:
            raise failure
        return {"id": f"t{len(self.ledger)}"}

    def find(self, call: ProviderCall) -> dict[str, object] | None:
        return {"id": "found"} if call.key in self.ledger else None

    def may_resend(self, call: ProviderCall) -> bool:
        return self.resend

    def apply_done(self, call: ProviderCall, answer: dict[str, object]) -> None:
        self.applied.append("done")

    def apply_declined(self, call: ProviderCall, code: str, message: str) -> None:
        self.applied.append(f"declined:{code}")


@pytest.fixture
def till(monkeypatch: pytest.MonkeyPatch) -> Iterator[Till]:
    one = Till()
    monkeypatch.setattr(calls, "_operations", {one.kind: one})
    yield one
    crashpoints.armed.clear()


def _plan(merchant: Merchant) -> None:
    with merchant_scope(merchant.pk), transaction.atomic():
        plan_call("till.pay", key="k1", subject_id=new_id())


def _row(merchant: Merchant) -> ProviderCall:
    with merchant_scope(merchant.pk), transaction.atomic():
        return ProviderCall.objects.get()


def _later(hours: float) -> None:
    with shifted(timedelta(hours=hours)):
        run_due_calls()


def test_call_is_sent_once_and_its_outcome_applied(merchant: Merchant, till: Till) -> None:
    _plan(merchant)
    _plan(merchant)

    assert run_due_calls() == 1
    assert run_due_calls() == 0

    row = _row(merchant)
    assert (row.status, row.answer, row.attempts) == ("done", {"id": "t1"}, 1)
    assert (till.ledger, till.applied) == (["k1"], ["done"])


@pytest.mark.parametrize(
    "point", ["call.before_claim", "call.claimed", "call.answered", "call.finished"]
)
def test_kill_at_any_point_pays_exactly_once(merchant: Merchant, till: Till, point: str) -> None:
    _plan(merchant)

    def die() -> None:
        crashpoints.armed.clear()
        raise Killed

    crashpoints.armed[point] = die
    with pytest.raises(Killed):
        run_due_calls()
    _later(1)

    assert till.ledger == ["k1"]
    assert till.applied == ["done"]
    assert _row(merchant).status == "done"


@pytest.mark.parametrize("acted", [True, False])
def test_unknown_outcome_is_settled_by_reading(merchant: Merchant, till: Till, acted: bool) -> None:
    till.sends = [Unknown("timeout", "no answer")]
    till.acts_before_failing = acted
    _plan(merchant)

    run_due_calls()
    assert _row(merchant).status == "unknown"
    _later(1)

    assert till.ledger == ["k1"]
    assert till.applied == ["done"]


def test_unknown_that_must_not_be_resent_waits_for_a_person(merchant: Merchant, till: Till) -> None:
    till.sends = [Unknown("timeout", "no answer")]
    till.resend = False
    _plan(merchant)
    for hour in range(MAX_ATTEMPTS + 2):
        _later(2 * hour)

    assert till.ledger == []
    assert _row(merchant).status == "unknown"
    with merchant_scope(merchant.pk), transaction.atomic():
        assert StaffTask.objects.get().kind == "provider_call_stuck"


def test_unavailable_is_sent_again_after_the_providers_wait(merchant: Merchant, till: Till) -> None:
    till.sends = [Unavailable("throttled", "429", retry_after=60)]
    _plan(merchant)
    run_due_calls()

    assert run_due_calls() == 0
    with shifted(timedelta(seconds=61)):
        assert run_due_calls() == 1
    assert till.ledger == ["k1"]


def test_declined_is_final(merchant: Merchant, till: Till) -> None:
    till.sends = [Declined("too_old", "The payment is too old.")]
    _plan(merchant)
    run_due_calls()
    _later(5)

    row = _row(merchant)
    assert (row.status, row.error_code, row.error) == (
        "declined",
        "too_old",
        "The payment is too old.",
    )
    assert (till.ledger, till.applied) == ([], ["declined:too_old"])


def test_outcome_of_a_try_that_lost_its_lease_is_dropped(merchant: Merchant, till: Till) -> None:
    send = till.send

    def slow(call: ProviderCall) -> dict[str, object]:
        answer = send(call)
        _later(1)
        return answer

    till.send = slow  # type: ignore[method-assign]
    _plan(merchant)
    run_due_calls()

    row = _row(merchant)
    assert (row.status, row.answer, row.attempts) == ("done", {"id": "found"}, 2)
    assert (till.ledger, till.applied) == (["k1"], ["done"])


def test_no_transaction_is_open_during_the_call(merchant: Merchant, till: Till) -> None:
    open_blocks = []
    till.find = lambda call: None  # type: ignore[method-assign]
    send = till.send
    till.send = lambda call: (  # type: ignore[method-assign]
        open_blocks.append(transaction.get_connection().in_atomic_block) or send(call)
    )
    _plan(merchant)
    run_due_calls()

    assert open_blocks == [False]
