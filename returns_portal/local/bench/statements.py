"""Counting the SQL statements that the product sends, and keeping them for the floor."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.test import Client

from refunds.models import RefundAllocation
from returns_portal.activity.deliver import deliver_due
from returns_portal.activity.models import Delivery
from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import now
from returns_portal.core.ids import new_token
from returns_portal.core.scope import merchant_scope
from returns_portal.integrations.calls import run_due_calls
from returns_portal.local.bench import shop
from returns_portal.tenancy.models import Merchant
from rma.actions.inspection import inspect_unit
from rma.actions.receiving import ReceivedUnits, receive_parcel
from rma.models import Inspection, Return, ReturnLine
from rma.states import ReceiptLineStatus

Statement = tuple[str, Any]


@contextmanager
def caught() -> Iterator[list[Statement]]:
    """Collect every statement of the block but BEGIN, COMMIT and savepoints."""
    found: list[Statement] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if "SAVEPOINT" not in sql:
            found.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found


def api_request(client: Client, key: str, order_id: UUID, line_id: UUID) -> dict[str, Any]:
    """Send one return request through the whole web stack, in this process."""
    answer = client.post(
        "/api/v1/returns/",
        json.dumps(body(order_id, line_id)),
        content_type="application/json",
        headers={
            "authorization": f"Bearer {key}",
            "idempotency-key": f"bench-{order_id}",
            "host": "localhost",
        },
    )
    if answer.status_code != 201:
        raise RuntimeError(f"the API answered {answer.status_code}: {answer.content[:400]!r}")
    return dict(answer.json())


def body(order_id: UUID, line_id: UUID) -> dict[str, Any]:
    line = {
        "order_line": str(line_id),
        "quantity": 1,
        "reason": "changed_mind",
        "resolution": "refund",
    }
    return {"order": str(order_id), "lines": [line]}


def of_request(key: str, orders: Iterator[tuple[UUID, UUID]]) -> tuple[list[Statement], Return]:
    """Return the statements of one return request through the API, after a first to warm up."""
    client = Client()
    api_request(client, key, *next(orders))
    with caught() as found:
        answer = api_request(client, key, *next(orders))
    merchant = shop.bench_merchant()
    with merchant_scope(merchant.pk), transaction.atomic():
        rma = Return.objects.get(pk=answer["id"])
    return found, rma


def of_cycle(orders: Iterator[tuple[UUID, UUID]]) -> dict[str, int]:
    """Count the statements of each step of a return's life, request to money.

    The steps are the product's own actions, the provider call and the news that closes the return;
    the shopper sends it by a carrier of their own. ``events`` are those of telling everybody else
    (e-mails, roll-ups marked), which happens beside them.
    """
    merchant = shop.bench_merchant()
    counts: dict[str, int] = {}

    def count(name: str, work: Callable[[], Any], *, scoped: bool = True) -> Any:
        with caught() as found:
            if scoped:
                with merchant_scope(merchant.pk):
                    done = work()
            else:
                done = work()
        counts[name] = len(found)
        return done

    with merchant_scope(merchant.pk):
        location_id = shop.default_location()
    shop.drain()
    for _ in range(2):  # the first warms caches up
        order_id, line_id = next(orders)
        rma = count("request", partial(shop.request, order_id, line_id, method="own"))
        count("receive", partial(_receive, _awaited(merchant, rma), location_id))
        count("inspect", partial(_inspect, _at_bench(merchant, rma)))
        count("refund", partial(run_due_calls, 1), scoped=False)
        _put_off_others(merchant, now() + timedelta(hours=1))
        count("close", partial(deliver_due, 1), scoped=False)
        _put_off_others(merchant, now())
        count("events", _deliver_all, scoped=False)
        with merchant_scope(merchant.pk), transaction.atomic():
            paid = RefundAllocation.objects.get(refund__about_id=rma.pk)
            if paid.status != "succeeded" or Return.objects.get(pk=rma.pk).status != "closed":
                raise RuntimeError("the cycle did not end in a paid, closed return")
    return counts


def _awaited(merchant: Merchant, rma: Return) -> ReturnLine:
    with merchant_scope(merchant.pk), transaction.atomic():
        return rma.lines.get()


def _at_bench(merchant: Merchant, rma: Return) -> Inspection:
    with merchant_scope(merchant.pk), transaction.atomic():
        return Inspection.objects.get(rma=rma)


def _receive(line: ReturnLine, location_id: UUID) -> None:
    units = [ReceivedUnits(line.pk, 1, ReceiptLineStatus.RECEIVED)]
    with transaction.atomic():
        receive_parcel(
            line.rma_id, location_id=location_id, units=units, operation_id=new_token(),
            actor=SYSTEM,
        )  # fmt: skip


def _inspect(unit: Inspection) -> None:
    with transaction.atomic():
        inspect_unit(
            unit.pk, grade="A", disposition="restock", accepted=True, actor=SYSTEM,
            expected_version=unit.version,
        )  # fmt: skip


def _put_off_others(merchant: Merchant, due_at: datetime) -> None:
    """Let every delivery but the one that closes the return wait until ``due_at``."""
    with merchant_scope(merchant.pk), transaction.atomic():
        waiting = Delivery.objects.filter(status=Delivery.Status.WAITING)
        waiting.exclude(handler="rma.on_refund").update(due_at=due_at)


def _deliver_all() -> None:
    while deliver_due():
        pass


def of_pages(cookie: str) -> dict[str, int]:
    """Count the statements of each page; a first visit warms caches up."""
    staff, shopper = Client(), Client()
    name, _, value = cookie.partition("=")
    staff.cookies[name] = value
    merchant = shop.bench_merchant()
    with merchant_scope(merchant.pk), transaction.atomic():
        rma = Return.objects.filter(status="closed").order_by("-created_at")[0]
    pages = {
        "queue_page": (staff, f"/app/{shop.SLUG}/returns/"),
        "queue_page_all": (staff, f"/app/{shop.SLUG}/returns/?view=all"),
        "return_page": (staff, f"/app/{shop.SLUG}/returns/{_unnumbered(rma.number)}/"),
        "report_page": (staff, f"/app/{shop.SLUG}/reports/?days=90"),
        "portal_find_page": (shopper, f"/r/{shop.SLUG}/"),
        "portal_items_page": (shopper, _items_page(shopper, shop.POOL)),
        "portal_status_page": (shopper, f"/r/{shop.SLUG}/s/{rma.token.partition('~')[0]}"),
    }
    return {name: _count(client, path) for name, (client, path) in pages.items()}


def _unnumbered(number: str) -> str:
    """Return the model's number of a copy's: copies have numbers that nobody types."""
    return number.partition("~")[0]


def _count(client: Client, path: str) -> int:
    for _ in range(2):
        with caught() as found:
            answer = client.get(path, headers={"host": "localhost"})
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")
    return len(found)


def _items_page(client: Client, number: str) -> str:
    answer = client.post(
        f"/r/{shop.SLUG}/",
        {"order": number, "who": shop.EMAIL},
        headers={"host": "localhost"},
    )
    if answer.status_code != 302:
        raise RuntimeError(f"the order was not found: {answer.status_code}")
    return str(answer["Location"]).removeprefix(settings.PUBLIC_URL)
