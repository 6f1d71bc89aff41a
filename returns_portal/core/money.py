"""Money as integer minor units and an ISO 4217 currency: exact, never a float.

Amounts enter through :meth:`Money.parse` (provider decimals as text) and leave through
:meth:`Money.decimal_text` or :func:`format_money`. Splits go through :func:`allocate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache

from babel import Locale
from babel.core import get_global
from babel.numbers import NumberPattern, get_currency_precision
from django.utils.translation import get_language

from returns_portal.core.errors import InvalidInput
from returns_portal.core.languages import format_locale

_KNOWN = frozenset(get_global("all_currencies"))


def exponent(currency: str) -> int:
    """Return the number of decimal places of ``currency`` (ISO 4217): JPY 0, EUR 2, KWD 3, CLF 4.

    Raises InvalidInput for a code that is no currency.
    """
    if currency not in _KNOWN:
        raise InvalidInput(
            f"{currency!r} is no currency code. Use three letters such as EUR.",
            code="unknown_currency",
        )
    return _ISO_EXPONENTS.get(currency, get_currency_precision(currency))


# CLDR rounds some currencies for display (HUF, ISK aside) where ISO 4217 keeps minor units that
# providers send. ISO's figure wins wherever the two differ.
_ISO_EXPONENTS = {
    "AFN": 2, "ALL": 2, "AMD": 2, "CLF": 4, "COP": 2, "CRC": 2, "CZK": 2, "DKK": 2, "GYD": 2,
    "HUF": 2, "IDR": 2, "IQD": 3, "IRR": 2, "KPW": 2, "LAK": 2, "LBP": 2, "MGA": 2, "MMK": 2,
    "MNT": 2, "MRU": 2, "MUR": 2, "NOK": 2, "PKR": 2, "RSD": 2, "SEK": 2, "SLE": 2, "SOS": 2,
    "STN": 2, "SYP": 2, "TWD": 2, "TZS": 2, "UYW": 4, "UZS": 2, "VES": 2, "YER": 2, "ZMW": 2,
}  # fmt: skip


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units of one currency. Mixing currencies raises ValueError."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units are an int, not {type(self.minor).__name__}")

    @classmethod
    def parse(cls, text: str | int, currency: str) -> Money:
        """Read a decimal amount such as ``"398.00"``, ``"25.0"`` or ``"-1.5"``.

        Refuses (InvalidInput) what is no finite decimal or has more places than the currency
        holds, except trailing zeros. Floats are refused by type: they are inexact already.
        """
        if isinstance(text, bool) or not isinstance(text, str | int):
            raise InvalidInput(f'{text!r} is no amount. Send it as text, such as "19.90".')
        try:
            number = Decimal(text.strip() if isinstance(text, str) else text)
        except InvalidOperation:
            raise InvalidInput(f"{text!r} is no amount. Write it like 19.90.") from None
        if not number.is_finite() or abs(number) >= 10**15:
            raise InvalidInput(f"{text!r} is no amount. Write it like 19.90.")
        scaled = number.scaleb(exponent(currency))
        if scaled != scaled.to_integral_value():
            raise InvalidInput(f"{text} has more decimal places than {currency} has.")
        return cls(int(scaled), currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        return cls(0, currency)

    def decimal_text(self) -> str:
        """Return the amount as plain decimal text with the currency's places, e.g. ``"19.90"``."""
        places = exponent(self.currency)
        return f"{Decimal(self.minor).scaleb(-places):.{places}f}"

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"cannot mix {self.currency} and {other.currency}")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __mul__(self, count: int) -> Money:
        if type(count) is not int:
            raise TypeError("money is multiplied by whole numbers only; use allocate for shares")
        return Money(self.minor * count, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.minor <= other.minor

    def __gt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor > other.minor

    def __ge__(self, other: Money) -> bool:
        self._same(other)
        return self.minor >= other.minor

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return f"{self.decimal_text()} {self.currency}"


def total(amounts: Sequence[Money], currency: str) -> Money:
    """Add up ``amounts``; an empty sequence is zero of ``currency``."""
    return sum(amounts, Money.zero(currency))


def allocate(minor: int, weights: Sequence[int]) -> list[int]:
    """Split ``minor`` in proportion to ``weights`` (whole numbers >= 0), summing exactly.

    Largest remainder; ties go to the earlier share. Works for negative amounts by symmetry. All
    weights zero with an amount to split raises ValueError: nobody can bear it.
    """
    if any(weight < 0 for weight in weights):
        raise ValueError("weights must not be negative")
    if minor < 0:
        return [-share for share in allocate(-minor, weights)]
    whole = sum(weights)
    if whole == 0:
        if minor:
            raise ValueError("cannot split an amount over weights that are all zero")
        return [0] * len(weights)
    shares = [minor * weight // whole for weight in weights]
    remainders = [minor * weight % whole for weight in weights]
    left = minor - sum(shares)
    for index in sorted(range(len(weights)), key=lambda i: (-remainders[i], i))[:left]:
        shares[index] += 1
    return shares


def share(minor: int, numerator: int, denominator: int) -> int:
    """Return ``minor * numerator / denominator`` rounded half up (away from zero), in integers."""
    if denominator <= 0:
        raise ValueError("the denominator must be positive")
    product = minor * numerator
    sign = -1 if product < 0 else 1
    return sign * ((abs(product) * 2 + denominator) // (denominator * 2))


def format_money(amount: Money, locale: str = "") -> str:
    """Return the amount as people in ``locale`` write it, e.g. ``€117.00`` or ``117,00 €``.

    Without ``locale`` it is the active language. Always shows the currency's own minor units, also
    where CLDR would round them away.
    """
    return _formatted(amount, format_locale(locale or get_language() or "en"))


# The same few fees, limits and prices come again and again; Babel takes longer than the engine.
@lru_cache(maxsize=4096)
def _formatted(amount: Money, locale_name: str) -> str:
    places = exponent(amount.currency)
    known = _locale(locale_name)
    text: str = _pattern(known, places).apply(
        Decimal(amount.minor).scaleb(-places),
        known,
        currency=amount.currency,
        currency_digits=False,
    )
    return text


@cache
def _locale(name: str) -> Locale:
    """Return a locale read once: Babel reads a name anew several times for each amount."""
    return Locale.parse(name)


@cache
def _pattern(locale: Locale, places: int) -> NumberPattern:
    """Return the locale's currency pattern with exactly ``places`` decimals."""
    pattern: NumberPattern = copy(locale.currency_formats["standard"])
    pattern.frac_prec = (places, places)
    return pattern
