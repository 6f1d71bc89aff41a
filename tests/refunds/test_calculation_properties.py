"""Money is conserved: random orders and sequences of partial refunds, every kind of currency."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from refunds.calculation import (
    Breakdown,
    ChargeSnapshot,
    Deduction,
    FeeRule,
    LineSnapshot,
    OrderSnapshot,
    PriorRefund,
    RefundPolicy,
    ReturnLine,
    ReturnRequest,
    TaxAmount,
    as_prior,
    max_refundable,
    quote,
)

CURRENCIES = ["JPY", "EUR", "KWD", "CLF"]


@st.composite
def tax_lists(draw: st.DrawFn, amount: int) -> tuple[TaxAmount, ...]:
    """Draw up to three taxes; the inclusive ones never exceed the amount they are in."""
    taxes = []
    left = amount
    for code in draw(st.lists(st.sampled_from(["VAT", "GST", "ECO"]), unique=True, max_size=3)):
        inclusive = draw(st.booleans())
        minor = draw(st.integers(0, left if inclusive else 5_000))
        left -= minor if inclusive else 0
        taxes.append(TaxAmount(code, minor, inclusive))
    return tuple(taxes)


@st.composite
def orders(draw: st.DrawFn) -> OrderSnapshot:
    lines = []
    for number in range(draw(st.integers(1, 4))):
        quantity = draw(st.integers(1, 9))
        price = draw(st.one_of(st.integers(0, 9), st.integers(0, 200_000)))
        discount = draw(st.integers(0, price * quantity))
        amount = price * quantity - discount
        taxes = draw(tax_lists(amount))
        lines.append(LineSnapshot(f"line-{number}", price, quantity, discount, taxes))
    shipping = []
    for number in range(draw(st.integers(0, 2))):
        amount = draw(st.integers(0, 3_000))
        shipping.append(ChargeSnapshot(f"post-{number}", amount, draw(tax_lists(amount))))
    return OrderSnapshot(draw(st.sampled_from(CURRENCIES)), tuple(lines), tuple(shipping))


@dataclass
class Tally:
    """An independent count of what each line and code was paid, kept apart from the product's."""

    gross: dict[str, int]
    taxes: dict[tuple[str, str], int]

    @classmethod
    def of(cls, order: OrderSnapshot) -> Tally:
        gross, taxes = {}, {}
        for line in order.lines:
            on_top = sum(tax.minor for tax in line.taxes if not tax.inclusive)
            gross[line.line_id] = (
                line.unit_price_minor * line.quantity - line.discount_minor + on_top
            )
            taxes.update({(line.line_id, tax.code): tax.minor for tax in line.taxes})
        for charge in order.shipping:
            on_top = sum(tax.minor for tax in charge.taxes if not tax.inclusive)
            gross[charge.charge_id] = charge.amount_minor + on_top
            taxes.update({(charge.charge_id, tax.code): tax.minor for tax in charge.taxes})
        return cls(gross, taxes)

    def take(self, breakdown: Breakdown) -> None:
        taken = [(line.line_id, line.value) for line in breakdown.lines]
        taken += [(charge.charge_id, charge.value) for charge in breakdown.charges]
        for key, value in taken:
            assert value.net_minor >= 0
            self.gross[key] -= value.gross_minor
            assert self.gross[key] >= 0
            for code, minor in value.taxes:
                assert minor >= 0
                self.taxes[key, code] -= minor
                assert self.taxes[key, code] >= 0

    @property
    def left(self) -> int:
        return sum(self.gross.values())


def assert_parts_sum(breakdown: Breakdown) -> None:
    parts = sum(line.refund_minor for line in breakdown.lines)
    parts += sum(charge.value.gross_minor for charge in breakdown.charges)
    parts -= sum(fee.charged.gross_minor for fee in breakdown.fees)
    assert breakdown.total_minor == parts == breakdown.net_minor + breakdown.tax_minor
    assert min(breakdown.total_minor, breakdown.net_minor, breakdown.tax_minor) >= 0
    rows = [row.minor for row in breakdown.rows if row.kind in ("item", "less", "plus")]
    assert sum(rows) == breakdown.total_minor


@st.composite
def steps(draw: st.DrawFn, order: OrderSnapshot, left: dict[str, int]) -> ReturnRequest:
    """Draw a partial return of units that are still out, sometimes worn."""
    open_lines = [key for key, units in left.items() if units]
    chosen = draw(
        st.lists(st.sampled_from(open_lines), unique=True, min_size=1, max_size=len(open_lines))
    )
    lines = []
    for key in chosen:
        quantity = draw(st.integers(1, left[key]))
        deductions: tuple[Deduction, ...] = ()
        if draw(st.booleans()):
            worn = draw(st.integers(1, quantity))
            deductions = (Deduction(worn, "worn", bp=draw(st.integers(0, 10_000))),)
        lines.append(ReturnLine(key, quantity, deductions=deductions))
        left[key] -= quantity
    return ReturnRequest(
        tuple(lines),
        shipping=draw(st.sampled_from(["policy", "policy", "none"])),
        merchant_fault=draw(st.booleans()),
    )


