"""Django's PostgreSQL backend, telling row-level security whose transaction this is.

At the first statement of a transaction, and whenever the scope changes inside one, it runs
``set_config(..., true)``, which ends with the transaction: a pooled connection keeps nothing.
Outside a transaction that would do nothing and every tenant table would look empty, so a scoped
statement in autocommit mode is refused instead.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base

from returns_portal.core import scope
from returns_portal.core.errors import ScopeError

_APPLY = "SELECT set_config('app.merchant_id', %s, true), set_config('app.all_tenants', %s, true)"


class DatabaseWrapper(base.DatabaseWrapper):
    _applied: scope.Scope | None = scope.NOBODY

    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)
        self._applied = scope.NOBODY

    def _savepoint_rollback(self, sid: str) -> None:
        # A setting made since the savepoint is undone with it.
        super()._savepoint_rollback(sid)
        self._applied = None

    def _close(self) -> Any:
        self._applied = scope.NOBODY
        return super()._close()

    def _cursor(self, name: str | None = None) -> Any:
        wanted = scope.current()
        if wanted != self._applied:
            if self.in_atomic_block:
                self._apply(wanted)
            elif wanted != scope.NOBODY:
                raise ScopeError("a scoped statement needs a transaction; open atomic() around it")
        return super()._cursor(name)

    def _apply(self, wanted: scope.Scope) -> None:
        with super()._cursor() as cursor:
            cursor.execute(
                _APPLY,
                [str(wanted.merchant_id or ""), "on" if wanted.all_tenants else ""],
            )
        self._applied = wanted
