"""Paying refunds out: every outcome, every accident, exactly once at the provider's own ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection

from refunds.actions.request import cancel_refund
from refunds.actions.settle import apply_provider_status, mark_paid, retry
from refunds.invariants import problems
from refunds.models import Journal, Refund
from refunds.providers import builtin_ledger
from refunds.providers.base import RefundAnswer, RefundStatus
from refunds.reconcile import poll_refunds
from returns_portal.activity.models import Event, StaffTask
from returns_portal.commerce.models import Payment
from returns_portal.core.actor import provider
from returns_portal.core.clock import shifted
from returns_portal.core.crashpoints import armed
from returns_portal.core.db import attempt
from returns_portal.core.errors import InvalidTransition, NotAllowed
from returns_portal.core.money import Money
from returns_portal.core.scope import merchant_scope
from returns_portal.integrations.calls import run_due_calls
from returns_portal.integrations.models import ProviderAccount, ProviderCall
from returns_portal.tenancy.models import Merchant
from tests.factories import make_account
from tests.refunds.money import AGENT, FINANCE, ask, make_order, part_of

pytestmark = pytest.mark.django_db
BUILTIN = provider("builtin")


class Killed(BaseException):
    """The process dies here."""


@pytest.fixture(autouse=True)
def _disarm(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let calls run inside the test's own transaction, and leave no crash point armed."""
    monkeypatch.setattr(connection, "testing_inside_atomic", True, raising=False)
    yield
    armed.clear()


@pytest.fixture
def account(scoped: Merchant) -> ProviderAccount:
    return make_account("refunds")


def _kinds() -> list[str]:
    return list(Event.objects.order_by("id").values_list("kind", flat=True))


def _answer(refund: Refund, status: RefundStatus, **changes: object) -> RefundAnswer:
    part = part_of(refund)
    values: dict[str, object] = {
        "provider_refund_id": part.provider_refund_id or "bgr_x",
        "status": status,
        "amount": part.amount,
    }
    return RefundAnswer(**values | changes)  # type: ignore[arg-type]


def _later(minutes: int = 4) -> None:
    with shifted(timedelta(minutes=minutes)):
        run_due_calls()


def test_send_refund_success_settles_and_books_it(account: ProviderAccount) -> None:
    refund = ask(make_order(11700), 11700)

    assert run_due_calls() == 1

    refund.refresh_from_db()
    part = part_of(refund)
    assert (refund.status, part.status) == ("succeeded", "succeeded")
    assert refund.settled_at is not None
    assert part.provider_refund_id == builtin_ledger.entries()[0].refund_id
    assert _kinds() == [
        "refund.requested", "refund.approved", "refund.sent", "refund.succeeded",
    ]  # fmt: skip
    paid = Journal.objects.get(kind="refund_paid")
    assert {leg.account: leg.amount_minor for leg in paid.entries.all()} == {
        "refund_payable": 11700,
        "provider_clearing": -11700,
    }
    assert problems() == []


def test_send_refund_declined_opens_the_debt_and_tells_a_person(account: ProviderAccount) -> None:
    refund = ask(make_order(5000, reference="pay-{}-declined"), 5000)

    run_due_calls()

    refund.refresh_from_db()
    part = part_of(refund)
    assert (refund.status, part.status, part.failure_code) == ("failed", "failed", "declined")
    assert Payment.objects.get().refunded_minor == 0
    assert StaffTask.objects.get().kind == "refund_failed"
    assert Event.objects.get(kind="refund.failed").facts["late"] is False
    assert builtin_ledger.entries() == []
    assert problems() == []


def test_send_refund_busy_is_sent_again_under_the_same_key(account: ProviderAccount) -> None:
    refund = ask(make_order(5000, reference="pay-{}-busy"), 5000)
    run_due_calls()
    call = ProviderCall.objects.get()
    assert (call.status, call.attempts) == ("planned", 1)
    assert refund.status == "approved"

    call.params["payment_reference"] = "pay-1"
    call.save(update_fields=["params"])
    _later()

    refund.refresh_from_db()
    assert refund.status == "succeeded"
    assert len(builtin_ledger.entries()) == 1


