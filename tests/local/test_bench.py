"""The bench's own arithmetic: percentiles, lines, the client, and one rule for copies' ids."""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import pytest
from django.db import connection, transaction

from returns_portal.commerce.models import Order, OrderLine
from returns_portal.core.scope import merchant_scope
from returns_portal.local.bench import http_load, memory, running, steps
from returns_portal.local.bench.cloning import Part, Span, clone
from returns_portal.local.bench.floor import ids_in
from returns_portal.local.bench.lines import Lines, percentile
from returns_portal.tenancy.models import Merchant
from tests import flows


def test_percentile_is_a_value_that_was_measured() -> None:
    values = [float(number) for number in range(1, 101)]

    assert [percentile(values, percent) for percent in (50, 95, 99)] == [50.0, 95.0, 99.0]
    assert percentile([7.0], 99) == 7.0
    assert percentile([], 50) == 0.0


def test_line_is_json_with_aim_and_machine() -> None:
    output = io.StringIO()
    lines = Lines(output, postgres="18.1")

    lines.put("fast", 12.3456, "ms", n=3, seconds=1.234, at_most=15)
    lines.put("slow", 100.0, "requests/s", at_least=120)

    fast, slow = (json.loads(line) for line in output.getvalue().splitlines())
    assert (fast["name"], fast["value"], fast["unit"], fast["n"]) == ("fast", 12.346, "ms", 3)
    assert (fast["aim"], fast["met"]) == ("<= 15", True)
    assert (slow["aim"], slow["met"]) == (">= 120", False)
    assert {"cores", "cpu", "memory_mb", "python", "postgres", "load"} <= fast["machine"].keys()
    assert lines.missed == ["slow"]


class Answers(BaseHTTPRequestHandler):
    """Answers 201 with a body, or 409 to what asks for it."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:  # noqa: N802  the base class's name
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = 409 if b"refuse" in body else 201
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def test_client_counts_expected_answers_and_keeps_the_others_apart(port: int) -> None:
    def requests() -> Iterator[bytes]:
        for number in range(30):
            body = b"refuse" if number == 7 else b"{}"
            yield http_load.post_json(port, "/", body, key="k", operation=str(number))

    # In a thread of its own: a browser test before leaves its event loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        outcome = pool.submit(
            http_load.run, port, requests(), clients=4, seconds=20, expected=201
        ).result()

    assert len(outcome.seconds) == 29
    assert outcome.wrong == {409: 1}
    assert outcome.sample == "refuse"
    assert outcome.per_second > 0


def test_memory_of_this_process_is_more_than_nothing() -> None:
    used = memory.usage(os.getpid())

    assert used.processes >= 1
    assert used.pss_mb > 1
    assert used.largest_rss_mb >= used.pss_mb / used.processes / 2


def test_ids_are_found_however_deep() -> None:
    one, two = UUID(int=1), UUID(int=2)

    assert ids_in([one, {"a": (two, "x")}, 3]) == {one, two}


@pytest.mark.django_db(transaction=True)
def test_clone_makes_consistent_copies_with_ids_that_can_be_foretold(merchant: Merchant) -> None:
    flows.open_for_business(merchant)
    with merchant_scope(merchant.pk):
        placed = flows.order(number="NL-1")
        line = flows.lines_of(placed)[0]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            made = clone(
                _Unbound(), [Part(Order, [placed.pk]), Part(OrderLine, [line.pk])], Span(1, 3, 60)
            )
            copies = list(Order.objects.exclude(pk=placed.pk).order_by("-placed_at"))
            lines = {one.pk: one for one in OrderLine.objects.exclude(pk=line.pk)}

    assert made == 6
    assert [copy.number for copy in copies] == ["NL-1~1", "NL-1~2", "NL-1~3"]
    for number, copy in enumerate(copies, start=1):
        assert copy.pk == steps.copy_of(str(placed.pk), number)
        assert str(copy.pk) == running.copy_of(str(placed.pk), number)
        own = lines[steps.copy_of(str(line.pk), number)]
        assert (own.order_id, own.paid_minor) == (copy.pk, line.paid_minor)
        assert (placed.placed_at - copy.placed_at).total_seconds() == pytest.approx(60 * number)


class _Unbound:
    """The test's own connection in place of a superuser's: its role may not turn triggers off."""

    def cursor(self) -> _Cursor:
        return _Cursor()


class _Cursor:
    def __enter__(self) -> _Cursor:
        self._cursor = connection.connection.cursor()
        return self

    def __exit__(self, *_: object) -> None:
        self._cursor.close()

    def execute(self, statement: object, values: object = None) -> None:
        if "session_replication_role" not in str(statement):
            self._cursor.execute(statement, values)

    def fetchall(self) -> object:
        return self._cursor.fetchall()

    @property
    def rowcount(self) -> int:
        return int(self._cursor.rowcount)
