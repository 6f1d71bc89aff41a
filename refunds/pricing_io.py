"""Answer a refund question given as JSON: for support, for tests, for other people's cases.

Input: ``currency``, ``order``, ``payments``, ``prior_refunds``, ``return`` and ``policy``, amounts
in minor units. Output: ``refund_minor`` and its parts, or ``error`` with ``max_refundable_minor``.
Pure: no database.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, cast

from refunds.allocation import STRATEGIES, AllocationPlan, Strategy, allocate_to_payments
from refunds.calculation import (
    Breakdown,
    ChargeRequest,
    Deduction,
    FeeRule,
    OrderSnapshot,
    PriorRefund,
    RefundPolicy,
    ReturnLine,
    ReturnRequest,
    exchange_difference,
    quote,
)
from refunds.calculation.model import ShippingBack
from refunds.calculation.remaining import SHIPPING, Position, opening_balances, position
from refunds.calculation.taking import take_charge
from refunds.pricing_parse import (
    Json,
    decimal,
    entries,
    exact,
    line_key,
    optional,
    read_order,
    read_payments,
    read_priors,
    section,
    whole,
)
from returns_portal.core.errors import DomainError, InvalidInput
from returns_portal.core.money import allocate

SHIPPING_RULES = ("never", "all_returned", "proportion", "merchant_fault")
ALLOCATION_POLICIES = {"least_hassle_allocation": "least_hassle"}


def price_json(document: Json) -> dict[str, Any]:
    """Price one question. A refusal is an answer: ``error``, ``message`` and what remains."""
    try:
        return _answer(document)
    except DomainError as refusal:
        return {
            "error": refusal.code,
            "message": refusal.message,
            "refund_minor": 0,
            **refusal.facts,
        }


def _answer(document: Json) -> dict[str, Any]:
    if "weights" in section(document, "order"):
        return _shares(section(document, "order"))
    order = read_order(document)
    priors = read_priors(document, order)
    standing = position(order, priors)
    source = section(document, "return")
    request = read_request(source, order)
    policy = read_policy(document)
    if isinstance(source.get("fee_gross_amounts_minor"), list):
        return _fee_splits(standing, order, source)
    if source.get("exchange_for") is not None:
        return _exchange(order, priors, request, source)
    breakdown = quote(order, priors, request, policy)
    answer = _figures(standing, breakdown)
    answer["max_refundable_minor"] = standing.max_refundable_minor
    plan = _plan(document, breakdown.total_minor)
    if plan is not None:
        answer["allocations"] = [
            {"payment": part.payment_id, "amount_minor": part.amount_minor} for part in plan.parts
        ]
        answer["manual_remainder_minor"] = plan.overflow_minor
    if "restock" in source:
        lines = {line.line_id: line.quantity for line in breakdown.lines}
        answer["restocked"] = {
            key: units if source["restock"] else 0 for key, units in lines.items()
        }
    if source.get("refund_method"):
        answer["method"] = source["refund_method"]
    return answer


def _shares(order: Json) -> dict[str, Any]:
    weights = order["weights"]
    if not isinstance(weights, list) or any(type(w) is not int or w < 0 for w in weights):
        raise InvalidInput("weights must be whole numbers of 0 or more.", field="order.weights")
    amount = whole(order, "amount_to_distribute_minor")
    if amount and not any(weights):
        raise InvalidInput("weights must not all be zero.", field="order.weights")
    return {"shares_minor": allocate(amount, weights)}


def read_request(source: Json, order: OrderSnapshot) -> ReturnRequest:
    """Return what the ``return`` object asks for."""
    lines = _lines(source, order)
    shipping = source.get("shipping", "policy")
    charges: tuple[ChargeRequest, ...] = ()
    if isinstance(shipping, list):
        charges = tuple(ChargeRequest(str(charge_id)) for charge_id in shipping)
        shipping = "none"
    if shipping not in ("policy", "all", "none"):
        raise InvalidInput(
            "shipping must be all, none, policy or a list of shipments.", field="return.shipping"
        )
    by_line = bool(lines)
    return ReturnRequest(
        lines=lines,
        charges=charges,
        shipping=shipping,
        shipping_gross_minor=optional(
            source, "shipping_gross_amount_minor", "shipping_amount_minor"
        ),
        shipping_net_minor=optional(source, "shipping_net_amount_minor"),
        amount_gross_minor=None
        if by_line
        else optional(source, "amount_gross_minor", "amount_minor"),
        amount_net_minor=None if by_line else optional(source, "amount_net_minor"),
        everything=bool(source.get("everything")),
        merchant_fault=bool(source.get("merchant_fault")),
        fees=_fees(source),
    )


def _lines(source: Json, order: OrderSnapshot) -> tuple[ReturnLine, ...]:
    lines = [_return_line(line) for line in entries(source, "lines")]
    if "received" in source:
        arrived = {line_key(line): whole(line, "quantity") for line in entries(source, "received")}
        lines = [
            ReturnLine(line.line_id, min(line.quantity, arrived.get(line.line_id, 0)))
            for line in lines
            if arrived.get(line.line_id)
        ]
    if lines or not order.lines:
        return tuple(lines)
    only = order.lines[0].line_id
    if source.get("item_net_exact_minor") is not None:
        return (ReturnLine(only, net_minor=exact(source, "item_net_exact_minor")),)
    if source.get("item_net_minor") is not None:
        return (ReturnLine(only, net_minor=whole(source, "item_net_minor")),)
    if isinstance(source.get("item_amounts_minor"), list):
        return tuple(ReturnLine(line.line_id, 1) for line in order.lines)
    if source.get("quantity") is not None:
        return (ReturnLine(only, whole(source, "quantity")),)
    return ()


def _return_line(line: Json) -> ReturnLine:
    quantity = whole(line, "quantity")
    deductions: tuple[Deduction, ...] = ()
    if line.get("deduction_bp") or line.get("deduction_minor"):
        deductions = (
            Deduction(
                quantity,
                str(line.get("deduction_reason") or "condition"),
                whole(line, "deduction_bp"),
                whole(line, "deduction_minor"),
            ),
        )
    return ReturnLine(
        line_key(line),
        quantity,
        gross_minor=optional(line, "gross_amount_minor", "amount_minor"),
        net_minor=optional(line, "net_amount_minor"),
        tax_minor=optional(line, "tax_amount_minor"),
        unit=optional(line, "unit"),
        deductions=deductions,
    )


def _fees(source: Json) -> tuple[FeeRule, ...] | None:
    rules = []
    if isinstance(source.get("fees"), list):
        rules += [_fee_rule(fee) for fee in entries(source, "fees")]
    else:
        kept = section(source, "fees")
        if kept:
            rules.append(
                FeeRule(
                    "restocking",
                    whole(kept, "keep_fixed_minor"),
                    _basis_points(kept.get("keep_percentage") or 0),
                    basis="all",
                )
            )
    for key, kind in (
        ("return_shipping_fee_minor", "return_shipping"),
        ("exchange_fee_minor", "exchange"),
    ):
        if source.get(key) is not None:
            rules.append(FeeRule(kind, whole(source, key)))
    return tuple(rules) or None


def _basis_points(percent: object) -> int:
    return int((decimal(percent, "percent") * 100).to_integral_value(ROUND_HALF_UP))


def _fee_rule(fee: Json) -> FeeRule:
    basis = fee.get("basis", "items")
    if basis not in ("items", "all"):
        raise InvalidInput("basis must be items or all.", field="fees.basis")
    percent = whole(fee, "percent_bp") or _basis_points(fee.get("percent") or 0)
    return FeeRule(
        str(fee.get("kind") or "fee"),
        whole(fee, "fixed_minor"),
        percent,
        basis=basis,
        cap_minor=optional(fee, "cap_minor"),
        tax_bp=whole(fee, "tax_bp"),
        tax_inclusive=bool(fee.get("tax_inclusive", True)),
        waived=bool(fee.get("waived")),
        waiver=str(fee.get("waiver") or ""),
    )


def read_policy(document: Json) -> RefundPolicy:
    """Return the refund policy; a policy given by name alone leaves everything at its default."""
    policy = document.get("policy")
    if policy is None or isinstance(policy, str):
        return RefundPolicy()
    policy = section(document, "policy")
    shipping_back = policy.get("shipping_back", "never")
    if shipping_back not in SHIPPING_RULES:
        raise InvalidInput(
            f"shipping_back must be one of {', '.join(SHIPPING_RULES)}.", field="policy"
        )
    rules = tuple(_fee_rule(fee) for fee in entries(policy, "fees"))
    return RefundPolicy(cast(ShippingBack, shipping_back), rules)


def _plan(document: Json, total: int) -> AllocationPlan | None:
    payments = read_payments(document)
    if not payments:
        return None
    source, policy = section(document, "return"), document.get("policy")
    name = policy if isinstance(policy, str) else section(document, "policy").get("allocation")
    strategy = ALLOCATION_POLICIES.get(str(name), str(name))
    chosen = source.get("payment_order") or []
    if source.get("preferred_payment") is not None:
        chosen = [source["preferred_payment"]]
    if not isinstance(chosen, list):
        raise InvalidInput("payment_order must be a list.", field="return.payment_order")
    if chosen:
        strategy = "chosen_first"
    elif strategy not in STRATEGIES:
        strategy = "original_order"
    return allocate_to_payments(
        total, payments, cast(Strategy, strategy), chosen=[str(key) for key in chosen]
    )


def _paid(order: OrderSnapshot) -> int:
    """Return what all lines and charges of the order cost together."""
    return sum(b.paid.gross_minor * b.sign for b in opening_balances(order).values())


def _figures(standing: Position, breakdown: Breakdown) -> dict[str, Any]:
    items, shipping = breakdown.items, breakdown.shipping
    net = breakdown.net_minor
    rate = Decimal(breakdown.tax_minor * 100) / net if net else Decimal(0)
    shipped = sum(b.used.gross_minor for b in standing.balances.values() if b.kind == SHIPPING)
    return {
        "refund_minor": breakdown.total_minor,
        "net_minor": net,
        "tax_minor": breakdown.tax_minor,
        "tax_by_code_minor": breakdown.tax_by_code,
        "effective_rate": str(rate.quantize(Decimal("0.00001"), ROUND_HALF_UP)),
        "items_net_minor": items.net_minor,
        "items_tax_minor": items.tax_minor,
        "items_gross_minor": sum(line.list_minor for line in breakdown.lines),
        "discount_minor": sum(line.discount_minor for line in breakdown.lines),
        "line_gross_minor": {line.line_id: line.refund_minor for line in breakdown.lines},
        "lines": [
            {
                "line": line.line_id,
                "quantity": line.quantity,
                "refund_minor": line.refund_minor,
                "net_minor": line.value.net_minor - line.deduction.net_minor,
                "tax_minor": line.value.tax_minor - line.deduction.tax_minor,
                "deduction_minor": line.deduction.gross_minor,
                "remaining_units": line.remaining_units,
                "remaining_minor": line.remaining_minor,
            }
            for line in breakdown.lines
        ],
        "shipping_minor": shipping.gross_minor,
        "shipping_net_minor": shipping.net_minor,
        "shipping_tax_minor": shipping.tax_minor,
        "total_shipping_refunded_minor": shipped + shipping.gross_minor,
        "order_fee_minor": breakdown.order_fees.gross_minor,
        "fee_minor": breakdown.fee_minor,
        "fees": [
            {
                "kind": fee.kind,
                "asked_minor": fee.asked_minor,
                "charged_minor": fee.charged.gross_minor,
                "tax_minor": fee.charged.tax_minor,
                "waived": fee.waived,
            }
            for fee in breakdown.fees
        ],
        "remaining_refundable_minor": breakdown.remaining_minor,
        "total_refunded_minor": standing.paid_out_minor + breakdown.total_minor,
        "new_total_minor": breakdown.remaining_minor + breakdown.kept_minor,
    }


def _fee_splits(standing: Position, order: OrderSnapshot, source: Json) -> dict[str, Any]:
    """Split each amount asked of the order's first fee, every one a question of its own."""
    if not order.fees:
        raise InvalidInput("The order has no fee to refund.", field="order.fees")
    balance = standing.balances[order.fees[0].charge_id]
    splits = []
    for amount in source["fee_gross_amounts_minor"]:
        asked = whole({"fee_gross_amounts_minor": amount}, "fee_gross_amounts_minor")
        splits.append(take_charge(order.currency, balance, asked, None).value)
    return {
        "net_minor": [parts.net_minor * balance.sign for parts in splits],
        "tax_minor": [parts.tax_minor * balance.sign for parts in splits],
    }


def _exchange(
    order: OrderSnapshot, priors: tuple[PriorRefund, ...], request: ReturnRequest, source: Json
) -> dict[str, Any]:
    replacement = section(source, "exchange_for")
    fees = request.fees or ()
    plain = ReturnRequest(lines=request.lines, charges=request.charges, fees=())
    returned = quote(order, priors, plain, RefundPolicy())
    outbound = whole(source, "outbound_shipping_minor")
    value = whole(replacement, "unit_price_minor") * whole(replacement, "quantity", 1)
    if not replacement.get("tax_inclusive"):
        value += whole(replacement, "tax_minor")
    fee = sum(rule.fixed_minor for rule in fees)
    difference = exchange_difference(
        returned_minor=returned.total_minor,
        replacement_minor=value,
        shipping_minor=outbound,
        fee_minor=fee,
    )
    owed = difference.minor if difference.owed_by == "merchant" else 0
    original = _paid(order)
    return {
        "original_total_minor": original,
        "new_total_minor": original - returned.total_minor + value + outbound + fee,
        "returned_minor": returned.total_minor,
        "difference_minor": difference.minor,
        "owed_by": difference.owed_by,
        "refund_minor": owed,
        "fee_minor": fee,
    }
