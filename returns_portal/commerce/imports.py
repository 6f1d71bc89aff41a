"""Import files of orders: each order in a transaction of its own, the bad ones reported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import DataError, IntegrityError, transaction

from returns_portal.commerce.actions import Upserted, upsert_order
from returns_portal.commerce.platforms import csv_import, shopify, woocommerce
from returns_portal.commerce.platforms.base import OrderRecord, RecordError
from returns_portal.core.actor import Actor
from returns_portal.core.errors import DomainError
from returns_portal.core.scope import merchant_scope

READERS: dict[str, Callable[..., Iterator[OrderRecord | RecordError]]] = {
    shopify.SOURCE: shopify.parse,
    woocommerce.SOURCE: woocommerce.parse,
    csv_import.SOURCE: csv_import.parse,
}


@dataclass(slots=True)
class Tally:
    """What an import has done so far."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    warned: int = 0
    currencies: set[str] = field(default_factory=set)

    @property
    def kept(self) -> int:
        return self.created + self.updated + self.unchanged

    def count(self, outcome: Upserted) -> None:
        setattr(self, outcome, getattr(self, outcome) + 1)


def import_file(
    path: Path, *, merchant_id: UUID, source: str, actor: Actor, tally: Tally
) -> Iterator[OrderRecord | RecordError]:
    """Import one file, counting in ``tally``; yields each record once it is kept or refused."""
    try:
        stream = path.open("rb")
    except OSError as refused:
        tally.refused += 1
        reason = refused.strerror or "It cannot be read"
        yield RecordError(file=str(path), record="file", field="file", message=f"{reason}.")
        return
    with stream:
        for found in READERS[source](stream, file=path.name):
            outcome = _keep(found, merchant_id, actor, tally, path.name)
            tally.refused += isinstance(outcome, RecordError)
            yield outcome


def _keep(
    found: OrderRecord | RecordError, merchant_id: UUID, actor: Actor, tally: Tally, file: str
) -> OrderRecord | RecordError:
    if isinstance(found, RecordError):
        return found
    try:
        with merchant_scope(merchant_id), transaction.atomic():
            _, outcome = upsert_order(found, actor=actor)
    except DomainError as refused:
        return _refusal(file, found, refused.field or "order", refused.message)
    except (DataError, IntegrityError) as refused:
        first_line: Any = str(refused).strip().partition("\n")[0]
        return _refusal(file, found, "order", f"The database refused it: {first_line}.")
    tally.count(outcome)
    tally.warned += bool(found.warnings)
    return found


def _refusal(file: str, record: OrderRecord, field_name: str, message: str) -> RecordError:
    return RecordError(
        file=file, record=f"order {record.number}", field=field_name, message=message
    )
