"""The report in words, charts and rows, each figure with its definition and its way on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from babel import Locale
from django.urls import reverse
from django.utils.safestring import SafeString

from analytics.charts import Bar, Line, Part, bar_cell, bar_chart, line_chart, sparkline
from analytics.charts import stacked_chart as stack
from analytics.charts.svg import change_words
from analytics.metrics import DEFINITIONS, Ratio, relative_change
from analytics.periods import short_day
from analytics.report import Report, Step, Totals
from returns_portal.backoffice.filters import PERIODS
from returns_portal.core.money import Money, format_money

_ENDINGS = (
    ("full", "Full refund", "pa1"),
    ("partial", "Partial refund", "pa2"),
    ("exchange", "Exchange or repair", "pb1"),
    ("credit", "Store credit", "pb2"),
    ("declined", "Declined", "px"),
)
_PARTS = {
    "labels": "labels",
    "handling": "handling",
    "lost_value": "lost goods",
    "bonuses": "bonuses",
    "fees_kept": "fees kept",
    "carrier_claims": "carrier claims",
}


@dataclass(frozen=True, slots=True)
class Tile:
    """A key figure. ``tone`` of the change is success, danger or neutral."""

    label: str
    value: str
    unit: str
    about: str
    change: str
    tone: str
    icon: str
    beside: str
    spark: SafeString
    url: str = ""
    is_grey: bool = False


def tiles(report: Report) -> list[Tile]:
    """Return the six key figures."""
    now, before = report.now, report.before
    rate = _tile(
        report, "order_return_rate", "Return rate", now.return_rate.percent(),
        beside=_few(now) or f"from {before.return_rate.percent()}",
        change=_points(now.return_rate, before.return_rate), good_down=True,
        series=lambda totals: _share(totals.return_rate), is_grey=now.few_sales,
    )  # fmt: skip
    returns = _tile(
        report, "requested", "Returns", f"{now['requested']:,}",
        change=_percent(now["requested"], before["requested"]),
        beside=f"{now['orders']:,} orders", series=lambda totals: float(totals["requested"]),
        url=queue_url(report),
    )  # fmt: skip
    refunded = _tile(
        report, "refunded", "Refunded", _money(now.refunded),
        change=_percent(now.refunded.minor, before.refunded.minor),
        beside=f"from {_money(before.refunded)}",
        series=lambda totals: float(totals["refunded_minor"]),
    )  # fmt: skip
    kept = _tile(
        report, "retained", "Value retained", now.retained.percent(0),
        change=_points(now.retained, before.retained), good_down=False,
        beside=f"{_money(now.retained_money)} kept", series=lambda totals: _share(totals.retained),
    )  # fmt: skip
    return [rate, returns, refunded, kept, _speed(report), _cost(report)]


def _speed(report: Report) -> Tile:
    now, before = report.speed, report.speed_before
    change = ""
    if now.median is not None and before.median is not None:
        change = f"{now.median - before.median:+.1f} d".replace("-", "−")
    return _tile(
        report, "days_to_refund", "Request to refund",
        "-" if now.median is None else f"{now.median:.1f}", unit="days",
        change=change, good_down=True,
        beside="" if now.p90 is None else f"9 in 10 in {now.p90:.1f}",
        points=[step.speed.median or 0.0 for step in report.steps],
    )  # fmt: skip


def _cost(report: Report) -> Tile:
    now, before = report.now.cost, report.before.cost
    each = now.per_unit_minor
    return _tile(
        report, "cost_of_returns", "Cost of returns",
        _money(Money(now.total_minor, report.currency)),
        change=_percent(now.total_minor, before.total_minor), good_down=True,
        beside="" if each is None else f"{_money(Money(each, report.currency))} an item",
        series=lambda totals: float(totals.cost.total_minor),
    )  # fmt: skip


ABOUT = {key: entry.meaning for key, entry in DEFINITIONS.items()} | {
    "requested": "Returns requested in the period, whatever became of them.",
    "refunded": "Money sent back for returns requested in the period. Store credit isn’t in it.",
    "retained": "Value settled as store credit or exchange, out of all value settled.",
}


def _tile(
    report: Report,
    key: str,
    label: str,
    value: str,
    *,
    unit: str = "",
    change: str = "",
    good_down: bool | None = None,
    beside: str = "",
    series: Callable[[Totals], float] | None = None,
    points: Sequence[float] = (),
    url: str = "",
    is_grey: bool = False,
) -> Tile:
    falls = change.startswith("−")
    moved = bool(change) and any(character in "123456789" for character in change)
    tone = "neutral"
    if moved and good_down is not None and not is_grey:
        tone = "success" if falls == good_down else "danger"
    before = [series(totals) for totals in report.steps_before] if series else []
    if series:
        points = [series(step.totals) for step in report.steps]
    return Tile(
        label, value, unit, ABOUT[key], change.lstrip("+−"), tone,
        ("trend-down" if falls else "trend-up") if moved else "", beside,
        sparkline(points, before), url, is_grey,
    )  # fmt: skip


def _few(totals: Totals) -> str:
    return f"few sales: {totals['orders']} orders" if totals.few_sales else ""


def _share(ratio: Ratio) -> float:
    return float(ratio.fraction or 0)


def _points(now: Ratio, before: Ratio) -> str:
    """Return the change of a rate in percentage points."""
    if now.fraction is None or before.fraction is None:
        return ""
    return f"{float(now.fraction - before.fraction) * 100:+.1f} pt".replace("-", "−")


def _percent(now: int, before: int) -> str:
    change = relative_change(now, before if before > 0 else None)
    return "" if change is None else f"{float(change) * 100:+.1f}%".replace("-", "−")


def _money(amount: Money) -> str:
    return format_money(amount)


@dataclass(frozen=True, slots=True)
class ChartCard:
    """A chart and its table twin. A row is a name, its address or nothing, and its figures."""

    id: str
    title: str
    about: str
    svg: SafeString
    legend: Sequence[tuple[str, str, str]]
    header: Sequence[str]
    rows: Sequence[tuple[str, str, Sequence[str]]]
    file: str
    note: str = ""


def reasons(report: Report) -> ChartCard:
    """Return why things came back, in units."""
    bars = [
        Bar(report.reason_name(one.reason), one.count, one.previous)
        for one in report.top_reasons[:9]
    ]
    rows = [
        (
            report.reason_name(one.reason),
            queue_url(report, one.reason),
            (
                f"{one.count:,}",
                one.share.percent(),
                f"{one.previous or 0:,}",
                change_words(one.count, one.previous),
            ),
        )
        for one in report.reasons
    ]
    return ChartCard(
        "reasons", "Top reasons", ABOUT["reason_share"],
        bar_chart("rs", "Returned items by reason", bars),
        [("sw1", "", "This period"), ("sw0", "", "Previous")],
        ("Reason", "Items", "Share", "Before", "Change"), rows, "reasons",
    )  # fmt: skip


def processing(report: Report) -> ChartCard:
    """Return how long money took, step by step."""
    labels = [step.bucket.label for step in report.steps]
    lines = [
        Line("9 in 10 within", [step.speed.p90 for step in report.steps], "k6"),
        Line("median", [step.speed.median for step in report.steps]),
    ]
    rows = [
        (
            _step_name(step),
            "",
            (
                f"{step.speed.count:,}",
                _day_text(step.speed.median),
                _day_text(step.speed.p90),
                f"{step.totals['awaiting_money']:,}",
            ),
        )
        for step in report.steps
    ]
    return ChartCard(
        "speed", "Days from request to refund", ABOUT["days_to_refund"],
        line_chart("pt", "Days from request to refund", labels, lines, unit="d",
                   unfinished=_unfinished(report)),
        [("sw1", "line", "Median"), ("sw6", "line", "9 in 10 within")],
        (report.period.step.capitalize(),
         "Returns", "Median days", "9 in 10 within", "Still waiting"),
        rows, "periods", note=_unfinished_note(report),
    )  # fmt: skip


def endings(report: Report) -> ChartCard:
    """Return how finished returns ended, step by step."""
    labels = [step.bucket.label for step in report.steps]
    parts = [
        Part(name, [step.totals.ended[key] for step in report.steps], tone)
        for key, name, tone in _ENDINGS
    ]
    whole = sum(report.now.ended[key] for key, _, _ in _ENDINGS)
    legend = [
        (f"sw{tone[1:]}", "", f"{name} {Ratio(report.now.ended[key], whole).percent(0)}")
        for key, name, tone in _ENDINGS
    ]
    rows = [
        (_step_name(step), "", [f"{step.totals.ended[key]:,}" for key, _, _ in _ENDINGS])
        for step in report.steps
    ]
    return ChartCard(
        "endings", "How returns ended", ABOUT["full_refunds"],
        stack("oc", "How returns ended", labels, parts, unfinished=_unfinished(report)), legend,
        (report.period.step.capitalize(), *(name for _, name, _ in _ENDINGS)), rows, "periods",
    )  # fmt: skip


def reason_choices(report: Report) -> list[tuple[str, str]]:
    """Return the reasons to choose from: the policy's and those that occur, by name."""
    occurring = {*(one.reason for one in report.reasons), report.filters.reason}
    # A reason that is always said more exactly has no figures of its own.
    divided = {*report.reason_parents.values()} - occurring
    keys = ({*report.reason_names} | occurring) - divided
    return sorted(((key, report.reason_name(key)) for key in keys - {""}), key=lambda one: one[1])


