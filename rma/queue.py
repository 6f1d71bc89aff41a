"""The staff's queue of returns: views, filters, counts and search, quick at any size.

Every statement is bounded by what it shows, not by how many returns there are: pages go by
keyset, counts stop at a cap, and search uses exact keys and beginnings, the only comparisons that
reach an index below row-level security.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import (
    BooleanField,
    Exists,
    F,
    Func,
    Model,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
)

from returns_portal.commerce.keys import email_index, number_key
from returns_portal.core import scope
from returns_portal.core.crypto import normalise
from returns_portal.core.errors import InvalidInput
from rma.models import Appeal, Return, ReturnLine, Shipment
from rma.numbers import looks_like_rma_number, parse_rma_number
from rma.rule_matches import matched_ids
from rma.states import STAGES

PAGE_SIZE = 50
# Counts stop here and are shown with a plus: nobody works through more in one go.
COUNT_CAP = 300
_MOST_FOUND = 200

# What the tabs of the queue show. "all" has no stages of its own.
VIEWS: dict[str, tuple[str, ...]] = {
    "review": ("review",),
    "waiting": ("info",),
    "on_the_way": ("approved", "label", "transit", "late"),
    "to_inspect": ("received", "inspecting", "partial", "repair"),
    "payout": ("payout",),
    "trouble": ("failed", "hold"),
    "all": (),
}
_COUNTS = """
SELECT wanted.stage, (
    SELECT count(*) FROM (
        SELECT 1 FROM rma_return r
        WHERE r.merchant_id = %s AND r.stage = wanted.stage LIMIT %s
    ) AS capped
) FROM unnest(%s::text[]) AS wanted (stage)
"""


@dataclass(frozen=True, slots=True)
class QueueFilters:
    """What of the queue to show. Empty means no limit.

    ``view`` is a key of VIEWS; ``stages`` narrow it. ``mine`` is a user's id, ``appealed``
    limits to returns with an open appeal, ``rule`` to those that an own rule of this key applied
    to. ``details`` are reasons that count as ``reason``. ``after`` is a cursor that an earlier page
    gave out.
    """

    view: str = "all"
    stages: tuple[str, ...] = ()
    reason: str = ""
    details: tuple[str, ...] = ()
    wanted: str = ""
    method: str = ""
    channel: str = ""
    mine: UUID | None = None
    appealed: bool = False
    rule: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    oldest_first: bool = False
    after: str = ""
    size: int = PAGE_SIZE


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the queue; ``next`` is the cursor of the following one, empty at the end."""

    rows: list[Return]
    next: str = ""


@dataclass(frozen=True, slots=True)
class StageCounts:
    """Returns by stage, counted up to COUNT_CAP each."""

    by_stage: dict[str, int] = field(default_factory=dict)

    def of_view(self, view: str) -> int:
        stages = VIEWS[view] or tuple(self.by_stage)
        return sum(self.by_stage.get(stage, 0) for stage in stages)

    def is_capped(self, view: str) -> bool:
        """Tell whether there are more than counted: show a plus sign."""
        stages = VIEWS[view] or tuple(self.by_stage)
        return any(self.by_stage.get(stage, 0) >= COUNT_CAP for stage in stages)

    def text_of(self, view: str) -> str:
        """Write the count for a tile or a tab, e.g. ``24`` or ``300+``."""
        return f"{self.of_view(view)}{'+' if self.is_capped(view) else ''}"


def queue(filters: QueueFilters) -> Page:
    """Return one page of returns with their orders, lines and newest parcel. Four statements.

    Raises InvalidInput for an unknown view, stage or cursor.
    """
    size = min(max(filters.size, 1), 200)
    ids = _page_ids(filters, size + 1)
    rows = loaded(ids[:size])
    has_more = len(ids) > size
    return Page(rows, _cursor(rows[-1]) if has_more and rows else "")


