"""The managers that put the merchant into every query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection, models
from django.db.models.expressions import Expression
from django.db.models.sql import InsertQuery

from returns_portal.core import scope
from returns_portal.core.errors import ScopeError


class CurrentMerchantId(Expression):
    """The merchant in scope, read when the SQL is compiled: querysets may be made at import time.

    Raises ScopeError when no merchant is in scope, whatever the queryset method.
    """

    output_field = models.UUIDField()

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        return "%s::uuid", [str(scope.current_merchant_id())]


class TenantQuerySet(models.QuerySet):
    """A queryset whose inserts are stamped with the merchant in scope."""

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> Any:
        rows = list(objs)
        for row in rows:
            stamp(row)
        return super().bulk_create(rows, *args, **kwargs)


class TenantManager(models.Manager.from_queryset(TenantQuerySet)):  # type: ignore[misc]
    """Shows only the rows of the merchant in scope."""

    use_in_migrations = False

    def get_queryset(self) -> TenantQuerySet:
        return super().get_queryset().filter(merchant_id=CurrentMerchantId())


class AllTenantsManager(models.Manager.from_queryset(TenantQuerySet)):  # type: ignore[misc]
    """Shows the rows of every merchant. Row-level security allows it in ``system_scope`` only, and
    only on tables whose model says ``crosses_merchants``."""

    use_in_migrations = False


def stamp(row: models.Model) -> None:
    """Give ``row`` the merchant in scope; refuse a row of another merchant (ScopeError)."""
    merchant_id = scope.current_merchant_id()
    if row.merchant_id is None:  # type: ignore[attr-defined]
        row.merchant_id = merchant_id  # type: ignore[attr-defined]
    elif row.merchant_id != merchant_id:  # type: ignore[attr-defined]
        raise ScopeError(f"{type(row).__name__} of another merchant")


def insert_together(*tables: Sequence[models.Model]) -> None:
    """Insert new rows of several tables, one sequence for each, by one statement.

    References between tenant rows are checked at commit, so the tables may come in any order.
    """
    filled = [rows for rows in tables if rows]
    if not filled:
        return
    statements, params = [], []
    for rows in filled:
        for row in rows:
            stamp(row)
        query = InsertQuery(type(rows[0]))
        query.insert_values(query.get_meta().concrete_fields, rows)
        ((sql, values),) = query.get_compiler(connection=connection).as_sql()
        statements.append(sql)
        params += values
    *first, last = statements
    ctes = ", ".join(f"w{place} AS ({sql})" for place, sql in enumerate(first))
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {ctes} {last}" if first else last, params)
    for rows in filled:
        for row in rows:
            row._state.adding, row._state.db = False, connection.alias
