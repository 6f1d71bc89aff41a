from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from returns_portal.activity.models import Event
from returns_portal.commerce.models import Order, OrderLine
from returns_portal.core.actor import SHOPPER, Actor, ActorKind
from returns_portal.core.clock import now
from returns_portal.core.db import attempt
from returns_portal.core.errors import (
    Conflict,
    DomainError,
    InvalidInput,
    NotAllowed,
    PolicyRefused,
)
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.requesting import RequestedLine
from rma.models import Return, ReturnLine, Shipment
from rma.numbers import parse_rma_number
from rma.policy.engine import replay
from rma.policy.live import policy_of
from rma.policy.types import Decision, from_json
from tests.factories import make_account
from tests.rma.returning import ask_for, make_line, make_order, publish, wish

pytestmark = pytest.mark.usefixtures("scoped")


def kinds(rma: Return) -> list[str]:
    return list(Event.objects.filter(about_id=rma.pk).order_by("id").values_list("kind", flat=True))


def claimed(order: Order) -> list[int]:
    return list(order.lines.order_by("position").values_list("claimed_quantity", flat=True))


def test_request_return_simple_case_is_approved_with_label_planned() -> None:
    publish()
    make_account("carrier")
    order = make_order()

    rma = Return.objects.get(pk=ask_for(order).pk)

    assert (rma.status, rma.stage, rma.decided_by) == ("open", "approved", "Policy v1")
    assert parse_rma_number(rma.number) == rma.number
    assert (rma.expected_minor, rma.fee_minor) == (8055, 495)
    assert rma.quote["refund_minor"] == 8055
    assert rma.expires_at is not None
    assert rma.refund_promised_on is not None
    assert claimed(order) == [1]
    assert kinds(rma) == ["return.requested", "return.approved"]
    assert Shipment.objects.get().status == "pending"
    line = rma.lines.get()
    assert (line.quantity, line.expected_minor, line.released_quantity) == (1, 8550, 0)
    assert (rma.name_key, rma.order_number_key) == ("maya lindqvist", "NL48213")
    assert bytes(rma.email_index) == bytes(order.email_index)


def test_request_return_decision_is_stored_and_replays_the_same() -> None:
    publish()
    rma = ask_for(make_order())

    stored = Return.objects.get(pk=rma.pk)

    again = replay(stored.facts, policy_of(stored.policy_version_id))
    assert from_json(Decision, stored.decision) == again
    assert again.policy_version == 1


def test_request_return_review_case_waits_for_staff_and_claims_the_units() -> None:
    publish(approval__automatic=False)
    order = make_order()

    rma = ask_for(order)

    assert (rma.status, rma.stage) == ("requested", "review")
    assert rma.review_reason == "A person decides every request."
    assert rma.due_at == rma.created_at + timedelta(hours=24)
    assert claimed(order) == [1]
    assert kinds(rma) == ["return.requested"]
    assert not Shipment.objects.exists()


def test_request_return_outside_the_window_is_declined_without_claiming() -> None:
    publish()
    order = make_order(lines=[{"delivered_at": now() - timedelta(days=60)}])

    rma = ask_for(order)

    assert (rma.status, rma.stage) == ("declined", "declined")
    assert rma.decline_reason.startswith("Returns were open for 30 days after delivery, until ")
    assert claimed(order) == [0]
    assert kinds(rma) == ["return.declined"]
    assert rma.lines.get().released_quantity == 1
    assert (rma.expected_minor, rma.quote) == (0, {})


def test_request_return_same_operation_finds_the_first_return() -> None:
    publish()
    order = make_order()

    first = ask_for(order, operation_id="form-1")
    again = ask_for(order, operation_id="form-1")

    assert again.pk == first.pk
    assert claimed(order) == [1]
    assert Return.objects.count() == 1