def stage_counts() -> StageCounts:
    """Count the returns at each stage, up to COUNT_CAP. One statement, bounded at any size."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [scope.current_merchant_id(), COUNT_CAP, list(STAGES)])
        return StageCounts(dict(cursor.fetchall()))


def mine_count(user_id: UUID) -> int:
    """Count the returns assigned to a member that still need work, up to COUNT_CAP."""
    open_stages = [stage for stages in VIEWS.values() for stage in stages]
    mine = Return.objects.filter(assignee_id=user_id, stage__in=open_stages)
    return mine.values("pk")[:COUNT_CAP].count()


def search(text: str, *, limit: int = PAGE_SIZE) -> list[Return]:
    """Return what ``text`` names: an RMA or order number, a name, an e-mail, a tracking number.

    A complete RMA number or e-mail address is exact; the rest are beginnings, and, when nothing
    begins so, any part of a name. Newest first.
    """
    return loaded(_found(text)[:limit])


def loaded(ids: Sequence[UUID]) -> list[Return]:
    """Return the returns with these ids, in their order, with all a list row shows."""
    shipments = Shipment.objects.filter(rma=OuterRef("pk")).order_by("-created_at", "-pk")
    appeals = Appeal.objects.filter(rma=OuterRef("pk"), status=Appeal.Status.OPEN)
    lines = (
        ReturnLine.objects.select_related("order_line")
        .only(*_own_columns(ReturnLine, "answers"), *_OF_ORDER_LINE)
        .order_by("position", "pk")
    )
    rows = (
        Return.objects.filter(pk__in=ids)
        .select_related("order", "assignee")
        .only(*_own_columns(Return, "facts", "decision", "quote"), *_OF_ORDER, "assignee__name")
        .annotate(
            tracking_code=Subquery(shipments.values("tracking_code")[:1]),
            is_appealed=Exists(appeals),
            shipment_status=Subquery(shipments.values("status")[:1]),
        )
        .prefetch_related(Prefetch("lines", lines))
    )
    by_id = {row.pk: row for row in rows}
    return [by_id[key] for key in ids if key in by_id]


# What a row shows of the order and of each item; anything else costs a statement of its own.
_OF_ORDER = (
    "order__number",
    "order__placed_at",
    "order__country",
    "order__currency",
    "order__total_minor",
    "order__shopper_name",
)
_OF_ORDER_LINE = (
    "order_line__title",
    "order_line__variant_title",
    "order_line__sku",
    "order_line__image_url",
    "order_line__quantity",
    "order_line__currency",
)


def _own_columns(model: type[Model], *without: str) -> list[str]:
    """Name a model's columns but for the large ones that a list does not show."""
    return [field.name for field in model._meta.concrete_fields if field.name not in without]


def _page_ids(filters: QueueFilters, count: int) -> list[UUID]:
    narrowed = _narrowed(filters)
    stages = _stages(filters)
    if filters.text.strip():
        narrowed = narrowed.filter(pk__in=_found(filters.text))
    order = ("created_at", "pk") if filters.oldest_first else ("-created_at", "-pk")
    if not stages:
        return list(narrowed.order_by(*order).values_list("pk", flat=True)[:count])
    # One walk along the stage index per stage, each no longer than the page.
    walks = [
        narrowed.filter(stage=stage).order_by(*order).values_list("created_at", "pk")[:count]
        for stage in stages
    ]
    merged = walks[0] if len(walks) == 1 else walks[0].union(*walks[1:], all=True)
    found = sorted(merged, reverse=not filters.oldest_first)
    return [pk for _, pk in found[:count]]


def _stages(filters: QueueFilters) -> tuple[str, ...]:
    if filters.view not in VIEWS:
        raise InvalidInput("There is no such view.", field="view")
    strange = [stage for stage in filters.stages if stage not in STAGES]
    if strange:
        raise InvalidInput(f"There is no stage {strange[0]!r}.", field="stage")
    view = VIEWS[filters.view]
    if not filters.stages:
        return view
    wanted = tuple(dict.fromkeys(filters.stages))
    narrowed = tuple(stage for stage in wanted if not view or stage in view)
    # A stage outside the view leaves nothing to show, which is not the same as no filter.
    return narrowed or ("",)


