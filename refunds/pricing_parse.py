"""Read the JSON form of a refund question (order, payments, prior refunds, return, policy).

The form is the one ``manage.py price_return`` documents. Whatever is not understood is refused with
the field's name; absent figures are zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from refunds.allocation import PaymentBalance
from refunds.calculation import (
    ChargeSnapshot,
    LineSnapshot,
    OrderSnapshot,
    Parts,
    PriorPart,
    PriorRefund,
    TaxAmount,
)
from returns_portal.core.errors import InvalidInput
from returns_portal.core.money import allocate, share

Json = Mapping[str, Any]
TAX = "tax"
SHIPPING_ID = "shipping"
_RATE_SCALE = 10**9


def whole(source: Json, key: str, default: int = 0) -> int:
    """Return the whole number under ``key``; null and absent are ``default``."""
    number = source.get(key)
    if number is None:
        return default
    if isinstance(number, bool) or not isinstance(number, int):
        raise InvalidInput(
            f"{key} must be a whole number of minor units, not {number!r}.", field=key
        )
    return number


def optional(source: Json, *keys: str) -> int | None:
    """Return the whole number under the first of ``keys`` that is present, else None."""
    for key in keys:
        if source.get(key) is not None:
            return whole(source, key)
    return None


def entries(source: Json, key: str) -> list[Json]:
    """Return the list of objects under ``key``; absent is empty."""
    found = source.get(key) or []
    if not isinstance(found, list) or not all(isinstance(entry, Mapping) for entry in found):
        raise InvalidInput(f"{key} must be a list of objects.", field=key)
    return found


def section(source: Json, key: str) -> Json:
    """Return the object under ``key``; absent is empty."""
    found = source.get(key) or {}
    if not isinstance(found, Mapping):
        raise InvalidInput(f"{key} must be an object.", field=key)
    return found


def exact(source: Json, key: str) -> int:
    """Return a decimal text of minor units, rounded half up to whole ones."""
    return int(decimal(source[key], key).to_integral_value(ROUND_HALF_UP))


def decimal(number: object, key: str) -> Decimal:
    """Return ``number`` as a finite Decimal by way of its text, never through binary fractions."""
    try:
        parsed = Decimal(str(number))
    except InvalidOperation:
        raise InvalidInput(f"{key} must be a number, not {number!r}.", field=key) from None
    if isinstance(number, bool) or not parsed.is_finite() or abs(parsed) >= 10**15:
        raise InvalidInput(f"{key} must be a number, not {number!r}.", field=key)
    return parsed


def line_key(line: Json) -> str:
    """Return what names a line: its id, or its SKU where it has none."""
    for key in ("line_id", "id", "sku"):
        if line.get(key) is not None:
            return str(line[key])
    raise InvalidInput("Each line needs an id or a sku.", field="lines")


def _ratio(rate: object, key: str) -> int:
    scaled = int((decimal(rate, key) * _RATE_SCALE).to_integral_value(ROUND_HALF_UP))
    if scaled < 0:
        raise InvalidInput(f"{key} must not be negative.", field=key)
    return scaled


def _taxes(line: Json, amount: int) -> tuple[TaxAmount, ...]:
    """Return a line's taxes as charged; where only the rate is known, the tax it gives."""
    inclusive = bool(line.get("tax_inclusive"))
    codes = line.get("taxes") or {}
    if isinstance(codes, list):
        return tuple(
            TaxAmount(
                str(tax.get("code", TAX)),
                whole(tax, "tax_minor"),
                bool(tax.get("inclusive", inclusive)),
            )
            for tax in entries(line, "taxes")
        )
    tax = optional(line, "tax_minor")
    if tax is None:
        rate = _ratio(line.get("tax_rate") or 0, "tax_rate")
        tax = share(amount, rate, _RATE_SCALE + rate if inclusive else _RATE_SCALE)
    if codes:
        weights = [_ratio(rate, "taxes") for rate in section(line, "taxes").values()]
        shares = allocate(tax, weights) if any(weights) else [0] * len(weights)
        return tuple(
            TaxAmount(str(code), minor, inclusive)
            for code, minor in zip(codes, shares, strict=True)
        )
    return (TaxAmount(TAX, tax, inclusive),) if tax else ()