policies = st.builds(
    RefundPolicy,
    shipping_back=st.sampled_from(["never", "all_returned", "proportion", "merchant_fault"]),
    fees=st.lists(
        st.builds(
            FeeRule,
            kind=st.just("restocking"),
            fixed_minor=st.integers(0, 2_000),
            percent_bp=st.integers(0, 3_000),
            basis=st.sampled_from(["items", "all"]),
            tax_bp=st.sampled_from([0, 700, 2300]),
            tax_inclusive=st.booleans(),
            waived=st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
)


@given(st.data())
def test_any_sequence_of_unit_returns_ends_at_what_was_paid(data: st.DataObject) -> None:
    order = data.draw(orders())
    policy = data.draw(policies)
    tally = Tally.of(order)
    whole = tally.left
    left = {line.line_id: line.quantity for line in order.lines}
    priors: tuple[PriorRefund, ...] = ()
    paid_out = kept = 0
    while any(left.values()):
        before = dict(left)
        request = data.draw(steps(order, left))
        ceiling = max_refundable(order, priors)
        breakdown = quote(order, priors, request, policy)
        assert_parts_sum(breakdown)
        assert breakdown.total_minor <= ceiling == tally.left
        if data.draw(st.integers(0, 4)) == 4:
            priors += (as_prior(breakdown, status="failed"),)
            left.update(before)
            continue
        tally.take(breakdown)
        priors += (as_prior(breakdown, status=data.draw(st.sampled_from(["pending", "settled"]))),)
        paid_out += breakdown.total_minor
        kept += breakdown.kept_minor
        assert breakdown.remaining_minor == tally.left

    for line in order.lines:
        assert tally.gross[line.line_id] == 0
        assert all(tally.taxes[line.line_id, tax.code] == 0 for tax in line.taxes)
    if tally.left:
        rest = quote(order, priors, ReturnRequest(shipping="all"), RefundPolicy())
        tally.take(rest)
        paid_out += rest.total_minor
    assert tally.left == 0
    assert not any(tally.taxes.values())
    assert paid_out + kept == whole


@given(st.data())
def test_any_sequence_of_amounts_then_everything_ends_at_what_was_paid(
    data: st.DataObject,
) -> None:
    order = data.draw(orders())
    tally = Tally.of(order)
    whole = tally.left
    priors: tuple[PriorRefund, ...] = ()
    paid_out = 0
    for _ in range(data.draw(st.integers(0, 4))):
        request = data.draw(amount_requests(tally))
        if request is None:
            break
        breakdown = quote(order, priors, request, RefundPolicy())
        assert_parts_sum(breakdown)
        tally.take(breakdown)
        priors += (as_prior(breakdown),)
        paid_out += breakdown.total_minor
    if tally.left:
        last = quote(order, priors, ReturnRequest(everything=True), RefundPolicy())
        assert_parts_sum(last)
        tally.take(last)
        paid_out += last.total_minor
    assert paid_out == whole
    assert tally.left == 0
    assert not any(tally.taxes.values())


@st.composite
def amount_requests(draw: st.DrawFn, tally: Tally) -> ReturnRequest | None:
    """Draw a money refund: on one line, on the whole order or on the shipping."""
    lines = {key: left for key, left in tally.gross.items() if left and key.startswith("line")}
    posts = sum(left for key, left in tally.gross.items() if key.startswith("post"))
    kinds = ["order"] * bool(tally.left) + ["line"] * bool(lines) + ["post"] * bool(posts)
    if not kinds:
        return None
    kind = draw(st.sampled_from(kinds))
    if kind == "order":
        return ReturnRequest(amount_gross_minor=draw(st.integers(1, tally.left)))
    if kind == "post":
        return ReturnRequest(shipping_gross_minor=draw(st.integers(1, posts)))
    key = draw(st.sampled_from(sorted(lines)))
    return ReturnRequest((ReturnLine(key, gross_minor=draw(st.integers(1, lines[key]))),))


@given(st.data())
def test_money_then_units_never_pays_a_line_twice(data: st.DataObject) -> None:
    order = data.draw(orders())
    tally = Tally.of(order)
    request = data.draw(amount_requests(tally))
    if request is None:
        return
    first = quote(order, (), request, RefundPolicy())
    tally.take(first)
    lines = tuple(ReturnLine(line.line_id, line.quantity) for line in order.lines)

    rest = quote(order, (as_prior(first),), ReturnRequest(lines, shipping="all"), RefundPolicy())

    tally.take(rest)
    assert tally.left == 0
