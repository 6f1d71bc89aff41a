"""The steps of the bench that need the product's models; each is one run of ``bench_step``."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg2
from django.db import transaction

from returns_portal.commerce.models import Order
from returns_portal.core.scope import merchant_scope
from returns_portal.local.bench import deciding, floor, shop, statements, work
from returns_portal.local.bench.cloning import Span, clone
from returns_portal.local.bench.lines import Clock
from returns_portal.tenancy.models import ApiKey, Merchant
from rma.models import Return

_DAY = 86400


def prepare(_: dict[str, Any]) -> dict[str, Any]:
    """Make the shop, the order that requests use up in copies, and the model returns."""
    facts = shop.make_shop()
    merchant = shop.bench_merchant()
    with merchant_scope(merchant.pk):
        order = shop.place_order(shop.POOL)
        line_id = shop.first_line(order.pk)
    stages = {stage: rma.pk for stage, rma in shop.make_models(merchant).items()}
    with merchant_scope(merchant.pk), transaction.atomic():
        reached = dict(Return.objects.filter(pk__in=stages.values()).values_list("pk", "stage"))
        closed = Return.objects.get(pk=stages["closed"])
    wanted = {stage: "refunded" if stage == "closed" else stage for stage in stages}
    found = {stage: reached[pk] for stage, pk in stages.items()}
    if found != wanted:
        raise RuntimeError(f"the model returns stand at {found}")
    return facts | {
        "order": str(order.pk),
        "line": str(line_id),
        "return": closed.number,
        "token": closed.token,
    }


def orders(values: dict[str, Any]) -> dict[str, Any]:
    """Copy the order of the pool: numbers ``first`` to ``last``, all just delivered."""
    merchant = shop.bench_merchant()
    with merchant_scope(merchant.pk):
        with transaction.atomic():
            order_id = Order.objects.values_list("pk", flat=True).get(number=shop.POOL)
        parts = shop.order_parts(order_id)
    with _superuser() as opened:
        made = clone(opened, parts, Span(values["first"], values["last"], 0.0))
        _analyze(opened)
    return {"rows": made}


def fill(values: dict[str, Any]) -> dict[str, Any]:
    """Copy the model returns until there are ``last``, from number ``first`` on."""
    merchant = shop.bench_merchant()
    count, made = values["last"] - values["first"] + 1, 0
    with Clock() as clock, _superuser() as opened:
        for model in shop.MODELS:
            share = max(count * model.share // 100, 1)
            with merchant_scope(merchant.pk):
                with transaction.atomic():
                    rma = Return.objects.get(order__number=f"M-{model.stage}")
                parts = shop.return_parts(rma)
            span = Span(values["first"], values["first"] + share - 1, model.days * _DAY / share)
            made += clone(opened, parts, span)
        _analyze(opened)
    return {"rows": made, "seconds": clock.seconds}


def count_statements(values: dict[str, Any]) -> dict[str, Any]:
    """Count the statements of a request through the API and of a whole cycle."""
    pool = _pool(values)
    request, _ = statements.of_request(values["key"], pool)
    return {"request": len(request), "cycle": statements.of_cycle(pool)}


def count_pages(values: dict[str, Any]) -> dict[str, Any]:
    """Count the statements of each page."""
    return statements.of_pages(values["cookie"])


def measure_floor(values: dict[str, Any]) -> dict[str, Any]:
    """Replay the writes of one request by bare psycopg2, with one connection and with eight."""
    pool = _pool(values)
    recorded, rma = statements.of_request(values["key"], pool)
    merchant = shop.bench_merchant()
    with merchant_scope(merchant.pk), transaction.atomic():
        line = rma.lines.get()
    recording = _recording(floor.keep(recorded), rma, line.order_line_id, merchant)
    rest = list(pool)
    half = len(rest) // 2
    return {
        "statements": len(recording.statements),
        **{
            str(connections): dict(
                zip(
                    ("n", "seconds"),
                    floor.replay(
                        os.environ["DATABASE_URL"],
                        recording,
                        part,
                        connections=connections,
                        seconds=values["seconds"],
                    ),
                    strict=True,
                )
            )
            for connections, part in ((1, rest[:half]), (8, rest[half:]))
        },
    }


def _recording(
    kept: list[statements.Statement], rma: Return, line_id: UUID, merchant: Merchant
) -> floor.Recording:
    """Tell what of the recorded values was made by the request: ids that no insert refers to."""
    written = [params for sql, params in kept if "INSERT INTO" in sql.upper()]
    made = {one for params in written for one in floor.ids_in(params)}
    fixed = {merchant.pk, rma.order_id, line_id, rma.policy_version_id}
    with merchant_scope(merchant.pk), transaction.atomic():
        fixed |= {one.account_id for one in rma.shipments.all() if one.account_id}
        fixed |= {UUID(str(pk)) for pk in _api_keys()}
    return floor.Recording(
        statements=kept,
        order=rma.order_id,
        line=line_id,
        fresh=sorted(made - fixed),
        texts=[rma.number, rma.token, rma.operation_id],
    )


def _api_keys() -> list[UUID]:
    return list(ApiKey.objects.values_list("pk", flat=True))


def cycles(values: dict[str, Any]) -> dict[str, Any]:
    """Take returns from request to money for some seconds."""
    return work.cycles(_pool(values), values["seconds"], complete=values["complete"])


def providers(values: dict[str, Any]) -> dict[str, Any]:
    """Buy labels and pay refunds at the built-in providers, in one process."""
    return work.labels_and_refunds(_pool(values), values["count"])


def start_rehearsal(_: dict[str, Any]) -> dict[str, Any]:
    """Save a draft without a limit for automatic approval and start to rehearse it over a year."""
    return work.start_rehearsal_of_a_year()


def rehearse(_: dict[str, Any]) -> dict[str, Any]:
    """Work on the rehearsal until it has ended, as one worker process does."""
    return work.rehearse()


def _pool(values: dict[str, Any]) -> Iterator[tuple[UUID, UUID]]:
    for number in range(values["first"], values["last"] + 1):
        yield copy_of(values["order"], number), copy_of(values["line"], number)


def copy_of(model: str, number: int) -> UUID:
    """Return the id that copy ``number`` of a row has: the rule of ``cloning``."""
    return UUID(hashlib.md5(f"{model}~{number}".encode(), usedforsecurity=False).hexdigest())


@contextmanager
def _superuser() -> Iterator[Any]:
    opened = psycopg2.connect(os.environ["BENCH_SUPERUSER"])
    try:
        opened.autocommit = True
        yield opened
    finally:
        opened.close()


def _analyze(opened: Any) -> None:
    with opened.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")


STEPS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "prepare": prepare,
    "orders": orders,
    "fill": fill,
    "count_statements": count_statements,
    "count_pages": count_pages,
    "measure_floor": measure_floor,
    "cycles": cycles,
    "providers": providers,
    "decisions": deciding.decisions,
    "start_rehearsal": start_rehearsal,
    "rehearse": rehearse,
}