def _narrowed(filters: QueueFilters) -> QuerySet[Return]:
    returns = Return.objects.all()
    if filters.mine is not None:
        returns = returns.filter(assignee_id=filters.mine)
    if filters.appealed:
        objected = Appeal.objects.filter(status=Appeal.Status.OPEN)
        returns = returns.filter(pk__in=objected.values("rma_id"))
    if filters.rule:
        returns = returns.filter(pk__in=matched_ids(filters.rule, since=filters.since))
    if filters.method:
        returns = returns.filter(method=filters.method)
    if filters.channel:
        returns = returns.filter(channel=filters.channel)
    if filters.since is not None:
        returns = returns.filter(created_at__gte=filters.since)
    if filters.until is not None:
        returns = returns.filter(created_at__lt=filters.until)
    about_lines: dict[str, Any] = {}
    if filters.reason:
        about_lines["reason__in"] = [filters.reason, *filters.details]
    if filters.wanted:
        about_lines["wanted"] = filters.wanted
    if about_lines:
        lines = ReturnLine.objects.filter(**about_lines)
        returns = returns.filter(pk__in=lines.values("rma_id"))
    if filters.after:
        returns = returns.filter(_beyond(filters))
    return returns


def _beyond(filters: QueueFilters) -> Q:
    created_at, pk = _read_cursor(filters.after)
    # The plain bound beside the pair lets the index begin in the right place.
    if filters.oldest_first:
        pair = Q(created_at__gt=created_at) | Q(created_at=created_at, pk__gt=pk)
        return Q(created_at__gte=created_at) & pair
    pair = Q(created_at__lt=created_at) | Q(created_at=created_at, pk__lt=pk)
    return Q(created_at__lte=created_at) & pair


def _cursor(row: Return) -> str:
    plain = json.dumps([row.created_at.isoformat(), str(row.pk)])
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime, UUID]:
    try:
        plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        moment, pk = json.loads(plain)
        created_at = datetime.fromisoformat(moment)
        if created_at.tzinfo is None:
            raise ValueError("no time zone")
        return created_at, UUID(pk)
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise InvalidInput(
            "This page link is broken. Start at the first page.", field="after", code="bad_cursor"
        ) from error


def _found(text: str) -> list[UUID]:
    """Return the ids of what ``text`` names, newest first, at most a page or four of them."""
    text = text.replace("\x00", "").strip()[:120]
    if not text:
        return []
    if looks_like_rma_number(text):
        exact = Return.objects.filter(number=parse_rma_number(text))
        found = list(exact.values_list("pk", flat=True))
        if found:
            return found
    if "@" in text:
        return _newest(Return.objects.filter(email_index=email_index(text)))
    ids = set[UUID]()
    for walk in _beginnings(text):
        ids.update(walk.values_list("pk", flat=True)[:_MOST_FOUND])
    if not ids:
        # Any part of a name: the names alone are read, from their index, not the returns.
        names = Return.objects.filter(name_key__contains=normalise(text)).values("name_key")
        matching = list(names.distinct().order_by("name_key")[:_MOST_FOUND])
        return _newest(Return.objects.filter(name_key__in=[row["name_key"] for row in matching]))
    return _newest(Return.objects.filter(pk__in=ids))


def _newest(returns: QuerySet[Return]) -> list[UUID]:
    newest = returns.order_by("-created_at", "-pk")
    return list(newest.values_list("pk", flat=True)[:_MOST_FOUND])


def _beginnings(text: str) -> Iterable[QuerySet[Return]]:
    """Yield one query per kind of key that may begin with ``text``."""
    yield Return.objects.filter(_begins("name_key", normalise(text)))
    key = number_key(text)
    if not key:
        return
    yield Return.objects.filter(_begins("order_number_key", key))
    printed = f"R-{_grouped(key.removeprefix('RMA').removeprefix('R'))}"
    if len(printed) > 3:
        yield Return.objects.filter(_begins("number", printed))
    parcels = Shipment.objects.filter(_begins("tracking_key", key)) if len(key) > 4 else None
    if parcels is not None:
        yield Return.objects.filter(pk__in=parcels.values("rma_id")[:_MOST_FOUND])


def _grouped(core: str) -> str:
    """Put the dashes of a return number into the beginning of one."""
    return "-".join(part for part in (core[:4], core[4:8], core[8:]) if part)


def _begins(column: str, text: str) -> Func:
    """Match a beginning. LIKE is not leakproof and cannot run below row-level security;
    ``starts_with`` is, and walks the index where the database collates by code point."""
    return Func(F(column), Value(text), function="starts_with", output_field=BooleanField())
