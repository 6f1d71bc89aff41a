"""What a return is worth, per outcome: one function for preview, request and settlement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, cast
from uuid import UUID

from refunds.calculation import (
    Breakdown,
    Deduction,
    FeeRule,
    PriorRefund,
    RefundPolicy,
    ReturnLine,
    ReturnRequest,
    Row,
    as_prior,
)
from refunds.calculation import quote as calculate
from refunds.calculation.model import ShippingBack
from refunds.calculation.stored import prior_from_json
from refunds.calculation.stored import to_json as breakdown_json
from refunds.snapshots import order_snapshot
from returns_portal.commerce.models import Order
from returns_portal.core.money import Money, allocate
from rma.models import Resolution
from rma.policy.approval import fee_waiver
from rma.policy.model import WITHDRAWAL, Policy
from rma.states import ResolutionKind, ResolutionStatus

FEE = "return_shipping"
RESTOCKING = "restocking"


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """Units of one order line with the wish for them.

    ``deduction_minor`` is held back of them, and ``restocking_bp`` of their value.
    """

    order_line_id: UUID
    quantity: int
    reason: str
    wanted: str
    deduction_minor: int = 0
    deduction_reason: str = ""
    restocking_bp: int = 0


@dataclass(frozen=True, slots=True)
class Quote:
    """The money of a return. ``per_line`` is each order line's share before the fee."""

    currency: str
    refund: Money
    store_credit: Money
    fee: Money
    per_line: dict[UUID, Money]
    breakdowns: dict[str, Breakdown] = field(default_factory=dict)

    @property
    def total(self) -> Money:
        """What goes back to the shopper in money and credit together, after the fee."""
        return self.refund + self.store_credit

    @property
    def rows(self) -> list[tuple[str, Row]]:
        """Return the money table as ``(resolution kind, row)``, top to bottom."""
        return [(kind, row) for kind, priced in self.breakdowns.items() for row in priced.rows]

    def share_of(self, order_line_id: UUID, kind: str) -> int:
        """Return what the units of one order line bring under one outcome, before the fee."""
        if kind == ResolutionKind.EXCHANGE or kind not in self.breakdowns:
            return 0
        lines = self.breakdowns[kind].lines
        return sum(line.refund_minor for line in lines if line.line_id == str(order_line_id))

    def breakdown(self, kind: str) -> dict[str, Any]:
        """Return what a resolution of ``kind`` keeps, as JSON.

        An exchange pays nothing out, so all of its goods' value counts as kept.
        """
        priced = self.breakdowns[kind]
        stored = breakdown_json(priced)
        if kind == ResolutionKind.EXCHANGE:
            stored["kept_minor"] = sum(line.value.gross_minor for line in priced.lines)
        return stored

    def to_json(self) -> dict[str, Any]:
        return {
            "currency": self.currency,
            "refund_minor": self.refund.minor,
            "store_credit_minor": self.store_credit.minor,
            "fee_minor": self.fee.minor,
            "per_line": {str(key): amount.minor for key, amount in self.per_line.items()},
            "breakdowns": {kind: self.breakdown(kind) for kind in self.breakdowns},
        }


def quote_return(
    order: Order,
    lines: Sequence[QuoteLine],
    policy: Policy,
    *,
    method: str = "label",
    captured_minor: int | None = None,
    own_units: Mapping[UUID, int] | None = None,
) -> Quote:
    """Price ``lines`` of ``order`` (lines and payments loaded) by what remains of it.

    Refuses (DomainError) what is more than remains. ``captured_minor`` replaces the sum of the
    loaded payments; with the shopper's ``own`` carrier as ``method`` no return fee is due.
    ``own_units`` are claimed by the return itself, of which nothing is settled yet. One query
    for earlier resolutions, when others were claimed.
    """
    snapshot = order_snapshot(order)
    if captured_minor is not None:
        snapshot = replace(snapshot, paid_minor=captured_minor)
    priors = earlier_resolutions(order, own_units or {})
    fault = any(_is_fault(line, policy) for line in lines)
    priced: dict[str, Breakdown] = {}
    fee_left: int | None = None
    for kind in ResolutionKind:
        wanted = [line for line in lines if line.wanted == kind]
        if not wanted:
            continue
        rule = _fee_rule(lines, policy, order.currency, kind, fee_left, method)
        back = "never" if kind is ResolutionKind.EXCHANGE else _shipping_back(wanted, policy)
        rules = RefundPolicy(cast(ShippingBack, back), () if rule is None else (rule,))
        request = ReturnRequest(lines=_merged(wanted), merchant_fault=fault)
        priced[kind] = calculate(snapshot, priors, request, rules)
        if rule is not None and not rule.waived:
            fee_left = rule.fixed_minor - priced[kind].fee_minor
        prior = as_prior(priced[kind])
        if kind is ResolutionKind.EXCHANGE:
            prior = replace(prior, kept_minor=_goods_minor(priced[kind]))
        priors = (*priors, prior)
    return _quote(order.currency, priced)


