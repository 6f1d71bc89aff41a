"""What a report consists of: sums per step, and the figures that follow from them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from analytics.findings import Finding
from analytics.metrics import CostOfReturns, Ratio, ReasonShare, cost_of_returns, reason_shares
from analytics.periods import Bucket, Period
from returns_portal.core.money import Money
from rma.policy.model import WITHDRAWAL

# Below so many orders a rate is shown grey, with "few sales".
FEW_SALES = 60


@dataclass(frozen=True, slots=True)
class ReportFilters:
    """What the report is limited to. Empty means no limit; ``currency`` empty: the main one."""

    reason: str = ""
    country: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of the daily figures over some days, by column; money in one currency."""

    currency: str
    sums: Mapping[str, int]

    def __getitem__(self, name: str) -> int:
        return self.sums.get(name, 0)

    @property
    def return_rate(self) -> Ratio:
        return Ratio(self["orders_returned"], self["orders"])

    @property
    def unit_rate(self) -> Ratio:
        return Ratio(self["units_returned"], self["units_sold"])

    @property
    def value_rate(self) -> Ratio:
        return Ratio(self["value_returned_minor"], self["value_sold_minor"])

    @property
    def few_sales(self) -> bool:
        return self["orders"] < FEW_SALES

    @property
    def counted(self) -> int:
        """Returns that were not declined, cancelled or let run out."""
        return self["requested"] - self["declined"] - self["cancelled"] - self["expired"]

    @property
    def refunded(self) -> Money:
        return Money(self["refunded_minor"], self.currency)

    @property
    def retained(self) -> Ratio:
        """Value that stayed with the shop as credit or exchange, out of all that was settled."""
        kept = self["credited_minor"] + self["exchanged_minor"]
        return Ratio(kept, kept + self["refunded_minor"])

    @property
    def retained_money(self) -> Money:
        return Money(self["credited_minor"] + self["exchanged_minor"], self.currency)

    @property
    def cost(self) -> CostOfReturns:
        """The cost by its parts. A part whose amounts are all unknown is missing, not zero."""
        return cost_of_returns(
            {
                "labels": self._known("labels"),
                "lost_value": self._known("lost"),
                "fees_kept": self["fees_minor"],
            },
            units=self["units"],
        )

    def _known(self, part: str) -> int | None:
        amount = self[f"{part}_minor"]
        return amount if amount or not self[f"{part}_unpriced"] else None

    @property
    def ended(self) -> dict[str, int]:
        """Finished returns by how they ended, declined ones among them."""
        kinds = ("full", "partial", "exchange", "credit", "nothing")
        return {kind: self[f"ended_{kind}"] for kind in kinds} | {"declined": self["declined"]}


@dataclass(frozen=True, slots=True)
class Speed:
    """Days from request to the last money. ``count`` returns have it."""

    count: int = 0
    median: float | None = None
    p90: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the charts. ``unfinished``: its figures will still move.

    ``promises`` are those kept out of those that fell due.
    """

    bucket: Bucket
    totals: Totals
    speed: Speed
    unfinished: bool
    promises: Ratio = Ratio(0, 0)


@dataclass(frozen=True, slots=True)
class CountryRow:
    """A country's share of orders that came back; empty is an order without a country."""

    country: str
    rate: Ratio
    before: Ratio

    @property
    def few_sales(self) -> bool:
        return self.rate.whole < FEW_SALES


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of one period in one currency beside those of the period before.

    ``recounting_since`` is set while marked days wait to be remade. ``open_since`` is the first
    order day whose return window is still open: rates from then on will rise.
    """

    period: Period
    filters: ReportFilters
    currency: str
    currencies: list[str]
    countries: list[str]
    now: Totals
    before: Totals
    steps: list[Step]
    steps_before: list[Totals]
    speed: Speed
    speed_before: Speed
    promises: Ratio
    promises_before: Ratio
    reasons: list[ReasonShare]
    by_country: list[CountryRow]
    finding: Finding | None
    open_since: date | None
    recounting: int = 0
    recounting_since: datetime | None = None
    reason_names: Mapping[str, str] = field(default_factory=dict)
    reason_parents: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not (self.now["orders"] or self.now["requested"])

    @property
    def top_reasons(self) -> list[ReasonShare]:
        """The reasons with their details counted together, most frequent first."""
        now: dict[str, int] = {}
        before: dict[str, int] = {}
        for one in self.reasons:
            key = self.reason_parents.get(one.reason, one.reason)
            now[key] = now.get(key, 0) + one.count
            before[key] = before.get(key, 0) + (one.previous or 0)
        return reason_shares(now, before)

    def reason_name(self, key: str) -> str:
        """Return the reason as the live policy words it, else its key made readable."""
        if key == "unknown":
            return "No reason given"
        if key == WITHDRAWAL.key:
            return WITHDRAWAL.label()
        return self.reason_names.get(key) or key.replace("_", " ").capitalize()
