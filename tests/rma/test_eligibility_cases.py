"""What other engines learned about eligibility, from the collected cases: each holds here too.

The cases lie beside the checkout (``tests.shared_data``); every one that concerns who may return
what, and how often, has a proof below, and a new one in the file without a proof is named.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from returns_portal.commerce.models import Order, OrderLine
from returns_portal.core.actor import SHOPPER, Actor, ActorKind
from returns_portal.core.db import attempt
from returns_portal.core.errors import Conflict, DomainError, InvalidInput, PolicyRefused
from returns_portal.core.ids import new_id
from returns_portal.tenancy.models import Merchant
from returns_portal.tenancy.permissions import Permission
from rma.actions.appeals import grant_appeal, open_appeal
from rma.actions.review import cancel_return, decline_return
from rma.models import Return
from tests import flows
from tests.rma.returning import ask_for, make_order, publish, wish
from tests.shared_data import SHARED_DATA, shared_path, skip_loudly

FILE = "refunds/refund_cases.json"
ABOUT = {"eligibility", "override", "quantity", "exchange", "double_claim", "validation", "state"}
# Money, stock and the bench, which tests of refunds, inventory and receiving prove.
ELSEWHERE = {"B-ST-01", "B-MON-13"}
MARA = Actor(
    ActorKind.MEMBER, id="7", name="Mara", permissions=frozenset({Permission.RETURNS_DECIDE.value})
)


@pytest.fixture(autouse=True)
def _policy(scoped: Merchant) -> None:
    publish()


def line_of(order: Order) -> OrderLine:
    return order.lines.get()


def refused(work: Callable[[], Any]) -> DomainError:
    """Return the refusal of ``work``, which has kept no return and claimed no unit."""
    before = Return.objects.count(), list(OrderLine.objects.values_list("pk", "claimed_quantity"))
    with pytest.raises(DomainError) as refusal, attempt():
        work()
    after = Return.objects.count(), list(OrderLine.objects.values_list("pk", "claimed_quantity"))
    assert after == before
    return refusal.value


def unfinished_order_is_not_eligible() -> None:
    """What was never sent can't come back, and an order without items has nothing to return."""
    unsent = make_order("NL-1", lines=[{"fulfilled_quantity": 0, "delivered_at": None}])
    assert refused(lambda: ask_for(unsent)).code == "sent"
    nothing = make_order("NL-2", lines=[])
    empty = wish(line_of(unsent))
    assert isinstance(refused(lambda: ask_for(nothing, empty)), Conflict)


def staff_may_decide_again_until_it_is_settled() -> None:
    """Over the policy with a reason; a "no" of a person is taken back when the shopper objects."""
    final = make_order("NL-1", lines=[{"is_final_sale": True}])
    assert ask_for(final).status == "declined"
    opened = ask_for(final, override_reason="A gift that came broken.", channel="staff", actor=MARA)
    assert (opened.status, opened.decided_by) == ("open", "Mara")
    publish(approval__automatic=False)
    waiting = ask_for(make_order("NL-2"))
    decline_return(waiting.pk, actor=MARA, reason="Worn.")
    open_appeal(waiting.pk, actor=SHOPPER, words="I never wore it.")
    grant_appeal(waiting.pk, actor=MARA, answer="You are right.")
    assert flows.fresh(waiting).status == "open"
    cancel_return(waiting.pk, actor=MARA)
    assert flows.fresh(waiting).status == "cancelled"


def declined_units_are_free_again() -> None:
    publish(approval__automatic=False)
    order = make_order("NL-1", lines=[{"quantity": 1}])
    first = ask_for(order)
    assert line_of(order).claimed_quantity == 1
    decline_return(first.pk, actor=MARA, reason="Worn.")
    second = ask_for(order)
    cancel_return(second.pk, actor=MARA)
    assert ask_for(order).status == "requested"
    assert line_of(order).claimed_quantity == 1


def exchanged_unit_is_not_returned_twice() -> None:
    """The replacement is a line of a new order in the shop; the unit it replaced is used up."""
    flows.open_for_business(Merchant.objects.get())
    placed = flows.order(number="NL-1")
    line = flows.lines_of(placed)[0]
    flows.stock(line, 1)
    swap = flows.wish(line, reason="too_small", wanted="exchange", variant_id=line.variant_id)
    assert flows.request(placed, swap).status == "open"
    assert refused(lambda: flows.request(placed)).code == "already_returned"


def unknown_lines_are_refused() -> None:
    order, other = make_order("NL-1"), make_order("NL-2")
    strange = wish(line_of(order), order_line_id=new_id())
    assert isinstance(refused(lambda: ask_for(order, strange)), DomainError)
    assert isinstance(refused(lambda: ask_for(order, wish(line_of(other)))), DomainError)


def malformed_requests_are_refused_before_anything_is_written() -> None:
    order, other = make_order("NL-1"), make_order("NL-2")
    line = line_of(order)
    twice = refused(lambda: ask_for(order, wish(line), wish(line)))
    assert (type(twice), twice.code) == (InvalidInput, "duplicate_line")
    assert isinstance(refused(lambda: ask_for(order, wish(line_of(other)))), DomainError)
    much = refused(lambda: ask_for(order, wish(line, quantity=3)))
    assert isinstance(much, PolicyRefused)
    assert isinstance(refused(lambda: ask_for(order, wish(line, quantity=-1))), InvalidInput)


def cancelled_orders_are_refused() -> None:
    order = make_order("NL-1", status="cancelled")
    assert isinstance(refused(lambda: ask_for(order)), DomainError)


def each_wrong_number_has_its_own_words() -> None:
    order = make_order("NL-1")
    line = line_of(order)
    none = refused(lambda: ask_for(order, wish(line, quantity=0)))
    three = refused(lambda: ask_for(order, wish(line, quantity=3)))
    nothing = refused(lambda: ask_for(order, wish(line, wanted="")))
    assert none.message == "Choose one unit or more of each item."
    assert "2" in three.message
    assert len({none.message, three.message, nothing.message}) == 3


PROOFS: dict[str, Callable[[], None]] = {
    "B-ELIG-02": unfinished_order_is_not_eligible,
    "B-ELIG-07": staff_may_decide_again_until_it_is_settled,
    "B-ELIG-12": declined_units_are_free_again,
    "B-ELIG-14": exchanged_unit_is_not_returned_twice,
    "B-QTY-03": exchanged_unit_is_not_returned_twice,
    "B-QTY-05": unknown_lines_are_refused,
    "B-QTY-06": malformed_requests_are_refused_before_anything_is_written,
    "B-QTY-07": cancelled_orders_are_refused,
    "B-QTY-08": each_wrong_number_has_its_own_words,
}


def _cases() -> dict[str, dict[str, Any]]:
    if SHARED_DATA is None or not (SHARED_DATA / FILE).exists():
        return {}
    listed = json.loads((SHARED_DATA / FILE).read_text())["behaviour_cases"]
    return {case["id"]: case for case in listed}


CASES = _cases()


def test_every_case_about_eligibility_has_its_proof() -> None:
    shared_path(FILE)

    meant = {key for key, case in CASES.items() if ABOUT & set(case["tags"])} - ELSEWHERE
    assert meant - set(PROOFS) == set()
    assert {case["conformance"] for key, case in CASES.items() if key in PROOFS} == {"must"}


@pytest.mark.parametrize("key", PROOFS)
def test_collected_case_holds(key: str) -> None:
    if key not in CASES:
        skip_loudly(f"{key}: the collected cases are not on this machine (set RP_SHARED_DATA)")

    PROOFS[key]()