def test_send_refund_lost_answer_is_found_and_not_sent_again(account: ProviderAccount) -> None:
    refund = ask(make_order(5000, reference="pay-{}-lost"), 5000)
    run_due_calls()
    refund.refresh_from_db()
    assert (refund.status, part_of(refund).status) == ("executing", "unknown")
    assert problems() == []

    _later()

    refund.refresh_from_db()
    assert refund.status == "succeeded"
    assert len(builtin_ledger.entries()) == 1
    assert problems() == []


@pytest.mark.parametrize(
    "point", ["call.before_claim", "call.claimed", "call.answered", "call.finished"]
)
@pytest.mark.parametrize("accident", ["", "-lost"])
def test_process_killed_at_any_point_pays_exactly_once(
    account: ProviderAccount, scoped: Merchant, point: str, accident: str
) -> None:
    refund = ask(make_order(5000, reference="pay-{}" + accident), 5000)

    def die() -> None:
        raise Killed

    armed[point] = die
    with pytest.raises(Killed):
        run_due_calls()
    armed.clear()
    for minutes in (4, 8, 16):
        _later(minutes)

    refund.refresh_from_db()
    entries = builtin_ledger.entries()
    assert [entry.amount for entry in entries] == [Money(5000, "EUR")]
    assert refund.status == "succeeded"
    assert Journal.objects.filter(kind="refund_paid").count() == 1
    assert _kinds().count("refund.succeeded") == 1
    assert problems() == []


def test_pending_refund_is_asked_about_and_settled(account: ProviderAccount) -> None:
    refund = ask(make_order(5000, reference="pay-{}-pending"), 5000)
    run_due_calls()
    refund.refresh_from_db()
    assert (refund.status, part_of(refund).status) == ("executing", "pending")
    assert _kinds()[-1] == "refund.sent"
    builtin_ledger.move(part_of(refund).provider_refund_id, "succeeded")

    assert poll_refunds() == 0
    with shifted(timedelta(minutes=31)):
        assert poll_refunds() == 1
        poll_refunds()
        assert ProviderCall.objects.filter(kind="refund.read").count() == 1
        run_due_calls()

    refund.refresh_from_db()
    assert refund.status == "succeeded"
    assert problems() == []


def test_refund_that_bounces_after_success_is_owed_again(account: ProviderAccount) -> None:
    refund = ask(make_order(5000), 5000)
    run_due_calls()
    builtin_ledger.move(part_of(refund).provider_refund_id, "failed")

    with shifted(timedelta(hours=25)):
        poll_refunds()
        run_due_calls()

    refund.refresh_from_db()
    assert (refund.status, refund.settled_at) == ("failed", None)
    assert Payment.objects.get().refunded_minor == 0
    assert Event.objects.get(kind="refund.failed").facts["late"] is True
    assert StaffTask.objects.get(status="open").kind == "refund_failed"
    returned = Journal.objects.get(kind="refund_returned")
    assert {leg.account: leg.amount_minor for leg in returned.entries.all()} == {
        "refund_payable": -5000,
        "provider_clearing": 5000,
    }
    assert problems() == []


def test_status_told_again_or_out_of_order_changes_nothing(account: ProviderAccount) -> None:
    refund = ask(make_order(5000), 5000)
    run_due_calls()
    before = (_kinds(), Journal.objects.count())

    for status in (RefundStatus.SUCCEEDED, RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION):
        apply_provider_status(part_of(refund).pk, _answer(refund, status), actor=BUILTIN)

    refund.refresh_from_db()
    assert refund.status == "succeeded"
    assert (_kinds(), Journal.objects.count()) == before


def test_webhook_before_the_answer_books_once(account: ProviderAccount) -> None:
    refund = ask(make_order(5000), 5000)
    early = _answer(refund, RefundStatus.SUCCEEDED, provider_refund_id="re_1")

    apply_provider_status(part_of(refund).pk, early, actor=BUILTIN)
    run_due_calls()

    assert Journal.objects.filter(kind="refund_paid").count() == 1
    assert _kinds().count("refund.succeeded") == 1
    assert len(builtin_ledger.entries()) == 1