def test_request_return_operation_of_another_order_is_a_conflict() -> None:
    publish()
    ask_for(make_order(), operation_id="form-1")

    with pytest.raises(Conflict) as refused, attempt():
        ask_for(make_order("NL-2"), operation_id="form-1")

    assert refused.value.code == "operation_reused"


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"reason": "bored"}, PolicyRefused, "reason"),
        ({"quantity": 3}, PolicyRefused, "quantity"),
        ({"wanted": "cash"}, PolicyRefused, "resolution"),
        ({"reason": "faulty"}, PolicyRefused, "photo"),
        ({"quantity": 0}, InvalidInput, "invalid_input"),
        ({"comment": "x" * 1001}, InvalidInput, "text_too_long"),
        ({"wanted": "exchange"}, InvalidInput, "replacement_missing"),
        ({"answers": {"fit": "a\x00b"}}, InvalidInput, "bad_answers"),
        ({"answers": {"fit": "\ud800"}}, InvalidInput, "bad_answers"),
        ({"answers": {"fit": "x" * 4001}}, InvalidInput, "bad_answers"),
    ],
)
def test_request_return_that_has_to_be_changed_is_refused_and_nothing_kept(
    changes: dict[str, Any], error: type[DomainError], code: str
) -> None:
    publish()
    order = make_order()
    line = order.lines.get()

    with pytest.raises(error) as refused, attempt():
        ask_for(order, wish(line, **changes))

    assert refused.value.code == code
    assert refused.value.field == str(line.pk)
    assert claimed(order) == [0]
    assert not Return.objects.exists()
    assert not Event.objects.filter(subject_kind="return").exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"method": "pigeon"}, "unknown_method"),
        ({"channel": "fax"}, "invalid_input"),
        ({"operation_id": ""}, "invalid_input"),
        ({"operation_id": "x" * 65}, "invalid_input"),
        ({"operation_id": "a\x00"}, "invalid_input"),
        ({"operation_id": "\ud800"}, "invalid_input"),
        ({"lines": []}, "nothing_chosen"),
    ],
)
def test_request_return_bad_shape_is_refused(changes: dict[str, Any], code: str) -> None:
    publish()
    order = make_order()

    with pytest.raises(InvalidInput) as refused, attempt():
        ask_for(order, **changes)

    assert refused.value.code == code


def test_request_return_line_of_another_order_is_refused() -> None:
    publish()
    order, other = make_order(), make_order("NL-2")

    with pytest.raises(PolicyRefused) as refused, attempt():
        ask_for(order, wish(other.lines.get()))

    assert refused.value.code == "item"


def test_request_return_same_line_and_reason_twice_is_refused() -> None:
    publish()
    order = make_order()
    line = order.lines.get()

    with pytest.raises(InvalidInput) as refused, attempt():
        ask_for(order, wish(line), wish(line))

    assert refused.value.code == "duplicate_line"


def test_request_return_two_reasons_for_one_line_share_its_value() -> None:
    publish(fee__amount_minor=0)
    order = make_order(lines=[{"quantity": 2, "net_minor": 17101, "paid_minor": 17101,
                               "unit_price_minor": 8551}], total_minor=17101)  # fmt: skip
    line = order.lines.get()

    rma = ask_for(order, wish(line), wish(line, reason="too_small"))

    assert [row.expected_minor for row in rma.lines.order_by("position")] == [8551, 8550]
    assert rma.expected_minor == 17101
    assert claimed(order) == [2]


def test_request_return_method_that_policy_does_not_offer_is_refused() -> None:
    publish(methods=["own"])
    order = make_order()

    with pytest.raises(PolicyRefused) as refused, attempt():
        ask_for(order)

    assert refused.value.field == "method"


def test_request_return_without_published_policy_says_so() -> None:
    order = make_order()

    with pytest.raises(Conflict) as refused, attempt():
        ask_for(order)

    assert refused.value.code == "no_policy"


def test_request_return_cancelled_order_is_refused() -> None:
    publish()
    order = make_order(status="cancelled")

    with pytest.raises(Conflict, match="cancelled"), attempt():
        ask_for(order)


AGENT = Actor(ActorKind.MEMBER, "u1", "Jonas", frozenset({"returns:decide"}))
CLERK = Actor(ActorKind.MEMBER, "u2", "Wim", frozenset())


def test_request_return_staff_may_overrule_the_policy_with_a_reason() -> None:
    publish()
    order = make_order(lines=[{"is_final_sale": True}])

    rma = ask_for(order, channel="staff", actor=AGENT, override_reason="Goodwill, first order")

    assert (rma.status, rma.decided_by) == ("open", "Jonas")
    assert claimed(order) == [1]
    assert rma.notes.get().body == "Policy overruled: Goodwill, first order"
    assert Event.objects.get(kind="return.approved").facts["automatic"] is False