def read_order(document: Json) -> OrderSnapshot:
    """Return the order with its lines, shipping and fees as paid."""
    order, request = section(document, "order"), section(document, "return")
    payments = entries(document, "payments")
    sold = entries(order, "lines")
    bare = tuple(
        LineSnapshot(
            line_key(line),
            whole(line, "unit_price_minor"),
            whole(line, "quantity", 1),
            whole(line, "discount_minor"),
            label=str(line.get("title") or line.get("sku") or ""),
        )
        for line in sold
    )
    paid = sum(whole(payment, "captured_minor") for payment in payments) if payments else None
    snapshot = OrderSnapshot(
        currency=str(document.get("currency") or ""),
        lines=bare,
        shipping=_shipping(order),
        fees=tuple(
            ChargeSnapshot(
                str(fee.get("id", f"fee-{number}")),
                whole(fee, "net_minor"),
                (TaxAmount(TAX, whole(fee, "tax_minor")),),
            )
            for number, fee in enumerate(entries(order, "fees"), start=1)
        ),
        order_discount_minor=whole(order, "order_discount_minor"),
        paid_minor=paid,
    )
    gross = [line.unit_price_minor * line.quantity for line in bare]
    lines = tuple(
        replace(line, taxes=_taxes(source, value - discount))
        for line, source, value, discount in zip(
            bare, sold, gross, snapshot.discounts(), strict=True
        )
    )
    snapshot = replace(snapshot, lines=lines)
    if lines or snapshot.shipping or snapshot.fees:
        return snapshot
    return replace(snapshot, lines=_implied_lines(order, request, paid))


def _shipping(order: Json) -> tuple[ChargeSnapshot, ...]:
    shipments = entries(order, "shipments")
    if shipments:
        return tuple(
            ChargeSnapshot(
                str(shipment.get("id", f"shipment-{number}")),
                whole(shipment, "net_minor"),
                (TaxAmount(TAX, whole(shipment, "tax_minor")),),
            )
            for number, shipment in enumerate(shipments, start=1)
        )
    amount, tax = whole(order, "shipping_minor"), whole(order, "shipping_tax_minor")
    if not amount and not tax:
        return ()
    inclusive = bool(order.get("shipping_tax_inclusive"))
    return (ChargeSnapshot(SHIPPING_ID, amount, (TaxAmount(TAX, tax, inclusive),)),)


