"""The floor: the writes of a return request by bare psycopg2, in one transaction, nothing else.

They are not written down here a second time: a real request's statements are caught, its locks and
writes are kept, and they are replayed with fresh ids on orders of their own.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import psycopg2

from returns_portal.local.bench.statements import Statement

_WRITES = re.compile(r"\b(INSERT INTO|UPDATE|DELETE FROM)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Recording:
    """The kept statements, and which of their values belong to the recorded request.

    ``order`` and ``line`` are replaced by the next order's, ``fresh`` ids by new ones, ``texts``
    get a number of their own.
    """

    statements: Sequence[Statement]
    order: UUID
    line: UUID
    fresh: Sequence[UUID]
    texts: Sequence[str]


def keep(statements: Sequence[Statement]) -> list[Statement]:
    """Return scope, locks (``FOR UPDATE``) and writes; reads that lock nothing are left out."""
    return [
        (sql, params) for sql, params in statements if _WRITES.search(sql) or "set_config" in sql
    ]


def ids_in(values: Any) -> set[UUID]:
    """Return every UUID among parameters, however deep in lists."""
    if isinstance(values, UUID):
        return {values}
    if isinstance(values, dict):
        values = list(values.values())
    if isinstance(values, list | tuple):
        return {found for value in values for found in ids_in(value)}
    return set()


def replay(
    dsn: str,
    recording: Recording,
    orders: Sequence[tuple[UUID, UUID]],
    *,
    connections: int,
    seconds: float,
) -> tuple[int, float]:
    """Replay on ``orders`` from some connections at once; return how many and in how long."""
    waiting = list(reversed(orders))
    done = [0] * connections
    failures: list[BaseException] = []
    deadline = time.perf_counter() + seconds

    def work(place: int) -> None:
        try:
            opened = psycopg2.connect(dsn)
            with opened.cursor() as cursor:
                while waiting and time.perf_counter() < deadline:
                    _one(cursor, recording, *waiting.pop())
                    opened.commit()
                    done[place] += 1
            opened.close()
        except psycopg2.Error as error:
            failures.append(error)

    started = time.perf_counter()
    threads = [threading.Thread(target=work, args=(place,)) for place in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError("the recorded writes could not be replayed") from failures[0]
    return sum(done), time.perf_counter() - started


def _one(cursor: Any, recording: Recording, order: UUID, line: UUID) -> None:
    mapped = {recording.order: order, recording.line: line}
    mapped |= {one: uuid4() for one in recording.fresh}
    suffix = uuid4().hex[:8]
    words = {str(old): str(new) for old, new in mapped.items()}
    words |= {text: f"{text[:-8]}{suffix}" for text in recording.texts}
    for sql, params in recording.statements:
        cursor.execute(sql, _changed(params, mapped, words))


def _changed(value: Any, mapped: dict[UUID, UUID], words: dict[str, str]) -> Any:
    if isinstance(value, UUID):
        return mapped.get(value, value)
    if isinstance(value, str):
        for old, new in words.items():
            if old in value:
                value = value.replace(old, new)
        return value
    if isinstance(value, dict):
        return {name: _changed(one, mapped, words) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_changed(one, mapped, words) for one in value)
    return value
