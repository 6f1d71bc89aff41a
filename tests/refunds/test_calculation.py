"""The refund calculation, one named trap at a time."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from refunds.calculation import (
    ChargeSnapshot,
    Deduction,
    FeeRule,
    LineSnapshot,
    OrderSnapshot,
    Parts,
    PriorPart,
    PriorRefund,
    RefundPolicy,
    ReturnLine,
    ReturnRequest,
    TaxAmount,
    as_prior,
    exchange_difference,
    max_refundable,
    quote,
)
from refunds.calculation.stored import prior_from_json, to_json
from returns_portal.core.errors import DomainError, InvalidInput

PLAIN = RefundPolicy()
SHOES = LineSnapshot(
    "shoes", 13000, 1, 1300, (TaxAmount("VAT", 2188, inclusive=True),), "Trail Runner 2"
)
SOCKS = LineSnapshot("socks", 1000, 3, 1, (TaxAmount("VAT", 690),), "Socks")
ORDER = OrderSnapshot(
    "EUR",
    (SHOES, SOCKS),
    (ChargeSnapshot("post", 500, (TaxAmount("VAT", 115),)),),
)


def units(line_id: str, quantity: int = 1, **more: object) -> ReturnRequest:
    return ReturnRequest((ReturnLine(line_id, quantity),), **more)  # type: ignore[arg-type]


def test_quote_discounted_line_pays_the_price_paid() -> None:
    breakdown = quote(ORDER, (), units("shoes"), PLAIN)

    assert breakdown.total_minor == 11700
    assert (breakdown.net_minor, breakdown.tax_minor) == (9512, 2188)
    assert breakdown.lines[0].list_minor == 13000
    assert breakdown.lines[0].discount_minor == 1300


def test_quote_exclusive_tax_is_added_back() -> None:
    breakdown = quote(ORDER, (), units("socks", 3), PLAIN)

    assert breakdown.total_minor == 2999 + 690
    assert breakdown.tax_by_code == {"VAT": 690}


def test_quote_unit_by_unit_ends_at_exactly_what_was_paid() -> None:
    priors: tuple[PriorRefund, ...] = ()
    amounts = []
    for _ in range(3):
        breakdown = quote(ORDER, priors, units("socks"), PLAIN)
        amounts.append((breakdown.total_minor, breakdown.tax_minor))
        priors += (as_prior(breakdown),)

    assert amounts == [(1230, 230), (1229, 230), (1230, 230)]
    assert sum(total for total, _ in amounts) == 3689


def test_quote_preview_equals_a_second_run() -> None:
    assert quote(ORDER, (), units("socks", 2), PLAIN) == quote(ORDER, (), units("socks", 2), PLAIN)


def test_quote_failed_refund_does_not_count_and_pending_does() -> None:
    full = ReturnRequest(everything=True)
    first = quote(ORDER, (), full, PLAIN)

    again = quote(ORDER, (as_prior(first, status="failed"),), full, PLAIN)
    assert again.total_minor == first.total_minor == 11700 + 3689 + 615

    with pytest.raises(DomainError) as refusal:
        quote(ORDER, (as_prior(first, status="pending"),), full, PLAIN)
    assert refusal.value.code == "nothing_left"


def test_quote_more_units_than_remain_is_refused_with_what_remains() -> None:
    prior = as_prior(quote(ORDER, (), units("socks", 2), PLAIN))

    with pytest.raises(DomainError) as refusal:
        quote(ORDER, (prior,), units("socks", 2), PLAIN)

    assert refusal.value.code == "quantity_exceeds_remaining"
    assert refusal.value.facts == {"max_quantity": 1, "max_refundable_minor": 1230}
    assert "1 of 3" in refusal.value.message


def test_quote_amount_above_what_remains_is_refused_never_lowered() -> None:
    request = ReturnRequest((ReturnLine("shoes", gross_minor=11701),))

    with pytest.raises(DomainError) as refusal:
        quote(ORDER, (), request, PLAIN)

    assert refusal.value.facts == {"max_refundable_minor": 11700}
    assert "117.00 EUR" in refusal.value.message


def test_quote_goodwill_on_a_line_lessens_the_return_that_follows() -> None:
    goodwill = quote(ORDER, (), ReturnRequest((ReturnLine("shoes", gross_minor=1700),)), PLAIN)
    assert goodwill.lines[0].remaining_units == 1

    rest = quote(ORDER, (as_prior(goodwill),), units("shoes"), PLAIN)

    assert rest.total_minor == 10000
    assert goodwill.tax_minor + rest.tax_minor == 2188


def test_quote_money_without_a_line_lessens_everything_in_proportion() -> None:
    prior = PriorRefund(unassigned_minor=1600)

    rest = quote(ORDER, (prior,), ReturnRequest(everything=True), PLAIN)

    assert rest.total_minor == 16004 - 1600
    assert max_refundable(ORDER, (prior,)) == 14404


def test_quote_hand_made_history_pays_unit_value_not_the_withheld_rest() -> None:
    order = OrderSnapshot("EUR", (LineSnapshot("a", 10000, 2),))
    prior = PriorRefund((PriorPart("a", 1, gross_minor=5000),))

    assert quote(order, (prior,), units("a"), PLAIN).total_minor == 10000


def test_quote_history_above_the_price_leaves_nothing_negative() -> None:
    order = OrderSnapshot("EUR", (LineSnapshot("a", 100, 2, taxes=(TaxAmount("V", 40),)),))
    prior = PriorRefund((PriorPart("a", 1, Parts(150, (("V", 60),))),))

    breakdown = quote(order, (prior,), units("a"), PLAIN)

    assert breakdown.total_minor == 30
    assert breakdown.net_minor >= 0
    assert breakdown.tax_minor >= 0


def test_quote_several_tax_codes_each_end_exactly() -> None:
    taxes = (TaxAmount("GST", 101), TaxAmount("PST", 67), TaxAmount("ECO", 3, inclusive=True))
    order = OrderSnapshot("CAD", (LineSnapshot("a", 333, 7, taxes=taxes),))
    priors: tuple[PriorRefund, ...] = ()
    for quantity in (2, 4, 1):
        priors += (as_prior(quote(order, priors, units("a", quantity), PLAIN)),)

    paid = {"GST": 0, "PST": 0, "ECO": 0}
    for prior in priors:
        for part in prior.parts:
            assert part.parts is not None
            for code, minor in part.parts.taxes:
                paid[code] += minor
    assert paid == {"GST": 101, "PST": 67, "ECO": 3}
    assert max_refundable(order, priors) == 0


def test_quote_order_discount_is_spread_by_value() -> None:
    lines = tuple(LineSnapshot(key, price, 1) for key, price in (("a", 4300), ("b", 1400)))
    order = OrderSnapshot("USD", (*lines, LineSnapshot("c", 2300, 1)), order_discount_minor=299)

    paid = [quote(order, (), units(key), PLAIN).total_minor for key in "abc"]

    assert paid == [4300 - 161, 1400 - 52, 2300 - 86]


def test_quote_free_item_comes_back_for_nothing() -> None:
    order = OrderSnapshot("EUR", (LineSnapshot("gift", 900, 1, 900), SOCKS))

    breakdown = quote(order, (), units("gift"), PLAIN)

    assert breakdown.total_minor == 0
    assert breakdown.lines[0].remaining_units == 0


@pytest.mark.parametrize(
    ("rule", "first", "second"),
    [("never", 0, 0), ("all_returned", 0, 615), ("proportion", 468, 147)],
)
def test_quote_shipping_back_follows_policy(rule: str, first: int, second: int) -> None:
    policy = RefundPolicy(shipping_back=rule)  # type: ignore[arg-type]
    shoes = quote(ORDER, (), units("shoes"), policy)
    socks = quote(ORDER, (as_prior(shoes),), units("socks", 3), policy)

    assert (shoes.shipping.gross_minor, socks.shipping.gross_minor) == (first, second)
    assert socks.shipping.tax_minor + shoes.shipping.tax_minor == (115 if second else 0)


def test_quote_shipping_in_proportion_never_takes_back_what_was_given_by_hand() -> None:
    by_hand = quote(ORDER, (), ReturnRequest(shipping_gross_minor=600), PLAIN)

    shoes = quote(ORDER, (as_prior(by_hand),), units("shoes"), RefundPolicy("proportion"))

    assert shoes.total_minor == 11700
    assert shoes.shipping == Parts()


def test_quote_merchant_fault_gives_shipping_back_once() -> None:
    policy = RefundPolicy(shipping_back="merchant_fault")
    assert quote(ORDER, (), units("shoes"), policy).shipping == Parts()

    fault = quote(ORDER, (), units("shoes", merchant_fault=True), policy)
    again = quote(ORDER, (as_prior(fault),), units("socks", merchant_fault=True), policy)

    assert fault.shipping == Parts(500, (("VAT", 115),))
    assert again.shipping.gross_minor == 0


def test_quote_two_partial_shipping_refunds_end_at_what_was_paid() -> None:
    first = quote(ORDER, (), ReturnRequest(shipping_gross_minor=200), PLAIN)
    rest = quote(ORDER, (as_prior(first),), ReturnRequest(shipping="all"), PLAIN)

    assert first.total_minor + rest.total_minor == 615
    assert first.tax_minor + rest.tax_minor == 115
    with pytest.raises(DomainError) as refusal:
        quote(ORDER, (as_prior(first),), ReturnRequest(shipping_gross_minor=416), PLAIN)
    assert refusal.value.facts == {"max_refundable_minor": 415}


def test_quote_fee_with_tax_comes_off_and_is_shown() -> None:
    policy = RefundPolicy(fees=(FeeRule("return_shipping", 495, tax_bp=2300, tax_code="VAT"),))

    breakdown = quote(ORDER, (), units("shoes"), policy)

    assert breakdown.total_minor == 11205
    assert breakdown.fees[0].charged == Parts(402, (("VAT", 93),))
    assert breakdown.tax_minor == 2188 - 93
    assert [(row.kind, row.key, row.minor) for row in breakdown.rows] == [
        ("item", "item", 11700),
        ("less", "fee.return_shipping", -495),
        ("total", "refund_total", 11205),
        ("note", "tax_included", 2095),
    ]


def test_quote_waived_fee_costs_nothing_and_stays_visible() -> None:
    fee = FeeRule("return_shipping", 495, waived=True, waiver="the item is faulty")

    breakdown = quote(ORDER, (), units("shoes"), RefundPolicy(fees=(fee,)))

    row = breakdown.rows[1]
    assert breakdown.total_minor == 11700
    assert (row.minor, row.struck_minor, row.reason) == (0, 495, "the item is faulty")


def test_quote_fee_above_the_refund_stops_at_zero() -> None:
    breakdown = quote(ORDER, (), units("socks"), RefundPolicy(fees=(FeeRule("restocking", 9999),)))

    assert breakdown.total_minor == 0
    assert breakdown.tax_minor == 0
    assert breakdown.fees[0].asked_minor == 9999
    assert breakdown.fees[0].charged.gross_minor == 1230


def test_quote_percentage_fee_is_capped() -> None:
    fee = FeeRule("restocking", percent_bp=1000, cap_minor=500)

    breakdown = quote(ORDER, (), units("shoes"), RefundPolicy(fees=(fee,)))

    assert breakdown.fee_minor == 500


def test_quote_worn_item_holds_back_its_share_with_its_tax() -> None:
    worn = Deduction(1, "worn sole", bp=1000)
    request = ReturnRequest((ReturnLine("shoes", 1, deductions=(worn,)),))

    breakdown = quote(ORDER, (), request, PLAIN)

    assert breakdown.total_minor == 10530
    assert breakdown.lines[0].deduction == Parts(951, (("VAT", 219),))
    assert breakdown.rows[1].reason == "worn sole"
    assert max_refundable(ORDER, (as_prior(breakdown),)) == 16004 - 11700


def test_quote_deduction_for_one_of_two_units_halves() -> None:
    worn = Deduction(1, "worn", bp=5000)
    request = ReturnRequest((ReturnLine("socks", 2, deductions=(worn,)),))

    breakdown = quote(ORDER, (), request, PLAIN)

    assert breakdown.deduction_minor == 615
    assert breakdown.total_minor == 2459 - 615


@pytest.mark.parametrize(
    "deduction",
    [
        Deduction(2, "x"),
        Deduction(0, "x"),
        Deduction(1, "x", bp=10001),
        Deduction(1, "x", minor=-1),
    ],
)
def test_quote_unsound_deduction_is_refused(deduction: Deduction) -> None:
    request = ReturnRequest((ReturnLine("shoes", 1, deductions=(deduction,)),))

    with pytest.raises(InvalidInput):
        quote(ORDER, (), request, PLAIN)


def test_quote_deduction_above_the_value_is_refused() -> None:
    request = ReturnRequest((ReturnLine("shoes", 1, deductions=(Deduction(1, "x", minor=11701),)),))

    with pytest.raises(InvalidInput) as refusal:
        quote(ORDER, (), request, PLAIN)
    assert refusal.value.facts == {"max_deduction_minor": 11700}


def test_quote_beyond_what_was_captured_is_refused() -> None:
    order = replace(ORDER, paid_minor=12000)
    prior = as_prior(quote(order, (), units("shoes"), PLAIN))

    with pytest.raises(DomainError) as refusal:
        quote(order, (prior,), units("socks"), PLAIN)

    assert refusal.value.code == "exceeds_paid"
    assert refusal.value.facts == {"max_refundable_minor": 300}


def test_quote_fee_that_was_kept_is_still_with_the_merchant() -> None:
    order = replace(ORDER, paid_minor=15800)
    fee = RefundPolicy(fees=(FeeRule("return_shipping", 495),))
    prior = as_prior(quote(order, (), units("shoes"), fee))

    rest = quote(order, (prior,), ReturnRequest(everything=True), PLAIN)

    assert rest.total_minor == 4304


@pytest.mark.parametrize(
    "request_",
    [
        ReturnRequest(),
        units("socks", 0),
        units("socks", -1),
        units("hat"),
        units("post"),
        ReturnRequest((ReturnLine("socks", 1), ReturnLine("socks", 1))),
        ReturnRequest((ReturnLine("socks", gross_minor=0),)),
        ReturnRequest((ReturnLine("socks", gross_minor=-5),)),
        ReturnRequest(amount_gross_minor=0),
        ReturnRequest(amount_gross_minor=16005),
        ReturnRequest(shipping_gross_minor=-1),
    ],
)
def test_quote_unsound_request_is_refused(request_: ReturnRequest) -> None:
    with pytest.raises(DomainError):
        quote(ORDER, (), request_, PLAIN)


def test_quote_order_that_costs_less_than_nothing_is_refused() -> None:
    order = OrderSnapshot("EUR", (LineSnapshot("a", 100, 1, 101),))

    with pytest.raises(InvalidInput) as refusal:
        quote(order, (), units("a"), PLAIN)
    assert refusal.value.code == "bad_order"


@pytest.mark.parametrize(
    ("currency", "minor"), [("JPY", 500), ("KWD", 1234), ("CLF", 12345), ("EUR", 100)]
)
def test_quote_any_exponent_keeps_minor_units(currency: str, minor: int) -> None:
    order = OrderSnapshot(currency, (LineSnapshot("a", minor, 1),))

    assert quote(order, (), units("a"), PLAIN).total_minor == minor


@pytest.mark.parametrize(
    ("returned", "replacement", "minor", "owed_by"),
    [(5000, 10000, 6000, "shopper"), (5000, 3000, 1000, "merchant"), (5000, 4000, 0, "nobody")],
)
def test_exchange_difference_is_never_floored(
    returned: int, replacement: int, minor: int, owed_by: str
) -> None:
    difference = exchange_difference(
        returned_minor=returned, replacement_minor=replacement, fee_minor=1000
    )

    assert (difference.minor, difference.owed_by) == (minor, owed_by)


def test_stored_breakdown_reads_back_as_the_same_history() -> None:
    policy = RefundPolicy("proportion", (FeeRule("return_shipping", 495),))
    worn = Deduction(1, "worn", bp=1000)
    request = ReturnRequest((ReturnLine("shoes", 1, deductions=(worn,)),))
    breakdown = quote(ORDER, (), request, policy)

    kept = json.loads(json.dumps(to_json(breakdown)))

    assert prior_from_json(kept) == as_prior(breakdown)
    assert kept["total_minor"] == breakdown.total_minor
    assert [row["minor"] for row in kept["rows"]] == [row.minor for row in breakdown.rows]