def _implied_lines(order: Json, request: Json, paid: int | None) -> tuple[LineSnapshot, ...]:
    """Return lines for a question that states sums and no lines.

    A stored total with a quantity is one line; amounts named in the return are lines of their own;
    else what was captured is all there is.
    """
    if order.get("line_total_exact_minor") is not None:
        units = max(1, whole(order, "quantity", 1))
        total = exact(order, "line_total_exact_minor")
        # The unit price is the rounded-up one; what it is too much is the line's discount.
        unit_price = -(-total // units)
        return (LineSnapshot("order", unit_price, units, unit_price * units - total),)
    amounts = request.get("item_amounts_minor")
    if isinstance(amounts, list):
        named = {f"item-{number}": amount for number, amount in enumerate(amounts, start=1)}
        return tuple(LineSnapshot(key, whole(named, key), 1) for key in named)
    if request.get("item_net_exact_minor") is not None:
        taxes = (TaxAmount(TAX, whole(request, "tax_minor")),)
        return (LineSnapshot("order", exact(request, "item_net_exact_minor"), 1, taxes=taxes),)
    return (LineSnapshot("order", paid, 1),) if paid else ()


def read_priors(document: Json, order: OrderSnapshot) -> tuple[PriorRefund, ...]:
    """Return the refunds made before, each taken apart as far as the document says."""
    return tuple(_prior(prior, order) for prior in entries(document, "prior_refunds"))


def _prior(prior: Json, order: OrderSnapshot) -> PriorRefund:
    parts = _prior_shipping(prior, order)
    left = optional(prior, "amount_minor", "refund_minor")
    if left is not None:
        left -= whole(prior, "shipping_minor") + whole(prior, "shipping_tax_minor")
    named = entries(prior, "lines")
    if not named and len(order.lines) == 1 and not (order.shipping or order.fees):
        named = [{"id": order.lines[0].line_id, "quantity": whole(prior, "quantity")}]
    unassigned = 0
    if named:
        parts += _prior_lines(prior, named, order, left)
    elif left is not None:
        unassigned = left
    elif not parts and (prior.get("net_minor") or prior.get("tax_minor")):
        unassigned = whole(prior, "net_minor") + whole(prior, "tax_minor")
    return PriorRefund(
        parts,
        unassigned_minor=unassigned,
        kept_minor=whole(prior, "fee_minor"),
        status=str(prior.get("status") or "settled"),
    )


def _prior_lines(
    prior: Json, named: Sequence[Json], order: OrderSnapshot, left: int | None
) -> tuple[PriorPart, ...]:
    """Return the prior's lines; a sum stated for all of them is shared out by list value."""
    codes = {line.line_id: [tax.code for tax in line.taxes] or [TAX] for line in order.lines}
    stated = [_stated_part(line, codes) for line in named]
    if any(part.parts or part.gross_minor is not None or part.net_minor is not None
           for part in stated):  # fmt: skip
        return tuple(stated)
    net, tax = optional(prior, "net_minor"), optional(prior, "tax_minor")
    if len(stated) == 1 and (net is not None or tax is not None):
        code = codes.get(stated[0].charge_id, [TAX])[0]
        return (replace(stated[0], parts=Parts(net or 0, ((code, tax or 0),))),)
    if left is None:
        return tuple(stated)
    prices = {line.line_id: line.unit_price_minor for line in order.lines}
    weights = [prices.get(part.charge_id, 0) * max(1, part.quantity) for part in stated]
    shares = allocate(left, weights if any(weights) else [1] * len(weights))
    return tuple(
        replace(part, gross_minor=amount) for part, amount in zip(stated, shares, strict=True)
    )


def _stated_part(line: Json, codes: Mapping[str, list[str]]) -> PriorPart:
    key = line_key(line)
    part = PriorPart(key, whole(line, "quantity"), unit=optional(line, "unit"))
    gross = optional(line, "gross_amount_minor", "amount_minor")
    net, tax = optional(line, "net_amount_minor"), optional(line, "tax_amount_minor")
    if tax is not None:
        net = gross - tax if net is None and gross is not None else net or 0
        return replace(part, parts=Parts(net, ((codes.get(key, [TAX])[0], tax),)))
    return replace(part, gross_minor=gross, net_minor=net if gross is None else None)


def _prior_shipping(prior: Json, order: OrderSnapshot) -> tuple[PriorPart, ...]:
    net, tax = whole(prior, "shipping_minor"), optional(prior, "shipping_tax_minor")
    if not (net or tax) or not order.shipping:
        return ()
    weights = [max(0, charge.amount_minor) for charge in order.shipping]
    nets = allocate(net, weights)
    if tax is None:
        return tuple(
            PriorPart(charge.charge_id, net_minor=amount)
            for charge, amount in zip(order.shipping, nets, strict=True)
        )
    weights = [sum(t.minor for t in charge.taxes) for charge in order.shipping]
    taxes = allocate(tax, weights if any(weights) else nets)
    return tuple(
        PriorPart(charge.charge_id, parts=Parts(amount, ((TAX, tax_amount),)))
        for charge, amount, tax_amount in zip(order.shipping, nets, taxes, strict=True)
    )


def read_payments(document: Json) -> list[PaymentBalance]:
    """Return the payments with what earlier refunds took from each.

    A prior refund that names no payment is taken from the payments in their order.
    """
    balances = {}
    for number, payment in enumerate(entries(document, "payments"), start=1):
        key = str(payment.get("id", f"payment-{number}"))
        support = payment.get("supports", "partial")
        if support not in ("partial", "full_only", "none"):
            raise InvalidInput(
                "supports must be partial, full_only or none.", field="payments.supports"
            )
        balances[key] = PaymentBalance(
            key,
            whole(payment, "captured_minor"),
            whole(payment, "refunded_minor"),
            support,
            str(payment.get("kind") or payment.get("method") or "card"),
        )
    for prior in entries(document, "prior_refunds"):
        status = str(prior.get("status") or "settled")
        if PriorRefund(status=status).counts:
            _take_back(balances, prior)
    return list(balances.values())


def _take_back(balances: dict[str, PaymentBalance], prior: Json) -> None:
    parts = entries(prior, "allocations")
    if not parts and prior.get("payment") is not None:
        parts = [prior]
    named = {str(part.get("payment")): whole(part, "amount_minor") for part in parts}
    if not named:
        left = optional(prior, "amount_minor", "refund_minor") or 0
        for key, balance in balances.items():
            named[key] = min(left, balance.available_minor)
            left -= named[key]
    for key, amount in named.items():
        if key in balances:
            balance = balances[key]
            balances[key] = replace(balance, refunded_minor=balance.refunded_minor + amount)