def earlier_resolutions(order: Order, own_units: Mapping[UUID, int]) -> tuple[PriorRefund, ...]:
    """Return what earlier returns of ``order`` used up, in flight or settled.

    A resolution keeps the claim on the units it settled: where none is claimed but
    ``own_units``, there is none.
    """
    if all(line.claimed_quantity <= own_units.get(line.pk, 0) for line in order.lines.all()):
        return ()
    stored = (
        Resolution.objects.filter(rma__order_id=order.pk)
        .exclude(status=ResolutionStatus.CANCELLED)
        .order_by("created_at", "pk")
        .values_list("breakdown", flat=True)
    )
    return tuple(prior_from_json(breakdown) for breakdown in stored if breakdown)


def _shipping_back(lines: Sequence[QuoteLine], policy: Policy) -> str:
    """Return how delivery paid goes back; by law whole where the whole order is withdrawn.

    Article 13(1) of Directive 2011/83/EU. A policy that gives a part back for a part may.
    """
    withdrawn = all(line.reason == WITHDRAWAL.key for line in lines)
    if withdrawn and policy.shipping_back in ("never", "merchant_fault"):
        return "all_returned"
    return policy.shipping_back


def _is_fault(line: QuoteLine, policy: Policy) -> bool:
    reason = policy.reason(line.reason)
    return reason is not None and reason.fault


def _fee_rule(
    lines: Sequence[QuoteLine],
    policy: Policy,
    currency: str,
    kind: ResolutionKind,
    fee_left: int | None,
    method: str,
) -> FeeRule | None:
    """Return the return-shipping fee for the part of ``kind``: once per return, refund first.

    What the refund cannot bear is left for the credit; an exchange pays nothing out to take it of.
    """
    amount = policy.fee.amount_minor if fee_left is None else fee_left
    if kind is ResolutionKind.EXCHANGE or not amount or policy.currency != currency:
        return None
    waiver = fee_waiver(policy, [(line.reason, line.wanted) for line in lines], method)
    return FeeRule(FEE, fixed_minor=amount, waived=waiver is not None, waiver=waiver or "")


def _merged(lines: Iterable[QuoteLine]) -> tuple[ReturnLine, ...]:
    """Put the units of one order line together, whatever the reasons given for them."""
    merged: dict[UUID, ReturnLine] = {}
    for line in lines:
        before = merged.get(line.order_line_id, ReturnLine(str(line.order_line_id)))
        deductions = (*before.deductions, *_deductions(line))
        merged[line.order_line_id] = replace(
            before, quantity=before.quantity + line.quantity, deductions=deductions
        )
    return tuple(merged.values())


def _deductions(line: QuoteLine) -> Iterable[Deduction]:
    """Yield what is held back of a line. An exchange pays nothing out to hold back of."""
    restocking = 0 if line.wanted == ResolutionKind.EXCHANGE else line.restocking_bp
    if line.deduction_minor and restocking:
        reason = f"{line.deduction_reason}, {RESTOCKING}".removeprefix(", ")
        yield Deduction(line.quantity, reason, bp=restocking, minor=line.deduction_minor)
    elif line.deduction_minor:
        yield Deduction(line.quantity, line.deduction_reason, minor=line.deduction_minor)
    elif restocking:
        yield Deduction(line.quantity, RESTOCKING, bp=restocking)


def _goods_minor(priced: Breakdown) -> int:
    return sum(line.value.gross_minor for line in priced.lines)


def _quote(currency: str, priced: dict[str, Breakdown]) -> Quote:
    per_line: dict[UUID, Money] = {}
    for kind, breakdown in priced.items():
        for line in breakdown.lines:
            key = UUID(line.line_id)
            minor = 0 if kind == ResolutionKind.EXCHANGE else line.refund_minor
            per_line[key] = per_line.get(key, Money.zero(currency)) + Money(minor, currency)

    def paid(kind: ResolutionKind) -> Money:
        found = priced.get(kind)
        return Money(found.total_minor if found is not None else 0, currency)

    return Quote(
        currency=currency,
        refund=paid(ResolutionKind.REFUND),
        store_credit=paid(ResolutionKind.STORE_CREDIT),
        fee=Money(sum(breakdown.fee_minor for breakdown in priced.values()), currency),
        per_line=per_line,
        breakdowns=priced,
    )


class PricedLine(Protocol):
    """What a share is worked out by: a line asked for, or one of a return."""

    @property
    def order_line_id(self) -> UUID: ...

    @property
    def wanted(self) -> str: ...

    @property
    def quantity(self) -> int: ...


def line_shares(lines: Sequence[PricedLine], quote: Quote | None) -> list[int]:
    """Return each line's part of the quote; two reasons for one order line share it by units."""
    shares = [0] * len(lines)
    if quote is None:
        return shares
    together: dict[tuple[UUID, str], list[int]] = {}
    for index, line in enumerate(lines):
        together.setdefault((line.order_line_id, line.wanted), []).append(index)
    for (line_id, wanted), places in together.items():
        parts = allocate(
            quote.share_of(line_id, wanted), [lines[place].quantity for place in places]
        )
        for place, part in zip(places, parts, strict=True):
            shares[place] = part
    return shares
