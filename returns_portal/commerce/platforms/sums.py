"""Arithmetic the readers share: lay an order's discount or tax on its lines, and tie totals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from returns_portal.commerce.platforms.base import (
    DiscountRecord,
    LineRecord,
    OrderRecord,
    TaxRecord,
)
from returns_portal.commerce.platforms.reading import FieldError
from returns_portal.core.money import Money, allocate


def spread_discount(
    lines: Sequence[LineRecord], discount: DiscountRecord, field: str
) -> tuple[LineRecord, ...]:
    """Take an order discount off the lines in proportion to what each still costs, exactly.

    Raises FieldError when the discount exceeds the goods: nobody can say which line bears it.
    """
    weights = [line.total.minor for line in lines]
    if discount.amount.minor > sum(weights) or min(weights, default=0) < 0:
        raise FieldError(field, f"The discount of {discount.amount} exceeds the goods.")
    shares = allocate(discount.amount.minor, weights)
    return tuple(
        _discounted(line, replace(discount, amount=Money(minor, line.total.currency)))
        for line, minor in zip(lines, shares, strict=True)
    )


def _discounted(line: LineRecord, discount: DiscountRecord) -> LineRecord:
    if not discount.amount:
        return line
    return replace(line, total=line.total - discount.amount, discounts=(*line.discounts, discount))


def spread_tax(
    lines: Sequence[LineRecord], taxes: Sequence[TaxRecord], field: str
) -> tuple[LineRecord, ...]:
    """Lay order-level taxes on the lines in proportion to their totals, exactly."""
    weights = [line.total.minor for line in lines]
    if min(weights, default=0) < 0 or sum(weights) == 0:
        raise FieldError(field, "There is tax, but no goods it could stand on.")
    laid: list[list[TaxRecord]] = [[] for _ in lines]
    for tax in taxes:
        for own, minor in zip(laid, allocate(tax.amount.minor, weights), strict=True):
            if minor:
                own.append(replace(tax, amount=Money(minor, tax.amount.currency)))
    return tuple(
        replace(line, taxes=(*line.taxes, *own)) for line, own in zip(lines, laid, strict=True)
    )


def warn_of_difference(order: OrderRecord, field: str) -> OrderRecord:
    """Name in words what the shop's total has beyond its parts, if anything."""
    if not order.difference:
        return order
    note = (
        f"{field}: the order total is {order.total}, but its lines, shipping, fees and tax add up "
        f"to {order.parts_total}. Refunds stay within what was paid."
    )
    return replace(order, warnings=(*order.warnings, note))
