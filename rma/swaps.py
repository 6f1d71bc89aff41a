"""An exchange for goods of another price: what the item pays of them, what goes back, what is due.

Pure, on the one refund calculation. The item's value is what the shopper paid for it; the
replacement costs what the catalogue said when it was asked for, tax included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

from refunds.calculation import (
    Breakdown,
    FeeRule,
    OrderSnapshot,
    PriorRefund,
    RefundPolicy,
    ReturnLine,
    ReturnRequest,
    as_prior,
    exchange_difference,
)
from refunds.calculation import quote as calculate
from returns_portal.commerce.models import Order, OrderLine, Variant
from returns_portal.core.money import share
from rma.fees import Wished, still_due
from rma.policy.model import Policy
from rma.states import ResolutionKind

# What the shopper pays for dearer replacements, in minor units by (order line, reason).
Dues = dict[tuple[UUID, str], int]
# Outcomes as priced, the fees that none of them bore, and what is used up of the order after them.
Priced = tuple[dict[str, Breakdown], tuple[FeeRule, ...], tuple[PriorRefund, ...]]


class Swappable(Wished, Protocol):
    """What of a line decides on its exchange."""

    @property
    def replacement_minor(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Swap:
    """One exchange as priced. ``kept`` is the value that pays for the replacement, ``back`` what
    is left over of the item, if anything is, and ``due_minor`` what the shopper has to pay."""

    kept: Breakdown
    back: Breakdown | None
    due_minor: int

    def priors(self) -> tuple[PriorRefund, ...]:
        """Return the swap as history: nothing of what it kept can be asked for again."""
        kept = replace(as_prior(self.kept), kept_minor=goods_minor(self.kept))
        return (kept,) if self.back is None else (kept, as_prior(self.back))


def price_swap(
    order: OrderSnapshot,
    priors: tuple[PriorRefund, ...],
    line: ReturnLine,
    replacement_minor: int,
    fees: Sequence[FeeRule] = (),
) -> Swap:
    """Price an exchange of ``line``'s units for goods of ``replacement_minor``, all of them, gross.

    ``fees`` come off what goes back. Refuses (DomainError) units that do not remain.
    """
    nothing = RefundPolicy("never")
    whole = calculate(order, priors, ReturnRequest(lines=(line,)), nothing)
    worth = goods_minor(whole)
    difference = exchange_difference(returned_minor=worth, replacement_minor=replacement_minor)
    if difference.owed_by != "merchant":
        return Swap(whole, None, difference.minor)
    part = replace(line, gross_minor=replacement_minor)
    kept = calculate(order, priors, ReturnRequest(lines=(part,)), nothing)
    history = (*priors, *Swap(kept, None, 0).priors())
    rest = ReturnLine(line.line_id, gross_minor=difference.minor)
    back = calculate(
        order, history, ReturnRequest(lines=(rest,)), RefundPolicy("never", tuple(fees))
    )
    return Swap(kept, back, 0)


def with_swaps(
    snapshot: OrderSnapshot, state: Priced, lines: Sequence[Swappable], back: ResolutionKind
) -> tuple[dict[str, Breakdown], Dues]:
    """Add the exchanges for goods of another price to what is priced; the rest goes ``back``."""
    priced, fees, priors = state
    dues: Dues = {}
    for line in lines:
        if not is_swap(line):
            continue
        asked = ReturnLine(str(line.order_line_id), line.quantity)
        swap = price_swap(snapshot, priors, asked, line.replacement_minor or 0, fees)
        priors = (*priors, *swap.priors())
        _add(priced, ResolutionKind.EXCHANGE, swap.kept)
        if swap.back is not None:
            _add(priced, back, swap.back)
            fees = still_due(fees, swap.back)
        if swap.due_minor:
            dues[line.order_line_id, line.reason] = swap.due_minor
    return priced, dues


def is_swap(line: Swappable) -> bool:
    """Tell whether a line is exchanged for goods of a price of their own."""
    return line.wanted == ResolutionKind.EXCHANGE and line.replacement_minor is not None


def left_over_as(order: Order, policy: Policy) -> ResolutionKind:
    """Return what becomes of what a cheaper replacement leaves; a credit needs its customer."""
    wanted = ResolutionKind(policy.exchange.cheaper)
    return ResolutionKind.REFUND if order.customer_id is None else wanted


def _add(priced: dict[str, Breakdown], kind: str, part: Breakdown) -> None:
    priced[kind] = together([priced[kind], part]) if kind in priced else part


def goods_minor(priced: Breakdown) -> int:
    """Return what the goods of a calculation are worth, gross."""
    return sum(line.value.gross_minor for line in priced.lines)


def together(parts: Sequence[Breakdown]) -> Breakdown:
    """Return calculations that followed on each other as one."""
    *_, last = parts
    return replace(
        last,
        total_minor=sum(part.total_minor for part in parts),
        tax_minor=sum(part.tax_minor for part in parts),
        bonus_minor=sum(part.bonus_minor for part in parts),
        lines=tuple(line for part in parts for line in part.lines),
        charges=tuple(charge for part in parts for charge in part.charges),
        fees=tuple(fee for part in parts for fee in part.fees),
    )


def unit_price(variant: Variant, sold: OrderLine, *, taxes_included: bool) -> int | None:
    """Return what one unit costs the shopper in place of ``sold``, tax included.

    Where the shop's prices are without tax it is added at the rate that was paid on the item.
    None where money can't say: no price is kept, or it is in another currency.
    """
    if variant.price_minor <= 0 or variant.currency != sold.currency:
        return None
    if taxes_included or not sold.tax_minor or not sold.net_minor:
        return variant.price_minor
    return variant.price_minor + share(variant.price_minor, sold.tax_minor, sold.net_minor)


def is_dearer(chosen: Variant, own: Variant) -> bool:
    """Tell whether a variant costs more than another of its product; no price is no difference."""
    return bool(own.price_minor) and chosen.price_minor > own.price_minor
