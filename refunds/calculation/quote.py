"""The one refund calculation: preview, approval, payment, the API and the command all call it."""

from __future__ import annotations

from refunds.calculation.bonus import bonus_now
from refunds.calculation.breakdown import Breakdown, ChargeRefund, FeeCharged, LineRefund
from refunds.calculation.model import (
    Deduction,
    FeeRule,
    OrderSnapshot,
    Parts,
    PriorRefund,
    RefundPolicy,
    ReturnLine,
    ReturnRequest,
    add_up,
)
from refunds.calculation.remaining import FEE, LINE, SHIPPING, Position, position
from refunds.calculation.shipping import take_shipping
from refunds.calculation.taking import Taken, refusal, take_goods
from returns_portal.core.errors import DomainError, InvalidInput
from returns_portal.core.money import allocate, exponent, share

WHOLE_BP = 10_000


def quote(
    order: OrderSnapshot,
    priors: tuple[PriorRefund, ...],
    request: ReturnRequest,
    policy: RefundPolicy,
) -> Breakdown:
    """Price ``request`` against what remains of ``order`` after ``priors``.

    Refuses (DomainError, facts ``max_refundable_minor``) whatever asks for more than remains;
    nothing is ever lowered to fit. Fees alone are bounded: they never exceed the refund.
    """
    exponent(order.currency)
    standing = position(order, priors)
    taken = take_goods(order.currency, standing, request)
    taken += take_shipping(order.currency, standing, request, policy, taken)
    if not any((taken, request.lines, request.everything)):
        raise InvalidInput(
            "Nothing is chosen. Name at least one item, an amount or the shipping.",
            code="nothing_chosen",
            facts={"max_refundable_minor": standing.max_refundable_minor},
        )
    if request.everything and not standing.max_refundable_minor:
        raise DomainError(
            "Nothing is left to refund on this order.",
            code="nothing_left",
            facts={"max_refundable_minor": 0},
        )
    return _breakdown(order, standing, request, policy, taken, priors)


def _deduction(line: ReturnLine | None, part: Taken) -> Parts:
    """Return what is held back of a line's value for its condition, by the value's own parts."""
    if line is None or not line.deductions:
        return Parts()
    value = part.value
    units = sum(deduction.quantity for deduction in line.deductions)
    if any(not _sound(deduction) for deduction in line.deductions) or units > line.quantity:
        raise InvalidInput(
            "A deduction needs 1 or more of the returned units and a share from 0 to 100 %.",
            code="bad_deduction",
            field="deductions",
        )
    gross = sum(
        share(value.gross_minor, d.quantity * d.bp, line.quantity * WHOLE_BP) + d.minor
        for d in line.deductions
    )
    if gross > value.gross_minor:
        raise InvalidInput(
            "The deductions are more than the item is worth.",
            code="deduction_exceeds_value",
            field="deductions",
            facts={"max_deduction_minor": value.gross_minor},
        )
    if not gross:
        return Parts()
    weights = [value.net_minor, *(minor for _, minor in value.taxes)]
    net, *taxes = allocate(gross, weights)
    codes = [code for code, _ in value.taxes]
    return Parts(net, tuple(zip(codes, taxes, strict=True)))


def _sound(deduction: Deduction) -> bool:
    return deduction.quantity > 0 and 0 <= deduction.bp <= WHOLE_BP and deduction.minor >= 0


def _line_refund(order: OrderSnapshot, part: Taken) -> LineRefund:
    balance, line = part.balance, part.line
    index = next(i for i, sold in enumerate(order.lines) if sold.line_id == balance.charge_id)
    discount = order.discounts()[index]
    before, after = balance.used_units, balance.used_units + part.units
    share_before = share(discount, before, balance.quantity)
    reasons = [d.reason for d in line.deductions] if line else []
    left = balance.after(part.value, part.units)
    return LineRefund(
        line_id=balance.charge_id,
        label=balance.label,
        quantity=part.units,
        value=part.value,
        deduction=_deduction(line, part),
        deduction_reason=", ".join(dict.fromkeys(reasons)),
        list_minor=order.lines[index].unit_price_minor * part.units,
        discount_minor=share(discount, after, balance.quantity) - share_before,
        unit=line.unit if line else None,
        remaining_units=left.remaining_units,
        remaining_minor=left.remaining_gross,
    )


