"""The ways in which the product writes to PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import connection, models, transaction

_put_off: ContextVar[list[Any] | None] = ContextVar("put_off", default=None)


def action_transaction() -> AbstractContextManager[None]:
    """Run an action all or nothing; inside a caller's transaction it joins it without a savepoint.

    An error inside therefore spoils the caller's transaction as a whole. A face that wants to show
    a page after a refusal wraps its call in :func:`attempt`.
    """
    return transaction.atomic(savepoint=False)


@contextmanager
def attempt() -> Iterator[None]:
    """Let a caller inside a transaction survive the error of an action: a savepoint.

    What the action had put off is dropped with what it had written.
    """
    waiting = _put_off.get()
    mark = 0 if waiting is None else len(waiting)
    try:
        with transaction.atomic():
            yield
    except BaseException:
        if waiting is not None:
            del waiting[mark:]
        raise


@contextmanager
def written_at_end(write: Callable[[list[Any]], None]) -> Iterator[None]:
    """Give ``write`` at the end of the block, all at once, what :func:`put_off` took inside it.

    A block that fails writes nothing. Inside another such block it leaves the writing to that one.
    """
    if _put_off.get() is not None:
        yield
        return
    waiting: list[Any] = []
    token = _put_off.set(waiting)
    try:
        yield
    finally:
        _put_off.reset(token)
    write(waiting)


def put_off(rows: Sequence[Any]) -> bool:
    """Keep ``rows`` for the end of the block around; return whether there is one."""
    waiting = _put_off.get()
    if waiting is None:
        return False
    waiting.extend(rows)
    return True


def durable() -> AbstractContextManager[None]:
    """Run one half of an external call: refuses to be part of a larger transaction."""
    return transaction.atomic(durable=True)


def assert_no_transaction() -> None:
    """Refuse to talk to a network while a transaction is open on this connection."""
    if connection.in_atomic_block and not getattr(connection, "testing_inside_atomic", False):
        raise RuntimeError("no network inside a transaction")


def claim(rows: models.QuerySet, **changes: object) -> bool:
    """Change one row by conditional UPDATE; return whether this caller was the one to do it."""
    return rows.update(**changes) == 1


@contextmanager
def statement_timeout(milliseconds: int) -> Iterator[None]:
    """Let PostgreSQL end any statement of this block that runs longer. Opens a transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(milliseconds)])
        yield


def preload(row: models.Model, name: str, related: Sequence[Any]) -> None:
    """Leave ``related`` on ``row`` as ``prefetch_related(name)`` would, without a statement."""
    known = getattr(row, name).all()
    known._result_cache = list(related)
    known._prefetch_done = True
    row.__dict__.setdefault("_prefetched_objects_cache", {})[name] = known
