"""The fees of one return, from its policy: for the way back first, then for restocking.

Refunds bear them before credit does. No fee is more than what is paid back: what that can't bear
falls away, and a shopper never owes one. Fees are taken for goods that come back for money; an
exchange bears none, because it pays nothing out to take them of. Only what a cheaper replacement
leaves over bears what is left of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID

from refunds.calculation import Breakdown, FeeRule
from returns_portal.core.money import Money, allocate, share
from rma.policy.approval import fee_waiver
from rma.policy.model import WITHDRAWAL, Policy
from rma.states import KEPT, ResolutionKind

RETURN_SHIPPING = "return_shipping"
RESTOCKING = "restocking"
KEEPING = "kept"
_WHOLE_BP = 10_000
# The outcomes that fees are taken of, in this order.
BEARING = (ResolutionKind.REFUND, ResolutionKind.STORE_CREDIT)


class Wished(Protocol):
    """What of a line decides on its fees."""

    @property
    def order_line_id(self) -> UUID: ...

    @property
    def quantity(self) -> int: ...

    @property
    def reason(self) -> str: ...

    @property
    def wanted(self) -> str: ...

    @property
    def restocking_bp(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class LabelCost:
    """What the label of a return cost, looked up at settlement; None where nobody knows it."""

    amount: Money | None


@dataclass(frozen=True, slots=True)
class Charged:
    """What earlier outcomes of a return bore of its fees: fixed ones by kind, and held back."""

    fixed: Mapping[str, int] = field(default_factory=dict)
    held_minor: int = 0

    @property
    def total(self) -> int:
        return sum(self.fixed.values()) + self.held_minor


def fees_of(
    lines: Sequence[Wished],
    policy: Policy,
    *,
    country: str,
    currency: str,
    method: str,
    label_cost: LabelCost | None = None,
) -> tuple[FeeRule, ...]:
    """Return the fixed fees of a return of ``lines``; none where the policy has another currency.

    Without ``label_cost`` the fee for the way back is what it may come to at most.
    """
    if policy.currency != currency:
        return ()
    found = [
        _return_shipping(lines, policy, country, method, label_cost),
        _restocking(lines, policy),
    ]
    return tuple(_within([one for one in found if one is not None], policy.fee.most_minor))


def _return_shipping(
    lines: Sequence[Wished], policy: Policy, country: str, method: str, cost: LabelCost | None
) -> FeeRule | None:
    fee = policy.fee
    amount = fee.amount_for(country)
    if fee.label_cost and cost is not None:
        known = cost.amount is not None and cost.amount.currency == policy.currency
        amount = min(amount, cost.amount.minor) if known and cost.amount else 0
    if not amount:
        return None
    waiver = fee_waiver(policy, [(line.reason, line.wanted) for line in lines], method)
    return FeeRule(
        RETURN_SHIPPING,
        fixed_minor=amount,
        tax_bp=fee.tax_bp,
        waived=waiver is not None,
        waiver=waiver or "",
        at_most=fee.label_cost and cost is None,
    )


def _restocking(lines: Sequence[Wished], policy: Policy) -> FeeRule | None:
    terms = policy.restocking
    bearing = {line.order_line_id for line in lines if bears_restocking(line, policy)}
    times = len(bearing) if terms.per == "line" else bool(bearing)
    if not terms.amount_minor * times:
        return None
    return FeeRule(RESTOCKING, fixed_minor=terms.amount_minor * times, tax_bp=terms.tax_bp)


def bears_restocking(line: Wished, policy: Policy) -> bool:
    """Say whether the policy's own restocking fee is for such a line; never for a withdrawal."""
    terms, reason = policy.restocking, policy.reason(line.reason)
    if line.wanted not in BEARING or reason is WITHDRAWAL:
        return False
    fault = reason is not None and reason.fault and terms.waived_for_fault
    keys = (line.reason,) if reason is None else reason.keys
    return not fault and terms.waived_reasons.isdisjoint(keys)


def held_bp(line: Wished, policy: Policy) -> int:
    """Return what is held back of a line's value in basis points; a rule's figure goes first."""
    if line.wanted in KEPT and line.restocking_bp is None:
        return policy.keeping.held_share(line.wanted)
    if line.wanted not in (*BEARING, *KEPT):
        return 0
    if line.restocking_bp is not None:
        return line.restocking_bp
    return policy.restocking.share_bp if bears_restocking(line, policy) else 0


def _within(rules: Iterable[FeeRule], most: int | None) -> Iterable[FeeRule]:
    for rule in rules:
        if most is None or rule.waived:
            yield rule
            continue
        asked = min(rule.fixed_minor, most)
        most -= asked
        if asked:
            yield replace(rule, fixed_minor=asked)


def left_to_charge(
    rules: Iterable[FeeRule], charged: Charged, most: int | None
) -> tuple[FeeRule, ...]:
    """Return what of the fees of a return its earlier outcomes have not borne, within the bound."""
    left = [
        replace(rule, fixed_minor=max(rule.fixed_minor - charged.fixed.get(rule.kind, 0), 0))
        for rule in rules
    ]
    due = [rule for rule in left if rule.fixed_minor]
    return tuple(_within(due, None if most is None else max(most - charged.total, 0)))


def still_due(rules: Iterable[FeeRule], priced: Breakdown) -> tuple[FeeRule, ...]:
    """Return what ``priced`` did not bear of ``rules``; a waived one stays to be shown."""
    charged = {fee.kind: fee.charged.gross_minor for fee in priced.fees}
    left = [
        replace(rule, fixed_minor=rule.fixed_minor - charged.get(rule.kind, 0)) for rule in rules
    ]
    return tuple(rule for rule in left if rule.fixed_minor)


def capped_shares(
    lines: Sequence[Wished],
    policy: Policy,
    fixed: Iterable[FeeRule],
    priced: dict[str, Breakdown],
    *,
    taken_minor: int = 0,
) -> list[int] | None:
    """Return each line's restocking in minor units, where the shares pass the bound of all fees.

    None where they do not. What is left after the fixed fees, and after
    ``taken_minor`` of earlier outcomes, is spread by what each would bear.
    """
    most = policy.fee.most_minor
    if most is None or any(one.currency != policy.currency for one in priced.values()):
        return None
    room = max(most - taken_minor, 0) - sum(rule.fixed_minor for rule in fixed if not rule.waived)
    asked = [_asked_share(line, policy, priced) for line in lines]
    return allocate(room, asked) if sum(asked) > room else None


def _asked_share(line: Wished, policy: Policy, priced: dict[str, Breakdown]) -> int:
    bp = held_bp(line, policy) if line.wanted in BEARING else 0
    if not bp:
        return 0
    found = priced[line.wanted].lines
    whole = next(one for one in found if one.line_id == str(line.order_line_id))
    return share(whole.value.gross_minor, line.quantity * bp, whole.quantity * _WHOLE_BP)