def _charge_refund(part: Taken) -> ChargeRefund:
    balance = part.balance
    value = part.value if balance.sign == 1 else -part.value
    return ChargeRefund(
        charge_id=balance.charge_id,
        kind="shipping" if balance.kind == SHIPPING else "fee",
        label=balance.label,
        value=value,
        remaining_minor=balance.after(part.value).remaining_gross * balance.sign,
    )


def _fees(rules: tuple[FeeRule, ...], items: int, everything: int) -> tuple[FeeCharged, ...]:
    """Charge each rule in turn, never more than is left of the refund."""
    left = everything
    fees = []
    for rule in rules:
        if min(rule.fixed_minor, rule.percent_bp, rule.tax_bp) < 0:
            raise InvalidInput(f"The {rule.kind} fee must not be negative.", code="bad_fee")
        basis = items if rule.basis == "items" else everything
        asked = rule.fixed_minor + share(max(0, basis), rule.percent_bp, WHOLE_BP)
        if not rule.tax_inclusive:
            asked += share(asked, rule.tax_bp, WHOLE_BP)
        if rule.cap_minor is not None:
            asked = min(asked, rule.cap_minor)
        charged = 0 if rule.waived else min(asked, max(0, left))
        left -= charged
        tax = share(charged, rule.tax_bp, WHOLE_BP + rule.tax_bp)
        taxes = ((rule.tax_code or "fee", tax),) if tax else ()
        parts = Parts(charged - tax, taxes)
        fees.append(FeeCharged(rule.kind, asked, parts, rule.waived, rule.waiver, rule.at_most))
    return tuple(fees)


def _breakdown(
    order: OrderSnapshot,
    standing: Position,
    request: ReturnRequest,
    policy: RefundPolicy,
    taken: list[Taken],
    priors: tuple[PriorRefund, ...],
) -> Breakdown:
    lines = tuple(_line_refund(order, part) for part in taken if part.balance.kind == LINE)
    charges = tuple(_charge_refund(part) for part in taken if part.balance.kind in (SHIPPING, FEE))
    items = add_up([line.value - line.deduction for line in lines])
    value = items + add_up([charge.value for charge in charges])
    rules = policy.fees if request.fees is None else request.fees
    fees = _fees(rules, items.gross_minor, value.gross_minor)
    total = value.gross_minor - sum(fee.charged.gross_minor for fee in fees)
    if total < 0:
        raise DomainError(
            "The amounts chosen come to less than zero. Leave out the discount or add items.",
            code="negative_refund",
            facts={"max_refundable_minor": standing.max_refundable_minor},
        )
    if order.paid_minor is not None and total > order.paid_minor - standing.paid_out_minor:
        left = max(0, order.paid_minor - standing.paid_out_minor)
        raise refusal(order.currency, left, "What was paid for this order", "exceeds_paid")
    tax = value.tax_minor - sum(fee.charged.tax_minor for fee in fees)
    used = sum(part.value.gross_minor * part.balance.sign for part in taken)
    left = sum(b.remaining_gross * b.sign for b in standing.balances.values()) - used
    return Breakdown(
        currency=order.currency,
        total_minor=total,
        tax_minor=min(max(0, tax), total),
        lines=lines,
        charges=charges,
        fees=fees,
        remaining_minor=left,
        credited_minor=total if policy.bonus is not None else 0,
        bonus_minor=bonus_now(policy.bonus, priors, total) if policy.bonus is not None else 0,
    )
