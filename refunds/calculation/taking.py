"""Which part of each line and charge a request takes, refused beyond what remains."""

from __future__ import annotations

from dataclasses import dataclass

from refunds.calculation.model import Parts, ReturnLine, ReturnRequest
from refunds.calculation.remaining import (
    LINE,
    SHIPPING,
    Balance,
    Position,
    spread_gross,
    spread_net,
)
from returns_portal.core.errors import DomainError, InvalidInput
from returns_portal.core.money import Money, allocate


@dataclass(frozen=True, slots=True)
class Taken:
    """What this refund uses up of one balance."""

    balance: Balance
    value: Parts
    units: int = 0
    line: ReturnLine | None = None


def refusal(currency: str, left: int, what: str, code: str, field: str = "") -> DomainError:
    return DomainError(
        f"{what} has {Money(left, currency)} left to refund. Ask for that much or less.",
        code=code,
        field=field or None,
        facts={"max_refundable_minor": left},
    )


def not_positive(field: str) -> InvalidInput:
    return InvalidInput(
        "The amount must be more than zero.", code="amount_not_positive", field=field
    )


def take_goods(currency: str, standing: Position, request: ReturnRequest) -> list[Taken]:
    """Return what the request uses up, except shipping that policy decides on."""
    balances = standing.balances
    if request.everything:
        return [
            Taken(b, b.remaining, b.remaining_units if b.kind == LINE else 0)
            for b in balances.values()
            if (b.kind != SHIPPING or request.shipping != "none")
            and (b.remaining_gross or (b.kind == LINE and b.remaining_units))
        ]
    if request.amount_gross_minor is not None:
        return _order_wide(currency, standing, request.amount_gross_minor, net=False)
    if request.amount_net_minor is not None:
        return _order_wide(currency, standing, request.amount_net_minor, net=True)
    taken = []
    seen: set[tuple[str, int | None]] = set()
    for line in request.lines:
        balance = balances.get(line.line_id)
        if balance is None or balance.kind != LINE:
            raise DomainError(
                f"{line.line_id} is no line of this order.", code="unknown_line", field="lines"
            )
        if (line.line_id, line.unit) in seen or (line.line_id, None) in seen:
            raise InvalidInput(
                f"{line.line_id} is named twice. Put its units into one line.",
                code="duplicate_line",
                field="lines",
            )
        seen.add((line.line_id, line.unit))
        taken.append(_take_line(currency, balance, line))
    for charge in request.charges:
        balance = balances.get(charge.charge_id)
        if balance is None or balance.kind == LINE:
            raise DomainError(
                f"{charge.charge_id} is no charge of this order.",
                code="unknown_charge",
                field="charges",
            )
        taken.append(take_charge(currency, balance, charge.gross_minor, charge.net_minor))
    return taken


def _order_wide(currency: str, standing: Position, amount: int, *, net: bool) -> list[Taken]:
    field = "amount_net_minor" if net else "amount_gross_minor"
    if amount <= 0:
        raise not_positive(field)
    if net:
        left = sum(b.remaining.net_minor for b in standing.balances.values() if b.sign == 1)
        spread = spread_net(standing.balances, amount)
    else:
        left = standing.max_refundable_minor
        spread = spread_gross(standing.balances, amount)
    if amount > left:
        raise refusal(
            currency, standing.max_refundable_minor, "This order", "exceeds_remaining", field
        )
    return [Taken(standing.balances[key], parts) for key, parts in spread.items()]


def _take_line(currency: str, balance: Balance, line: ReturnLine) -> Taken:
    name = balance.label or balance.charge_id
    if line.quantity < 0 or (line.quantity == 0 and not line.by_amount):
        raise InvalidInput(
            f"{name}: the quantity must be 1 or more.", code="quantity_not_positive", field="lines"
        )
    if line.quantity > balance.remaining_units:
        left = balance.remaining_units
        worth = balance.value_of_units(left).gross_minor if left else 0
        raise DomainError(
            f"{name}: {left} of {balance.quantity} can still be returned, not {line.quantity}.",
            code="quantity_exceeds_remaining",
            field="lines",
            facts={"max_quantity": left, "max_refundable_minor": worth},
        )
    if not line.by_amount:
        return Taken(balance, balance.value_of_units(line.quantity), line.quantity, line)
    ceiling = balance.remaining_gross
    if line.quantity:
        ceiling = min(ceiling, balance.value_of_units(line.quantity).gross_minor)
    if line.unit is not None:
        if not 1 <= line.unit <= balance.quantity:
            raise InvalidInput(
                f"{name}: units are numbered 1 to {balance.quantity}.",
                code="unknown_unit",
                field="lines",
            )
        ceiling = min(ceiling, balance.unit_left(line.unit))
    value = _amount_parts(currency, balance, line, ceiling, name)
    return Taken(balance, value, line.quantity, line)


def _amount_parts(
    currency: str, balance: Balance, line: ReturnLine, ceiling: int, name: str
) -> Parts:
    amounts = (line.gross_minor, line.net_minor, line.tax_minor)
    if any(amount is not None and amount < 0 for amount in amounts) or not any(amounts):
        raise not_positive("lines")
    if line.tax_minor is not None:
        return _stated_parts(currency, balance, line, ceiling, name)
    if line.gross_minor is not None:
        if line.gross_minor > ceiling:
            raise refusal(currency, ceiling, name, "exceeds_remaining", "lines")
        return balance.part_by_gross(line.gross_minor)
    net = line.net_minor or 0
    if net > balance.remaining.net_minor:
        raise refusal(currency, ceiling, name, "exceeds_remaining", "lines")
    parts = balance.part_by_net(net)
    if parts.gross_minor > ceiling:
        raise refusal(currency, ceiling, name, "exceeds_remaining", "lines")
    return parts


def _stated_parts(
    currency: str, balance: Balance, line: ReturnLine, ceiling: int, name: str
) -> Parts:
    """Take a stated net and tax; the tax is bounded by the tax that remains, on its own."""
    left = balance.remaining
    tax = line.tax_minor or 0
    net = line.net_minor or 0
    if line.gross_minor is not None:
        net = line.gross_minor - tax
    if tax > left.tax_minor:
        raise refusal(currency, left.tax_minor, f"The tax of {name}", "tax_exceeds_remaining")
    if net < 0 or net > left.net_minor or net + tax > ceiling:
        raise refusal(currency, ceiling, name, "exceeds_remaining", "lines")
    codes = [code for code, _ in left.taxes]
    shares = allocate(tax, [minor for _, minor in left.taxes])
    return Parts(net, tuple(zip(codes, shares, strict=True)))


def take_charge(currency: str, balance: Balance, gross: int | None, net: int | None) -> Taken:
    """Take a charge whole or in part; amounts carry the charge's own sign."""
    name = balance.label or balance.charge_id
    asked = gross if gross is not None else net
    if asked is None:
        return Taken(balance, balance.remaining)
    if asked * balance.sign <= 0:
        raise not_positive("charges")
    asked *= balance.sign
    left = balance.remaining
    if gross is not None:
        if asked > left.gross_minor:
            raise refusal(currency, left.gross_minor, name, "exceeds_remaining", "charges")
        return Taken(balance, balance.part_by_gross(asked))
    if asked > left.net_minor:
        raise refusal(currency, left.gross_minor, name, "exceeds_remaining", "charges")
    return Taken(balance, balance.part_by_net(asked))
