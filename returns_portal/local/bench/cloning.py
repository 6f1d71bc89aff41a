"""Bulk rows by INSERT ... SELECT: copies of whole returns that real actions made.

Every copy is as consistent as its model: ids are mapped by one rule wherever they occur, also
inside keys and JSON, unique texts get the copy's number, and all instants move by the same span.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import models
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812  a class, named as one

# Texts that are unique or that must go on matching one another, by the name of their column.
_NUMBERED = frozenset(
    {
        "number", "number_key", "order_number_key", "external_id", "operation_id", "token", "key",
        "tracking_code", "tracking_key", "reference", "provider_refund_id", "shopper_name",
        "name_key", "provider_shipment_id", "idempotency_key", "payment_reference",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one table that belong to the model; ``ids`` are their primary keys."""

    model: type[models.Model]
    ids: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Span:
    """Copies ``first`` to ``last``; copy n lies ``seconds * n`` before the model."""

    first: int
    last: int
    seconds: float


def clone(opened: Connection, parts: Iterable[Part], span: Span) -> int:
    """Copy the rows of ``parts``; return how many rows were made.

    ``opened`` is the superuser's: triggers of references are off, because each copy refers to its
    own rows by construction.
    """
    known = [part for part in parts if part.ids]
    mapped = {str(pk) for part in known for pk in part.ids}
    made = 0
    with opened.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for part in known:
            samples = _samples(cursor, part)
            cursor.execute(
                _statement(part, samples, mapped),
                {
                    "ids": [str(pk) for pk in part.ids],
                    "first": span.first,
                    "last": span.last,
                    "seconds": span.seconds,
                },
            )
            made += cursor.rowcount
        cursor.execute("SET session_replication_role = origin")
    return made


def _samples(cursor: Any, part: Part) -> dict[str, list[str]]:
    """Return the model's values by column, as text."""
    table = sql.Identifier(part.model._meta.db_table)
    names = [field.column for field in part.model._meta.local_fields]
    columns = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in names)
    cursor.execute(
        sql.SQL("SELECT {} FROM {} WHERE id = ANY(%s::uuid[])").format(columns, table),
        [[str(pk) for pk in part.ids]],
    )
    rows = cursor.fetchall()
    return {
        name: [row[place] for row in rows if row[place] is not None]
        for place, name in enumerate(names)
    }


def _statement(part: Part, samples: dict[str, list[str]], mapped: set[str]) -> sql.Composed:
    fields = part.model._meta.local_fields
    values = [_value(field, samples[field.column], mapped) for field in fields]
    names = [sql.Identifier(field.column) for field in fields]
    return sql.SQL(
        "INSERT INTO {table} ({names}) SELECT {values} FROM {table} AS t "
        "CROSS JOIN generate_series(%(first)s, %(last)s) AS n WHERE t.id = ANY(%(ids)s::uuid[])"
    ).format(
        table=sql.Identifier(part.model._meta.db_table),
        names=sql.SQL(", ").join(names),
        values=sql.SQL(", ").join(values),
    )


def _value(field: Any, samples: list[str], mapped: set[str]) -> sql.Composable:
    column = sql.SQL("t.{}").format(sql.Identifier(field.column))
    kind = field.get_internal_type()
    if isinstance(field, models.ForeignKey):
        kind = field.target_field.get_internal_type()
    if kind == "UUIDField":
        is_own = any(sample in mapped for sample in samples)
        return _new_id(column) if is_own else column
    if kind == "DateTimeField":
        return sql.SQL("{} - make_interval(secs => n * %(seconds)s)").format(column)
    if kind == "DateField":
        return sql.SQL("{} - (n * %(seconds)s / 86400)::int").format(column)
    if kind == "JSONField":
        return _in_text(column, samples, mapped, "jsonb")
    if kind == "CharField" and field.column in _NUMBERED:
        return sql.SQL("CASE {c} WHEN '' THEN '' ELSE {v} || '~' || n END").format(
            c=column, v=_in_text(column, samples, mapped, "text")
        )
    return column


def _new_id(value: sql.Composable) -> sql.Composed:
    return sql.SQL("md5({}::text || '~' || n)::uuid").format(value)


def _in_text(
    column: sql.Composable, samples: list[str], mapped: set[str], kind: str
) -> sql.Composable:
    """Replace the ids of the model that occur inside a text or a JSON value."""
    inside = sorted(one for one in mapped if any(one in sample for sample in samples))
    text: sql.Composable = sql.SQL("{}::text").format(column)
    for one in inside:
        text = sql.SQL("replace({}, {}, {}::text)").format(
            text, sql.Literal(one), _new_id(sql.Literal(one))
        )
    return sql.SQL("({})::{}").format(text, sql.SQL(kind)) if inside else column
