"""What the refund calculation takes in: the order as paid, what went back already, what is asked.

Every amount is an ``int`` of minor units of the order's currency. Nothing here reads a clock, a
setting or a database, so the same question always has the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from returns_portal.core.errors import InvalidInput
from returns_portal.core.money import allocate

ShippingBack = Literal["never", "all_returned", "proportion", "merchant_fault"]
VOID_STATUSES = frozenset({"failed", "cancelled", "canceled", "declined", "rejected"})


@dataclass(frozen=True, slots=True)
class TaxAmount:
    """The tax of one code on a whole line or charge, as it was charged at purchase."""

    code: str
    minor: int
    inclusive: bool = False


@dataclass(frozen=True, slots=True)
class Parts:
    """An amount taken apart: net and the tax of each code. Their sum is the gross amount."""

    net_minor: int = 0
    taxes: tuple[tuple[str, int], ...] = ()

    @property
    def tax_minor(self) -> int:
        return sum(minor for _, minor in self.taxes)

    @property
    def gross_minor(self) -> int:
        return self.net_minor + self.tax_minor

    def tax_of(self, code: str) -> int:
        return sum(minor for known, minor in self.taxes if known == code)

    def __add__(self, other: Parts) -> Parts:
        return Parts(self.net_minor + other.net_minor, _merge(self.taxes + other.taxes))

    def __neg__(self) -> Parts:
        return Parts(-self.net_minor, tuple((code, -minor) for code, minor in self.taxes))

    def __sub__(self, other: Parts) -> Parts:
        return self + -other


def _merge(taxes: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    by_code: dict[str, int] = {}
    for code, minor in taxes:
        by_code[code] = by_code.get(code, 0) + minor
    return tuple(by_code.items())


def add_up(parts: Iterable[Parts]) -> Parts:
    """Add ``parts``, tax code by tax code."""
    parts = list(parts)
    return Parts(
        sum(part.net_minor for part in parts),
        _merge(tax for part in parts for tax in part.taxes),
    )


def paid_parts(amount_minor: int, taxes: tuple[TaxAmount, ...]) -> Parts:
    """Take apart an amount stated in the price's own tax basis.

    Inclusive taxes are inside ``amount_minor``; exclusive ones come on top of it.
    """
    inclusive = sum(tax.minor for tax in taxes if tax.inclusive)
    return Parts(amount_minor - inclusive, _merge((tax.code, tax.minor) for tax in taxes))


@dataclass(frozen=True, slots=True)
class LineSnapshot:
    """One order line as it was sold. ``discount_minor`` and ``taxes`` are for the whole line."""

    line_id: str
    unit_price_minor: int
    quantity: int
    discount_minor: int = 0
    taxes: tuple[TaxAmount, ...] = ()
    label: str = ""

    @property
    def amount_minor(self) -> int:
        return self.unit_price_minor * self.quantity - self.discount_minor


@dataclass(frozen=True, slots=True)
class ChargeSnapshot:
    """A shipping charge or order fee as paid, after its own promotions."""

    charge_id: str
    amount_minor: int
    taxes: tuple[TaxAmount, ...] = ()
    label: str = ""


@dataclass(frozen=True, slots=True)
class OrderSnapshot:
    """An order as paid.

    ``order_discount_minor`` is a discount on the whole order that no line carries yet; it is spread
    over the lines by value. ``paid_minor`` is what was captured; None when that is not known, and
    then only the lines and charges bound a refund.
    """

    currency: str
    lines: tuple[LineSnapshot, ...] = ()
    shipping: tuple[ChargeSnapshot, ...] = ()
    fees: tuple[ChargeSnapshot, ...] = ()
    order_discount_minor: int = 0
    paid_minor: int | None = None

    def discounts(self) -> tuple[int, ...]:
        """Return each line's whole discount: its own plus its share of the order's."""
        shares = [0] * len(self.lines)
        if self.order_discount_minor:
            weights = [max(0, line.amount_minor) for line in self.lines]
            if self.order_discount_minor > sum(weights) or self.order_discount_minor < 0:
                raise InvalidInput(
                    "The order's discount is not between zero and the value of its lines.",
                    code="bad_order",
                    field="order_discount_minor",
                )
            shares = allocate(self.order_discount_minor, weights)
        return tuple(
            line.discount_minor + share for line, share in zip(self.lines, shares, strict=True)
        )


@dataclass(frozen=True, slots=True)
class PriorPart:
    """What an earlier refund used up of one line or charge, before fees and deductions.

    Give ``parts`` when net and taxes are known, ``gross_minor`` when only the sum is (it is then
    split by the ratio stored at purchase), or ``net_minor`` likewise.
    """

    charge_id: str
    quantity: int = 0
    parts: Parts | None = None
    gross_minor: int | None = None
    net_minor: int | None = None
    unit: int | None = None


@dataclass(frozen=True, slots=True)
class PriorRefund:
    """An earlier refund of the same order, settled or in flight; failed ones are ignored.

    ``unassigned_minor`` is money that went back without naming a line; it lessens every line and
    charge in proportion. ``kept_minor`` is what fees and deductions held back from the parts.
    ``bonus_minor`` was given on top of ``credited_minor`` of store credit.
    """

    parts: tuple[PriorPart, ...] = ()
    unassigned_minor: int = 0
    kept_minor: int = 0
    status: str = "settled"
    credited_minor: int = 0
    bonus_minor: int = 0

    @property
    def counts(self) -> bool:
        return self.status not in VOID_STATUSES


@dataclass(frozen=True, slots=True)
class Deduction:
    """Hold back a part of the value of ``quantity`` units: basis points of it, plus a fixed sum.

    The units count as settled in full; what is held back cannot be asked for again.
    """

    quantity: int
    reason: str
    bp: int = 0
    minor: int = 0


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """Ask for one line: by ``quantity``, or by an amount, gross or net, within what remains.

    With an amount, ``quantity`` says how many units that amount settles (0: none, a price
    reduction). ``tax_minor`` claims a tax amount of its own and is refused beyond the tax that
    remains. ``unit`` aims an amount at one numbered unit of the line. ``deductions`` are held back
    for the goods' condition.
    """

    line_id: str
    quantity: int = 0
    gross_minor: int | None = None
    net_minor: int | None = None
    tax_minor: int | None = None
    unit: int | None = None
    deductions: tuple[Deduction, ...] = ()

    @property
    def by_amount(self) -> bool:
        return not (self.gross_minor is None and self.net_minor is None and self.tax_minor is None)


@dataclass(frozen=True, slots=True)
class ChargeRequest:
    """Ask for a shipping charge or order fee: all that remains, or a gross or net amount."""

    charge_id: str
    gross_minor: int | None = None
    net_minor: int | None = None


@dataclass(frozen=True, slots=True)
class ReturnRequest:
    """What is to be refunded now.

    ``shipping``: "policy" lets the policy decide, "all" and "none" overrule it. The order-wide
    amounts spread money over everything that remains, in proportion. ``fees`` replace the
    policy's when given.
    """

    lines: tuple[ReturnLine, ...] = ()
    charges: tuple[ChargeRequest, ...] = ()
    shipping: Literal["policy", "all", "none"] = "policy"
    shipping_gross_minor: int | None = None
    shipping_net_minor: int | None = None
    amount_gross_minor: int | None = None
    amount_net_minor: int | None = None
    everything: bool = False
    merchant_fault: bool = False
    fees: tuple[FeeRule, ...] | None = None


@dataclass(frozen=True, slots=True)
class FeeRule:
    """A fee kept from the refund: a fixed sum plus a percentage, never more than the refund.

    ``basis`` says what the percentage is of: the goods ("items") or the whole refund ("all").
    ``tax_bp`` is the fee's own tax rate in basis points, inside the fee or on top of it. A waived
    fee is shown with its reason and costs nothing. ``at_most`` says that the final figure is not
    known yet and will not be more than this one.
    """

    kind: str
    fixed_minor: int = 0
    percent_bp: int = 0
    basis: Literal["items", "all"] = "items"
    cap_minor: int | None = None
    tax_code: str = ""
    tax_bp: int = 0
    tax_inclusive: bool = True
    waived: bool = False
    waiver: str = ""
    at_most: bool = False


@dataclass(frozen=True, slots=True)
class BonusRule:
    """What is given on top of store credit: a share of it and a fixed sum, within a bound."""

    share_bp: int = 0
    fixed_minor: int = 0
    most_minor: int | None = None


@dataclass(frozen=True, slots=True)
class RefundPolicy:
    """The merchant's rules that touch the sum; a ``bonus`` only where it goes out as credit."""

    shipping_back: ShippingBack = "never"
    fees: tuple[FeeRule, ...] = ()
    bonus: BonusRule | None = None
