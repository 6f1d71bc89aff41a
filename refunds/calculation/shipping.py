"""How much of the shipping paid goes back, by request or by the merchant's policy."""

from __future__ import annotations

from refunds.calculation.model import RefundPolicy, ReturnRequest
from refunds.calculation.remaining import (
    LINE,
    SHIPPING,
    Balance,
    Position,
    spread_gross,
    spread_net,
)
from refunds.calculation.taking import Taken, not_positive, refusal
from returns_portal.core.money import share


def take_shipping(
    currency: str,
    standing: Position,
    request: ReturnRequest,
    policy: RefundPolicy,
    taken: list[Taken],
) -> list[Taken]:
    """Return the shipping that goes back beyond charges named one by one."""
    named = {part.balance.charge_id for part in taken}
    charges = [
        b for b in standing.balances.values() if b.kind == SHIPPING and b.charge_id not in named
    ]
    if request.shipping_gross_minor is not None or request.shipping_net_minor is not None:
        return _shipping_by_amount(currency, charges, request)
    if request.shipping == "none" or request.everything:
        return []
    if request.shipping == "all":
        return [Taken(b, b.remaining) for b in charges if b.remaining_gross]
    if not request.lines:
        return []
    return _shipping_by_policy(standing, charges, request, policy, taken)


def _shipping_by_amount(
    currency: str, charges: list[Balance], request: ReturnRequest
) -> list[Taken]:
    by_id = {b.charge_id: b for b in charges}
    gross, net = request.shipping_gross_minor, request.shipping_net_minor
    field = "shipping_gross_minor" if gross is not None else "shipping_net_minor"
    asked = gross if gross is not None else net or 0
    if asked <= 0:
        raise not_positive(field)
    left_gross = sum(b.remaining_gross for b in charges)
    left = left_gross if gross is not None else sum(b.remaining.net_minor for b in charges)
    if asked > left:
        raise refusal(currency, left_gross, "Shipping", "shipping_exceeds_remaining", field)
    spread = spread_gross(by_id, asked) if gross is not None else spread_net(by_id, asked)
    return [Taken(by_id[key], parts) for key, parts in spread.items()]


def _shipping_by_policy(
    standing: Position,
    charges: list[Balance],
    request: ReturnRequest,
    policy: RefundPolicy,
    taken: list[Taken],
) -> list[Taken]:
    """Apply never / when all is returned / in proportion / when the merchant is at fault."""
    rule = policy.shipping_back
    goods = [b for b in standing.balances.values() if b.kind == LINE]
    units_now = sum(part.units for part in taken)
    all_back = units_now > 0 and units_now == sum(b.remaining_units for b in goods)
    if rule == "never" or (rule == "merchant_fault" and not request.merchant_fault):
        return []
    if rule == "all_returned" and not all_back:
        return []
    if rule != "proportion" or all_back:
        return [Taken(b, b.remaining) for b in charges if b.remaining_gross]
    whole = sum(b.paid.gross_minor for b in goods)
    after = sum(b.used.gross_minor for b in goods)
    after += sum(part.value.gross_minor for part in taken if part.balance.kind == LINE)
    if not whole:
        whole = sum(b.quantity for b in goods)
        after = units_now + sum(b.used_units for b in goods)
    result = []
    for balance in charges:
        due = share(balance.paid.gross_minor, min(after, whole), whole)
        due = min(max(0, due - balance.used.gross_minor), balance.remaining_gross)
        if due:
            result.append(Taken(balance, balance.part_by_gross(due)))
    return result