def country_choices(report: Report) -> list[tuple[str, str]]:
    codes = {*report.countries, report.filters.country} - {""}
    return sorted(((code, country_name(code)) for code in codes), key=lambda one: one[1])


def country_name(code: str) -> str:
    return str(Locale("en").territories.get(code, code)) if code else "No country"


def countries(report: Report) -> list[dict[str, Any]]:
    """Return the return rate by country with its bar; small numbers are marked."""
    top = max((_share(row.rate) for row in report.by_country if not row.few_sales), default=0.0)
    return [
        {
            "name": country_name(row.country),
            "rate": row.rate.percent(),
            "before": row.before.percent(),
            "orders": row.rate.whole,
            "back": row.rate.part,
            "few_sales": row.few_sales,
            "bar": bar_cell(_share(row.rate), max(top, 0.01), _share(report.now.return_rate)),
        }
        for row in report.by_country
    ]


def promise_rows(report: Report) -> list[tuple[str, str]]:
    """Return how many promised refund days were kept, beside the period before."""
    now = report.promises
    return [
        ("Kept", f"{now.part:,} of {now.whole:,}"),
        ("Missed", f"{now.whole - now.part:,}"),
        ("Share kept", now.percent()),
        ("Share kept before", report.promises_before.percent()),
    ]


