"""Turn amounts into Stripe's units and back.

Stripe counts some currencies with another number of places than ISO 4217: a few that have lost
their cents are still sent with two, and MGA, which has a fifth, is sent whole. Three-decimal
amounts must end in 0.
"""

from __future__ import annotations

from returns_portal.core.money import Money, exponent
from returns_portal.integrations.outcomes import Declined

_PLACES = {"ISK": 2, "UGX": 2, "MGA": 0}
_LAST_DIGIT_ZERO = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


def to_stripe(amount: Money) -> int:
    """Return the amount as Stripe's integer. Raises Declined for what Stripe cannot express."""
    shift = _shift(amount.currency)
    units, rest = (amount.minor * 10**shift, 0) if shift >= 0 else divmod(amount.minor, 10**-shift)
    if rest or units <= 0 or (amount.currency in _LAST_DIGIT_ZERO and units % 10):
        raise Declined(
            "amount_not_possible",
            f"Stripe cannot refund {amount}. Round the amount and try again.",
            field="amount",
        )
    return units


def from_stripe(units: int, currency: str) -> Money:
    """Return Stripe's integer as money. Raises InvalidInput for an unknown currency."""
    shift = _shift(currency)
    return Money(units // 10**shift if shift >= 0 else units * 10**-shift, currency)


def _shift(currency: str) -> int:
    places = exponent(currency)
    return _PLACES.get(currency, places) - places