def test_answer_for_another_amount_is_never_believed(account: ProviderAccount) -> None:
    refund = ask(make_order(5000), 5000)
    other = _answer(refund, RefundStatus.SUCCEEDED, amount=Money(500, "EUR"))

    apply_provider_status(part_of(refund).pk, other, actor=BUILTIN)

    refund.refresh_from_db()
    assert refund.status == "approved"
    assert StaffTask.objects.get().kind == "refund_amount_differs"


def test_retry_failed_refund_pays_under_a_new_key(account: ProviderAccount) -> None:
    refund = ask(make_order(5000, reference="pay-{}-declined"), 5000)
    run_due_calls()
    Payment.objects.update(reference="pay-1")

    retry(refund.pk, actor=FINANCE)
    run_due_calls()

    refund.refresh_from_db()
    keys = list(ProviderCall.objects.order_by("id").values_list("key", flat=True))
    assert refund.status == "succeeded"
    assert len(set(keys)) == 2
    assert sorted(refund.allocations.values_list("status", flat=True)) == ["failed", "succeeded"]
    assert StaffTask.objects.filter(status="open").count() == 0
    assert problems() == []


def test_retry_failed_refund_by_hand_ends_with_a_person(account: ProviderAccount) -> None:
    refund = ask(make_order(5000, reference="pay-{}-declined"), 5000)
    run_due_calls()

    retry(refund.pk, actor=FINANCE, method="manual")
    run_due_calls()

    part = refund.allocations.get(account__isnull=True)
    assert part.status == "pending"
    assert StaffTask.objects.get(status="open").kind == "refund_by_hand"
    mark_paid(part.pk, actor=FINANCE, reference="SEPA 77")
    refund.refresh_from_db()
    part.refresh_from_db()
    assert (refund.status, part.provider_refund_id) == ("succeeded", "SEPA 77")
    assert StaffTask.objects.filter(status="open").count() == 0
    assert problems() == []


def test_retry_keeps_the_part_that_succeeded(account: ProviderAccount) -> None:
    order = make_order(3000, 4000)
    Payment.objects.filter(external_id="2").update(reference="pay-2-declined")
    refund = ask(order, 7000)
    run_due_calls()
    refund.refresh_from_db()
    assert refund.status == "failed"
    Payment.objects.filter(external_id="2").update(reference="pay-2")

    retry(refund.pk, actor=FINANCE)
    run_due_calls()

    refund.refresh_from_db()
    assert refund.status == "succeeded"
    assert sorted(entry.amount.minor for entry in builtin_ledger.entries()) == [3000, 4000]
    assert problems() == []


def test_refund_with_a_failed_part_stays_failed_whatever_the_other_part_does(
    account: ProviderAccount,
) -> None:
    order = make_order(3000, 4000)
    Payment.objects.filter(external_id="1").update(reference="pay-1-declined")
    Payment.objects.filter(external_id="2").update(reference="pay-2-lost")
    refund = ask(order, 7000)

    run_due_calls()
    refund.refresh_from_db()
    assert refund.status == "failed"
    _later()

    refund.refresh_from_db()
    assert refund.status == "failed"
    assert sorted(refund.allocations.values_list("status", flat=True)) == ["failed", "succeeded"]
    assert problems() == []


def test_retry_of_a_settled_refund_or_without_the_right_is_refused(
    account: ProviderAccount,
) -> None:
    refund = ask(make_order(5000), 5000)
    with pytest.raises(InvalidTransition), attempt():
        retry(refund.pk, actor=FINANCE)
    run_due_calls()
    with pytest.raises(InvalidTransition), attempt():
        retry(refund.pk, actor=FINANCE)
    with pytest.raises(NotAllowed), attempt():
        retry(refund.pk, actor=AGENT)
    assert len(builtin_ledger.entries()) == 1