def test_request_return_overruling_needs_the_permission() -> None:
    publish()
    order = make_order(lines=[{"is_final_sale": True}])

    with pytest.raises(NotAllowed), attempt():
        ask_for(order, channel="staff", actor=CLERK, override_reason="Please")

    assert not Return.objects.exists()


def test_request_return_overruling_never_takes_a_unit_twice() -> None:
    publish()
    order = make_order()
    ask_for(order, wish(order.lines.get(), quantity=2))

    with pytest.raises(PolicyRefused) as refused, attempt():
        ask_for(order, channel="staff", actor=AGENT, override_reason="Again")

    assert refused.value.code == "already_returned"


def test_request_return_tells_which_return_holds_the_unit() -> None:
    publish()
    order = make_order()
    first = ask_for(order, wish(order.lines.get(), quantity=2))

    with pytest.raises(PolicyRefused, match=f"In return {first.number} since "), attempt():
        ask_for(order)


def test_request_return_second_return_pays_the_rest_exactly() -> None:
    publish(fee__amount_minor=0)
    order = make_order(lines=[{"quantity": 3, "net_minor": 1000, "paid_minor": 1000,
                               "unit_price_minor": 334}], total_minor=1000)  # fmt: skip

    values = [ask_for(order).expected_minor for _ in range(3)]

    assert values == [333, 333, 333] or sum(values) == 1000


def test_request_return_first_return_rule_counts_earlier_ones() -> None:
    publish(approval__first_return_only=True)
    ask_for(make_order())

    rma = ask_for(make_order("NL-2"))

    assert (rma.status, rma.review_reason) == ("requested", "1 earlier return by this shopper.")


def test_request_return_own_method_plans_no_label() -> None:
    publish()

    rma = ask_for(make_order(), method="own")

    assert (rma.status, rma.stage) == ("open", "approved")
    assert not Shipment.objects.exists()


def test_request_return_other_merchants_order_is_not_found(other_merchant: Merchant) -> None:
    publish()
    order = make_order()
    from_elsewhere = RequestedLine(order.lines.get().pk, 1, "changed_mind", "refund")

    with merchant_scope(other_merchant.pk), pytest.raises(DomainError) as refused, attempt():
        ask_for(order, from_elsewhere)

    assert refused.value.code == "not_found"
    assert claimed(order) == [0]


def statements(order: Order, *lines: RequestedLine) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        ask_for(order, *lines)
    return [query["sql"] for query in captured.captured_queries]


def test_request_return_takes_ten_statements_whatever_the_lines() -> None:
    publish(approval__max_value_minor=None)
    make_account("carrier")
    ask_for(make_order("NL-0"))
    one = make_order("NL-1")
    many = make_order("NL-20", lines=[{} for _ in range(20)])

    small = statements(one, wish(one.lines.get()))
    large = statements(many, *[wish(line) for line in many.lines.all()])

    shown = "\n".join(sql[:160] for sql in small)
    assert len(small) <= 10, shown
    assert len(large) == len(small), shown


def test_request_return_on_many_lines_claims_each(scoped: Merchant) -> None:
    publish(approval__max_value_minor=None)
    order = make_order(lines=[{} for _ in range(5)])

    rma = ask_for(order, *[wish(line) for line in order.lines.all()])

    assert claimed(order) == [1] * 5
    assert ReturnLine.objects.filter(rma=rma).count() == 5
    assert rma.expected_minor == 5 * 8550 - 495


def test_request_return_removed_line_cannot_be_returned() -> None:
    publish()
    order = make_order()
    OrderLine.objects.filter(order=order).update(is_removed=True)
    make_line(order, 1)

    with pytest.raises(PolicyRefused), attempt():
        ask_for(order)


def test_shopper_actor_cannot_overrule() -> None:
    publish()
    order = make_order(lines=[{"is_final_sale": True}])

    with pytest.raises(NotAllowed), attempt():
        ask_for(order, actor=SHOPPER, override_reason="please")


def test_request_return_comment_is_kept_without_what_the_database_cannot_hold() -> None:
    publish()
    order = make_order()

    rma = ask_for(order, wish(order.lines.get(), comment=" too\x00 tight \ud800\U0001f9e5 "))

    assert ReturnLine.objects.get(rma=rma).comment == "too tight \U0001f9e5"
