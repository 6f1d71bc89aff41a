"""Work measured in processes of their own: whole cycles, labels, refunds and rehearsals."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from django.db import transaction

from returns_portal.activity.deliver import deliver_due
from returns_portal.core.actor import SYSTEM
from returns_portal.core.scope import merchant_scope
from returns_portal.integrations.calls import run_due_calls
from returns_portal.local.bench import shop
from rma.actions.policy import save_draft
from rma.actions.rehearsing import start_rehearsal
from rma.models import PolicyVersion, Rehearsal
from rma.policy.live import live_policy
from rma.rehearsal.running import rehearse_due

Orders = Iterator[tuple[UUID, UUID]]


def cycles(orders: Orders, seconds: float, *, complete: bool) -> dict[str, Any]:
    """Take returns from request to money, one after the other, for some seconds.

    Without ``complete`` the shopper uses their own parcel: request, receive, inspect, refund paid.
    With it a label is bought as well and every event is handled: e-mails written, return closed.
    """
    merchant = shop.bench_merchant()
    with merchant_scope(merchant.pk):
        location_id = shop.default_location()
    done, started, spent = 0, time.perf_counter(), time.process_time()
    for order_id, line_id in orders:
        with merchant_scope(merchant.pk):
            rma = shop.request(order_id, line_id, method="label" if complete else "own")
        if complete:
            run_due_calls(1)
        with merchant_scope(merchant.pk):
            shop.receive(rma, location_id)
            shop.inspect(rma)
        run_due_calls(1)
        if complete:
            deliver_due()
        done += 1
        if time.perf_counter() - started >= seconds:
            break
    return {
        "n": done,
        "seconds": time.perf_counter() - started,
        "cpu": time.process_time() - spent,
    }


def labels_and_refunds(orders: Orders, count: int) -> dict[str, Any]:
    """Plan ``count`` labels, buy them; bring the returns home, then pay their refunds.

    One more label is bought before, unmeasured. Needs ``count + 1`` orders.
    """
    merchant = shop.bench_merchant()
    with merchant_scope(merchant.pk):
        location_id = shop.default_location()
        returns = [shop.request(*next(orders)) for _ in range(count)]
        shop.request(*next(orders))
    run_due_calls(1)  # loads the fonts and the library that draws
    labels = _timed(lambda: run_due_calls(count))
    with merchant_scope(merchant.pk):
        for rma in returns:
            shop.receive(rma, location_id)
            shop.inspect(rma)
    return {"labels": labels, "refunds": _timed(lambda: run_due_calls(count))}


def start_rehearsal_of_a_year() -> dict[str, Any]:
    """Start the rehearsal of a draft that approves every value at once."""
    with merchant_scope(shop.bench_merchant().pk), transaction.atomic():
        _, live = live_policy()
        document = PolicyVersion.objects.values_list("document", flat=True).get(number=live.version)
        approval = document["approval"] | {"max_value_minor": None}
        save_draft(document | {"approval": approval}, actor=SYSTEM)
        return {"rehearsal": str(start_rehearsal(365, SYSTEM).pk)}


def rehearse() -> dict[str, Any]:
    """Do parts until the rehearsal has ended, also while another process does the last one."""
    merchant = shop.bench_merchant()
    started, spent = time.perf_counter(), time.process_time()
    while True:
        rehearse_due()
        with merchant_scope(merchant.pk), transaction.atomic():
            rehearsal = Rehearsal.objects.latest("created_at")
        if not rehearsal.is_active:
            break
    if rehearsal.status != Rehearsal.Status.DONE:
        raise RuntimeError(f"the rehearsal ended as {rehearsal.status}: {rehearsal.error}")
    return {
        "returns": rehearsal.total,
        "changed": rehearsal.changed,
        "seconds": time.perf_counter() - started,
        "cpu": time.process_time() - spent,
    }


def _timed(work: Callable[[], int]) -> dict[str, Any]:
    started = time.perf_counter()
    done = work()
    return {"n": done, "seconds": time.perf_counter() - started}
