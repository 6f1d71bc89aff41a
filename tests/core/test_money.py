"""Money: exact parsing, exact splits, every kind of currency."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from returns_portal.core.errors import InvalidInput
from returns_portal.core.money import Money, allocate, exponent, format_money, share, total


@pytest.mark.parametrize(
    ("currency", "places"),
    [("JPY", 0), ("KRW", 0), ("EUR", 2), ("HUF", 2), ("KWD", 3), ("BHD", 3), ("CLF", 4)],
)
def test_exponent_known_currency_is_the_iso_figure(currency: str, places: int) -> None:
    assert exponent(currency) == places


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "XX1"])
def test_exponent_unknown_currency_is_refused(currency: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        exponent(currency)

    assert refusal.value.code == "unknown_currency"


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("398.00", "EUR", 39800),
        ("25.0", "USD", 2500),
        ("-1.5", "EUR", -150),
        ("500", "JPY", 500),
        ("500.00", "JPY", 500),
        ("1.234", "KWD", 1234),
        ("0.0001", "CLF", 1),
        (" 7 ", "EUR", 700),
        (7, "EUR", 700),
    ],
)
def test_parse_provider_decimal_keeps_every_minor_unit(
    text: str | int, currency: str, minor: int
) -> None:
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize("text", ["1.234", "", "abc", "NaN", "Infinity", "1e20", "1,50"])
def test_parse_inexact_or_foreign_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        Money.parse(text, "EUR")


@pytest.mark.parametrize("number", [1.5, True, None])
def test_parse_float_or_other_type_is_refused(number: object) -> None:
    with pytest.raises(InvalidInput):
        Money.parse(number, "EUR")  # type: ignore[arg-type]


@given(minor=st.integers(-(10**14), 10**14), currency=st.sampled_from(["JPY", "EUR", "KWD", "CLF"]))
def test_parse_of_decimal_text_gives_the_amount_back(minor: int, currency: str) -> None:
    amount = Money(minor, currency)

    assert Money.parse(amount.decimal_text(), currency) == amount


def test_construct_from_float_is_refused() -> None:
    with pytest.raises(TypeError):
        Money(1.0, "EUR")  # type: ignore[arg-type]


def test_multiply_by_float_is_refused() -> None:
    with pytest.raises(TypeError):
        Money(100, "EUR") * 0.5  # type: ignore[operator]


def test_add_two_currencies_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot mix EUR and USD"):
        Money(1, "EUR") + Money(1, "USD")


def test_compare_two_currencies_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot mix"):
        assert Money(1, "EUR") < Money(2, "USD")


def test_total_of_nothing_is_zero_of_the_currency() -> None:
    assert total([], "JPY") == Money(0, "JPY")
    assert total([Money(1, "JPY"), Money(2, "JPY")], "JPY") == Money(3, "JPY")


@pytest.mark.parametrize(
    ("minor", "weights", "shares"),
    [
        (299, [4300, 1400, 2300], [161, 52, 86]),
        (299, [1000, 1000, 1000], [100, 100, 99]),
        (399, [1, 1, 1, 1], [100, 100, 100, 99]),
        (-399, [1, 1, 1, 1], [-100, -100, -100, -99]),
        (0, [0, 0], [0, 0]),
        (5, [0, 1], [0, 5]),
    ],
)
def test_allocate_splits_by_largest_remainder(
    minor: int, weights: list[int], shares: list[int]
) -> None:
    assert allocate(minor, weights) == shares


@given(
    minor=st.integers(-(10**12), 10**12),
    weights=st.lists(st.integers(0, 10**9), min_size=1).filter(any),
)
def test_allocate_sums_to_the_amount_and_stays_within_one_of_the_exact_share(
    minor: int, weights: list[int]
) -> None:
    shares = allocate(minor, weights)

    assert sum(shares) == minor
    whole = sum(weights)
    for part, weight in zip(shares, weights, strict=True):
        assert abs(part * whole - minor * weight) < whole


def test_allocate_over_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="all zero"):
        allocate(1, [0, 0])
    with pytest.raises(ValueError, match="not be negative"):
        allocate(1, [-1, 2])


@pytest.mark.parametrize(
    ("minor", "numerator", "denominator", "result"),
    [(100, 1, 3, 33), (5, 1, 2, 3), (-5, 1, 2, -3), (15467, 4000, 16000, 3867), (1, 1, 3, 0)],
)
def test_share_rounds_half_away_from_zero(
    minor: int, numerator: int, denominator: int, result: int
) -> None:
    assert share(minor, numerator, denominator) == result


@pytest.mark.parametrize(
    ("amount", "locale", "text"),
    [
        (Money(11700, "EUR"), "en", "€117.00"),
        (Money(11700, "EUR"), "de", "117,00\xa0€"),
        (Money(500, "JPY"), "en", "¥500"),
        (Money(1234, "KWD"), "en", "KWD1.234"),
        (Money(-495, "EUR"), "en", "-€4.95"),
    ],
)
def test_format_money_shows_the_currencys_own_places(amount: Money, locale: str, text: str) -> None:
    assert format_money(amount, locale) == text
