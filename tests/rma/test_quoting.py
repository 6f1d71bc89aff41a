from __future__ import annotations

from typing import Any

import pytest

from returns_portal.commerce.models import Order, OrderLine
from returns_portal.commerce.selectors import order_for_return
from returns_portal.core.errors import DomainError
from returns_portal.core.money import Money
from rma.models import Resolution
from rma.policy.document import Policy
from rma.quoting import Quote, QuoteLine, quote_return
from tests.rma.policy.builders import policy
from tests.rma.returning import ask_for, make_order, publish, wish

pytestmark = pytest.mark.usefixtures("scoped")


def quoted(order: Order, *lines: QuoteLine, rules: Policy | None = None) -> Quote:
    return quote_return(order_for_return(order.pk), lines, rules or policy())


def some(line: OrderLine, wanted: str = "refund", **changes: Any) -> QuoteLine:
    values: dict[str, Any] = {"quantity": 1, "reason": "changed_mind", **changes}
    return QuoteLine(order_line_id=line.pk, wanted=wanted, **values)


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def lines_of(order: Order) -> list[OrderLine]:
    return list(order.lines.order_by("position"))


def test_quote_refund_bears_the_fee_once() -> None:
    order = make_order(lines=[{}, {}])
    first, second = lines_of(order)

    quote = quoted(order, some(first), some(second))

    assert (quote.refund, quote.store_credit, quote.fee) == (eur(16605), eur(0), eur(495))
    assert quote.per_line == {first.pk: eur(8550), second.pk: eur(8550)}
    assert quote.total == eur(16605)
    assert [(kind, row.key, row.minor) for kind, row in quote.rows] == [
        ("refund", "item", 8550),
        ("refund", "item", 8550),
        ("refund", "fee.return_shipping", -495),
        ("refund", "refund_total", 16605),
    ]


def test_quote_mixed_outcomes_take_the_fee_of_the_refund_alone() -> None:
    order = make_order(lines=[{}, {}, {}])
    first, second, third = lines_of(order)

    quote = quoted(order, some(first), some(second, "store_credit"), some(third, "exchange"))

    assert (quote.refund, quote.store_credit, quote.fee) == (eur(8055), eur(8550), eur(495))
    assert quote.per_line[third.pk] == eur(0)
    assert set(quote.to_json()["breakdowns"]) == {"refund", "store_credit", "exchange"}


def test_quote_credit_bears_the_fee_where_nothing_is_refunded() -> None:
    order = make_order()

    quote = quoted(order, some(lines_of(order)[0], "store_credit"))

    assert (quote.store_credit, quote.fee) == (eur(8055), eur(495))


def test_quote_fee_larger_than_the_refund_is_taken_of_the_credit_for_the_rest() -> None:
    cheap = {"unit_price_minor": 200, "net_minor": 400, "paid_minor": 400}
    order = make_order(lines=[cheap, {}], total_minor=17500)
    small, large = lines_of(order)

    quote = quoted(order, some(small), some(large, "store_credit"))

    assert (quote.refund, quote.store_credit, quote.fee) == (eur(0), eur(8255), eur(495))


def test_quote_fee_is_waived_for_our_mistakes_and_shown_struck_out() -> None:
    order = make_order()

    quote = quoted(order, some(lines_of(order)[0], reason="wrong_item"))

    fee = next(row for _, row in quote.rows if row.key == "fee.return_shipping")
    assert (quote.refund, fee.minor, fee.struck_minor, fee.reason) == (eur(8550), 0, 495, "fault")


def test_quote_takes_no_fee_of_who_pays_a_carrier_of_their_own() -> None:
    order = make_order()

    quote = quote_return(
        order_for_return(order.pk), [some(lines_of(order)[0])], policy(), method="own"
    )

    fee = next(row for _, row in quote.rows if row.key == "fee.return_shipping")
    assert (quote.refund, fee.minor, fee.reason) == (eur(8550), 0, "own_carrier")


