"""What remains of each line and charge, and how a part of it is taken without losing a cent.

The one idea: an amount paid for ``quantity`` units has a fixed schedule, the running total rounded
half up after each unit. A refund pays the schedule's figure minus what went back already, so
rounding never adds up, and the refund that closes a line takes exactly what is left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from refunds.calculation.model import (
    ChargeSnapshot,
    OrderSnapshot,
    Parts,
    PriorPart,
    PriorRefund,
    paid_parts,
)
from returns_portal.core.errors import DomainError, InvalidInput
from returns_portal.core.money import allocate, share

LINE, SHIPPING, FEE = "line", "shipping", "fee"


@dataclass(frozen=True, slots=True)
class Balance:
    """A line or charge with what was paid for it and what refunds used up so far.

    ``sign`` is -1 for a negative charge (a discount booked as a fee); its figures are held as
    positives and turned round on the way out.
    """

    charge_id: str
    kind: str
    quantity: int
    paid: Parts
    label: str = ""
    used_units: int = 0
    used: Parts = Parts()
    unit_used: tuple[tuple[int, int], ...] = ()
    sign: int = 1

    @property
    def remaining_units(self) -> int:
        return max(0, self.quantity - self.used_units)

    @property
    def remaining_gross(self) -> int:
        return max(0, self.paid.gross_minor - self.used.gross_minor)

    @property
    def remaining(self) -> Parts:
        """Return what is left of net and each tax; never negative, summing to the gross left.

        Refunds made elsewhere may have used one part beyond what was paid of it; the other parts
        then give way, net first.
        """
        net = max(0, self.paid.net_minor - self.used.net_minor)
        taxes = [(c, max(0, minor - self.used.tax_of(c))) for c, minor in self.paid.taxes]
        excess = net + sum(minor for _, minor in taxes) - self.remaining_gross
        cut = min(net, excess)
        net, excess = net - cut, excess - cut
        kept = []
        for code, minor in taxes:
            cut = min(minor, excess)
            excess -= cut
            kept.append((code, minor - cut))
        return Parts(net, tuple(kept))

    @property
    def on_schedule(self) -> bool:
        """Tell whether earlier refunds kept to the schedule, give or take a unit's rounding."""
        due = share(self.paid.gross_minor, self.used_units, self.quantity)
        return abs(self.used.gross_minor - due) <= self.used_units

    def value_of_units(self, units: int) -> Parts:
        """Return what ``units`` more units are worth now, bounded by the money that remains.

        A line whose history left the schedule (money paid without units, sums chosen by hand) pays
        the plain unit value instead, so that nobody receives what was withheld on purpose.
        """
        gross = self.paid.gross_minor
        after = self.used_units + units
        if self.on_schedule:
            amount = share(gross, after, self.quantity) - self.used.gross_minor
            targets = {
                code: share(minor, after, self.quantity) - self.used.tax_of(code)
                for code, minor in self.paid.taxes
            }
            return self._fill(min(max(0, amount), self.remaining_gross), targets)
        return self.part_by_gross(min(share(gross, units, self.quantity), self.remaining_gross))

    def part_by_gross(self, gross: int) -> Parts:
        """Take ``gross`` (at most what remains) apart by the ratio stored at purchase."""
        whole = self.paid.gross_minor
        if not whole:
            return self._fill(gross, {})
        after = self.used.gross_minor + gross
        targets = {
            code: share(minor, after, whole) - self.used.tax_of(code)
            for code, minor in self.paid.taxes
        }
        return self._fill(gross, targets)

    def part_by_net(self, net: int) -> Parts:
        """Add to ``net`` (at most the net that remains) its taxes by the stored ratio."""
        left = self.remaining
        if net == left.net_minor:
            return left
        after = self.used.net_minor + net
        taxes = tuple(
            (
                code,
                min(
                    max(0, share(minor, after, self.paid.net_minor) - self.used.tax_of(code)),
                    left.tax_of(code),
                ),
            )
            for code, minor in self.paid.taxes
        )
        return Parts(net, taxes)

    def _fill(self, gross: int, targets: dict[str, int]) -> Parts:
        """Spread ``gross`` over the parts: taxes at their targets, net the rest, all in bounds.

        With all that remains as ``gross`` the bounds leave one answer: every part's remainder.
        """
        left = self.remaining
        taxes = {code: min(max(0, targets.get(code, 0)), minor) for code, minor in left.taxes}
        net = gross - sum(taxes.values())
        for code in reversed(taxes):
            step = min(taxes[code], max(0, -net))
            taxes[code] -= step
            net += step
        for code, minor in left.taxes:
            step = min(minor - taxes[code], max(0, net - left.net_minor))
            taxes[code] += step
            net -= step
        return Parts(net, tuple(taxes.items()))

    def unit_left(self, unit: int) -> int:
        """Return what is left, gross, of the ``unit``-th unit (counted from 1)."""
        gross = self.paid.gross_minor
        value = share(gross, unit, self.quantity) - share(gross, unit - 1, self.quantity)
        spent = sum(minor for known, minor in self.unit_used if known == unit)
        return min(max(0, value - spent), self.remaining_gross)

    def after(self, parts: Parts, units: int = 0, unit: int | None = None) -> Balance:
        """Return the balance once ``parts`` and ``units`` are used up as well."""
        unit_used = self.unit_used
        if unit is not None:
            unit_used += ((unit, parts.gross_minor),)
        return replace(
            self,
            used=self.used + parts,
            used_units=self.used_units + units,
            unit_used=unit_used,
        )


