"""A shopper who does anything, in any order: two tabs, back, refresh, twice, too late.

Hypothesis draws the steps. After each of them the units claimed are those of the returns that
stand, no answer is a server error, and no tab sees what it has not proved; at the end of each walk
every invariant of the product holds.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.db import transaction
from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from returns_portal.commerce.models import Order, OrderLine
from returns_portal.core import clock
from returns_portal.core.actor import SYSTEM
from returns_portal.core.invariants import problems_of
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.drafts import discard_expired_drafts
from rma.actions.review import cancel_return, expire_due_returns
from rma.models import Return, ReturnDraft
from tests import flows
from tests.portal.conftest import Shopper, item

# What an answer may be: shown, onward, or a refusal that says what to do.
ANSWERS = {200, 302, 303, 403, 404, 409, 422}
GONE = ("declined", "cancelled", "expired")
TABS = st.integers(0, 1)
REASONS = st.sampled_from(["changed_mind", "too_small", "wrong_item", "other", "no_such_reason"])
WISHES = st.sampled_from(["refund", "store_credit", "exchange", ""])


class Walk(RuleBasedStateMachine):
    """Two tabs of one shopper's browser at one order of two lines, three units each."""

    merchant: Merchant
    count = 0

    @initialize()
    def start(self) -> None:
        type(self).count += 1
        self.number = f"NL-{7000 + self.count}"
        with self.inside():
            self.order: Order = flows.order(number=self.number, prices=(4500, 990), quantity=3)
            self.lines: list[OrderLine] = flows.lines_of(self.order)
        first, second = Shopper(self.merchant), Shopper(self.merchant)
        second.client = first.client
        self.tabs = [first, second]
        self.statuses: list[str] = []

    def inside(self) -> AbstractContextManager[None]:
        """Be in the merchant's scope, where a visitor's browser never is."""
        return merchant_scope(self.merchant.pk)

    def look(self, response: Any) -> Any:
        assert response.status_code in ANSWERS, response.status_code
        return response

    def step(self, tab: int, name: str, sent: Any = None) -> Any:
        shopper = self.tabs[tab]
        if not shopper.token:
            return None
        return self.look(shopper.step(name, sent))

    @rule(tab=TABS)
    def find(self, tab: int) -> None:
        self.look(self.tabs[tab].find(self.number))

    @rule(tab=TABS)
    def share_the_draft(self, tab: int) -> None:
        """Open the address of the other tab in this one."""
        self.tabs[tab].token = self.tabs[1 - tab].token

    @rule(tab=TABS, page=st.sampled_from(["items", "resolution", "method", "returns"]))
    def open_any_page(self, tab: int, page: str) -> None:
        self.step(tab, page)

    @rule(tab=TABS, units=st.tuples(st.integers(0, 4), st.integers(0, 3)), reason=REASONS)
    def choose(self, tab: int, units: tuple[int, int], reason: str) -> None:
        sent: dict[str, Any] = {}
        for line, quantity in zip(self.lines, units, strict=True):
            if quantity:
                sent |= item(line, reason=reason, quantity=str(quantity))
        self.step(tab, "items", sent or {"nothing": "1"})

    @rule(tab=TABS, wishes=st.tuples(WISHES, WISHES))
    def want(self, tab: int, wishes: tuple[str, str]) -> None:
        sent = {
            f"wish-{line.pk.hex}-wanted": wanted
            for line, wanted in zip(self.lines, wishes, strict=True)
        }
        self.step(tab, "resolution", sent)

    @rule(tab=TABS, method=st.sampled_from(["label", "own", "carrier pigeon"]), times=TABS)
    def confirm(self, tab: int, method: str, times: int) -> None:
        """Confirm, once or twice; both answers lead to one return."""
        answers = [self.step(tab, "method", {"method": method}) for _ in range(times + 1)]
        made = {
            one["Location"].rsplit("/", 1)[1]
            for one in answers
            if one is not None and one.status_code == 302 and "/s/" in one["Location"]
        }
        assert len(made) <= 1
        self.statuses += [token for token in made if token not in self.statuses]

    @rule(tab=TABS)
    def choose_want_and_confirm(self, tab: int) -> None:
        """The way most shoppers go."""
        self.find(tab)
        self.choose(tab, (1, 0), "changed_mind")
        self.want(tab, ("refund", ""))
        self.confirm(tab, "label", 0)

    @precondition(lambda self: self.statuses)
    @rule(which=st.integers(0, 9))
    def cancel(self, which: int) -> None:
        token = self.statuses[which % len(self.statuses)]
        self.look(self.tabs[0].post(f"s/{token}/cancel"))
        self.look(self.tabs[0].get(f"s/{token}"))

    @precondition(lambda self: self.statuses)
    @rule()
    def staff_cancel_too(self) -> None:
        with self.inside(), transaction.atomic():
            rma = Return.objects.get(token=self.statuses[-1])
            if rma.status in ("open", "requested"):
                cancel_return(rma.pk, actor=SYSTEM)

    @precondition(lambda self: self.statuses)
    @rule()
    def run_out(self) -> None:
        with self.inside(), clock.shifted(timedelta(days=60)):
            expire_due_returns()

    @rule()
    def forget_the_drafts(self) -> None:
        """Two weeks pass for the drafts; their pages say so from now on."""
        with self.inside(), clock.shifted(timedelta(days=15)):
            discard_expired_drafts()

    @invariant()
    def claims_are_those_of_the_returns_that_stand(self) -> None:
        if not hasattr(self, "lines"):
            return
        with self.inside(), transaction.atomic():
            for line in OrderLine.objects.filter(order=self.order):
                held = sum(
                    one.quantity - one.released_quantity
                    for one in line.return_lines.exclude(rma__status__in=GONE)
                )
                assert line.claimed_quantity == held <= line.fulfilled_quantity

    @invariant()
    def each_draft_became_one_return_at_most(self) -> None:
        if not hasattr(self, "order"):
            return
        with self.inside(), transaction.atomic():
            made = list(
                Return.objects.filter(order=self.order).values_list("operation_id", flat=True)
            )
            assert len(made) == len(set(made))
            open_ones = ReturnDraft.objects.filter(order=self.order).count()
        assert open_ones <= 2 + len(made)

    def teardown(self) -> None:
        if hasattr(self, "order"):
            with self.inside():
                flows.drain()
            assert problems_of(self.merchant.pk) == []


@pytest.mark.django_db(transaction=True)
def test_any_walk_through_the_portal_keeps_the_invariants(
    merchant: Merchant, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    Walk.merchant = flows.open_for_business(merchant)
    Walk.count = 0
    run_state_machine_as_test(
        Walk,
        settings=hypothesis.settings(
            max_examples=15,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