def test_disputed_refund_is_sent_once_the_dispute_is_over(account: ProviderAccount) -> None:
    order = make_order(5000)
    Payment.objects.update(is_disputed=True)
    refund = ask(order, 5000)
    with pytest.raises(InvalidTransition), attempt():
        retry(refund.pk, actor=FINANCE)
    Payment.objects.update(is_disputed=False)

    retry(refund.pk, actor=FINANCE)
    run_due_calls()

    refund.refresh_from_db()
    assert refund.status == "succeeded"
    assert problems() == []


def test_mark_paid_by_hand_settles_like_an_answer(scoped: Merchant) -> None:
    refund = ask(make_order(5000), 5000, method="manual")
    run_due_calls()
    part = part_of(refund)
    assert (part.status, part.sent_at) == ("pending", None)
    assert "refund.sent" not in _kinds()
    with pytest.raises(NotAllowed), attempt():
        mark_paid(part.pk, actor=AGENT)

    mark_paid(part.pk, actor=FINANCE, reference="cash")
    mark_paid(part.pk, actor=FINANCE, reference="cash")

    refund.refresh_from_db()
    assert refund.status == "succeeded"
    assert Journal.objects.filter(kind="refund_paid").count() == 1
    assert problems() == []


def test_mark_paid_of_a_part_a_provider_pays_is_refused(account: ProviderAccount) -> None:
    refund = ask(make_order(5000), 5000)

    with pytest.raises(InvalidTransition):
        mark_paid(part_of(refund).pk, actor=FINANCE)


def test_cancel_failed_refund_frees_the_debt_for_another_way(account: ProviderAccount) -> None:
    refund = ask(make_order(5000, reference="pay-{}-declined"), 5000)
    run_due_calls()

    cancel_refund(refund.pk, actor=AGENT)

    refund.refresh_from_db()
    assert refund.status == "cancelled"
    assert StaffTask.objects.filter(status="open").count() == 0
    assert problems() == []


def test_part_given_up_but_paid_after_all_is_counted_when_there_is_room(
    account: ProviderAccount,
) -> None:
    refund = ask(make_order(5000, reference="pay-{}-fails"), 5000)
    run_due_calls()
    refund.refresh_from_db()
    assert refund.status == "failed"
    builtin_ledger.move(part_of(refund).provider_refund_id, "succeeded")

    apply_provider_status(
        part_of(refund).pk, _answer(refund, RefundStatus.SUCCEEDED), actor=BUILTIN
    )

    refund.refresh_from_db()
    assert refund.status == "succeeded"
    assert Payment.objects.get().refunded_minor == 5000
    assert problems() == []


def test_part_paid_after_its_successor_calls_for_a_person(account: ProviderAccount) -> None:
    refund = ask(make_order(5000, reference="pay-{}-declined"), 5000)
    run_due_calls()
    first = part_of(refund)
    Payment.objects.update(reference="pay-1")
    retry(refund.pk, actor=FINANCE)
    run_due_calls()
    answer = RefundAnswer("bgr_y", RefundStatus.SUCCEEDED, first.amount)

    apply_provider_status(first.pk, answer, actor=BUILTIN)

    first.refresh_from_db()
    assert first.status == "failed"
    assert StaffTask.objects.get(status="open").kind == "refund_paid_after_all"
    assert Payment.objects.get().refunded_minor == 5000


def test_paused_account_waits_and_sends_nothing(account: ProviderAccount) -> None:
    ProviderAccount.objects.update(status="paused", paused_reason="Key revoked")
    refund = ask(make_order(5000), 5000)

    run_due_calls()

    assert builtin_ledger.entries() == []
    assert ProviderCall.objects.get().status == "planned"
    ProviderAccount.objects.update(status="active")
    _later(16)
    refund.refresh_from_db()
    assert refund.status == "succeeded"


def test_refund_of_another_merchant_is_out_of_reach(
    account: ProviderAccount, other_merchant: Merchant
) -> None:
    refund = ask(make_order(5000), 5000)

    with merchant_scope(other_merchant.pk):
        assert not Refund.objects.filter(pk=refund.pk).exists()
        assert builtin_ledger.entries() == []