def _charge_balance(charge: ChargeSnapshot, kind: str) -> Balance:
    parts = paid_parts(charge.amount_minor, charge.taxes)
    sign = -1 if parts.gross_minor < 0 else 1
    parts = parts if sign == 1 else -parts
    return Balance(
        charge.charge_id, kind, 1, _checked(parts, charge.charge_id), charge.label, sign=sign
    )


def _checked(parts: Parts, name: str) -> Parts:
    if parts.net_minor < 0 or any(minor < 0 for _, minor in parts.taxes):
        raise InvalidInput(
            f"{name}: the net amount or a tax is negative. Check its price, discount and taxes.",
            code="bad_order",
        )
    return parts


def opening_balances(order: OrderSnapshot) -> dict[str, Balance]:
    """Return the balance of every line, shipping charge and fee before any refund, by id."""
    balances: dict[str, Balance] = {}
    for line, discount in zip(order.lines, order.discounts(), strict=True):
        if line.quantity < 1:
            raise InvalidInput(
                f"{line.line_id}: the quantity bought must be 1 or more.", code="bad_order"
            )
        parts = paid_parts(line.unit_price_minor * line.quantity - discount, line.taxes)
        parts = _checked(parts, line.line_id)
        found = Balance(line.line_id, LINE, line.quantity, parts, line.label)
        _add_once(balances, found)
    for kind, charges in ((SHIPPING, order.shipping), (FEE, order.fees)):
        for charge in charges:
            _add_once(balances, _charge_balance(charge, kind))
    return balances


def _add_once(balances: dict[str, Balance], balance: Balance) -> None:
    if balance.charge_id in balances:
        raise InvalidInput(f"{balance.charge_id} appears twice in the order.", code="bad_order")
    balances[balance.charge_id] = balance


@dataclass(frozen=True, slots=True)
class Position:
    """Where an order stands: each balance, and the money that left through refunds so far."""

    balances: dict[str, Balance]
    paid_out_minor: int
    paid_minor: int | None

    @property
    def max_refundable_minor(self) -> int:
        """Return the most that can still be refunded, by what was bought and by what was paid."""
        left = sum(b.remaining_gross * b.sign for b in self.balances.values())
        if self.paid_minor is not None:
            left = min(left, self.paid_minor - self.paid_out_minor)
        return max(0, left)


def position(order: OrderSnapshot, priors: tuple[PriorRefund, ...]) -> Position:
    """Return what remains of ``order`` after the refunds that count."""
    balances = opening_balances(order)
    paid_out = 0
    for prior in priors:
        if not prior.counts:
            continue
        paid_out += prior.unassigned_minor - prior.kept_minor
        for part in prior.parts:
            balance = balances.get(part.charge_id)
            if balance is None:
                raise DomainError(
                    f"An earlier refund names {part.charge_id}, which this order does not have.",
                    code="unknown_line",
                )
            parts = _prior_parts(balance, part)
            paid_out += parts.gross_minor * balance.sign
            balances[part.charge_id] = balance.after(parts, part.quantity, part.unit)
        for charge_id, parts in spread_gross(balances, prior.unassigned_minor).items():
            balances[charge_id] = balances[charge_id].after(parts)
    return Position(balances, paid_out, order.paid_minor)


def _prior_parts(balance: Balance, part: PriorPart) -> Parts:
    """Take an earlier refund's figure apart; it is a fact, so it may exceed what remained."""
    if part.parts is not None:
        return part.parts if balance.sign == 1 else -part.parts
    if part.gross_minor is not None:
        gross = part.gross_minor * balance.sign
        within = min(gross, balance.remaining_gross)
        return balance.part_by_gross(within) + Parts(gross - within)
    if part.net_minor is not None:
        net = part.net_minor * balance.sign
        within = min(net, balance.remaining.net_minor)
        return balance.part_by_net(within) + Parts(net - within)
    return balance.value_of_units(part.quantity)


def spread_gross(balances: dict[str, Balance], gross: int) -> dict[str, Parts]:
    """Spread an order-wide amount over what remains, in proportion, each by its own tax ratio.

    An amount above all that remains (an earlier refund made elsewhere) uses everything up.
    """
    open_ones = [b for b in balances.values() if b.sign == 1 and b.remaining_gross]
    weights = [balance.remaining_gross for balance in open_ones]
    amounts = allocate(min(gross, sum(weights)), weights) if open_ones else []
    return {
        balance.charge_id: balance.part_by_gross(amount)
        for balance, amount in zip(open_ones, amounts, strict=True)
        if amount
    }


def spread_net(balances: dict[str, Balance], net: int) -> dict[str, Parts]:
    """Spread an order-wide net amount over the net that remains and add each one's taxes."""
    open_ones = [b for b in balances.values() if b.sign == 1 and b.remaining.net_minor]
    weights = [balance.remaining.net_minor for balance in open_ones]
    amounts = allocate(min(net, sum(weights)), weights) if open_ones else []
    return {
        balance.charge_id: balance.part_by_net(amount)
        for balance, amount in zip(open_ones, amounts, strict=True)
        if amount
    }
