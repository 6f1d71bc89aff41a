"""Whose rows may be seen: one merchant's, every merchant's (system work), or nobody's.

The scope lives in a ContextVar. Two things read it: the scoped manager, which puts the merchant
into every query's WHERE, and the database backend, which tells PostgreSQL's row-level security at
the first statement of each transaction. Forgetting a scope fails twice, loudly and closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from returns_portal.core.errors import ScopeError


@dataclass(frozen=True, slots=True)
class Scope:
    """The merchant in force, or ``all_tenants`` for the few tables that system work may cross."""

    merchant_id: UUID | None = None
    all_tenants: bool = False


NOBODY = Scope()
_current: ContextVar[Scope] = ContextVar("merchant_scope", default=NOBODY)


def current() -> Scope:
    return _current.get()


def current_merchant_id() -> UUID:
    """Return the merchant in scope. Raises ScopeError when there is none."""
    merchant_id = _current.get().merchant_id
    if merchant_id is None:
        raise ScopeError("no merchant in scope; open merchant_scope(merchant_id) around this work")
    return merchant_id


@contextmanager
def merchant_scope(merchant_id: UUID) -> Iterator[None]:
    """See and write the rows of one merchant inside the block. Opens no transaction by itself."""
    token = _current.set(Scope(merchant_id=merchant_id))
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def system_scope() -> Iterator[None]:
    """See rows of every merchant in the tables whose policy allows it; see no others.

    For finding work and for telling whose request this is; then open ``merchant_scope``.
    """
    token = _current.set(Scope(all_tenants=True))
    try:
        yield
    finally:
        _current.reset(token)
