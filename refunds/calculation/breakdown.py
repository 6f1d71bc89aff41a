"""What the refund calculation gives out: a total with parts that sum to it, ready to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from refunds.calculation.model import Parts, add_up


@dataclass(frozen=True, slots=True)
class LineRefund:
    """One line's share. ``value`` is used up of the line; ``deduction`` of it is not paid out."""

    line_id: str
    label: str
    quantity: int
    value: Parts
    deduction: Parts = Parts()
    deduction_reason: str = ""
    list_minor: int = 0
    discount_minor: int = 0
    unit: int | None = None
    remaining_units: int = 0
    remaining_minor: int = 0

    @property
    def refund_minor(self) -> int:
        return self.value.gross_minor - self.deduction.gross_minor


@dataclass(frozen=True, slots=True)
class ChargeRefund:
    """The part of a shipping charge or order fee that goes back; a booked discount is negative."""

    charge_id: str
    kind: Literal["shipping", "fee"]
    label: str
    value: Parts
    remaining_minor: int = 0


@dataclass(frozen=True, slots=True)
class FeeCharged:
    """A fee kept from the refund. ``asked_minor`` is the rule's figure, also when waived."""

    kind: str
    asked_minor: int
    charged: Parts
    waived: bool = False
    waiver: str = ""
    at_most: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a money table.

    ``minor`` carries its sign and the rows up to the total sum to it; ``note`` rows inform only.
    ``struck_minor`` is a figure to show crossed out (a waived fee).
    """

    kind: Literal["item", "less", "plus", "total", "note"]
    key: str
    minor: int
    label: str = ""
    quantity: int = 0
    struck_minor: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A priced refund. ``net_minor + tax_minor == total_minor``, none of them negative.

    ``bonus_minor`` is given on top of the total and is no part of it; ``credited_minor`` is what it
    was given for.
    """

    currency: str
    total_minor: int
    tax_minor: int
    lines: tuple[LineRefund, ...] = ()
    charges: tuple[ChargeRefund, ...] = ()
    fees: tuple[FeeCharged, ...] = ()
    remaining_minor: int = 0
    credited_minor: int = 0
    bonus_minor: int = 0

    @property
    def net_minor(self) -> int:
        return self.total_minor - self.tax_minor

    @property
    def items(self) -> Parts:
        """Return the goods' share, deductions taken off."""
        return add_up([line.value - line.deduction for line in self.lines])

    @property
    def shipping(self) -> Parts:
        return add_up([charge.value for charge in self.charges if charge.kind == "shipping"])

    @property
    def order_fees(self) -> Parts:
        """Return the share of fees the shopper paid with the order and now gets back."""
        return add_up([charge.value for charge in self.charges if charge.kind == "fee"])

    @property
    def fee_minor(self) -> int:
        return sum(fee.charged.gross_minor for fee in self.fees)

    @property
    def deduction_minor(self) -> int:
        return sum(line.deduction.gross_minor for line in self.lines)

    @property
    def kept_minor(self) -> int:
        """Return what is held back of the value used up; it cannot be asked for again."""
        return self.fee_minor + self.deduction_minor

    @property
    def tax_by_code(self) -> dict[str, int]:
        """Return the tax of goods, shipping and order fees going back, by code."""
        return dict((self.items + self.shipping + self.order_fees).taxes)

    @property
    def rows(self) -> tuple[Row, ...]:
        """Return the money table, top to bottom; the signed rows before the total sum to it."""
        rows: list[Row] = []
        for line in self.lines:
            rows.append(
                Row("item", "item", line.value.gross_minor, line.label, quantity=line.quantity)
            )
            if line.deduction.gross_minor:
                rows.append(
                    Row(
                        "less",
                        "deduction",
                        -line.deduction.gross_minor,
                        line.label,
                        reason=line.deduction_reason,
                    )
                )
        for charge in self.charges:
            kind: Literal["less", "plus"] = "less" if charge.value.gross_minor < 0 else "plus"
            key = "shipping_back" if charge.kind == "shipping" else "order_fee_back"
            rows.append(Row(kind, key, charge.value.gross_minor, charge.label))
        for fee in self.fees:
            struck = fee.asked_minor if fee.waived else None
            rows.append(
                Row(
                    "less",
                    f"fee.{fee.kind}",
                    -fee.charged.gross_minor,
                    struck_minor=struck,
                    reason=fee.waiver,
                )
            )
        rows.append(Row("total", "refund_total", self.total_minor))
        if self.bonus_minor:
            rows.append(Row("note", "bonus", self.bonus_minor))
        if self.tax_minor:
            rows.append(Row("note", "tax_included", self.tax_minor))
        return tuple(rows)