def cost_rows(report: Report) -> list[tuple[str, str]]:
    """Return the parts of the cost as words and amounts, then what they come to."""
    cost = report.now.cost

    def amount(minor: int) -> str:
        return _money(Money(minor, report.currency))

    rows = [
        (_PARTS[name].capitalize(), amount(-minor if name == "fees_kept" else minor))
        for name, minor in cost.parts.items()
    ]
    rows.append(("Together", amount(cost.total_minor)))
    if cost.per_unit_minor is not None:
        rows.append(("For each returned item", amount(cost.per_unit_minor)))
    return rows


def cost_missing(report: Report) -> str:
    """Say which parts of the cost nobody has figures for."""
    missing = ", ".join(_PARTS[name] for name in report.now.cost.missing)
    return f"Not counted, because there are no figures: {missing}." if missing else ""


def finding(report: Report) -> dict[str, str] | None:
    """Return the strongest rise in words with the way to the very returns."""
    found = report.finding
    if found is None:
        return None
    name = report.reason_name(found.reason)
    rose = f"is up {found.percent}%" if found.percent is not None else "is new"
    return {
        "title": f"“{name}” {rose}, more than chance explains",
        "text": f"{found.before:,} items in the period before, {found.now:,} now.",
        "url": queue_url(report, found.reason),
    }


def queue_url(report: Report, reason: str = "") -> str:
    """Return the queue with the report's filters; empty where the queue can't show the same."""
    if report.filters.country or str(report.period.days) not in PERIODS or reason == "unknown":
        return ""
    query = {"view": "all", "days": report.period.days}
    wanted = reason or report.filters.reason
    return f"{reverse('returns')}?{urlencode(query | ({'reason': wanted} if wanted else {}))}"


def open_note(report: Report) -> str:
    """Say which orders can still come back."""
    if report.open_since is None:
        return ""
    return (
        f"Orders since {short_day(report.open_since)} can still come back, "
        "so the rates of these days will rise."
    )


def _step_name(step: Step) -> str:
    return f"{step.bucket.label}, unfinished" if step.unfinished else step.bucket.label


def _day_text(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _unfinished(report: Report) -> int:
    """Return how many steps at the end are unfinished without a gap."""
    count = 0
    for step in reversed(report.steps):
        if not step.unfinished:
            break
        count += 1
    return count


def _unfinished_note(report: Report) -> str:
    waiting = report.now["awaiting_money"]
    if not _unfinished(report):
        return ""
    return f"Dashed: still moving. {waiting:,} returns wait for their money."