def test_quote_fee_in_another_currency_is_never_taken() -> None:
    order = make_order()

    quote = quoted(order, some(lines_of(order)[0]), rules=policy(currency="USD"))

    assert (quote.refund, quote.fee) == (eur(8550), eur(0))


@pytest.mark.parametrize(
    ("rule", "units", "back"),
    [("never", 2, 0), ("all_returned", 1, 0), ("all_returned", 2, 500), ("merchant_fault", 2, 0)],
)
def test_quote_gives_shipping_back_as_the_policy_says(rule: str, units: int, back: int) -> None:
    order = make_order(shipping_minor=500, total_minor=17600)

    quote = quoted(
        order,
        some(lines_of(order)[0], quantity=units),
        rules=policy(shipping_back=rule, fee__amount_minor=0),
    )

    assert quote.refund == eur(8550 * units + back)


def test_quote_exchange_never_gives_shipping_back() -> None:
    order = make_order(shipping_minor=500, total_minor=17600)

    quote = quoted(order, some(lines_of(order)[0], "exchange", quantity=2, reason="wrong_item"))

    assert quote.total == eur(0)
    assert quote.breakdown("exchange")["kept_minor"] == 17100


def test_quote_deduction_is_held_back() -> None:
    order = make_order()

    quote = quoted(
        order,
        some(lines_of(order)[0], deduction_minor=1080, deduction_reason="Worn sole"),
        rules=policy(fee__amount_minor=0),
    )

    assert quote.refund == eur(7470)
    assert quote.per_line[lines_of(order)[0].pk] == eur(7470)


def test_quote_counts_what_earlier_returns_were_paid() -> None:
    publish(fee__amount_minor=0)
    odd = {"quantity": 3, "unit_price_minor": 334, "net_minor": 1000, "paid_minor": 1000}
    order = make_order(lines=[odd], total_minor=1000)
    line = lines_of(order)[0]
    rules = policy(fee__amount_minor=0)
    paid = []

    for _ in range(3):
        rma = ask_for(order, wish(line))
        quote = quoted(order, some(line), rules=rules)
        paid.append(quote.refund.minor)
        Resolution.objects.create(
            rma=rma,
            kind="refund",
            status="settled",
            currency="EUR",
            amount_minor=quote.refund.minor,
            breakdown=quote.breakdown("refund"),
        )

    assert paid == [333, 334, 333]
    with pytest.raises(DomainError) as refused:
        quoted(order, some(line), rules=rules)
    assert refused.value.code == "quantity_exceeds_remaining"


def test_quote_after_an_exchange_never_pays_the_exchanged_unit() -> None:
    publish()
    order = make_order()
    line = lines_of(order)[0]
    rma = ask_for(order, wish(line), method="own")
    exchanged = quoted(order, some(line, "exchange"))
    Resolution.objects.create(
        rma=rma, kind="exchange", currency="EUR", breakdown=exchanged.breakdown("exchange")
    )

    rest = quoted(order, some(line), rules=policy(fee__amount_minor=0))

    assert rest.refund == eur(8550)
    with pytest.raises(DomainError):
        quoted(order, some(line, quantity=2))


def test_quote_never_pays_more_than_was_captured() -> None:
    order = make_order()
    order.payments.update(refunded_elsewhere_minor=17000)

    with pytest.raises(DomainError) as refused:
        quoted(order, some(lines_of(order)[0]))

    assert refused.value.facts["max_refundable_minor"] == 100


def test_quote_two_reasons_for_one_line_are_priced_together() -> None:
    order = make_order()
    line = lines_of(order)[0]

    quote = quoted(order, some(line), some(line, reason="too_small"))

    assert quote.per_line == {line.pk: eur(17100)}
    assert quote.share_of(line.pk, "refund") == 17100
    assert quote.share_of(line.pk, "store_credit") == 0


def test_quote_json_holds_what_was_shown() -> None:
    order = make_order()
    line = lines_of(order)[0]

    stored = quoted(order, some(line)).to_json()

    assert stored["refund_minor"] == 8055
    assert stored["per_line"] == {str(line.pk): 8550}
    assert stored["breakdowns"]["refund"]["total_minor"] == 8055
