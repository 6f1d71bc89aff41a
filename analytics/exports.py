"""The report as files: exactly the rows that the page shows, and the returns behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from analytics.metrics import Ratio
from analytics.report import Report, Totals
from analytics.rollups import day_bounds
from returns_portal.core.csvio import Cell
from returns_portal.core.errors import NotFound
from returns_portal.core.money import Money
from returns_portal.core.scope import merchant_scope
from rma.models import Resolution, Return, ReturnLine
from rma.states import REFUNDING

Table = tuple[Sequence[str], Iterator[Sequence[Cell]]]

_PAGE = 500


def report_csv(name: str, report: Report, *, merchant_id: UUID, zone: ZoneInfo) -> Table:
    """Return header and rows of the file ``name``: periods, reasons, countries,
    promises or returns.

    Raises NotFound for any other name. The rows of ``returns`` open scope and transaction
    themselves, a page at a time, because they are drawn after the request is over.
    """
    if name == "returns":
        return _RETURN_COLUMNS, _returns(report, merchant_id, zone)
    table = {
        "periods": _periods,
        "reasons": _reasons,
        "countries": _countries,
        "promises": _promises,
    }.get(name)
    if table is None:
        raise NotFound("There is no such file. Go back to the report.")
    return table(report)


def _percent(ratio: Ratio) -> Decimal | None:
    """Return a percentage with two places; None where there is nothing to divide by."""
    if ratio.fraction is None:
        return None
    return Decimal(ratio.percent(2).removesuffix("%"))


def _days(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(f"{value:.2f}")


_COUNTS = (
    "orders",
    "orders_returned",
    "units_sold",
    "units_returned",
    "requested",
    "declined",
    "cancelled",
    "expired",
    "units",
    "ended_full",
    "ended_partial",
    "ended_exchange",
    "ended_credit",
    "ended_nothing",
    "awaiting_money",
    "labels_unpriced",
    "lost_unpriced",
)
_AMOUNTS = (
    "value_sold",
    "value_returned",
    "refunded",
    "credited",
    "exchanged",
    "labels",
    "lost",
    "fees",
)


def _periods(report: Report) -> Table:
    header = (
        "from", "to", "currency", "unfinished", "return_rate_percent", "unit_rate_percent",
        "value_rate_percent", "median_days_to_refund", "ninth_decile_days_to_refund",
        *_COUNTS, *_AMOUNTS,
    )  # fmt: skip
    rows = (
        (
            step.bucket.first,
            step.bucket.last,
            report.currency,
            step.unfinished,
            *(_percent(rate) for rate in _rates(step.totals)),
            _days(step.speed.median),
            _days(step.speed.p90),
            *(step.totals[name] for name in _COUNTS),
            *(_amount(step.totals[f"{name}_minor"], report.currency) for name in _AMOUNTS),
        )
        for step in report.steps
    )
    return header, rows


def _rates(totals: Totals) -> tuple[Ratio, Ratio, Ratio]:
    return totals.return_rate, totals.unit_rate, totals.value_rate


def _amount(minor: int, currency: str) -> str:
    return Money(minor, currency).decimal_text()


def _promises(report: Report) -> Table:
    header = ("from", "to", "currency", "made", "kept", "missed", "kept_percent")
    rows = (
        (
            step.bucket.first,
            step.bucket.last,
            report.currency,
            step.promises.whole,
            step.promises.part,
            step.promises.whole - step.promises.part,
            _percent(step.promises),
        )
        for step in report.steps
    )
    return header, rows


def _reasons(report: Report) -> Table:
    header = ("reason", "name", "units", "share_percent", "units_before")
    rows = (
        (
            one.reason,
            report.reason_name(one.reason),
            one.count,
            _percent(one.share),
            one.previous or 0,
        )
        for one in report.reasons
    )
    return header, rows


def _countries(report: Report) -> Table:
    header = (
        "country", "orders", "orders_returned", "return_rate_percent", "few_sales",
        "return_rate_percent_before",
    )  # fmt: skip
    rows = (
        (
            one.country,
            one.rate.whole,
            one.rate.part,
            _percent(one.rate),
            one.few_sales,
            _percent(one.before),
        )
        for one in report.by_country
    )
    return header, rows


_RETURN_COLUMNS = (
    "return", "requested", "status", "stage", "order", "country", "currency", "reasons", "units",
    "refunded", "credited", "closed",
)  # fmt: skip


def _returns(report: Report, merchant_id: UUID, zone: ZoneInfo) -> Iterator[Sequence[Cell]]:
    """Yield the returns requested in the period, oldest first, by keyset."""
    after: tuple[datetime, UUID] | None = None
    while True:
        with merchant_scope(merchant_id), transaction.atomic():
            page = _page(report, zone, after)
            lines, paid = _lines(page), _paid(page)
        for rma in page:
            own = lines.get(rma.pk, [])
            yield (
                rma.number,
                rma.created_at.astimezone(zone).date(),
                rma.status,
                rma.stage,
                rma.order.number,
                rma.order.country,
                rma.currency,
                " / ".join(sorted({report.reason_name(line.reason) for line in own})),
                sum(line.quantity - line.released_quantity for line in own),
                _amount(sum(paid.get((rma.pk, kind), 0) for kind in REFUNDING), rma.currency),
                _amount(paid.get((rma.pk, "store_credit"), 0), rma.currency),
                rma.closed_at.astimezone(zone).date() if rma.closed_at else None,
            )
        if len(page) < _PAGE:
            return
        after = page[-1].created_at, page[-1].pk


def _page(report: Report, zone: ZoneInfo, after: tuple[datetime, UUID] | None) -> list[Return]:
    start, end = (
        day_bounds(report.period.first, zone)[0],
        day_bounds(report.period.last, zone)[1],
    )
    rows = Return.objects.filter(
        created_at__gte=start, created_at__lt=end, currency=report.currency
    )
    if report.filters.country:
        rows = rows.filter(order__country=report.filters.country)
    if report.filters.reason:
        named = ReturnLine.objects.filter(reason=report.filters.reason)
        rows = rows.filter(pk__in=named.values("rma_id"))
    if after:
        moment, pk = after
        later = Q(created_at__gt=moment) | Q(created_at=moment, pk__gt=pk)
        rows = rows.filter(later, created_at__gte=moment)
    shown = rows.select_related("order").only(
        "number", "created_at", "status", "stage", "currency", "closed_at",
        "order__number", "order__country",
    )  # fmt: skip
    return list(shown.order_by("created_at", "pk")[:_PAGE])


def _lines(page: Sequence[Return]) -> dict[UUID, list[ReturnLine]]:
    found: dict[UUID, list[ReturnLine]] = {}
    rows = ReturnLine.objects.filter(rma__in=[rma.pk for rma in page])
    for line in rows.only("rma_id", "reason", "quantity", "released_quantity"):
        found.setdefault(line.rma_id, []).append(line)
    return found


def _paid(page: Sequence[Return]) -> dict[tuple[UUID, str], int]:
    """Return what was paid by (return, kind): the same rule as in the daily figures."""
    done = Q(refund__status="succeeded") | Q(credit_entry__isnull=False)
    rows = Resolution.objects.filter(done, rma__in=[rma.pk for rma in page])
    found: dict[tuple[UUID, str], int] = {}
    for rma_id, kind, minor in rows.exclude(status="cancelled").values_list(
        "rma_id", "kind", "amount_minor"
    ):
        found[rma_id, kind] = found.get((rma_id, kind), 0) + minor
    return found
