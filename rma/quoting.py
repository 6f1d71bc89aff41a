"""What a return is worth, per outcome: one function for preview, request and settlement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast
from uuid import UUID

from refunds.calculation import (
    BonusRule,
    Breakdown,
    Deduction,
    FeeRule,
    OrderSnapshot,
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
from returns_portal.core.money import Money, total
from rma.fees import (
    BEARING,
    KEEPING,
    RESTOCKING,
    RETURN_SHIPPING,
    Charged,
    LabelCost,
    capped_shares,
    fees_of,
    held_bp,
    left_to_charge,
    still_due,
)
from rma.models import Resolution, Return
from rma.policy.model import WITHDRAWAL, Policy
from rma.states import KEPT, REFUNDING, SENT, ResolutionKind, ResolutionStatus
from rma.swaps import Dues, Priced, goods_minor, is_swap, left_over_as, with_swaps


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """Units of one order line with the wish for them.

    ``deduction_minor`` is held back of them. ``restocking_bp`` is what a rule holds back of their
    value; None leaves it to the policy. What they are exchanged for costs ``replacement_minor``,
    all of it and gross; None is an even exchange.
    """

    order_line_id: UUID
    quantity: int
    reason: str
    wanted: str
    deduction_minor: int = 0
    deduction_reason: str = ""
    restocking_bp: int | None = None
    replacement_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """The lines of a return that were settled before the others, and what they bore of its fees."""

    lines: tuple[QuoteLine, ...] = ()
    charged: Charged = field(default_factory=Charged)


NOTHING = Settled()


@dataclass(frozen=True, slots=True)
class Quote:
    """The money of a return. ``per_line`` is each order line's share before ``fee``, all fees.

    ``dues`` is what the shopper pays for dearer replacements, in minor units by (order line,
    reason).
    """

    currency: str
    refund: Money
    store_credit: Money
    fee: Money
    per_line: dict[UUID, Money]
    breakdowns: dict[str, Breakdown] = field(default_factory=dict)
    dues: Dues = field(default_factory=dict)

    @property
    def due(self) -> Money:
        """What the shopper pays for dearer replacements; it is no part of the total."""
        return Money(sum(self.dues.values()), self.currency)

    @property
    def total(self) -> Money:
        """What goes back to the shopper in money and credit together, after the fee."""
        return self.refund + self.credit

    @property
    def bonus(self) -> Money:
        """What is given on top of ``store_credit``, for taking credit."""
        priced = self.breakdowns.get(ResolutionKind.STORE_CREDIT)
        return Money(priced.bonus_minor if priced is not None else 0, self.currency)

    @property
    def credit(self) -> Money:
        """Return the store credit with its bonus."""
        return self.store_credit + self.bonus

    @property
    def return_shipping(self) -> Money:
        """What of the fees is for the way back."""
        charged = (
            fee.charged.gross_minor
            for priced in self.breakdowns.values()
            for fee in priced.fees
            if fee.kind == RETURN_SHIPPING
        )
        return Money(sum(charged), self.currency)

    @property
    def rows(self) -> list[tuple[str, Row]]:
        """Return the money table as ``(resolution kind, row)``, top to bottom."""
        return [(kind, row) for kind, priced in self.breakdowns.items() for row in priced.rows]

    def paid_minor(self, kind: str) -> int:
        """Return what one outcome pays out, without any bonus; nothing where goods are sent."""
        pays = kind in (*REFUNDING, ResolutionKind.STORE_CREDIT) and kind in self.breakdowns
        return self.breakdowns[kind].total_minor if pays else 0

    def share_of(self, order_line_id: UUID, kind: str) -> int:
        """Return what the units of one order line bring under one outcome, before the fee.

        An exchange brings what a cheaper replacement leaves over, which settles no further unit.
        """
        if kind in (ResolutionKind.REPLACEMENT, ResolutionKind.REPAIR):
            return 0
        swapped = kind == ResolutionKind.EXCHANGE
        kinds = [one for one in self.breakdowns if one not in SENT]
        return sum(
            line.refund_minor
            for one in (kinds if swapped else [kind])
            if one in self.breakdowns
            for line in self.breakdowns[one].lines
            if line.line_id == str(order_line_id) and swapped == (line.quantity == 0)
        )

    def breakdown(self, kind: str) -> dict[str, Any]:
        """Return what a resolution of ``kind`` keeps, as JSON.

        An exchange pays nothing out, so all of its goods' value counts as kept. A repair takes
        nothing of the order: what comes back repaired can be returned again.
        """
        if kind == ResolutionKind.REPAIR:
            return {}
        priced = self.breakdowns[kind]
        stored = breakdown_json(priced)
        if kind in SENT:
            stored["kept_minor"] = goods_minor(priced)
        return stored

    def to_json(self) -> dict[str, Any]:
        return {
            "currency": self.currency,
            "refund_minor": self.refund.minor,
            "store_credit_minor": self.store_credit.minor,
            "bonus_minor": self.bonus.minor,
            "fee_minor": self.fee.minor,
            **({"due_minor": self.due.minor} if self.dues else {}),
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
    label_cost: LabelCost | None = None,
    settled: Settled = NOTHING,
) -> Quote:
    """Price ``lines`` of ``order`` (lines and payments loaded) by what remains of it.

    Refuses (DomainError) what is more than remains. ``captured_minor`` replaces the sum of the
    loaded payments; with the shopper's ``own`` carrier as ``method`` no return fee is due.
    ``own_units`` are claimed by the return itself, of which nothing is settled yet. At settlement
    ``label_cost`` takes the place of a fee that was said to be this much at most. One query for
    earlier resolutions, when others were claimed. ``settled`` is what of the same return was
    settled before: its lines count for the fees, and what it bore of them is not taken again.
    """
    snapshot = order_snapshot(order)
    if captured_minor is not None:
        snapshot = replace(snapshot, paid_minor=captured_minor)
    priors = earlier_resolutions(order, own_units or {})
    every = [*lines, *settled.lines]
    fees = fees_of(
        every,
        policy,
        country=order.country,
        currency=order.currency,
        method=method,
        label_cost=label_cost,
    )
    if settled.lines:
        fees = left_to_charge(fees, settled.charged, policy.fee.most_minor)
    fault = any(_is_fault(line, policy) for line in every)
    held = [_held_back(line, policy) for line in lines]
    state = _priced(snapshot, priors, lines, held, policy, fees, fault=fault)
    capped = capped_shares(lines, policy, fees, state[0], taken_minor=settled.charged.total)
    if capped is not None:
        pairs = zip(lines, capped, strict=True)
        held = [
            _deductions(line, 0, minor) if line.wanted in BEARING else _held_back(line, policy)
            for line, minor in pairs
        ]
        state = _priced(snapshot, priors, lines, held, policy, fees, fault=fault)
    priced, dues = with_swaps(snapshot, state, lines, left_over_as(order, policy))
    return _quote(order.currency, priced, dues)


def _priced(
    snapshot: OrderSnapshot,
    priors: tuple[PriorRefund, ...],
    lines: Sequence[QuoteLine],
    held: Sequence[tuple[Deduction, ...]],
    policy: Policy,
    fees: tuple[FeeRule, ...],
    *,
    fault: bool,
) -> Priced:
    """Price each outcome on what those before it leave; ``held`` is held back line by line.

    Return the outcomes with the fees that none of them bore, and what is used up after them.
    """
    priced: dict[str, Breakdown] = {}
    for kind in ResolutionKind:
        if kind is ResolutionKind.REPAIR:
            continue
        wanted = [
            pair
            for pair in zip(lines, held, strict=True)
            if pair[0].wanted == kind and not is_swap(pair[0])
        ]
        if not wanted:
            continue
        asked = [line for line, _ in wanted]
        gives_none = kind in (*SENT, ResolutionKind.KEEP_ITEM)
        back = "never" if gives_none else _shipping_back(asked, policy)
        rules = RefundPolicy(
            cast(ShippingBack, back),
            fees if kind in BEARING else (),
            _bonus(policy, snapshot.currency) if kind is ResolutionKind.STORE_CREDIT else None,
        )
        request = ReturnRequest(lines=_merged(wanted), merchant_fault=fault)
        priced[kind] = calculate(snapshot, priors, request, rules)
        fees = still_due(fees, priced[kind])
        prior = as_prior(priced[kind])
        if kind in SENT:
            prior = replace(prior, kept_minor=goods_minor(priced[kind]))
        priors = (*priors, prior)
    return priced, fees, priors


def _bonus(policy: Policy, currency: str) -> BonusRule | None:
    return policy.credit_bonus.rule() if policy.currency == currency else None


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


def _merged(
    lines: Iterable[tuple[QuoteLine, tuple[Deduction, ...]]],
) -> tuple[ReturnLine, ...]:
    """Put the units of one order line together, whatever the reasons given for them."""
    merged: dict[UUID, ReturnLine] = {}
    for line, held in lines:
        before = merged.get(line.order_line_id, ReturnLine(str(line.order_line_id)))
        deductions = (*before.deductions, *held)
        merged[line.order_line_id] = replace(
            before, quantity=before.quantity + line.quantity, deductions=deductions
        )
    return tuple(merged.values())


def _held_back(line: QuoteLine, policy: Policy) -> tuple[Deduction, ...]:
    return _deductions(line, held_bp(line, policy), 0)


def _deductions(line: QuoteLine, bp: int, minor: int) -> tuple[Deduction, ...]:
    """Return what is held back of a line, with a share ``bp`` or a sum for restocking."""
    restocked = bool(bp or minor)
    why = KEEPING if line.wanted in KEPT else RESTOCKING
    reasons = [line.deduction_reason if line.deduction_minor else "", why * restocked]
    if not (line.deduction_minor or restocked):
        return ()
    reason = ", ".join(filter(None, reasons))
    return (Deduction(line.quantity, reason, bp=bp, minor=line.deduction_minor + minor),)


def _quote(currency: str, priced: dict[str, Breakdown], dues: Dues) -> Quote:
    per_line: dict[UUID, Money] = {}
    for kind, breakdown in priced.items():
        for line in breakdown.lines:
            key = UUID(line.line_id)
            minor = 0 if kind in SENT else line.refund_minor
            per_line[key] = per_line.get(key, Money.zero(currency)) + Money(minor, currency)

    def paid(kind: ResolutionKind) -> Money:
        found = priced.get(kind)
        return Money(found.total_minor if found is not None else 0, currency)

    return Quote(
        currency=currency,
        refund=total([paid(kind) for kind in REFUNDING], currency),
        store_credit=paid(ResolutionKind.STORE_CREDIT),
        fee=Money(sum(breakdown.fee_minor for breakdown in priced.values()), currency),
        per_line=per_line,
        breakdowns={kind: priced[kind] for kind in ResolutionKind if kind in priced},
        dues=dues,
    )


def with_quoted(
    decided: list[tuple[str, dict[str, Any]]], rma: Return
) -> list[tuple[str, dict[str, Any]]]:
    """Return the calculations by outcome: those decided, else those of the request.

    Of a return that is settled in part, what is not decided yet stands as it was asked for.
    """
    quoted = rma.quote.get("breakdowns", {})
    if not decided:
        return list(quoted.items())
    known = {kind for kind, _ in decided}
    left = [pair for pair in quoted.items() if pair[0] not in known]
    return [*decided, *left] if rma.part_settled else decided
