"""Where the money of a refund goes: a plan over the order's payments, made before anything is sent.

Pure: the caller passes what each payment still holds and stores the plan it gets back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from returns_portal.core.errors import InvalidInput

Support = Literal["partial", "full_only", "none"]
Strategy = Literal["original_order", "least_hassle", "gift_card_last", "chosen_first"]
STRATEGIES: tuple[Strategy, ...] = (
    "original_order",
    "least_hassle",
    "gift_card_last",
    "chosen_first",
)


@dataclass(frozen=True, slots=True)
class PaymentBalance:
    """One captured payment. ``refunded_minor`` counts refunds in flight as well as done.

    ``supports`` is what its provider can do: part of it, all of it or nothing.
    """

    payment_id: str
    captured_minor: int
    refunded_minor: int = 0
    supports: Support = "partial"
    kind: str = "card"

    @property
    def available_minor(self) -> int:
        return max(0, self.captured_minor - self.refunded_minor)

    def usable_for(self, amount: int) -> int:
        """Return how much of ``amount`` this payment can take back by itself."""
        left = self.available_minor
        if self.supports == "none" or not left:
            return 0
        if self.supports == "full_only":
            return left if not self.refunded_minor and left <= amount else 0
        return min(left, amount)


@dataclass(frozen=True, slots=True)
class AllocationPart:
    payment_id: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class AllocationPlan:
    """The parts and what no payment can take (``overflow_minor``); together they are the total."""

    parts: tuple[AllocationPart, ...]
    overflow_minor: int

    @property
    def total_minor(self) -> int:
        return sum(part.amount_minor for part in self.parts) + self.overflow_minor


def allocate_to_payments(
    total_minor: int,
    payments: Sequence[PaymentBalance],
    strategy: Strategy = "original_order",
    *,
    chosen: Iterable[str] = (),
) -> AllocationPlan:
    """Split ``total_minor`` over ``payments`` (given in the order they were taken).

    "original_order" walks them as given; "gift_card_last" leaves gift cards and store credit to the
    end; "chosen_first" begins with the ids in ``chosen``, in their order; "least_hassle" touches as
    few payments as it can. No part exceeds what its payment still holds.
    """
    if total_minor < 0:
        raise InvalidInput("The amount must not be negative.", code="amount_not_positive")
    if len({payment.payment_id for payment in payments}) != len(payments):
        raise InvalidInput("A payment is listed twice.", code="duplicate_payment")
    if strategy == "least_hassle":
        return _least_hassle(total_minor, payments)
    if strategy not in STRATEGIES:
        raise InvalidInput(f"{strategy} is no way to share out a refund.", code="unknown_strategy")
    left = total_minor
    parts = []
    for payment in _ordered(payments, strategy, list(chosen)):
        amount = payment.usable_for(left)
        if amount:
            parts.append(AllocationPart(payment.payment_id, amount))
            left -= amount
    return AllocationPlan(tuple(parts), left)


def _ordered(
    payments: Sequence[PaymentBalance], strategy: Strategy, chosen: list[str]
) -> list[PaymentBalance]:
    if strategy == "gift_card_last":
        return sorted(payments, key=lambda payment: payment.kind in ("gift_card", "store_credit"))
    if strategy == "chosen_first":
        unknown = set(chosen) - {payment.payment_id for payment in payments}
        if unknown:
            raise InvalidInput(
                f"{min(unknown)} is no payment of this order.", code="unknown_payment"
            )
        rank = {payment_id: place for place, payment_id in enumerate(chosen)}
        return sorted(payments, key=lambda payment: rank.get(payment.payment_id, len(rank)))
    return list(payments)


def _least_hassle(total_minor: int, payments: Sequence[PaymentBalance]) -> AllocationPlan:
    """Exact match first, then the smallest that covers the rest, then the largest smaller one."""
    left = total_minor
    open_ones = list(payments)
    parts = []
    while left:
        usable = [(payment.usable_for(left), payment) for payment in open_ones]
        usable = [(amount, payment) for amount, payment in usable if amount]
        if not usable:
            break
        # An exact match has the least available of those that cover the rest, so one rule serves.
        covering = [pair for pair in usable if pair[0] == left]
        if covering:
            amount, payment = min(covering, key=lambda pair: pair[1].available_minor)
        else:
            amount, payment = max(usable, key=lambda pair: pair[0])
        parts.append(AllocationPart(payment.payment_id, amount))
        left -= amount
        open_ones = [
            replace(other, refunded_minor=other.refunded_minor + amount)
            if other.payment_id == payment.payment_id
            else other
            for other in open_ones
        ]
    return AllocationPlan(tuple(parts), left)
